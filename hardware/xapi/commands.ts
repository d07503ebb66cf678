/**
 * Acts as xAPI commands. Pure. Each step names alternatives in the order in which they are tried: TC and CE call some things differently,
 * and a command that is not known does nothing. Source: Cisco TelePresence API reference guides for TC7 and CE9.
 */
import { FaultError } from '../../protocol/fault.ts';
import type { Call, Capability, DeviceAct, ParamSpec } from '../../protocol/schema/device.ts';
import type { Did } from '../wire/protocol.ts';
import { quoted } from './codec.ts';

export interface Step {
  /** Shown in logs and faults; no secrets. */
  readonly name: string;
  readonly tries: readonly [string, ...string[]];
  readonly did: Did;
  /** A newer step with the same key takes its place. */
  readonly key?: string;
  /** May be sent again when no answer comes. */
  readonly again?: true;
  /** The device may be gone before it answers. */
  readonly mute?: true;
  readonly timeoutMs?: number;
}

/** What must be known to say it right. */
export interface Knowledge {
  /** Null: not told yet. */
  readonly calls: readonly Call[] | null;
  /** TC software, not CE or RoomOS. */
  readonly tc: boolean;
}

const choice = (...of: readonly string[]): ParamSpec => ({ type: 'choice', of: [...of] });
const numbers = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => String(index + 1));
const signed: ParamSpec = { type: 'number', min: -1, max: 1 };
const onOff: ParamSpec = { type: 'flag' };

/** CE knows 35 camera presets, TC 15. */
const PRESETS = 35;
const layouts = ['auto', 'equal', 'prominent', 'overlay', 'single'] as const;

export const capabilities: readonly Capability[] = [
  { id: 'power', feedback: 'push', ack: 'accepted', params: { on: onOff } },
  {
    id: 'dial',
    feedback: 'push',
    ack: 'accepted',
    params: {
      address: { type: 'text', maxLength: 200 },
      protocol: choice('auto', 'sip', 'h323'),
      kbps: { type: 'number', min: 64, max: 6000 },
    },
  },
  { id: 'answer', feedback: 'push', ack: 'accepted', params: {} },
  { id: 'reject', feedback: 'push', ack: 'accepted', params: {} },
  { id: 'hangup', feedback: 'push', ack: 'accepted', params: {} },
  { id: 'hold', feedback: 'push', ack: 'accepted', params: { on: onOff } },
  { id: 'dtmf', feedback: 'none', ack: 'accepted', params: { digits: { type: 'text', maxLength: 32 } } },
  { id: 'micMute', feedback: 'push', ack: 'completed', params: { on: onOff } },
  { id: 'volume', feedback: 'push', ack: 'completed', params: { level: { type: 'number', min: 0, max: 1 } } },
  { id: 'speakerMute', feedback: 'push', ack: 'completed', params: { on: onOff } },
  // Absolute positions are in steps that differ from camera to camera and are told nowhere: no `position`.
  { id: 'move', feedback: 'none', ack: 'accepted', params: { pan: signed, tilt: signed, zoom: signed } },
  { id: 'presetRecall', feedback: 'none', ack: 'accepted', params: { preset: choice(...numbers(PRESETS)) } },
  {
    id: 'presetStore',
    feedback: 'none',
    ack: 'completed',
    params: { preset: choice(...numbers(PRESETS)), name: { type: 'text', maxLength: 100 } },
  },
  { id: 'input', feedback: 'push', ack: 'completed', params: { input: choice(...numbers(6)) } },
  { id: 'layout', feedback: 'poll', ack: 'completed', params: { layout: choice(...layouts) } },
  { id: 'presentation', feedback: 'push', ack: 'accepted', params: { on: onOff, source: choice(...numbers(6)) } },
  { id: 'dnd', feedback: 'push', ack: 'completed', params: { on: onOff } },
  { id: 'reboot', feedback: 'none', ack: 'accepted', params: {} },
  { id: 'raw', feedback: 'none', ack: 'accepted', params: { text: { type: 'text', maxLength: 500 } } },
];

/** Everything but `move` and `raw`, which are made elsewhere. */
export type PlannedAct = Exclude<DeviceAct, { readonly do: 'move' | 'raw' }>;

