/** What a codec tells of itself, as the state everybody knows. Pure but for the table of calls. What is not understood changes nothing, or is `unknown`. */
import type { Call, CallState, DeviceState, Power } from '../../protocol/schema/device.ts';
import type { Leaf } from './codec.ts';

const callStates: Readonly<Record<string, CallState>> = {
  Dialling: 'dialling',
  Ringing: 'ringing',
  Connecting: 'connecting',
  EarlyMedia: 'connecting',
  Connected: 'connected',
  OnHold: 'held',
  Disconnecting: 'disconnecting',
};

/** HalfWake shows a picture and waits for somebody: not ready for a meeting. */
const powers: Readonly<Record<string, Power>> = { Off: 'on', Standby: 'off', HalfWake: 'off', EnteringStandby: 'cooling' };

const CALLS_MAX = 16;

/** The calls as feedback told them, leaf by leaf. */
export class Calls {
  readonly #calls = new Map<string, Map<string, string>>();

  /** News of calls. */
  hear(all: readonly Leaf[]): void {
    for (const { path, value } of all) {
      const [, id, leaf] = /^Call (\d{1,10})(?: (.+))?$/.exec(path) ?? [];
      if (id === undefined) continue;
      if (leaf === undefined || (leaf === 'Status' && value === 'Idle')) this.#calls.delete(id);
      else if (value !== null) this.#call(id).set(leaf, value);
    }
  }

  /** All that there is: a call that is not told of is over. */
  replace(all: readonly Leaf[]): void {
    this.#calls.clear();
    this.hear(all);
  }

  /** It has ended, whatever its status was last. */
  end(id: string): void {
    this.#calls.delete(id);
  }

  list(): Call[] {
    return Array.from(this.#calls, ([id, leaves]) => callOf(id, leaves));
  }

  #call(id: string): Map<string, string> {
    const known = this.#calls.get(id);
    if (known !== undefined) return known;
    const oldest = this.#calls.keys().next().value;
    if (this.#calls.size >= CALLS_MAX && oldest !== undefined) this.#calls.delete(oldest);
    const made = new Map<string, string>();
    this.#calls.set(id, made);
    return made;
  }
}

function callOf(id: string, leaves: ReadonlyMap<string, string>): Call {
  const text = (...names: readonly string[]): string => (names.map((name) => leaves.get(name)).find((value) => value) ?? '').slice(0, 200);
  const rate = text('TransmitCallRate', 'ReceiveCallRate');
  const direction = text('Direction').toLowerCase();
  return {
    id,
    state: callStates[text('Status')] ?? 'unknown',
    direction: direction === 'incoming' ? 'in' : direction === 'outgoing' ? 'out' : 'unknown',
    number: text('RemoteNumber', 'CallbackNumber'),
    name: text('DisplayName'),
    protocol: text('Protocol').toLowerCase().slice(0, 20),
    kbps: /^\d{1,7}$/.test(rate) ? Number(rate) : null,
  };
}

/** What leaves other than calls change; empty when they say nothing we know. */
export function stateOf(all: readonly Leaf[]): Partial<DeviceState> {
  return Object.assign(
    {},
    ...all.map(({ path, value }) => (value === null ? {} : leafState(path.toLowerCase(), value))),
  ) as Partial<DeviceState>;
}

function leafState(path: string, value: string): Partial<DeviceState> {
  switch (path) {
    case 'standby state':
      return { power: powers[value] ?? 'unknown' };
    case 'standby active':
      return { power: value === 'On' ? 'off' : value === 'Off' ? 'on' : 'unknown' };
    case 'audio volume':
      return /^\d{1,3}$/.test(value) && Number(value) <= 100 ? { volume: Number(value) / 100 } : {};
    case 'audio volumemute':
      return flag('speakerMuted', value, 'On', 'Off');
    case 'audio microphones mute':
      return flag('micMuted', value, 'On', 'Off');
    case 'conference donotdisturb':
      return flag('dnd', value, 'Active', 'Inactive');
    case 'conference presentation mode': {
      const mode = value.toLowerCase();
      return mode === 'off' || mode === 'sending' || mode === 'receiving' ? { presentation: mode } : {};
    }
    case 'video input mainvideosource':
      return { input: value.slice(0, 64) };
    case 'video layout layoutfamily local':
      return { layout: value.toLowerCase().slice(0, 64) };
    default:
      return {};
  }
}

function flag(name: 'speakerMuted' | 'micMuted' | 'dnd', value: string, yes: string, no: string): Partial<DeviceState> {
  return value === yes ? { [name]: true } : value === no ? { [name]: false } : {};
}
