/** A Samsung display. It tells nothing by itself; after power-on it may be deaf for a while. Source: Samsung "MDC Protocol" 13.7c. */
import { FaultError } from '../../protocol/fault.ts';
import type { Capability, DeviceAct } from '../../protocol/schema/device.ts';
import type { DriverSettings } from '../wire/driver.ts';
import type { Answer, Question } from '../wire/exchange.ts';
import { hex, unhex } from '../wire/framing.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import { BROADCAST, commands, dissect, encode, type MdcMessage, mdcFramer } from './codec.ts';
import { inputs, told, VOLUME_MAX } from './values.ts';

type MdcTalk = Talk<MdcMessage>;

const TIMEOUT_MS = 1000;
/** Displays that start up were seen to be deaf for 10 to 20 s: their silence is no failure until then. */
const WARMING_MS = 20_000;

const flag = { on: { type: 'flag' } } as const;
const capabilities: readonly Capability[] = [
  { id: 'power', feedback: 'poll', ack: 'accepted', params: flag },
  { id: 'volume', feedback: 'poll', ack: 'completed', params: { level: { type: 'number', min: 0, max: 1 } } },
  { id: 'speakerMute', feedback: 'poll', ack: 'completed', params: flag },
  { id: 'input', feedback: 'poll', ack: 'completed', params: { input: { type: 'choice', of: Object.keys(inputs) } } },
  { id: 'blank', feedback: 'poll', ack: 'completed', params: flag },
  { id: 'raw', feedback: 'none', ack: 'accepted', params: { text: { type: 'text', maxLength: 200 } } },
];

export class MdcProtocol implements Protocol<MdcMessage> {
  readonly framer = mdcFramer();
  readonly capabilities = capabilities;
  readonly halt = null;
  readonly #id: number;
  readonly #model: string;
  /** Monotonic; until then it may be deaf. Null: it is not starting up. */
  #warmingUntil: number | null = null;

  constructor({ address, model }: DriverSettings) {
    this.#id = address;
    this.#model = model;
  }

  async begin(talk: MdcTalk): Promise<void> {
    talk.inform({ make: 'Samsung', model: this.#model });
    await this.#learn(talk);
  }

  async poll(talk: MdcTalk): Promise<void> {
    if (this.#warmingUntil === null) return this.#learn(talk);
    if (talk.clock.mono() > this.#warmingUntil) {
      this.#warmingUntil = null;
      return this.#learn(talk);
    }
    const answer = await talk.ask<MdcMessage | null>({ ...this.#question(commands.power), again: 0, silence: { value: null } });
    if (answer?.ok !== true || answer.values[0] !== 1) return talk.tell({ power: 'warming' });
    this.#warmingUntil = null;
    await this.#learn(talk);
  }

  async act(talk: MdcTalk, act: DeviceAct): Promise<Did> {
    switch (act.do) {
      case 'power':
        await this.#set(talk, commands.power, act.on ? 1 : 0);
        this.#warmingUntil = act.on && talk.state().power !== 'on' ? talk.clock.mono() + WARMING_MS : null;
        talk.tell({ power: this.#warmingUntil === null ? (act.on ? 'on' : 'off') : 'warming' });
        return 'accepted';
      case 'volume':
        return this.#done(talk, commands.volume, Math.round(act.level * VOLUME_MAX));
      case 'speakerMute':
        return this.#done(talk, commands.mute, act.on ? 1 : 0);
      case 'input':
        return this.#done(talk, commands.input, inputs[act.input] ?? 0);
      case 'blank':
        return this.#done(talk, commands.panel, act.on ? 1 : 0);
      case 'raw':
        return this.#raw(talk, act.text);
      default:
        throw refused(act.do, 'MDC has no such command');
    }
  }

  heard(talk: MdcTalk, message: MdcMessage): void {
    // An answer that came after its time is still true.
    if (message.id === this.#id && message.ok) talk.tell(told(message.command, message.values));
  }

  /** Everything at once where it can; in standby some know nothing but their power. */
  async #learn(talk: MdcTalk): Promise<void> {
    const status = await talk.ask(this.#question(commands.status));
    if (status.ok) talk.tell(told(commands.status, status.values));
    else {
      const power = await talk.ask(this.#question(commands.power));
      talk.tell({
        power: 'unknown',
        volume: null,
        speakerMuted: null,
        input: null,
        ...(power.ok ? told(commands.power, power.values) : {}),
      });
    }
    if (talk.state().power !== 'on') return talk.tell({ blank: null });
    const panel = await talk.ask(this.#question(commands.panel));
    talk.tell({ blank: null, ...(panel.ok ? told(commands.panel, panel.values) : {}) });
  }

  async #done(talk: MdcTalk, command: number, value: number): Promise<Did> {
    talk.tell(told(command, (await this.#set(talk, command, value)).values));
    return 'completed';
  }

  /** All of them say how it shall be, so they may be sent twice. */
  #set(talk: MdcTalk, command: number, value: number): Promise<MdcMessage> {
    return talk.ask<MdcMessage>({
      name: `set ${hex(Uint8Array.of(command, value))}`,
      bytes: encode(this.#id, command, [value]),
      timeoutMs: TIMEOUT_MS,
      key: String(command),
      again: 1,
      match: (message) => {
        if (message.id !== this.#id || message.command !== command) return null;
        if (!message.ok) return { is: 'refusal', because: `NAK ${hex(Uint8Array.from(message.values))}` };
        // Input codes come back as another code of the same socket. Any other value is a late answer to an earlier question.
        const [said = value] = message.values;
        return said === value || command === commands.input ? { is: 'answer', value: message } : null;
      },
    });
  }

  #question(command: number): Question<MdcMessage, MdcMessage> {
    return {
      name: `get ${hex(Uint8Array.of(command))}`,
      bytes: encode(this.#id, command),
      timeoutMs: TIMEOUT_MS,
      again: 1,
      match: (message) => (message.id === this.#id && message.command === command ? { is: 'answer', value: message } : null),
    };
  }

  /** A whole command, or command and data without frame: `11 01`. */
  async #raw(talk: MdcTalk, text: string): Promise<Did> {
    const given = unhex(text);
    if (given === null) throw refused('raw', 'not bytes in hex');
    const whole = dissect(given);
    const [command = 0, ...data] = given;
    if (whole === null && (command === 0xaa || command === 0xff)) throw refused('raw', 'length or sum of the command are wrong');
    const { id, command: sent } = whole ?? { id: this.#id, command };
    await talk.ask<null>({
      name: `raw ${hex(Uint8Array.of(sent))}`,
      bytes: whole === null ? encode(id, command, data) : given,
      timeoutMs: TIMEOUT_MS,
      match: (message): Answer<null> | null => {
        if (message.id !== id || message.command !== sent) return null;
        return message.ok ? { is: 'answer', value: null } : { is: 'refusal', because: `NAK ${hex(Uint8Array.from(message.values))}` };
      },
      ...(id === BROADCAST ? { silence: { value: null } } : {}),
    });
    return 'accepted';
  }
}

const refused = (command: string, because: string) => new FaultError({ code: 'device.refused', device: 'MDC', command, because });
