/** A session with an Extron matrix switcher, over a serial line or the network. Facts: see codec.ts. */
import { FaultError } from '../../protocol/fault.ts';
import type { Capability, DeviceAct } from '../../protocol/schema/device.ts';
import type { DriverSettings } from '../wire/driver.ts';
import type { Answer } from '../wire/exchange.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import { BUSY, encode, type Layer, type Reply, replies } from './codec.ts';
import { enter } from './login.ts';
import { Ties } from './ties.ts';

const ANSWER_MS = 1000;
const BUSY_MS = 300;
const VERBOSE = 3;
const PRESETS = Array.from({ length: 32 }, (_, slot) => String(slot + 1));

/** What kinds of matrix can do; `inputs` and `outputs` null: not known yet. */
function abilities(inputs: number | null, outputs: number | null): readonly Capability[] {
  const upTo = (from: number, to: number | null) =>
    to === null
      ? ({ type: 'text', maxLength: 3 } as const)
      : ({ type: 'choice', of: Array.from({ length: Math.min(100, to - from + 1) }, (_, at) => String(from + at)) } as const);
  const preset = { type: 'choice', of: PRESETS } as const;
  return [
    { id: 'route', feedback: 'push', ack: 'completed', params: { input: upTo(0, inputs), output: upTo(1, outputs) } },
    { id: 'presetRecall', feedback: 'push', ack: 'completed', params: { preset } },
    { id: 'presetStore', feedback: 'none', ack: 'completed', params: { preset } },
    { id: 'blank', feedback: 'push', ack: 'completed', params: {} },
    { id: 'speakerMute', feedback: 'push', ack: 'completed', params: {} },
    { id: 'raw', feedback: 'none', ack: 'accepted', params: { text: { type: 'text', maxLength: 500 } } },
  ];
}

export const extronProtocol = (settings: DriverSettings): Protocol<Reply> => new ExtronProtocol(settings);

class ExtronProtocol implements Protocol<Reply> {
  readonly framer = replies();
  /** A switcher moves nothing. */
  readonly halt = null;
  readonly #settings: DriverSettings;
  readonly #ties = new Ties();
  #prompted = false;
  #named = false;
  /** The ties were changed by a preset: they are others now. */
  #stale = false;
  #next = 1;

  constructor(settings: DriverSettings) {
    this.#settings = settings;
  }

  get capabilities(): readonly Capability[] {
    const size = this.#ties.size;
    return abilities(size?.inputs ?? null, size?.outputs ?? null);
  }

  async begin(talk: Talk<Reply>): Promise<void> {
    await enter(talk, this.#settings.password, encode.verbose(VERBOSE), () => this.#prompted);
    this.#prompted = false;
    talk.inform({ make: 'Extron' });
    const said = await this.#ask(talk, 'identify', encode.identify, (reply) => (reply.is === 'size' || reply.is === 'text' ? reply : null));
    this.#identified(talk, said);
    await this.#readTies(talk);
  }

  async act(talk: Talk<Reply>, act: DeviceAct): Promise<Did> {
    switch (act.do) {
      case 'route':
        await this.#route(talk, numeral('input', act.input), numeral('output', act.output), layerOf(act.layer));
        return 'completed';
      case 'presetRecall': {
        const preset = numeral('preset', act.preset);
        await this.#ask(
          talk,
          `recall ${preset}`,
          encode.recall(preset),
          (reply) => reply.is === 'recalled' && reply.preset === preset,
          'recall',
        );
        await this.#readTies(talk);
        return 'completed';
      }
      case 'presetStore': {
        const preset = numeral('preset', act.preset);
        await this.#ask(talk, `save ${preset}`, encode.save(preset), (reply) => reply.is === 'saved' && reply.preset === preset);
        return 'completed';
      }
      case 'blank':
        await this.#mute(talk, 'video', act.on);
        return 'completed';
      case 'speakerMute':
        await this.#mute(talk, 'audio', act.on);
        return 'completed';
      case 'raw':
        await talk.ask<boolean>({
          name: 'raw',
          bytes: encode.raw(act.text),
          match: (reply) => {
            this.#told(talk, reply);
            return reply.is === 'error' ? { is: 'refusal', because: reply.because } : { is: 'answer', value: true };
          },
          timeoutMs: ANSWER_MS,
          silence: { value: true },
        });
        return 'accepted';
      default:
        throw new FaultError({ code: 'conflict', what: act.do, reason: 'a switcher cannot do this' });
    }
  }

