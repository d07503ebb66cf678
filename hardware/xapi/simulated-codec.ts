/**
 * What a simulated codec is and does, without the language it speaks. Every change answers the news that follow from it. Pure and without a
 * clock: a far end that answers has answered at once, and is told in the order and at the pace of a real call; whatever ends a call is told
 * later than all of that, so that the last word is always true.
 */
import { type Leaf, quoted } from './simulated-text.ts';

export type News =
  | { readonly kind: 'status'; readonly afterMs: number; readonly leaves: readonly Leaf[] }
  | { readonly kind: 'ghost'; readonly afterMs: number; readonly path: string }
  | { readonly kind: 'event'; readonly afterMs: number; readonly name: string; readonly attributes: readonly Leaf[] };

export interface SimulatedCall {
  readonly id: number;
  readonly incoming: boolean;
  readonly number: string;
  readonly protocol: string;
  readonly rate: number;
  readonly status: 'Ringing' | 'Connected' | 'OnHold';
}

export type FarEnd = 'answers' | 'rings' | 'busy';

export type Moving = { pan: 'left' | 'right' | 'stop'; tilt: 'up' | 'down' | 'stop'; zoom: 'in' | 'out' | 'stop' };
const still: Moving = { pan: 'stop', tilt: 'stop', zoom: 'stop' };

export const RING_MS = 100;
export const CONNECT_MS = 300;
/** Later than CONNECT_MS, whenever the call was begun. */
export const GONE_MS = 350;
const CALLS_MAX = 3;

const status = (leaves: readonly Leaf[], afterMs = 0): News => ({ kind: 'status', afterMs, leaves });
const event = (name: string, attributes: readonly Leaf[], afterMs = 0): News => ({ kind: 'event', afterMs, name, attributes });

export class SimulatedCodec {
  /** What the next far end that is called will do. */
  farEnd: FarEnd = 'answers';
  calls: readonly SimulatedCall[] = [];
  moving: Moving = still;
  /** Camera preset that was called last, and that was stored last; 0: none. */
  recalled = 0;
  stored = 0;
  /** Controller that has made itself known; empty: none. */
  peripheral = '';
  readonly #era: 'tc' | 'ce';
  #lastCall = 0;
  #values: ReadonlyMap<string, string>;

  constructor(era: 'tc' | 'ce') {
    this.#era = era;
    this.#values = factory(era);
  }

  /** What stays through a restart stays: nothing that is on. */
  restart(): void {
    this.calls = [];
    this.moving = still;
    this.peripheral = '';
    this.#values = factory(this.#era);
  }

  value(path: string): string {
    return this.#values.get(path) ?? '';
  }

  /** Sets what a status says; no news when it said so already. */
  set(path: string, value: string, afterMs = 0): readonly News[] {
    if (this.value(path) === value) return [];
    this.#values = new Map([...this.#values, [path, value]]);
    return [status([[path, value]], afterMs)];
  }

