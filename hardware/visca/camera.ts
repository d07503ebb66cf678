/**
 * A VISCA camera as it is driven, over whatever brings the packets. A command is answered when the camera has taken it; that it is done
 * comes later and is news. A stop overtakes what waits, and makes itself room when both sockets of the camera are in use.
 */
import type { Clock } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Capability, DeviceAct, DeviceInfo, DeviceState } from '../../protocol/schema/device.ts';
import { Superseded } from '../wire/exchange.ts';
import type { Did } from '../wire/protocol.ts';
import { rawPacket, readPlace, readPower, readVersion, readZoom } from './answers.ts';
import { VISCA_MOST, type ViscaMessage } from './codec.ts';
import {
  absolute,
  drive,
  panTiltHome,
  panTiltInquiry,
  power,
  powerInquiry,
  preset,
  versionInquiry,
  zoom,
  zoomDirect,
  zoomInquiry,
} from './commands.ts';
import { type ViscaModel, viscaModel } from './model.ts';
import { STOP, type ViscaQuestion, ViscaQuestions } from './questions.ts';
import { Sockets } from './sockets.ts';

/** What the camera needs of a Talk; a Talk of VISCA messages is one. */
export interface ViscaTalk {
  readonly ask: <R>(question: ViscaQuestion<R>) => Promise<R>;
  readonly tell: (patch: Partial<DeviceState>) => void;
  readonly inform: (info: Partial<DeviceInfo>) => void;
  readonly clock: Clock;
}

/** What moves by itself. A newer motion of the same key takes the place of one that waits. */
interface Motor {
  readonly key: string;
  /** Motions that were asked for; and up to which of them it was stopped. It may have been moving when we came. */
  moves: number;
  stopped: number;
}

const moving = ({ moves, stopped }: Motor): boolean => moves > stopped;

const POWER_ON = 'power on';
const POWER_OFF = 'power off';
const HOME = 'home';

export class ViscaCamera {
  #model: ViscaModel;
  readonly #sockets = new Sockets();
  readonly #questions: ViscaQuestions;
  readonly #name: string;
  /** Some cameras have no pan and tilt, some no zoom: known once they were asked. */
  #turns = true;
  #zooms = true;
  readonly #turn: Motor = { key: 'pan and tilt', moves: 1, stopped: 0 };
  readonly #lens: Motor = { key: 'zoom', moves: 1, stopped: 0 };
  #started = false;
  #ready = false;

  /** @param name of the model, when the settings tell it. */
  constructor(address: number, name: string) {
    this.#name = name.trim();
    this.#model = viscaModel(name);
    this.#questions = new ViscaQuestions(address, this.#model, this.#sockets);
  }