  /** Changes are told; one output is asked for after the other, as a sign of life and against a change that was missed. */
  async poll(talk: Talk<Reply>): Promise<void> {
    if (this.#prompted) return this.begin(talk);
    if (this.#stale) return this.#readTies(talk);
    const outputs = this.#ties.size?.outputs ?? 1;
    this.#next = this.#next >= outputs ? 1 : this.#next + 1;
    await this.#readTie(talk, this.#next);
  }

  heard(talk: Talk<Reply>, reply: Reply): void {
    if (reply.is === 'prompt') this.#prompted = true;
    // At the front panel, or by somebody else.
    if (reply.is === 'recalled') this.#stale = true;
    this.#told(talk, reply);
  }

  #told(talk: Talk<Reply>, reply: Reply): void {
    if (reply.is === 'banner') {
      talk.inform({ make: 'Extron', model: reply.model, firmware: reply.firmware });
      this.#named = reply.model !== '';
    }
    const patch = this.#ties.told(reply);
    if (patch !== null) talk.tell(patch);
  }

  #identified(talk: Talk<Reply>, reply: Reply): void {
    if (reply.is === 'size') this.#ties.frame(reply);
    // The banner is printed at power-up and to whoever connects over the network; on a serial line this is all there is.
    if (!this.#named && (reply.is === 'size' || reply.is === 'text')) talk.inform({ model: reply.text.split(' ')[0] ?? '' });
  }

  async #route(talk: Talk<Reply>, input: number, output: number, layer: Layer): Promise<void> {
    const name = `tie ${input}*${output} ${layer}`;
    const done = (reply: Reply) => reply.is === 'tie' && reply.output === output && reply.input === input && reply.layer === layer;
    await this.#ask(talk, name, encode.tie(input, output, layer), done, `route ${output} ${layer}`);
  }

  /** Of all outputs: what people call the picture of a room is all of its screens. */
  async #mute(talk: Talk<Reply>, layer: 'video' | 'audio', on: boolean): Promise<void> {
    const outputs = this.#ties.size?.outputs ?? 1;
    for (let output = 1; output <= outputs; output++) {
      const done = (reply: Reply) => reply.is === 'mute' && reply.output === output && reply.layer === layer && reply.on === on;
      await this.#ask(talk, `${layer} mute ${output} ${on}`, encode.mute(output, layer, on), done, `${layer} mute ${output}`);
    }
  }

  async #readTies(talk: Talk<Reply>): Promise<void> {
    this.#stale = false;
    const outputs = this.#ties.size?.outputs ?? 1;
    for (let output = 1; output <= outputs; output++) await this.#readTie(talk, output);
  }

  /** The answer is a bare number in the quieter modes, and a tie in the others. */
  async #readTie(talk: Talk<Reply>, output: number): Promise<void> {
    const reply = await this.#ask(talk, `tie of ${output}`, encode.askTie(output, 'video'), (said) =>
      said.is === 'number' || (said.is === 'tie' && said.output === output) ? said : null,
    );
    if (reply.is === 'number') this.#told(talk, { is: 'tie', output, input: reply.value, layer: 'video' });
  }

  /** Asks what may be asked twice: everything here. What the answer says is told. */
  #ask(talk: Talk<Reply>, name: string, bytes: Uint8Array, is: (reply: Reply) => Reply | boolean | null, key?: string): Promise<Reply> {
    return talk.ask<Reply>({
      name,
      bytes,
      match: (reply) => this.#meaning(talk, reply, is),
      timeoutMs: ANSWER_MS,
      again: 1,
      ...(key === undefined ? {} : { key }),
    });
  }

  #meaning(talk: Talk<Reply>, reply: Reply, is: (reply: Reply) => Reply | boolean | null): Answer<Reply> | null {
    if (is(reply)) {
      this.#told(talk, reply);
      return { is: 'answer', value: reply };
    }
    if (reply.is !== 'error') return null;
    return reply.number === BUSY ? { is: 'busy', forMs: BUSY_MS } : { is: 'refusal', because: reply.because };
  }
}

const layerOf = (word: string): Layer => (word === 'video' || word === 'audio' ? word : 'all');

/** @throws FaultError `input.invalid` for what is no number of an input, output or preset: it would be another command. */
function numeral(name: string, text: string): number {
  if (!/^\d{1,3}$/.test(text))
    throw new FaultError({ code: 'input.invalid', path: `/${name}`, reason: 'must be a number of at most 3 digits' });
  return Number(text);
}
