/**
 * A session with a codec over the xAPI in terminal mode: TC, CE and RoomOS. Everything in it, feedback included, ends with a logout or a
 * restart; on a serial line the only sign of that is a new prompt, and then it begins anew.
 */
import { FaultError } from '../../protocol/fault.ts';
import { type DeviceAct, unknownState } from '../../protocol/schema/device.ts';
import type { DriverSettings } from '../wire/driver.ts';
import { Superseded } from '../wire/exchange.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import { type Block, eventOf, type Leaf, leaves, type XapiMessage, xapiFramer } from './codec.ts';
import { capabilities, refused, type Step, steps, turn, zoom } from './commands.ts';
import { logIn, type Place } from './login.ts';
import { type Ask, command, feedbackList, type Manner, preference, type Reply, rawText, setting, status, tagProbe } from './questions.ts';
import { Calls, stateOf } from './status.ts';

type XapiTalk = Talk<XapiMessage>;
type Answered<T> = Exclude<Reply<T>, { readonly is: 'lost' }>;

/** Of what we want to be told, and where it is in the status; a session takes 38 at most, and all of `/Status` would flood the line. */
const feedback: readonly { readonly expression: string; readonly path: string | null }[] = [
  { expression: '/Status/Call', path: 'Call' },
  { expression: '/Status/Audio/Volume', path: 'Audio Volume' },
  { expression: '/Status/Audio/VolumeMute', path: 'Audio VolumeMute' },
  { expression: '/Status/Audio/Microphones/Mute', path: 'Audio Microphones Mute' },
  { expression: '/Status/Standby', path: 'Standby' },
  { expression: '/Status/Conference/Presentation', path: 'Conference Presentation' },
  { expression: '/Status/Conference/DoNotDisturb', path: 'Conference DoNotDisturb' },
  { expression: '/Status/Video/Input', path: 'Video Input MainVideoSource' },
  { expression: '/Event/CallDisconnect', path: null },
];
/** Told by no feedback that all releases have. */
const LAYOUT = 'Video Layout LayoutFamily';
const asked: readonly string[] = [...feedback.flatMap(({ path }) => path ?? []), LAYOUT];

/** Each so many polls the registrations are looked at and the codec hears that we live: twice as often as it wants. */
const CHECK_EVERY = 5;
const CONTROLLER = 'ID: "diemcau"';
const CONNECT = `xCommand Peripherals Connect ${CONTROLLER} Name: "Diem Cau" Type: ControlSystem`;
const HEARTBEAT = `xCommand Peripherals HeartBeat ${CONTROLLER} Timeout: 60`;

export class XapiProtocol implements Protocol<XapiMessage> {
  readonly framer = xapiFramer();
  readonly capabilities = capabilities;
  readonly #settings: DriverSettings;
  readonly #calls = new Calls();
  /** We are logged in, and what we say is taken for commands. */
  #ready = false;
  #at: Place = 'nowhere';
  /** It does so whatever it is told. */
  #echoes = false;
  #beginning: Promise<void> | null = null;
  /** Null: it does not bring tags back. */
  #tags: number | null = null;
  #tc = false;
  #registered: ReadonlySet<string> = new Set();
  #controller = false;
  #polls = 0;
  #turning = false;
  #zooming = false;

  constructor(settings: DriverSettings) {
    this.#settings = settings;
  }