/** The steps of an act, one after the other. @throws FaultError `device.refused` for what this make cannot mean. */
export function steps(act: PlannedAct, know: Knowledge): readonly Step[] {
  switch (act.do) {
    case 'power':
      return [
        { name: act.do, tries: [`xCommand Standby ${act.on ? 'Deactivate' : 'Activate'}`], did: 'accepted', key: act.do, again: true },
      ];
    case 'dial':
      return [dial(act, know)];
    case 'answer':
    case 'reject':
      return [
        {
          name: act.do,
          tries: [`xCommand Call ${act.do === 'answer' ? 'Accept' : 'Reject'}${callId(ringing(act.call, know))}`],
          did: 'accepted',
        },
      ];
    case 'hangup':
      return hangUp(act.call, know);
    case 'hold':
      return [
        { name: act.do, tries: [`xCommand Call ${act.on ? 'Hold' : 'Resume'}${callId(only(act.call, know, 'call'))}`], did: 'accepted' },
      ];
    case 'dtmf': {
      const rest = `DTMFSend${callId(only(act.call, know, 'call'))} DTMFString: ${quoted(act.digits)}`;
      return [{ name: act.do, tries: ordered(know, `xCommand Call ${rest}`, `xCommand ${rest}`), did: 'accepted' }];
    }
    case 'micMute':
      return [set(act.do, `xCommand Audio Microphones ${act.on ? 'Mute' : 'Unmute'}`)];
    case 'volume':
      return [set(act.do, `xCommand Audio Volume Set Level: ${Math.round(act.level * 100)}`)];
    case 'speakerMute':
      return [set(act.do, `xCommand Audio Volume ${act.on ? 'Mute' : 'Unmute'}`)];
    case 'presetRecall': {
      const rest = `Preset Activate PresetId: ${number(act.preset)}`;
      return [{ name: act.do, tries: ordered(know, `xCommand Camera ${rest}`, `xCommand ${rest}`), did: 'accepted', key: act.do }];
    }
    case 'presetStore': {
      const plain = `xCommand Camera Preset Store CameraId: 1 PresetId: ${number(act.preset)}`;
      return [{ name: act.do, tries: act.name === '' ? [plain] : [`${plain} Name: ${quoted(act.name)}`, plain], did: 'completed' }];
    }
    case 'input':
      return [set(act.do, `xCommand Video Input SetMainVideoSource ConnectorId: ${number(act.input)}`)];
    case 'layout':
      return [set(act.do, `xCommand Video Layout LayoutFamily Set Target: local LayoutFamily: ${known(layouts, act.layout)}`)];
    case 'presentation': {
      const source = act.source === null ? '' : ` PresentationSource: ${number(act.source)}`;
      return [
        { name: act.do, tries: [`xCommand Presentation ${act.on ? `Start${source}` : 'Stop'}`], did: 'accepted', key: act.do, again: true },
      ];
    }
    case 'dnd':
      return [set(act.do, `xCommand Conference DoNotDisturb ${act.on ? 'Activate' : 'Deactivate'}`)];
    case 'reboot':
      return [
        { name: act.do, tries: ordered(know, 'xCommand SystemUnit Boot Action: Restart', 'xCommand Boot'), did: 'accepted', mute: true },
      ];
    case 'position':
    case 'route':
    case 'blank':
      throw refused(act.do, 'it cannot do that');
    default:
      return act satisfies never;
  }
}

/** What may be said twice and is done when the device says OK. */
const set = (name: string, text: string): Step => ({ name, tries: [text], did: 'completed', key: name, again: true });

const ordered = (know: Knowledge, ce: string, tc: string): readonly [string, string] => (know.tc ? [tc, ce] : [ce, tc]);

function dial(act: Extract<DeviceAct, { readonly do: 'dial' }>, know: Knowledge): Step {
  const same = know.calls?.find((call) => call.state !== 'disconnecting' && bare(call.number) === bare(act.address));
  // Twice the same call is nobody's wish, and a dial whose answer was lost looks just like that.
  if (same !== undefined) throw refused('dial', `already in a call with ${same.number}`);
  const protocol = { auto: '', sip: ' Protocol: Sip', h323: ' Protocol: H323' }[act.protocol];
  const rate = act.kbps === null ? '' : ` CallRate: ${act.kbps}`;
  return { name: 'dial', tries: [`xCommand Dial Number: ${quoted(act.address)}${protocol}${rate}`], did: 'accepted', timeoutMs: 6000 };
}

const bare = (address: string): string => address.replace(/^(?:sips?|h323|spark):/i, '').toLowerCase();

function hangUp(call: string | null, know: Knowledge): readonly Step[] {
  const one = (id: string): Step => ({ name: 'hangup', tries: [`xCommand Call Disconnect${callId(id)}`], did: 'accepted' });
  if (call !== null) return [one(call)];
  // Without a call this is refused, which is no harm; better than to trust that we have heard of all of them.
  if (know.calls === null || know.calls.length === 0)
    return [{ name: 'hangup', tries: ordered(know, 'xCommand Call Disconnect', 'xCommand Call DisconnectAll'), did: 'accepted' }];
  return know.calls.map(({ id }) => one(id));
}

function ringing(call: string | null, { calls }: Knowledge): string | null {
  if (call !== null || calls === null) return call;
  return only(null, { calls: calls.filter(({ state, direction }) => state === 'ringing' && direction !== 'out') }, 'call that rings');
}

/** The named one, or the only one; null: the device shall choose. @throws FaultError when there are several. */
function only(call: string | null, { calls }: Pick<Knowledge, 'calls'>, what: string): string | null {
  if (call !== null) return call;
  const [first, second] = calls ?? [];
  if (second !== undefined) throw refused(what, `there is more than one ${what}: ${(calls ?? []).map(({ id }) => id).join(', ')}`);
  return first?.id ?? null;
}

const callId = (id: string | null): string => (id === null ? '' : ` CallId: ${number(id)}`);

/** Digits only: nothing that people write goes into a command without quotes. */
function number(text: string): string {
  if (!/^\d{1,10}$/.test(text)) throw refused(text, 'not a number');
  return text;
}

function known<T extends string>(all: readonly T[], text: string): T {
  const found = all.find((each) => each === text);
  if (found === undefined) throw refused(text, `not one of ${all.join(', ')}`);
  return found;
}

export const refused = (command: string, because: string): FaultError =>
  new FaultError({ code: 'device.refused', device: 'xapi', command, because });

/** Pan and tilt may be sent together, zoom with neither of them. Speeds -1…1. */
export const turn = (pan: number, tilt: number): string =>
  `xCommand Camera Ramp CameraId: 1${axis('Pan', pan, 'left', 'right')}${axis('Tilt', tilt, 'down', 'up')}`;
export const zoom = (speed: number): string => `xCommand Camera Ramp CameraId: 1${axis('Zoom', speed, 'out', 'in')}`;

function axis(name: string, speed: number, less: string, more: string): string {
  if (speed === 0) return ` ${name}: stop`;
  // Native speeds are 1…15.
  return ` ${name}: ${speed < 0 ? less : more} ${name}Speed: ${Math.max(1, Math.round(Math.abs(speed) * 15))}`;
}
