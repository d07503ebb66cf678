/** Looks after the call of the codec that is the site's picture: says why that picture is not to be shown, and calls the far end again. */
import type { Clock } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { ActResult, DeviceAct } from '../../protocol/schema/device.ts';
import type { CodecPicture, DeviceWish, PictureOrder, RoomScene } from '../../protocol/schema/devices.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { streams } from '../media/choose.ts';
import { asked, awayText, type CallLife, type CallView, called, due, freshCall, looked, ordered, refused, TRIES_MAX } from './call.ts';
import { kindOf } from './open.ts';
import type { Rack } from './rack.ts';

export interface CallerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly rack: Pick<Rack, 'look' | 'execute'>;
  /** Whether the capture that the codec is plugged into delivers a picture. */
  readonly delivers: () => boolean;
  readonly tell: (event: EventBody) => void;
  /** What is reported is another. */
  readonly changed: () => void;
}

/** What the site's picture needs to know. */
export interface CallSays {
  readonly device: string;
  /** Why the picture is not to be shown; null: it is. */
  readonly doubt: string | null;
  /** Why it is shown again; null: it was never away. */
  readonly lifted: string | null;
  /** Wall clock of when the picture was last known to be good before it was lost. */
  readonly goodAt: number;
}

/** What telemetry takes. */
const BECAUSE_MAX = 200;

export class Caller {
  readonly #options: CallerOptions;
  #wish: DeviceWish | null = null;
  #scene: RoomScene = null;
  #meeting: string | null = null;
  #life: CallLife = freshCall;
  #goodAt = 0;
  #lifted: string | null = null;
  #calling = false;
  /** Of the next call: mono to wall is told once, so that the report stands still. */
  #next: { readonly mono: number; readonly at: number } | null = null;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Looks for the codec that shall be the picture among these, and what the room is doing. */
  wish(devices: readonly DeviceWish[], scene: RoomScene, meeting: string | null): void {
    const wish = devices.find((each) => each.source === true && !streams(each) && kindOf(each.driver) === 'codec') ?? null;
    if (wish?.id !== this.#wish?.id || JSON.stringify(wish?.at) !== JSON.stringify(this.#wish?.at)) this.#life = freshCall;
    this.#wish = wish;
    this.#scene = scene;
    this.#meeting = meeting;
    this.consider();
  }

  /** To be called when a device has changed, and once a second. */
  consider(): void {
    const view = this.#view();
    if (view === null || this.#wish === null) return;
    this.#become(looked(this.#life, view));
    const party = due(this.#life, view);
    if (party !== null && !this.#calling) void this.#call(this.#wish, party);
  }

  /** Does what a person asks of a device, and remembers what it means for the call. */
  async act(device: string, act: DeviceAct): Promise<ActResult> {
    if (device !== this.#wish?.id) return this.#options.rack.execute(device, act);
    const before = this.#life;
    // Before it is done: the codec tells of a call that ends before it answers.
    this.#become(asked(before, act));
    const result = await this.#options.rack.execute(device, act);
    if (result.outcome === 'rejected' && this.#wish?.id === device) this.#become(refused(this.#life, before));
    return result;
  }

  /** @returns why not; null: it is done. */
  order(device: string, order: PictureOrder): string | null {
    if (this.#wish?.id !== device) return `${device} is not the picture of this site`;
    if (this.#life.away === null) return `the picture of ${this.#wish.name} is not away`;
    this.#become(ordered(this.#life, order, this.#options.clock.mono()));
    this.consider();
    return null;
  }

  /** Null: no codec is the picture. */
  get says(): CallSays | null {
    const wish = this.#wish;
    if (wish === null) return null;
    const doubt = awayText(this.#life, wish.name, wish.return ?? 'auto')?.slice(0, BECAUSE_MAX) ?? null;
    return { device: wish.id, doubt, lifted: this.#lifted, goodAt: this.#goodAt };
  }

  /** Null: the site's picture comes from elsewhere. */
  report(device: string): CodecPicture | null {
    const wish = this.#wish;
    if (wish?.id !== device) return null;
    const { party, away, tries } = this.#life;
    const because =
      this.says?.doubt ?? (party === null ? 'as configured' : `${wish.name} is in a call with ${party.address || 'somebody'}`);
    const next = this.#next;
    const redial = next === null || party === null || away === null ? null : { address: party.address, tries, at: next.at };
    return { shown: away === null, because: because.slice(0, 300), redial };
  }

  #view(): CallView | null {
    const wish = this.#wish;
    const look = wish === null ? null : this.#options.rack.look(wish.id);
    if (wish === null || look === null) return null;
    const { link, because, state } = look;
    const delivers = this.#options.delivers();
    return { scene: this.#scene, link, because, state, delivers, returns: wish.return ?? 'auto', at: this.#options.clock.mono() };
  }

  #become(life: CallLife): void {
    const { clock, log, changed } = this.#options;
    const before = this.#life;
    this.#life = life;
    if (before.away === null && life.away !== null) {
      // Its last word counts: that the call is over, or the last before its line fell silent.
      this.#goodAt = this.#options.rack.look(this.#wish?.id ?? '')?.seen ?? clock.now();
      log.info({ device: this.#wish?.id, why: life.away.why }, 'the call of the picture is lost');
    }
    if (before.away !== null && life.away === null)
      this.#lifted = life.party === null ? 'an operator brought it back' : `${this.#wish?.name} is in a call again`;
    if (life.nextAt !== this.#next?.mono)
      this.#next = life.nextAt === null ? null : { mono: life.nextAt, at: Math.round(clock.now() + life.nextAt - clock.mono()) };
    if (before.tries < TRIES_MAX && life.tries >= TRIES_MAX) this.#tell('redial-gave-up', 'warning', `nobody answered ${TRIES_MAX} calls`);
    if (before.tries > 0 && before.away?.why !== 'back' && life.away?.why === 'back')
      this.#tell('redialled', 'info', `${this.#wish?.name} is in a call with ${life.party?.address} again`);
    if (JSON.stringify(before) !== JSON.stringify(life)) changed();
  }

  async #call(wish: DeviceWish, party: NonNullable<CallLife['party']>): Promise<void> {
    this.#calling = true;
    this.#become(called(this.#life, this.#options.clock.mono()));
    try {
      const { outcome, because } = await this.#options.rack.execute(wish.id, { do: 'dial', ...party });
      this.#options.log.info({ device: wish.id, outcome, because, tries: this.#life.tries }, 'the far end is called again');
    } catch (error) {
      this.#options.log.error({ err: error, device: wish.id }, 'a call failed on a bug');
    } finally {
      this.#calling = false;
    }
  }

  #tell(what: string, severity: EventBody['severity'], because: string): void {
    const facts = { device: this.#wish?.id ?? null, tries: this.#life.tries };
    this.#options.tell({ kind: 'source', severity, what, because: because.slice(0, 300), meeting: this.#meeting, facts });
  }
}
