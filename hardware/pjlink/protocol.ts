/**
 * A projector or display that speaks PJLink. The device speaks first; a digest of its random number and the password goes before the first
 * command. `POWR=OK` means that it was taken: warming and cooling last a minute and are asked for. Sources: JBMIA "PJLink Specifications" 1.04, 2.00.
 */
import { FaultError } from '../../protocol/fault.ts';
import type { Capability, DeviceAct, ParamSpec } from '../../protocol/schema/device.ts';
import type { DriverSettings } from '../wire/driver.ts';
import type { Answer, Question } from '../wire/exchange.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import { digest, encode, errors, type PjlinkClass, type PjlinkError, type PjlinkMessage, pjlinkFramer } from './codec.ts';
import * as values from './values.ts';

type PjlinkTalk = Talk<PjlinkMessage>;
/** A value, or why there is none. */
type Value = { readonly value: string } | { readonly error: PjlinkError };

type Greeting = Extract<PjlinkMessage, { is: 'greeting' | 'login-refused' }>;

const TIMEOUT_MS = 3000;
const GREETING_MS = 5000;

const flag = { on: { type: 'flag' } } as const;
const raw: Capability = { id: 'raw', feedback: 'none', ack: 'accepted', params: { text: { type: 'text', maxLength: 128 } } };

export class PjlinkProtocol implements Protocol<PjlinkMessage> {
  readonly framer = pjlinkFramer();
  readonly halt = null;
  readonly #password: string;
  /** Null: it has not greeted yet. */
  #greeting: Greeting | null = null;
  #level: PjlinkClass = '1';
  /** Some devices know inputs of class 2 only by the commands of class 1. */
  #inputLevel: PjlinkClass = '1';
  #inputs: readonly string[] = [];

  constructor({ password }: DriverSettings) {
    this.#password = password;
  }

  get capabilities(): readonly Capability[] {
    const input: ParamSpec = this.#inputs.length > 0 ? { type: 'choice', of: [...this.#inputs] } : { type: 'text', maxLength: 2 };
    return [
      { id: 'power', feedback: 'poll', ack: 'accepted', params: flag },
      { id: 'input', feedback: 'poll', ack: 'accepted', params: { input } },
      { id: 'blank', feedback: 'poll', ack: 'accepted', params: flag },
      { id: 'speakerMute', feedback: 'poll', ack: 'accepted', params: flag },
      raw,
    ];
  }

  async begin(talk: PjlinkTalk): Promise<void> {
    await this.#login(talk);
    const level = await this.#get(talk, '1', 'CLSS');
    this.#level = level.trim() === '2' ? '2' : '1';
    talk.inform({
      make: await this.#get(talk, '1', 'INF1'),
      model: await this.#get(talk, '1', 'INF2'),
      serial: this.#level === '2' ? await this.#get(talk, '2', 'SNUM') : '',
      firmware: this.#level === '2' ? await this.#get(talk, '2', 'SVER') : '',
    });
    await this.#learnInputs(talk);
    await this.#learn(talk);
  }

  async poll(talk: PjlinkTalk): Promise<void> {
    await this.#power(talk);
    await this.#learn(talk);
  }

  async act(talk: PjlinkTalk, act: DeviceAct): Promise<Did> {
    switch (act.do) {
      case 'power':
        await this.#set(talk, '1', 'POWR', act.on ? '1' : '0');
        return this.#then(talk, () => this.#power(talk));
      case 'input':
        await this.#set(talk, this.#inputLevel, 'INPT', act.input);
        return this.#then(talk, () => this.#learn(talk));
      case 'blank':
        await this.#blank(talk, act.on);
        return this.#then(talk, () => this.#learn(talk));
      case 'speakerMute':
        await this.#set(talk, '1', 'AVMT', act.on ? '21' : '20');
        return this.#then(talk, () => this.#learn(talk));
      case 'raw':
        return this.#raw(talk, act.text);
      default:
        throw refused(act.do, 'PJLink has no such command');
    }
  }

  heard(talk: PjlinkTalk, message: PjlinkMessage): void {
    if (message.is === 'greeting' || message.is === 'login-refused') this.#greeting ??= message;
    // An answer that came after its time is still true.
    if (message.is !== 'value') return;
    if (message.command === 'POWR') talk.tell({ power: values.power(message.value) });
    if (message.command === 'INPT') talk.tell({ input: values.input(message.value) });
    if (message.command === 'AVMT') talk.tell(values.muting(message.value));
    if (message.command === 'ERST') talk.tell({ complaints: values.complaints(message.value) });
  }

