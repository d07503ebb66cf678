/** What is wrong with a picture that comes from a device: its line or its capture. Pure. */
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';
import type { DeviceLook } from '../devices/look.ts';

/** `because` is what the media engine knows. Of a device that the site's picture comes from, by its name and how it stands. */
export function sourceHealth(state: EdgeTelemetry['source']['state'], because: string, name: string, look: DeviceLook | null): string {
  if (state === 'off' || look === null) return because;
  const live = state === 'live';
  if (look.link !== 'ok')
    return live ? `picture runs, line to ${name} lost: ${look.because}` : `no picture, and line to ${name} lost: ${because}`;
  const { power, calls } = look.state;
  const asleep = power === 'off' || power === 'cooling';
  if (live) return asleep ? `picture runs, though ${name} is off or asleep` : because;
  if (asleep) return `no picture: ${name} is off or asleep`;
  if (power === 'warming') return `no picture yet: ${name} is waking up`;
  const inCall = calls?.some((call) => call.state === 'connected' || call.state === 'held') ?? false;
  return inCall ? `no picture, though ${name} is in a call: ${because}` : `no picture, though ${name} answers: ${because}`;
}
