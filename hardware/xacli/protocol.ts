/**
 * How to talk with a TANDBERG MXP or MPS codec: feedback for calls, looked after at each poll because a codec that restarts forgets what it
 * was asked to tell while the serial line stays up.
 */
import { FaultError } from '../../protocol/fault.ts';
import type { Call, Capability, DeviceAct } from '../../protocol/schema/device.ts';
import { type Answer, type Question, Superseded } from '../wire/exchange.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import { call, callOf } from './calls.ts';
import { type Block, callRate, line, type Message, plain, xacliFramer } from './codec.ts';
import { command, failure, type Greeting, greeted, listed, no, PROBE_MS, simple, systemUnit } from './questions.ts';

const CALLS = 'status/call';
const CALLS_MAX = 16;
/** A modem would say these: something happened to a call, and nothing more is known by them. */
const HINT = /^(?:CONNECT|NO CARRIER|RING|BUSY|NO ANSWER)\b/;
/** After a password it says nothing that is sure: no new prompt for so long means that it was right. */
const NO_PROMPT_MS = 700;

export const capabilities: readonly Capability[] = [
  {
    id: 'dial',
    feedback: 'push',
    ack: 'accepted',
    params: {
      address: { type: 'text', maxLength: 60 },
      protocol: { type: 'choice', of: ['auto'] },
      kbps: { type: 'number', min: 64, max: 4096 },
    },
  },
  { id: 'answer', feedback: 'push', ack: 'accepted', params: {} },
  { id: 'hangup', feedback: 'push', ack: 'accepted', params: {} },
  { id: 'dtmf', feedback: 'none', ack: 'accepted', params: {} },
  { id: 'presentation', feedback: 'none', ack: 'accepted', params: { source: { type: 'choice', of: ['1', '2', '3', '4', '5', '6'] } } },
  { id: 'reboot', feedback: 'none', ack: 'accepted', params: {} },
  { id: 'raw', feedback: 'none', ack: 'accepted', params: { text: { type: 'text', maxLength: 200 } } },
];

export interface XacliSettings {
  readonly username: string;
  readonly password: string;
}

export class XacliProtocol implements Protocol<Message> {
  readonly framer = xacliFramer();
  readonly capabilities = capabilities;
  readonly halt = null;
  readonly #settings: XacliSettings;
  readonly #calls = new Map<string, Call>();

  constructor(settings: XacliSettings) {
    this.#settings = settings;
  }

  async begin(talk: Talk<Message>): Promise<void> {
    await this.#enter(talk);
    await this.#register(talk);
    await this.#askCalls(talk);
    await this.#identify(talk);
  }

  async act(talk: Talk<Message>, act: DeviceAct): Promise<Did> {
    switch (act.do) {
      case 'dial': {
        const number = plain(act.address);
        if (number === '') throw refused('dial', 'nothing to dial');
        await talk.ask(command('dial', { number, callrate: act.kbps === null ? null : callRate(act.kbps) }, true));
        break;
      }
      case 'answer':
        await talk.ask(command('callaccept', {}, false));
        break;
      case 'hangup':
        // Short for DisconnectCall, and what older versions know it by. Without a call: all of them.
        await talk.ask(command('disconnect', { call: act.call }, false));
        break;
      case 'dtmf':
        for (const value of act.digits) await talk.ask(command('dtmfsend', { value }, false));
        break;
      case 'presentation':
        await talk.ask(act.on ? command('duovideostart', { videosource: act.source }, false) : command('duovideostop', {}, false));
        break;
      case 'reboot':
        await talk.ask(command('boot', {}, false));
        break;
      case 'raw':
        await talk.ask(simple(act.text.replace(/[^\x20-\x7e]/g, '').trim(), 'raw', true));
        break;
      default:
        throw refused(act.do, 'it cannot do that');
    }
    return 'accepted';
  }

  async poll(talk: Talk<Message>): Promise<void> {
    await this.#askCalls(talk);
    if (!(await talk.ask(listed(CALLS)))) await this.#register(talk);
  }

