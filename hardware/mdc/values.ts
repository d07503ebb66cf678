/** What the bytes of MDC say about a display. Pure; what is not understood is null or `unknown`. Source: Samsung "MDC Protocol" 13.7c. */
import type { DeviceState, Power } from '../../protocol/schema/device.ts';
import { commands } from './codec.ts';

export const VOLUME_MAX = 100;

/** What can be chosen, and its code. */
export const inputs: Readonly<Record<string, number>> = { PC: 0x14, DVI: 0x18, HDMI1: 0x21, HDMI2: 0x23, DisplayPort: 0x25 };

/** A display that finds a computer on HDMI tells another code than the one it was sent: the same socket all the same. */
const aliases: Readonly<Record<number, string>> = { 34: 'HDMI1', 36: 'HDMI2' };

export function input(code: number | undefined): string | null {
  if (code === undefined) return null;
  const name = Object.keys(inputs).find((each) => inputs[each] === code);
  return name ?? aliases[code] ?? `code ${code.toString(16).toUpperCase().padStart(2, '0')}`;
}

export function power(code: number | undefined): Power {
  if (code === 1) return 'on';
  return code === 0 ? 'off' : 'unknown';
}

/** 1 is yes. */
export function flag(code: number | undefined): boolean | null {
  if (code === 1) return true;
  return code === 0 ? false : null;
}

export const volume = (code: number | undefined): number | null => (code === undefined || code > VOLUME_MAX ? null : code / VOLUME_MAX);

/** What an acknowledged value says, whether it was asked for or set. */
export function told(command: number, data: readonly number[]): Partial<DeviceState> {
  const [first, second, third, fourth] = data;
  if (first === undefined) return {};
  switch (command) {
    case commands.status:
      if (fourth === undefined) return { power: power(first) };
      return { power: power(first), volume: volume(second), speakerMuted: flag(third), input: input(fourth) };
    case commands.power:
      return { power: power(first) };
    case commands.volume:
      return { volume: volume(first) };
    case commands.mute:
      return { speakerMuted: flag(first) };
    case commands.input:
      return { input: input(first) };
    case commands.panel:
      return { blank: flag(first) };
    default:
      return {};
  }
}