  async #login(talk: PjlinkTalk): Promise<void> {
    const greeting =
      this.#greeting ??
      (await talk.ask<Greeting>({
        name: 'greeting',
        bytes: new Uint8Array(0),
        timeoutMs: GREETING_MS,
        match: (message) => (message.is === 'greeting' || message.is === 'login-refused' ? { is: 'answer', value: message } : null),
      }));
    if (greeting.is === 'login-refused') throw login('it refuses us at once');
    if (greeting.salt !== null && this.#password === '') throw login('it wants a password');
    const prefix = greeting.salt === null ? '' : digest(greeting.salt, this.#password);
    // Not asked twice: the digest is good for the first command only.
    const answer = await talk.ask<Value | Greeting>({
      ...question('1', 'POWR'),
      again: 0,
      bytes: Buffer.concat([Buffer.from(prefix), encode('1', 'POWR', '?')]),
      match: (message) => (message.is === 'login-refused' ? { is: 'answer', value: message } : valueIn('POWR', message)),
    });
    if ('is' in answer) throw login('it does not accept the password');
    talk.tell({ power: 'value' in answer ? values.power(answer.value) : 'unknown' });
  }

  async #learnInputs(talk: PjlinkTalk): Promise<void> {
    const inputs = this.#level === '2' ? values.inputs(await this.#get(talk, '2', 'INST')) : [];
    this.#inputLevel = inputs.length > 0 ? '2' : '1';
    this.#inputs = inputs.length > 0 ? inputs : values.inputs(await this.#get(talk, '1', 'INST'));
  }

  async #power(talk: PjlinkTalk): Promise<void> {
    const answer = await talk.ask(question('1', 'POWR'));
    talk.tell({ power: 'value' in answer ? values.power(answer.value) : 'unknown' });
  }

  /** What can be known only while it is on, and what it complains about. */
  async #learn(talk: PjlinkTalk): Promise<void> {
    if (talk.state().power === 'on') {
      const input = values.input(await this.#get(talk, this.#inputLevel, 'INPT'));
      talk.tell({ input, ...values.muting(await this.#get(talk, '1', 'AVMT')) });
    } else talk.tell({ input: null, blank: null, speakerMuted: null });
    talk.tell({ complaints: values.complaints(await this.#get(talk, '1', 'ERST')) });
  }

  /** Empty where the device has no answer. */
  async #get(talk: PjlinkTalk, level: PjlinkClass, command: string): Promise<string> {
    const answer = await talk.ask(question(level, command));
    return 'value' in answer ? answer.value.trim() : '';
  }

  async #set(talk: PjlinkTalk, level: PjlinkClass, command: string, value: string): Promise<void> {
    await talk.ask<null>({
      name: `${command} ${value}`,
      bytes: encode(level, command, value),
      timeoutMs: TIMEOUT_MS,
      key: command === 'AVMT' ? `${command} ${value.slice(0, 1)}` : command,
      match: (message) => takenBy(command, message),
    });
  }

  /** Picture alone; a device that knows only both together mutes both, and the state says so. */
  async #blank(talk: PjlinkTalk, on: boolean): Promise<void> {
    try {
      await this.#set(talk, '1', 'AVMT', on ? '11' : '10');
    } catch (error) {
      const valueUnknown = error instanceof FaultError && error.fault.code === 'device.refused' && error.fault.because.startsWith('ERR2');
      if (!valueUnknown) throw error;
      await this.#set(talk, '1', 'AVMT', on ? '31' : '30');
    }
  }

  async #raw(talk: PjlinkTalk, text: string): Promise<Did> {
    const [, level, command, parameter] = /^(?:%?([12]))?([A-Za-z0-9]{4}) (.+)$/.exec(text.trim()) ?? [];
    if (command === undefined || parameter === undefined) throw refused('raw', 'not a PJLink command such as "%1POWR ?"');
    const upper = command.toUpperCase();
    await talk.ask<null>({
      name: `raw ${upper}`,
      bytes: encode(level === '2' ? '2' : '1', upper, parameter),
      timeoutMs: TIMEOUT_MS,
      match: (message) => (message.is === 'value' && message.command === upper ? { is: 'answer', value: null } : takenBy(upper, message)),
    });
    return 'accepted';
  }

  /** The command was taken; how things are now is told if the device says so, otherwise by the next poll. */
  async #then(talk: PjlinkTalk, learn: () => Promise<void>): Promise<Did> {
    try {
      await learn();
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      talk.log.debug({ fault: error.fault }, 'state after a command was not told');
    }
    return 'accepted';
  }
}

function question(level: PjlinkClass, command: string): Question<PjlinkMessage, Value> {
  return {
    name: `${command} ?`,
    bytes: encode(level, command, '?'),
    timeoutMs: TIMEOUT_MS,
    again: 1,
    match: (message) => valueIn(command, message),
  };
}

function valueIn(command: string, message: PjlinkMessage): Answer<Value> | null {
  if (message.is === 'value' && message.command === command) return { is: 'answer', value: { value: message.value } };
  if (message.is === 'error' && message.command === command) return { is: 'answer', value: { error: message.error } };
  return null;
}

function takenBy(command: string, message: PjlinkMessage): Answer<null> | null {
  if (message.is === 'taken' && message.command === command) return { is: 'answer', value: null };
  if (message.is === 'error' && message.command === command)
    return { is: 'refusal', because: `${message.error}: ${errors[message.error]}` };
  return null;
}

const login = (because: string) => new FaultError({ code: 'device.login', device: 'PJLink', because });
const refused = (command: string, because: string) => new FaultError({ code: 'device.refused', device: 'PJLink', command, because });
