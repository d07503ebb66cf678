/**
 * Pelco-D as a Protocol: a line on which nobody answers. Everything is sent and taken for accepted; a stop is sent twice, since the first may
 * meet noise. Some cameras tell where they stand when asked: those that do are asked again and again, the others left in peace.
 */
import { FaultError } from '../../protocol/fault.ts';
import type { Capability, DeviceAct } from '../../protocol/schema/device.ts';
import type { DriverSettings } from '../wire/driver.ts';
import { type Question, Superseded } from '../wire/exchange.ts';
import { type Framer, unhex } from '../wire/framing.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import {
  type Axis,
  axes,
  drive,
  type PelcoFrame,
  panOf,
  pelcoD,
  pelcoFramer,
  pelcoP,
  presetCall,
  presetSet,
  query,
  readPelcoD,
  stop,
  tiltOf,
  zoomOf,
} from './codec.ts';

/** Long enough to learn from the system that the line is gone; nobody answers. The pause to the next frame is in the driver's manners. */
const SENT_MS = 5;
/** 14 bytes at 2400 baud take 60 ms. */
const ANSWER_MS = 200;
const PRESETS = 32;
/** Of motions: a newer one takes the place of one that waits. */
const MOTION = 'motion';
const asked: readonly Axis[] = ['pan', 'tilt', 'zoom'];

export class PelcoProtocol implements Protocol<PelcoFrame> {
  readonly framer: Framer<PelcoFrame>;
  readonly #address: number;
  readonly #wrapped: boolean;
  #answers = false;

  /** Pelco-P where the model says so: `pelco-p`. */
  constructor({ address, model }: DriverSettings) {
    this.framer = pelcoFramer(address);
    this.#address = address;
    this.#wrapped = /(^|[- ])p$/i.test(model.trim());
  }

  get capabilities(): readonly Capability[] {
    const signed = { type: 'number', min: -1, max: 1 } as const;
    const preset = { type: 'choice', of: Array.from({ length: PRESETS }, (_, index) => String(index + 1)) } as const;
    const feedback = this.#answers ? 'poll' : 'none';
    return [
      { id: 'move', feedback, ack: 'none', params: { pan: signed, tilt: signed, zoom: signed } },
      { id: 'presetRecall', feedback, ack: 'none', params: { preset: { ...preset } } },
      { id: 'presetStore', feedback: 'none', ack: 'none', params: { preset: { ...preset } } },
      { id: 'raw', feedback: 'none', ack: 'none', params: { text: { type: 'text', maxLength: 30 } } },
    ];
  }

  /** Nothing to log in to. Whether it tells where it stands is found by asking; Pelco-P has no such question. */
  async begin(talk: Talk<PelcoFrame>): Promise<void> {
    if (!this.#wrapped) await this.#look(talk);
  }

  async act(talk: Talk<PelcoFrame>, act: DeviceAct): Promise<Did> {
    switch (act.do) {
      case 'move':
        return talk.ask(this.#command('move', drive(act.pan, act.tilt, act.zoom), MOTION));
      case 'presetRecall':
        return talk.ask(this.#command('preset', presetCall(Number(act.preset)), MOTION));
      case 'presetStore':
        return talk.ask(this.#command('store preset', presetSet(Number(act.preset))));
      case 'raw':
        return talk.ask({ ...this.#command('raw', stop), bytes: rawFrame(act.text) });
      default:
        throw new FaultError({ code: 'input.invalid', path: '/do', reason: `a Pelco camera cannot do ${act.do}` });
    }
  }

  /** Of a silent device there is no sign of life; one that has answered once must go on answering. */
  async poll(talk: Talk<PelcoFrame>): Promise<void> {
    if (!this.#answers) return;
    if (!(await this.#look(talk)))
      throw new FaultError({ code: 'device.silent', device: `Pelco ${this.#address}`, command: 'position?', afterMs: ANSWER_MS });
  }

  /** An answer that came too late is of no use. */
  heard(): void {}

  halt = async (talk: Talk<PelcoFrame>): Promise<void> => {
    try {
      await talk.ask({ ...this.#command('stop', stop, MOTION), urgent: true });
    } catch (error) {
      // A newer motion or stop is to be sent instead, and has its own end.
      if (error instanceof Superseded) return;
      throw error;
    }
    // Without a key: it may not take the place of a motion that was wished since, only come before it.
    await talk.ask({ ...this.#command('stop again', stop), urgent: true });
  };

  #bytes(said: Omit<PelcoFrame, 'address'>): Uint8Array {
    const frame = { address: this.#address, ...said };
    return this.#wrapped ? pelcoP(frame) : pelcoD(frame);
  }

  #command(name: string, said: Omit<PelcoFrame, 'address'>, key?: string): Question<PelcoFrame, Did> {
    return {
      name,
      bytes: this.#bytes(said),
      match: () => null,
      timeoutMs: SENT_MS,
      silence: { value: 'accepted' },
      ...(key === undefined ? {} : { key }),
    };
  }

  /** Answers whether anything was answered. */
  async #look(talk: Talk<PelcoFrame>): Promise<boolean> {
    const places: Partial<Record<Axis, number>> = {};
    for (const axis of asked) {
      const place = await talk.ask(this.#query(axis));
      // Who does not answer twice in a row, while nothing else is known, is not asked on.
      if (place === null && Object.keys(places).length === 0 && axis !== 'pan') break;
      if (place !== null) places[axis] = place;
    }
    const { pan, tilt, zoom } = places;
    if (pan !== undefined && tilt !== undefined && zoom !== undefined)
      talk.tell({ position: { pan: panOf(pan), tilt: tiltOf(tilt), zoom: zoomOf(zoom) } });
    const answered = Object.keys(places).length > 0;
    this.#answers ||= answered;
    return answered;
  }

  #query(axis: Axis): Question<PelcoFrame, number | null> {
    return {
      name: `${axis}?`,
      bytes: this.#bytes(query(axis)),
      key: axis,
      timeoutMs: ANSWER_MS,
      silence: { value: null },
      match: ({ command2, data1, data2 }) => (command2 === axes[axis].reply ? { is: 'answer', value: (data1 << 8) | data2 } : null),
    };
  }
}

/** @throws FaultError `input.invalid` when it is not exactly one frame. */
function rawFrame(text: string): Uint8Array {
  const bytes = unhex(text);
  if (bytes === null || readPelcoD(bytes) === null)
    throw new FaultError({
      code: 'input.invalid',
      path: '/text',
      reason: 'one Pelco-D frame in hex with a right sum: FF 01 00 08 00 20 29',
    });
  return bytes;
}
