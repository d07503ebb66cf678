/**
 * What a simulated Polycom is doing, and what it tells to those who registered for it. Source: Polycom "Integrator's Reference Manual" for HDX
 * and for RealPresence Group.
 */
import type { Model } from './simulated-model.ts';

/** A line without its end, now or after so many milliseconds. */
export type Say = (line: string, afterMs?: number) => void;

export type CallStatus = 'ringing' | 'connected';

export interface SimulatedCall {
  readonly id: number;
  readonly name: string;
  readonly number: string;
  readonly kbps: number;
  readonly direction: 'incoming' | 'outgoing';
  readonly type: 'videocall' | 'voice';
  readonly status: CallStatus;
}

export type Position = readonly [pan: number, tilt: number, zoom: number];

/** A command: its pattern, and what is done with the groups that were found. */
export type Row = readonly [pattern: RegExp, run: (room: Room, say: Say, found: readonly (string | undefined)[]) => void];

const FIRST_ID = 34;
export const CALLS_MAX = 8;

export class Room {
  readonly model: Model;
  readonly #say: Say;
  calls: readonly SimulatedCall[] = [];
  micMuted = false;
  farMuted = false;
  volume = 23;
  videoMuted = false;
  input = 1;
  tracking = false;
  moving: string | null = null;
  position: Position = [0, 0, 0];
  presets: Readonly<Record<string, Position>> = {};
  preset: string | null = null;
  /** Source that is sent; `far` is received. */
  presentation: number | 'far' | null = null;
  asleep = false;
  layout = 'auto';
  selfview = 'On';
  autoanswer: 'yes' | 'no' | 'donotdisturb' = 'no';
  sip = true;
  dtmf = '';
  total = 0;
  /** In flash: `mute`, `volume`, `listen`, …; and by `notify`: `notify callstatus`, … */
  readonly registered = new Set<string>();
  #slowFar: boolean;
  #next = FIRST_ID;

  constructor(model: Model, say: Say) {
    this.model = model;
    this.#say = say;
    this.#slowFar = model.slowFar;
  }

  /** Says a line if somebody registered for `topic`. */
  event(topic: string, line: string, afterMs = 0): void {
    if (this.registered.has(topic)) this.#say(line, afterMs);
  }

  /** @returns false when it has no room for another call. */
  dial(number: string, name: string, kbps: number, type: SimulatedCall['type']): boolean {
    if (this.calls.length >= CALLS_MAX) return false;
    const call = this.#begin({ name, number, kbps, direction: 'outgoing', type, status: 'ringing' });
    this.#tellCall(call, 'opened', 'ALLOCATED');
    this.#tellCall(call, 'ringing', 'RINGING');
    if (!this.#slowFar) this.connect(call.id);
    return true;
  }

  incoming(number: string, name: string): void {
    if (this.calls.length >= CALLS_MAX) return;
    if (this.asleep) this.sleep(false);
    const call = this.#begin({ name, number, kbps: 384, direction: 'incoming', type: 'videocall', status: 'ringing' });
    this.event('listen video', 'listen video ringing');
    this.#tellCall(call, 'ringing', 'RINGING');
    if (this.autoanswer === 'yes') this.connect(call.id);
    if (this.autoanswer === 'donotdisturb') this.end([call.id], 0);
  }

  connect(id: number): void {
    const call = this.calls.find((each) => each.id === id);
    if (call === undefined) return;
    this.calls = this.calls.map((each) => (each.id === id ? { ...each, status: 'connected' } : each));
    this.#tellCall(call, 'connecting', 'BONDING');
    this.#tellCall(call, 'connected', 'CONNECTED');
    this.event('callstate', `active: call[${call.id}] speed [${call.kbps}]`);
    this.event('notify linestatus', `notification:linestatus:${call.direction}:${call.number}:${call.id}:0:0:connected`);
  }

  /** @param afterMs until it is reported. */
  end(ids: readonly number[], afterMs: number): void {
    for (const call of this.calls.filter(({ id }) => ids.includes(id))) {
      this.#tellCall(call, 'disconnected', 'COMPLETE', afterMs);
      this.event('callstate', `cleared: call[${call.id}]`, afterMs);
      this.event('callstate', `ended: call[${call.id}]`, afterMs);
      // The number is left out by some versions.
      const number = this.model.hdx ? '' : `${call.number}:`;
      this.event('notify linestatus', `notification:linestatus:${call.direction}:${number}${call.id}:0:0:inactive`, afterMs);
    }
    this.calls = this.calls.filter(({ id }) => !ids.includes(id));
    if (this.calls.length === 0 && this.presentation === 'far') this.present(null);
  }

  mute(on: boolean): void {
    if (this.micMuted === on) return;
    this.micMuted = on;
    this.event('mute', `mute near ${on ? 'on' : 'off'}`);
    this.event('notify mutestatus', `notification:mutestatus:near:near:near:near:${on ? 'muted' : 'notmuted'}`);
  }

  muteFar(on: boolean): void {
    this.farMuted = on;
    const [call] = this.calls;
    this.event('mute', `mute far ${on ? 'on' : 'off'}`);
    if (call === undefined) return;
    this.event('notify mutestatus', `notification:mutestatus:far:${call.id}:${call.name}:${call.number}:${on ? 'muted' : 'notmuted'}`);
  }

  loud(level: number): void {
    const next = Math.min(50, Math.max(0, level));
    if (next === this.volume) return;
    this.volume = next;
    this.event('volume', `volume ${next}`);
  }

  select(input: number): void {
    this.input = input;
    this.event('notify vidsourcechanges', `notification:vidsourcechange:near:${input}:Main:people`);
  }

  /** @param source number of an input, `far` for what comes, null for none. */
  present(source: number | 'far' | null): void {
    const before = this.presentation;
    if (before === source) return;
    this.presentation = source;
    const news =
      typeof source === 'number' ? [`source ${source}`, 'play'] : [source === 'far' ? 'farplay' : before === 'far' ? 'farstop' : 'stop'];
    for (const each of news) this.event('vcbutton', `${this.model.bareVcbutton ? '' : 'Control event: '}vcbutton ${each}`);
  }

  sleep(on: boolean): void {
    if (this.asleep === on) return;
    this.asleep = on;
    this.event('sleep', on ? 'listen going to sleep' : 'listen waking up');
  }

  /** From now on who is dialled rings until `connect` or `end`. */
  farIsSlow(is: boolean): void {
    this.#slowFar = is;
  }

  allowSip(on: boolean): void {
    this.sip = on;
  }

  /** What a restart takes away; registrations, presets and settings are in flash. */
  restart(): void {
    this.calls = [];
    this.micMuted = false;
    this.farMuted = false;
    this.videoMuted = false;
    this.moving = null;
    this.preset = null;
    this.presentation = null;
    this.asleep = false;
    this.#next = FIRST_ID;
  }

  #begin(call: Omit<SimulatedCall, 'id'>): SimulatedCall {
    const made = { ...call, id: this.#next++ };
    this.calls = [...this.calls, made];
    this.total++;
    return made;
  }

  #tellCall({ direction, id, name, number, kbps, type }: SimulatedCall, status: string, state: string, afterMs = 0): void {
    const cause = status === 'disconnected' ? 16 : 0;
    const line = `notification:callstatus:${direction}:${id}:${name}:${number}:${status}:${kbps}:${cause}:${type}`;
    this.event('notify callstatus', line, afterMs);
    this.event('callstate', `cs: call[${id}] chan[0] dialstr[${number}] state[${state}]`, afterMs);
  }
}
