/** Which microphone and loudspeaker a site uses: what the configuration names, or the best that this machine has, and why. Pure. */
import { failed, ok, type Result } from '../../../protocol/fault.ts';

/** Microphones: `synthetic` speaks in bursts like a voice, `silence` never does. */
export type SoundIn =
  | { readonly kind: 'synthetic'; readonly because: string }
  | { readonly kind: 'silence'; readonly because: string }
  | {
      readonly kind: 'device';
      readonly element: 'alsasrc' | 'pulsesrc' | 'pipewiresrc';
      readonly device: string | null;
      readonly because: string;
    };

/** Loudspeakers: `count` decodes and counts, `off` does not even that. */
export type SoundOut =
  | { readonly kind: 'count'; readonly because: string }
  | { readonly kind: 'off'; readonly because: string }
  | {
      readonly kind: 'device';
      readonly element: 'alsasink' | 'pulsesink' | 'pipewiresink';
      readonly device: string | null;
      readonly because: string;
    };

/** What the machine offers, read by the root. */
export interface SoundFacts {
  /** A PipeWire socket of this user exists. */
  readonly pipewire: boolean;
  /** A PulseAudio socket of this user exists (PipeWire makes one too). */
  readonly pulse: boolean;
  /** /proc/asound has a capture, or playback, device. */
  readonly alsaIn: boolean;
  readonly alsaOut: boolean;
  /** Elements that GStreamer has here. */
  readonly elements: ReadonlySet<string>;
}

/** `auto`, `synthetic`, `silence`, `pulse`, `pulse:NAME`, `pipewire`, `alsa`, `alsa:hw:0` (inputs); `auto`, `count`, `off` and the devices (outputs). */
export const inputPattern = '^(auto|synthetic|silence|(alsa|pulse|pipewire)(:[A-Za-z0-9_.:,=@/-]{1,120})?)$';
/** A backup is a device: a made voice stands in for nobody. */
export const backupPattern = '^(alsa|pulse|pipewire)(:[A-Za-z0-9_.:,=@/-]{1,120})?$';
export const outputPattern = '^(auto|count|off|(alsa|pulse|pipewire)(:[A-Za-z0-9_.:,=@/-]{1,120})?)$';

type System = 'alsa' | 'pulse' | 'pipewire';

function named(text: string): { readonly system: System; readonly device: string | null } | null {
  const [, system, device] = /^(alsa|pulse|pipewire)(?::(.+))?$/.exec(text) ?? [];
  return system === undefined ? null : { system: system as System, device: device ?? null };
}

const missing = (element: string): string => `this machine has no GStreamer element ${element}`;

/** The microphone. A named one whose element is missing is a fault of the configuration, not a reason to take another. */
export function chooseInput(wanted: string, facts: SoundFacts, key = 'audio.input'): Result<SoundIn> {
  if (wanted === 'synthetic' || wanted === 'silence') return ok({ kind: wanted, because: 'set in the configuration' });
  const name = named(wanted);
  if (name !== null) {
    const element = `${name.system}src` as const;
    if (!facts.elements.has(element)) return failed({ code: 'config.invalid', key, reason: missing(element) });
    return ok({ kind: 'device', element, device: name.device, because: 'set in the configuration' });
  }
  if (facts.pipewire && facts.elements.has('pipewiresrc'))
    return ok({ kind: 'device', element: 'pipewiresrc', device: null, because: 'PipeWire is running' });
  if (facts.pulse && facts.elements.has('pulsesrc'))
    return ok({ kind: 'device', element: 'pulsesrc', device: null, because: 'PulseAudio is running' });
  if (facts.alsaIn && facts.elements.has('alsasrc'))
    return ok({ kind: 'device', element: 'alsasrc', device: null, because: 'ALSA has a capture device' });
  return ok({ kind: 'synthetic', because: 'no PipeWire, no PulseAudio, no ALSA capture device' });
}

/** The loudspeaker, by the same rules. */
export function chooseOutput(wanted: string, facts: SoundFacts): Result<SoundOut> {
  if (wanted === 'count' || wanted === 'off') return ok({ kind: wanted, because: 'set in the configuration' });
  const name = named(wanted);
  if (name !== null) {
    const element = `${name.system}sink` as const;
    if (!facts.elements.has(element)) return failed({ code: 'config.invalid', key: 'audio.output', reason: missing(element) });
    return ok({ kind: 'device', element, device: name.device, because: 'set in the configuration' });
  }
  if (facts.pipewire && facts.elements.has('pipewiresink'))
    return ok({ kind: 'device', element: 'pipewiresink', device: null, because: 'PipeWire is running' });
  if (facts.pulse && facts.elements.has('pulsesink'))
    return ok({ kind: 'device', element: 'pulsesink', device: null, because: 'PulseAudio is running' });
  if (facts.alsaOut && facts.elements.has('alsasink'))
    return ok({ kind: 'device', element: 'alsasink', device: null, because: 'ALSA has a playback device' });
  return ok({ kind: 'count', because: 'no PipeWire, no PulseAudio, no ALSA playback device' });
}

/** A choice in a few words, for the report. */
export const describeSound = (sound: SoundIn | SoundOut): string =>
  sound.kind === 'device' ? `${sound.element}${sound.device === null ? '' : ` ${sound.device}`}`.slice(0, 60) : sound.kind;
