/** Looks at the ways out of this site several times a second, and has less sent while all of them are too narrow. The rules: protocol/ladder.ts. */
import { notWatched, queuesOf, watchQueues } from '../../../hardware/relay/narrow.ts';
import type { RelayQueues } from '../../../hardware/relay/stats.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import { climb, newsOf, nothingTold, topOfLadder } from '../../../protocol/ladder.ts';
import type { Log } from '../../../protocol/log.ts';
import type { EventBody } from '../../../protocol/schema/event.ts';
import type { AdaptSample } from '../../../protocol/schema/telemetry.ts';
import type { UplinkWant } from '../streams.ts';
import { type Level, type Limits, levels, narrowBecause } from './levels.ts';

export interface AdaptOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Null while the relay is away. */
  readonly queues: () => Promise<RelayQueues | null>;
  /** What video over a link may take in kbit/s; null: whatever there is. */
  readonly pace: (link: string, kbps: number | null) => Promise<void>;
  readonly limit: (limits: Limits) => Promise<void>;
  readonly tell: (event: EventBody) => void;
}

/** What is sent, and which way. */
export interface Sending {
  readonly want: UplinkWant | null;
  /** What is sent is made already, and cannot be made smaller. */
  readonly fixed: boolean;
  /** Links to the hubs that serve us: they carry the same packets. */
  readonly links: readonly string[];
}

const LOOK_MS = 300;
/** What cannot be helped is told for so long after it was last seen. */
const FIXED_MS = 5000;

export class Adapt {
  readonly #options: AdaptOptions;
  #sending: Sending = { want: null, fixed: false, links: [] };
  #watching = notWatched;
  #ladder = topOfLadder;
  #told = nothingTold;
  #timer: Timer | null = null;
  #looking = false;
  /** What came through when the level was last lowered. */
  #kbps: number | null = null;
  #narrowAt: number | null = null;
  #paced: ReadonlyMap<string, number | null> = new Map();

  constructor(options: AdaptOptions) {
    this.#options = options;
  }

  /** From now on this is sent. Without anything, all is forgotten. */
  follow(sending: Sending): void {
    const before = this.#sending;
    this.#sending = sending;
    if (sending.want?.shape.meeting !== before.want?.shape.meeting) {
      this.#watching = notWatched;
      this.#ladder = topOfLadder;
      this.#told = nothingTold;
    }
    if (sending.want === null) this.stop();
    else this.#timer ??= this.#options.clock.every(LOOK_MS, 'ways out are looked at', () => void this.#look());
    if (JSON.stringify(before) !== JSON.stringify(sending)) this.#carryOut();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** What is given up now; undefined: nothing is sent. */
  sample(): AdaptSample | undefined {
    const now = this.#level();
    if (now === undefined) return undefined;
    const { mainKbps, tileFps } = now.limits;
    const tile = tileFps === 0 ? (this.#sending.want?.shape.tile.format.fps ?? 0) : tileFps;
    return { level: this.#ladder.level, because: this.#because(now), mainKbps: this.#mainOpen ? mainKbps : 0, tileFps: tile };
  }

  get #mainOpen(): boolean {
    return (this.#sending.want?.gates.main ?? null) !== null;
  }

  #levels(): readonly Level[] {
    const { want, fixed } = this.#sending;
    return want === null ? [] : levels(want.shape, this.#mainOpen, fixed);
  }

  #level(): Level | undefined {
    return this.#levels()[this.#ladder.level];
  }

  #because(now: Level): string {
    if (this.#ladder.level > 0) return narrowBecause(this.#kbps, now, this.#mainOpen);
    const lately = this.#narrowAt !== null && this.#options.clock.mono() - this.#narrowAt < FIXED_MS;
    return this.#sending.fixed && lately ? 'the way out is narrow, and a clip cannot be made smaller: pictures are left out' : '';
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const all = await this.#options.queues();
      if (all !== null) this.#judge(all);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the ways out could not be looked at');
    } finally {
      this.#looking = false;
    }
  }

  #judge(all: RelayQueues): void {
    const { links, want } = this.#sending;
    if (want === null) return;
    const at = this.#options.clock.mono();
    this.#watching = watchQueues(
      this.#watching,
      queuesOf(all, ({ link }) => link !== undefined && links.includes(link)),
    );
    const { narrow, kbps } = this.#watching.found;
    if (narrow === true) this.#narrowAt = at;
    const before = this.#ladder;
    const needs = this.#levels().map(({ needKbps }) => needKbps);
    this.#ladder = climb(before, { narrow, needs, fitsKbps: kbps }, at);
    const { level } = this.#ladder;
    if (level !== before.level) {
      if (level > before.level) this.#kbps = kbps;
      this.#options.log.info({ level, from: before.level, kbps, needs }, 'what is sent changed with the way out');
      this.#carryOut();
    }
    this.#news(at);
  }

  #carryOut(): void {
    const now = this.#level();
    if (now === undefined) return;
    const paced = new Map(this.#sending.links.map((link) => [link, now.paceKbps] as const));
    const gone = [...this.#paced].flatMap(([link]) => (paced.has(link) ? [] : [[link, null] as const]));
    this.#paced = paced;
    const did = [this.#options.limit(now.limits), ...[...gone, ...paced].map(([link, kbps]) => this.#options.pace(link, kbps))];
    Promise.all(did).catch((error: unknown) => this.#options.log.warn({ err: error }, 'less could not be sent'));
  }

  #news(at: number): void {
    const { told, what } = newsOf(this.#told, this.#ladder, at);
    this.#told = told;
    const now = this.#level();
    if (what === null || now === undefined) return;
    const { mainKbps, tileFps } = now.limits;
    this.#options.tell({
      kind: 'link',
      severity: what === 'narrowed' ? 'warning' : 'info',
      what,
      because: what === 'narrowed' ? this.#because(now) : 'there is room for everything again',
      meeting: this.#sending.want?.shape.meeting ?? null,
      facts: { direction: 'up', level: this.#ladder.level, kbps: this.#kbps, mainKbps, tileFps },
    });
  }
}