  get capabilities(): readonly Capability[] {
    const feedback = this.#model.silent ? 'none' : 'poll';
    const ack = this.#model.silent ? 'none' : 'accepted';
    const signed = (can: boolean) => ({ type: 'number', min: can ? -1 : 0, max: can ? 1 : 0 }) as const;
    const places = {
      pan: signed(this.#turns),
      tilt: signed(this.#turns),
      zoom: { type: 'number', min: 0, max: this.#zooms ? 1 : 0 },
    } as const;
    const numbers = Array.from({ length: Math.min(this.#model.presets, 99) }, (_, number) => String(number));
    return [
      { id: 'power', feedback, ack, params: { on: { type: 'flag' } } },
      { id: 'move', feedback, ack, params: { pan: signed(this.#turns), tilt: signed(this.#turns), zoom: signed(this.#zooms) } },
      { id: 'position', feedback, ack, params: places },
      { id: 'presetRecall', feedback, ack, params: { preset: { type: 'choice', of: this.#turns ? [HOME, ...numbers] : numbers } } },
      { id: 'presetStore', feedback: 'none', ack, params: { preset: { type: 'choice', of: numbers } } },
      { id: 'raw', feedback: 'none', ack, params: { text: { type: 'text', maxLength: VISCA_MOST * 3 } } },
    ];
  }

  /** Who it is, how it stands; everything that moved before stands still then. */
  async start(talk: ViscaTalk): Promise<void> {
    const { clock } = talk;
    const on = await talk.ask(this.#questions.inquiry('power?', powerInquiry, readPower, clock));
    this.#started = true;
    if (moving(this.#turn) || moving(this.#lens)) await this.halt(talk);
    const version = await talk.ask(this.#questions.inquiry('version?', versionInquiry, readVersion, clock)).catch(passable);
    talk.inform({ ...version, model: this.#name || (version?.model ?? '') });
    if (this.#name === '') this.#model = viscaModel(version?.model ?? '');
    talk.tell({ power: on });
    if (on !== 'on') {
      this.#ready = true;
      return;
    }
    this.#turns = await this.#has(this.#place(talk));
    this.#zooms = await this.#has(this.#length(talk));
    await this.#look(talk).catch(refusable);
    this.#ready = true;
  }

  /** The chain was addressed anew: what the camera was doing is not known any more. */
  forget(): void {
    this.#sockets.clear();
    this.#turn.moves++;
    this.#lens.moves++;
  }

  async poll(talk: ViscaTalk): Promise<void> {
    const on = await talk.ask(this.#questions.inquiry('power?', powerInquiry, readPower, talk.clock));
    talk.tell({ power: on });
    if (on === 'on') await this.#look(talk);
  }

  async act(talk: ViscaTalk, act: DeviceAct): Promise<Did> {
    const { clock } = talk;
    switch (act.do) {
      case 'power': {
        const did = await talk.ask(this.#questions.command(act.on ? POWER_ON : POWER_OFF, power(act.on), clock, { key: 'power' }));
        if (did === 'completed') talk.tell(poweredBy(act.on ? POWER_ON : POWER_OFF));
        else talk.tell({ power: act.on ? 'warming' : 'cooling' });
        return did;
      }
      case 'move':
        return this.#move(talk, act.pan, act.tilt, act.zoom);
      case 'position': {
        const zoomTo = zoomDirect(Math.round(act.zoom * this.#model.zoom));
        return both(
          this.#turns ? talk.ask(this.#motion(this.#turn, absolute(act.pan, act.tilt, this.#model), clock)) : null,
          this.#zooms ? talk.ask(this.#motion(this.#lens, zoomTo, clock)) : null,
        );
      }
      case 'presetRecall':
        return talk.ask(this.#motion(this.#turn, act.preset === HOME ? panTiltHome : preset('recall', Number(act.preset)), clock));
      case 'presetStore':
        return talk.ask(this.#questions.command('store preset', preset('set', Number(act.preset)), clock));
      case 'raw':
        return talk.ask(this.#questions.raw(rawPacket(act.text), clock));
      default:
        throw new FaultError({ code: 'input.invalid', path: '/do', reason: `a VISCA camera cannot do ${act.do}` });
    }
  }

  /** Both stops are asked for at once, each in front of what waits and in the place of a motion that does. */
  async halt(talk: ViscaTalk): Promise<void> {
    await Promise.all([
      this.#turns ? this.#stop(talk, this.#turn, drive(0, 0, this.#model)) : null,
      this.#zooms ? this.#stop(talk, this.#lens, zoom(0)) : null,
    ]);
  }

  /** News. */
  heard(talk: ViscaTalk, message: ViscaMessage): void {
    switch (message.kind) {
      case 'ack':
        // Of a command that was sent twice because this came late.
        this.#sockets.begun(message.socket, 'late', talk.clock);
        break;
      case 'error':
        this.#sockets.ended(message.socket);
        break;
      case 'done':
        this.#ended(talk, this.#sockets.ended(message.socket));
        break;
      case 'data':
      case 'joined':
      case 'addressed':
      case 'cleared':
        break;
      default:
        message satisfies never;
    }
  }

  #ended(talk: ViscaTalk, what: string | null): void {
    if (what === POWER_ON || what === POWER_OFF) talk.tell(poweredBy(what));
    // Where it stands now is news too; a failure to ask is for the next poll to find.
    if (this.#ready && (what === this.#turn.key || what === this.#lens.key || what === STOP)) this.#look(talk).catch(passable);
  }

  async #move(talk: ViscaTalk, pan: number, tilt: number, length: number): Promise<Did> {
    // A stop of what stands still is not sent with each move.
    const turn = this.#turns && (pan !== 0 || tilt !== 0 || moving(this.#turn));
    const lens = this.#zooms && (length !== 0 || moving(this.#lens));
    return both(
      turn ? talk.ask(this.#motion(this.#turn, drive(pan, tilt, this.#model), talk.clock)) : null,
      lens ? talk.ask(this.#motion(this.#lens, zoom(length), talk.clock)) : null,
    );
  }

  #motion(motor: Motor, payload: readonly number[], clock: Clock): ViscaQuestion<Did> {
    // Before it is sent: one whose answer is lost moves all the same.
    motor.moves++;
    return this.#questions.command(motor.key, payload, clock, { key: motor.key });
  }

  /** Resolves when it was taken. Before the conversation has begun a camera may say nothing: it is stopped once more then. */
  async #stop(talk: ViscaTalk, motor: Motor, payload: readonly number[]): Promise<void> {
    const upTo = motor.moves;
    const timid = !this.#started;
    try {
      let how = await talk.ask(this.#questions.stop(motor.key, payload, talk.clock, { timid, patient: false }));
      if (how === 'full') {
        await Promise.all([talk.ask(this.#questions.cancel(1)), talk.ask(this.#questions.cancel(2))]);
        how = await talk.ask(this.#questions.stop(motor.key, payload, talk.clock, { timid, patient: true }));
      }
      if (how === 'stopped') motor.stopped = upTo;
    } catch (error) {
      // A newer motion or stop is to be sent instead, and has its own end.
      if (!(error instanceof Superseded)) throw error;
    }
  }

  #place(talk: ViscaTalk): Promise<{ readonly pan: number; readonly tilt: number } | null> {
    return talk.ask(this.#questions.inquiry('position?', panTiltInquiry, (data) => readPlace(data, this.#model), talk.clock));
  }

  #length(talk: ViscaTalk): Promise<number | null> {
    return talk.ask(this.#questions.inquiry('zoom?', zoomInquiry, (data) => readZoom(data, this.#model), talk.clock));
  }

  /** A camera that cannot answer now has what it was asked for, as far as we know. */
  async #has(asked: Promise<object | number | null>): Promise<boolean> {
    return (await asked.catch(refusable)) !== null || this.#model.silent;
  }

  async #look(talk: ViscaTalk): Promise<void> {
    const place = this.#turns ? await this.#place(talk) : { pan: 0, tilt: 0 };
    const length = this.#zooms ? await this.#length(talk) : 0;
    if (place !== null && length !== null) talk.tell({ position: { ...place, zoom: length } });
  }
}

/** What a device, a line or a newer wish can cause is not our failure; the next poll finds what it means. */
function passable(error: unknown): null {
  if (error instanceof Superseded) return null;
  if (error instanceof FaultError) return null;
  throw error;
}

/** It has said no, for now: while it warms up it does so to nearly everything. */
function refusable(error: unknown): number {
  if (error instanceof FaultError && error.fault.code === 'device.refused') return 0;
  throw error;
}

async function both(...all: readonly (Promise<Did> | null)[]): Promise<Did> {
  const did = await Promise.all(all);
  return did.includes('accepted') ? 'accepted' : 'completed';
}

const poweredBy = (what: string): Partial<DeviceState> => (what === POWER_ON ? { power: 'on' } : { power: 'off', position: null });