  /** Also after a restart of the codec, on the same line. */
  begin(talk: XapiTalk): Promise<void> {
    this.#beginning ??= this.#begin(talk).finally(() => {
      this.#beginning = null;
    });
    return this.#beginning;
  }

  async #begin(talk: XapiTalk): Promise<void> {
    this.#ready = false;
    this.#echoes = false;
    await logIn(talk, this.#settings, this.#at);
    this.#at = 'nowhere';
    await this.#ask(talk, preference('echo off'));
    await this.#ask(talk, preference('xPreferences outputmode terminal'));
    const tagged = await this.#ask(talk, tagProbe('d0'));
    this.#tags = tagged.is === 'done' && tagged.value ? 0 : null;
    this.#ready = true;
    this.#turning = true;
    this.#zooming = true;
    // First of all: what was moving when the line or the session was lost stands still. Without a camera there is nothing to stop.
    await this.#stop(talk).catch(ifRefused);
    await this.#identify(talk);
    await this.#register(talk);
    for (const path of asked) await this.#look(talk, path);
    const connected = await this.#ask(talk, command('controller', CONNECT, this.#tag()));
    this.#controller = connected.is === 'done';
  }

  async act(talk: XapiTalk, act: DeviceAct): Promise<Did> {
    if (!this.#ready)
      throw new FaultError({ code: 'device.refused', device: 'xapi', command: act.do, because: 'it is being logged in to again' });
    if (act.do === 'move') return this.#move(talk, act.pan, act.tilt, act.zoom);
    if (act.do === 'raw') return this.#raw(talk, act.text);
    let did: Did = 'completed';
    let failed: FaultError | null = null;
    for (const step of steps(act, { calls: talk.state().calls, tc: this.#tc })) {
      try {
        did = await this.#step(talk, step);
      } catch (error) {
        // One call that will not end must not keep the others.
        if (!(error instanceof FaultError) || error.fault.code !== 'device.refused') throw error;
        failed = error;
      }
    }
    if (failed !== null) throw failed;
    return did;
  }

  /** Calls are looked at each time too: a line that was lost on the wire would leave one that is over for ever. */
  async poll(talk: XapiTalk): Promise<void> {
    if (!this.#ready) return this.#return(talk);
    await this.#look(talk, 'Call');
    if (++this.#polls % CHECK_EVERY !== 0) return;
    const told = await this.#ask(talk, feedbackList());
    const lost = told.is === 'done' && [...this.#registered].some((expression) => !told.value.has(expression));
    if (lost) {
      talk.log.warn({}, 'codec has forgotten what it was to tell');
      await this.#register(talk);
    }
    const silent = feedback.filter(({ expression }) => !this.#registered.has(expression.toLowerCase())).flatMap(({ path }) => path ?? []);
    for (const path of lost ? asked : [...silent, LAYOUT]) await this.#look(talk, path);
    if (!this.#controller) return;
    const alive = await this.#ask(talk, command('heartbeat', HEARTBEAT, this.#tag()));
    if (alive.is === 'no') await this.#ask(talk, command('controller', CONNECT, this.#tag()));
  }

  heard(talk: XapiTalk, message: XapiMessage): void {
    switch (message.is) {
      case 'prompt':
        if (this.#ready) this.#lost(talk, message.wants);
        else this.#at = message.wants;
        return;
      case 'line':
        this.#echo(talk, message.text);
        return;
      case 'block':
        if (message.of === 's') this.#news(talk, leaves(message));
        if (message.of === 'e') this.#event(talk, message);
        return;
      default:
        message satisfies never;
    }
  }

  /** Before a login a stop would be taken for a name; `begin` stops first thing after it. */
  async halt(talk: XapiTalk): Promise<void> {
    if (this.#ready) await this.#stop(talk);
  }

  async #stop(talk: XapiTalk): Promise<void> {
    // The same keys as moves: one that waits must not be sent after the stop.
    const stops = [this.#ramp(talk, 'zoom', zoom(0), true), this.#ramp(talk, 'turn', turn(0, 0), true)];
    await Promise.all(stops);
    this.#turning = false;
    this.#zooming = false;
  }

  async #move(talk: XapiTalk, pan: number, tilt: number, speed: number): Promise<Did> {
    const parts: Promise<void>[] = [];
    const turns = pan !== 0 || tilt !== 0;
    if (turns || this.#turning) parts.push(this.#ramp(talk, 'turn', turn(pan, tilt), false));
    if (speed !== 0 || this.#zooming) parts.push(this.#ramp(talk, 'zoom', zoom(speed), false));
    this.#turning = turns;
    this.#zooming = speed !== 0;
    await Promise.all(parts);
    return 'accepted';
  }

  async #ramp(talk: XapiTalk, key: 'turn' | 'zoom', text: string, urgent: boolean): Promise<void> {
    const reply = await this.#ask(
      talk,
      command(urgent ? `stop ${key}` : key, text, this.#tag(), { key, urgent, again: urgent ? 1 : 0, timeoutMs: 1000 }),
    );
    if (reply.is === 'no') throw refused(key, reply.because);
  }

  async #raw(talk: XapiTalk, text: string): Promise<Did> {
    // What would take this session's ground away.
    if (/^\s*(?:xPreferences|echo|bye)\b/i.test(text)) throw refused('raw', 'that would end or change the session itself');
    const reply = await this.#ask(talk, rawText(text, this.#tag()));
    if (reply.is === 'no') throw refused('raw', reply.because);
    return 'accepted';
  }

  async #step(talk: XapiTalk, { name, tries, did, key, again, mute, timeoutMs }: Step): Promise<Did> {
    const manner: Manner = {
      ...(key === undefined ? {} : { key }),
      ...(again === undefined ? {} : { again: 1 }),
      ...(mute === undefined ? {} : { mute }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
    let because = '';
    for (const text of tries) {
      const reply = await this.#ask(talk, command(name, text, this.#tag(), manner));
      if (reply.is === 'done') return did;
      because = reply.because;
      if (reply.known) break;
    }
    throw refused(name, because);
  }

  async #identify(talk: XapiTalk): Promise<void> {
    const [product, firmware, serial] = [
      await this.#value(talk, 'SystemUnit ProductId'),
      await this.#value(talk, 'SystemUnit Software Version'),
      await this.#value(talk, 'SystemUnit Hardware Module SerialNumber'),
    ];
    this.#tc = /^TC\d/i.test(firmware);
    const [, make = 'Cisco', model = product] = /^(Cisco|TANDBERG)\s+(.+)$/i.exec(product) ?? [];
    talk.inform({ make, model, firmware, serial });
  }

  async #value(talk: XapiTalk, path: string): Promise<string> {
    const reply = await this.#ask(talk, status(path, this.#tag()));
    const leaf = reply.is === 'done' ? reply.value.find((each) => each.path.toLowerCase() === path.toLowerCase()) : undefined;
    return (leaf?.value ?? '').slice(0, 200);
  }

  async #register(talk: XapiTalk): Promise<void> {
    // Of a session that somebody left: nothing shall be told twice.
    await this.#ask(talk, setting('xFeedback deregisterall'));
    const taken = new Set<string>();
    for (const { expression } of feedback) {
      const reply = await this.#ask(talk, setting(`xFeedback register ${expression}`));
      if (reply.is === 'done') taken.add(expression.toLowerCase());
    }
    this.#registered = taken;
  }

  async #look(talk: XapiTalk, path: string): Promise<void> {
    const reply = await this.#ask(talk, status(path, this.#tag()));
    if (reply.is !== 'done') return;
    if (path !== 'Call') return this.#news(talk, reply.value);
    this.#calls.replace(reply.value);
    talk.tell({ calls: this.#calls.list() });
  }

  #news(talk: XapiTalk, all: readonly Leaf[]): void {
    const patch = stateOf(all);
    if (!all.some(({ path }) => path.startsWith('Call '))) {
      if (Object.keys(patch).length > 0) talk.tell(patch);
      return;
    }
    this.#calls.hear(all);
    talk.tell({ ...patch, calls: this.#calls.list() });
  }

  /** The echo is off in our session: who hears its own words is in another one, after a restart without login. Some never stop echoing. */
  #echo(talk: XapiTalk, text: string): void {
    if (!/\bx(?:Status|Command|Feedback)\b/i.test(text)) return;
    if (!this.#ready) this.#echoes ||= text.includes('resultId="d0"');
    else if (!this.#echoes) this.#lost(talk, 'nowhere');
  }

  #event(talk: XapiTalk, block: Block): void {
    const event = eventOf(block);
    const call = event?.fields.get('CallId');
    if (event?.name !== 'CallDisconnect' || call === undefined) return;
    talk.log.info({ call, cause: event.fields.get('CauseType') ?? '' }, 'call ended');
    this.#calls.end(call);
    talk.tell({ calls: this.#calls.list() });
  }

  /** @throws FaultError `device.silent` when it asks for a login instead: the command may have been carried out or not. */
  async #ask<T>(talk: XapiTalk, question: Ask<T>): Promise<Answered<T>> {
    const reply = await talk.ask(question);
    if (reply.is !== 'lost') return reply;
    if (this.#ready) this.#lost(talk, reply.at);
    throw new FaultError({
      code: 'device.silent',
      device: 'xapi',
      command: `${question.name} (it asks for a login)`,
      afterMs: question.timeoutMs,
    });
  }

  #tag(): string | null {
    return this.#tags === null ? null : `d${++this.#tags}`;
  }

  #lost(talk: XapiTalk, at: Place): void {
    this.#ready = false;
    this.#at = at;
    this.#calls.replace([]);
    talk.tell(unknownState);
    talk.log.warn({ at }, 'codec has ended the session');
    // What fails here is tried again by the next poll.
    this.begin(talk).catch((error: unknown) => {
      if (!(error instanceof FaultError) && !(error instanceof Superseded)) throw error;
      talk.log.warn({ because: error.message }, 'codec did not take us back');
    });
  }

  /** @throws FaultError `device.silent`: the line is then given up, and whoever opens it anew learns what is wrong. */
  async #return(talk: XapiTalk): Promise<void> {
    try {
      await this.begin(talk);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      throw new FaultError({ code: 'device.silent', device: 'xapi', command: 'login', afterMs: 0 });
    }
  }
}

/** A refusal is an answer; everything else is trouble. */
function ifRefused(error: unknown): void {
  if (!(error instanceof FaultError) || error.fault.code !== 'device.refused') throw error;
}