  /** All statuses, calls first. */
  get leaves(): readonly Leaf[] {
    const calls = this.calls.flatMap((call) => callLeaves(call, this.#era));
    return [...calls, ...this.#values].map(([path, value]) => [path, value] as const).filter(([, value]) => value !== '');
  }

  find(id: string | undefined): SimulatedCall | undefined {
    return id === undefined ? this.calls.at(-1) : this.calls.find((call) => String(call.id) === id);
  }

  /** Null: all lines are in use. */
  dial(number: string, protocol: string, rate: number): { readonly id: number; readonly news: readonly News[] } | null {
    if (this.calls.length >= CALLS_MAX) return null;
    const id = ++this.#lastCall;
    const call: SimulatedCall = {
      id,
      incoming: false,
      number,
      protocol,
      rate,
      status: this.farEnd === 'answers' ? 'Connected' : 'Ringing',
    };
    const state = (word: string, afterMs: number): News => status([[`Call ${id} Status`, word]], afterMs);
    const begun = [
      event('OutgoingCallIndication', [['CallId', String(id)]]),
      status([
        [`Call ${id} Status`, 'Dialling'],
        [`Call ${id} Direction`, 'Outgoing'],
        [`Call ${id} RemoteNumber`, quoted(number)],
        [`Call ${id} Protocol`, quoted(protocol)],
      ]),
    ];
    if (this.farEnd === 'busy') return { id, news: [...begun, ...this.#gone(call, 'RemoteBusy')] };
    this.calls = [...this.calls, call];
    const rung = [...begun, state('Ringing', RING_MS)];
    return { id, news: this.farEnd === 'rings' ? rung : [...rung, ...connected(call, CONNECT_MS)] };
  }

  /** Nobody is let in while it is not to be disturbed. */
  incoming(number: string): readonly News[] {
    if (this.calls.length >= CALLS_MAX || this.value(DND) === 'Active') return [];
    const id = ++this.#lastCall;
    const call: SimulatedCall = { id, incoming: true, number, protocol: 'sip', rate: 1920, status: 'Ringing' };
    this.calls = [...this.calls, call];
    const attributes: readonly Leaf[] = [
      ['RemoteURI', quoted(`sip:${number}`)],
      ['DisplayNameValue', quoted(number)],
      ['CallId', String(id)],
    ];
    return [status(callLeaves(call, this.#era)), event('IncomingCallIndication', attributes)];
  }

  /** One that rings is answered, here or there. */
  connect(call: SimulatedCall): readonly News[] {
    this.#replace({ ...call, status: 'Connected' });
    return connected(call, 0);
  }

  hold(call: SimulatedCall, on: boolean): readonly News[] {
    const word = on ? 'OnHold' : 'Connected';
    this.#replace({ ...call, status: word });
    return [
      status([
        [`Call ${call.id} Status`, word],
        [`Call ${call.id} PlacedOnHold`, on ? 'True' : 'False'],
      ]),
    ];
  }

  end(call: SimulatedCall, cause: string): readonly News[] {
    this.calls = this.calls.filter(({ id }) => id !== call.id);
    return [status([[`Call ${call.id} Status`, 'Disconnecting']]), ...this.#gone(call, cause)];
  }

  #replace(call: SimulatedCall): void {
    this.calls = this.calls.map((each) => (each.id === call.id ? call : each));
  }

  #gone({ id, incoming }: SimulatedCall, cause: string): readonly News[] {
    const attributes: readonly Leaf[] = [
      ['CallId', String(id)],
      ['CauseValue', '0'],
      ['CauseString', quoted('')],
      ['CauseType', cause],
      ['OrigCallDirection', quoted(incoming ? 'incoming' : 'outgoing')],
    ];
    return [event('CallDisconnect', attributes, GONE_MS), { kind: 'ghost', afterMs: GONE_MS, path: `Call ${id}` }];
  }
}

function connected({ id, incoming, number, protocol, rate }: SimulatedCall, afterMs: number): readonly News[] {
  const attributes: readonly Leaf[] = [
    ['CallId', String(id)],
    ['Protocol', quoted(protocol)],
    ['Direction', quoted(incoming ? 'incoming' : 'outgoing')],
    ['CallRate', String(rate)],
    ['RemoteURI', quoted(`${protocol}:${number}`)],
    ['EncryptionIn', quoted('Off')],
    ['EncryptionOut', quoted('Off')],
  ];
  const answered: readonly Leaf[] = incoming ? [[`Call ${id} AnswerState`, 'Answered']] : [];
  return [status([...answered, [`Call ${id} Status`, 'Connected']], afterMs), event('CallSuccessful', attributes, afterMs)];
}

function callLeaves(call: SimulatedCall, era: 'tc' | 'ce'): readonly Leaf[] {
  const { id, incoming, number, protocol, rate } = call;
  const leaves: readonly Leaf[] = [
    ['AnswerState', incoming && call.status === 'Ringing' ? 'Unanswered' : 'Answered'],
    ['CallType', 'Video'],
    ['CallbackNumber', quoted(`${protocol}:${number}`)],
    ['DeviceType', 'Endpoint'],
    ['Direction', incoming ? 'Incoming' : 'Outgoing'],
    ['DisplayName', quoted(number)],
    ['Duration', '12'],
    ['Encryption Type', era === 'tc' ? quoted('Aes-128') : quoted('None')],
    ['PlacedOnHold', call.status === 'OnHold' ? 'True' : 'False'],
    ['Protocol', quoted(protocol)],
    ['ReceiveCallRate', String(rate)],
    ['RemoteNumber', quoted(number)],
    ['Status', call.status],
    ['TransmitCallRate', String(rate)],
  ];
  return leaves.map(([name, value]) => [`Call ${id} ${name}`, value]);
}

export const DND = 'Conference DoNotDisturb';
export const MIC = 'Audio Microphones Mute';
export const VOLUME = 'Audio Volume';
export const VOLUME_MUTE = 'Audio VolumeMute';
export const INPUT = 'Video Input MainVideoSource';
export const LAYOUT = 'Video Layout LayoutFamily Local';
export const PRESENTATION = 'Conference Presentation Mode';
export const SHARED = 'Conference Presentation LocalInstance 1';
export const standbyPath = (era: 'tc' | 'ce'): string => (era === 'tc' ? 'Standby Active' : 'Standby State');

/** As it comes up after power-on. An empty value is a status that is not there now. */
function factory(era: 'tc' | 'ce'): ReadonlyMap<string, string> {
  const tc = era === 'tc';
  return new Map([
    [VOLUME, '50'],
    [VOLUME_MUTE, 'Off'],
    [MIC, 'Off'],
    ['Camera 1 Position Pan', '0'],
    ['Camera 1 Position Tilt', '0'],
    ['Camera 1 Position Zoom', '0'],
    [DND, 'Inactive'],
    [PRESENTATION, 'Off'],
    [`${SHARED} SendingMode`, ''],
    [`${SHARED} Source`, ''],
    [standbyPath(era), 'Off'],
    ['SystemUnit Hardware Module SerialNumber', quoted(tc ? 'F1AN25C00412' : 'FTT2043017K')],
    ['SystemUnit ProductId', quoted(tc ? 'Cisco TelePresence Codec C40' : 'Cisco TelePresence SX20')],
    ['SystemUnit ProductPlatform', quoted(tc ? 'C40' : 'SX20')],
    ['SystemUnit ProductType', quoted('Cisco Codec')],
    ['SystemUnit Software Version', quoted(tc ? 'TC7.3.3.c84180a' : 'ce9.15.3.22dd1f4')],
    ['SystemUnit State System', tc ? 'Initialized' : ''],
    ['SystemUnit Uptime', '597095'],
    [INPUT, '1'],
    [LAYOUT, 'auto'],
  ]);
}
