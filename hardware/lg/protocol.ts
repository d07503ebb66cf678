/**
 * An LG display. It tells nothing by itself, and in standby some say nothing at all: silence means off or absent, and which of them nobody
 * knows. Power-on is answered only when the set is up. Source: "RS-232 control" of LG's manuals for 55LV5400, M4210 and 55WV70MS.
 */
import { FaultError } from '../../protocol/fault.ts';
import type { Capability, DeviceAct } from '../../protocol/schema/device.ts';
import type { DriverSettings } from '../wire/driver.ts';
import type { Answer } from '../wire/exchange.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import { byte, commands, encode, type LgCommand, type LgMessage, lgFramer, QUERY } from './codec.ts';
import { inputs, told, VOLUME_MAX } from './values.ts';

type LgTalk = Talk<LgMessage>;

const TIMEOUT_MS = 1000;
/** From cold to the answer of power-on. */
const POWER_ON_MS = 20_000;
const ABSENT = 'does not answer: off, or not connected';

const flag = { on: { type: 'flag' } } as const;
const capabilities: readonly Capability[] = [
  { id: 'power', feedback: 'poll', ack: 'completed', params: flag },
  { id: 'volume', feedback: 'poll', ack: 'completed', params: { level: { type: 'number', min: 0, max: 1 } } },
  { id: 'speakerMute', feedback: 'poll', ack: 'completed', params: flag },
  { id: 'input', feedback: 'poll', ack: 'completed', params: { input: { type: 'choice', of: Object.keys(inputs) } } },
  { id: 'blank', feedback: 'poll', ack: 'completed', params: flag },
  { id: 'raw', feedback: 'none', ack: 'accepted', params: { text: { type: 'text', maxLength: 60 } } },
];

export class LgProtocol implements Protocol<LgMessage> {
  readonly framer = lgFramer();
  readonly capabilities = capabilities;
  readonly halt = null;
  readonly #id: number;
  readonly #model: string;
  /** It said that it goes off: its silence after that is standby. */
  #off = false;

  constructor({ address, model }: DriverSettings) {
    this.#id = address;
    this.#model = model;
  }

  /** A set in standby is a set all the same: it must be possible to switch it on. */
  async begin(talk: LgTalk): Promise<void> {
    talk.inform({ make: 'LG', model: this.#model });
    await this.#learn(talk);
  }

  async poll(talk: LgTalk): Promise<void> {
    await this.#learn(talk);
  }

  async act(talk: LgTalk, act: DeviceAct): Promise<Did> {
    switch (act.do) {
      case 'power':
        return act.on ? this.#powerOn(talk) : this.#set(talk, commands.power, 0);
      case 'volume':
        return this.#set(talk, commands.volume, Math.round(act.level * VOLUME_MAX));
      case 'speakerMute':
        return this.#set(talk, commands.sound, act.on ? 0 : 1);
      case 'input':
        return this.#input(talk, act.input);
      case 'blank':
        return this.#set(talk, commands.picture, act.on ? 1 : 0);
      case 'raw':
        return this.#raw(talk, act.text);
      default:
        throw refused(act.do, 'LG has no such command');
    }
  }

  heard(talk: LgTalk, message: LgMessage): void {
    // The late answer to power-on among them; what is late is still true.
    if (message.id === this.#id && message.ok) this.#told(talk, message);
  }

  #told(talk: LgTalk, { letter, data }: LgMessage): void {
    const patch = told(letter, data);
    if (patch.power !== undefined) this.#off = patch.power === 'off';
    talk.tell({ ...patch, complaints: [] });
  }

  async #learn(talk: LgTalk): Promise<void> {
    const power = await this.#get(talk, commands.power);
    if (power === null) {
      const silent = { input: null, blank: null, speakerMuted: null, volume: null };
      return talk.tell({ ...silent, power: this.#off ? 'off' : 'unknown', complaints: this.#off ? [] : [ABSENT] });
    }
    if (talk.state().power !== 'on') return talk.tell({ input: null, blank: null, speakerMuted: null, volume: null });
    for (const command of [commands.input, commands.picture, commands.sound, commands.volume]) {
      // It went off in between: the rest would be silence as well.
      if ((await this.#get(talk, command)) === null) return;
    }
  }

  /** Null: it did not answer. What it refuses to tell becomes unknown. */
  async #get(talk: LgTalk, command: LgCommand): Promise<LgMessage | null> {
    const answer = await talk.ask<LgMessage | null>({
      name: `${command} query`,
      bytes: encode(command, this.#id, QUERY),
      timeoutMs: TIMEOUT_MS,
      again: 1,
      match: (message) => (this.#answers(command, message) ? { is: 'answer', value: message } : null),
      silence: { value: null },
    });
    if (answer !== null) this.#told(talk, answer.ok ? answer : { ...answer, data: '' });
    return answer;
  }

  async #powerOn(talk: LgTalk): Promise<Did> {
    if (talk.state().power !== 'on') talk.tell({ power: 'warming' });
    return this.#set(talk, commands.power, 1, POWER_ON_MS);
  }

  /** By its video code; a set that knows the socket only with computer timings says no to it. */
  async #input(talk: LgTalk, name: string): Promise<Did> {
    const codes = inputs[name];
    if (codes === undefined) throw refused('input', `no input ${name}`);
    try {
      return await this.#set(talk, commands.input, codes.video);
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'device.refused') throw error;
      return this.#set(talk, commands.input, codes.computer);
    }
  }

  async #set(talk: LgTalk, command: LgCommand, value: number, timeoutMs = TIMEOUT_MS): Promise<Did> {
    const answer = await talk.ask<LgMessage>({
      name: `${command} ${byte(value)}`,
      bytes: encode(command, this.#id, value),
      timeoutMs,
      key: command,
      // A set that starts up is not spoken to again; all else says how it shall be and may be said twice.
      again: command === commands.power ? 0 : 1,
      match: (message): Answer<LgMessage> | null => {
        if (!this.#answers(command, message)) return null;
        if (!message.ok) return { is: 'refusal', because: `NG ${message.data}` };
        // Another value is a late answer to an earlier question; a socket may come back by its other code.
        return message.data === byte(value) || command === commands.input ? { is: 'answer', value: message } : null;
      },
    });
    this.#told(talk, answer);
    return 'completed';
  }

  #answers(command: string, { letter, id }: LgMessage): boolean {
    return letter === command[1] && id === this.#id;
  }

  async #raw(talk: LgTalk, text: string): Promise<Did> {
    const [, command, id, data] = /^([a-z]{2}) ([0-9A-Fa-f]{2})((?: [0-9A-Fa-f]{2})+)$/.exec(text.trim()) ?? [];
    if (command === undefined || id === undefined || data === undefined) throw refused('raw', 'not a command such as "ka 01 FF"');
    const number = Number.parseInt(id, 16);
    await talk.ask<null>({
      name: `raw ${command}`,
      bytes: Buffer.from(`${command} ${id}${data}\r`, 'latin1'),
      timeoutMs: TIMEOUT_MS,
      match: (message): Answer<null> | null => {
        if (message.letter !== command[1] || message.id !== number) return null;
        return message.ok ? { is: 'answer', value: null } : { is: 'refusal', because: `NG ${message.data}` };
      },
      // To all sets at once: none answers.
      ...(number === 0 ? { silence: { value: null } } : {}),
    });
    return 'accepted';
  }
}

const refused = (command: string, because: string) => new FaultError({ code: 'device.refused', device: 'LG', command, because });