  heard(talk: Talk<Message>, message: Message): void {
    if (message.kind === 'block') this.#note(talk, message);
    else if (HINT.test(message.text)) {
      this.#askCalls(talk, 'calls by hint').catch((error: unknown) => {
        if (!(error instanceof FaultError) && !(error instanceof Superseded)) throw error;
        talk.log.debug({ because: error.message }, 'calls were not asked for');
      });
    }
  }

  /** Logs in where a prompt comes instead of an answer; a serial line usually asks for nothing. */
  async #enter(talk: Talk<Message>): Promise<void> {
    const { username, password } = this.#settings;
    const tried = new Set<boolean>();
    let named = false;
    /** What it shows by itself. */
    const shown = <R>(silence: R): Promise<Greeting | R> =>
      talk.ask<Greeting | R>({
        name: 'greeting',
        bytes: new Uint8Array(0),
        timeoutMs: NO_PROMPT_MS,
        match: greeted,
        silence: { value: silence },
      });
    // A probe at a prompt is taken for a name: where a login is to be expected, its prompt is waited for.
    let next: Greeting | 'probe' = username === '' && password === '' ? 'probe' : await shown('probe' as const);
    while (next !== 'ready') {
      if (next === 'probe') {
        next = await talk.ask({ name: 'is it there', bytes: line('xstatus call'), timeoutMs: PROBE_MS, again: 1, match: greeted });
        // The greeting, come late, or the answer to a probe that was taken for a password: after the greeting the probe is a name, and it goes on.
        if (next === 'login') next = await shown('login' as const);
        continue;
      }
      if (next === 'password') {
        if (tried.has(named)) throw new FaultError({ code: 'device.login', device: 'xacli', because: 'it asks for the password again' });
        tried.add(named);
      } else named = true;
      const text: string = next === 'login' ? plain(username) : password.replace(/[^\x20-\x7e\xa0-\xff]/g, '');
      const bytes = Buffer.from(`${text}\r`, 'latin1');
      next = await talk.ask({ name: next, bytes, timeoutMs: NO_PROMPT_MS, match: greeted, silence: { value: 'probe' as const } });
    }
  }

  async #register(talk: Talk<Message>): Promise<void> {
    try {
      // The session of a serial line never ends: without this, each of our beginnings would add another registration, of 15 at most.
      await talk.ask({ ...simple('xfeedback deregister 0'), again: 1 });
      await talk.ask({ ...simple(`xfeedback register ${CALLS}`), again: 1 });
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'device.refused') throw error;
      talk.log.warn({ because: error.message }, 'calls will be polled only');
    }
  }

  /** Takes what a status block tells of a call; other blocks are nothing to us. */
  #note(talk: Talk<Message>, block: Block): void {
    const id = callOf(block);
    if (id === null) return;
    const told = call(id, block);
    if (told === null) this.#calls.delete(id);
    else if (this.#calls.has(id) || this.#calls.size < CALLS_MAX) this.#calls.set(id, told);
    talk.tell({ calls: [...this.#calls.values()] });
  }

  /** All calls; what is not named is over. The last line of the answer is `OK`, which not every version says. */
  async #askCalls(talk: Talk<Message>, key?: string): Promise<void> {
    const named = new Set<string>();
    const match = (message: Message): Answer<void> | null => {
      if (message.kind === 'line')
        return no(message.text) ?? (message.text === 'OK' && named.size > 0 ? { is: 'answer', value: undefined } : null);
      const id = callOf(message);
      if (id === null) return failure(message);
      named.add(id);
      this.#note(talk, message);
      return { is: 'part' };
    };
    const question: Question<Message, void> = { name: 'xstatus call', bytes: line('xstatus call'), timeoutMs: PROBE_MS, match };
    try {
      await talk.ask(key === undefined ? question : { ...question, key });
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'device.silent' || named.size === 0) throw error;
    }
    for (const id of [...this.#calls.keys()].filter((each) => !named.has(each))) this.#calls.delete(id);
    talk.tell({ calls: [...this.#calls.values()] });
  }

  /** A codec that does not say who it is works all the same. */
  async #identify(talk: Talk<Message>): Promise<void> {
    talk.inform({ make: 'TANDBERG' });
    try {
      const { fields } = await talk.ask(systemUnit());
      talk.inform({
        model: (fields.productid ?? fields.producttype ?? '').slice(0, 200),
        firmware: (fields['software version'] ?? '').slice(0, 200),
        serial: (fields['hardware serialnumber'] ?? fields['hardware module serialnumber'] ?? '').slice(0, 200),
      });
    } catch (error) {
      if (!(error instanceof FaultError) || (error.fault.code !== 'device.silent' && error.fault.code !== 'device.refused')) throw error;
    }
  }
}

const refused = (command: string, because: string): FaultError =>
  new FaultError({ code: 'device.refused', device: 'xacli', command, because });
