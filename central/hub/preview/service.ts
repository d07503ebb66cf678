/**
 * One picture for browsers (the mosaic, the program, a single site): muxed only while somebody watches, once for all who do. A viewer that
 * cannot follow is told and begins again at a later keyframe; one that stays behind is let go. Nobody waits for it.
 */
import type { PreviewNote } from '../../../protocol/api.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { onAir } from '../../../protocol/plan.ts';
import type { Plan, PlanHub } from '../../../protocol/schema/plan.ts';
import { attached, type Tap } from '../forward/table.ts';
import { because } from '../report/because.ts';
import { type Take, Takes, type Wanted } from '../takes.ts';
import { Fragments, type InitSegment, type Piece } from './fragments.ts';
import { fragmentMs, previewPipeline, steeringFragmentMs } from './pipeline.ts';

/** A browser's socket, by way of central. */
export interface Viewer {
  text(note: PreviewNote): void;
  binary(bytes: Buffer): void;
  /** Bytes that have not left yet. */
  buffered(): number;
  close(code: number, reason: string): void;
}

/** A place at which viewers come and go. */
export interface Watchable {
  add(viewer: Viewer): void;
  remove(viewer: Viewer): void;
}

/** `n` tells the previews of single sites apart, also those that are still closing. */
export type Subject =
  | { readonly is: 'mosaic' }
  | { readonly is: 'program' }
  | { readonly is: 'site'; readonly site: string; readonly n: number };

export interface PreviewOptions {
  readonly subject: Subject;
  readonly clock: Clock;
  readonly log: Log;
  readonly plan: Plan;
  readonly hub: PlanHub;
  /** `taps` has changed. */
  readonly changed: () => void;
  /** Somebody needs an IDR of this stream (base SSRC). */
  readonly ask: (ssrc: number) => void;
  /** Nobody watches any more, and nobody came back. */
  readonly deserted?: () => void;
}

/** About ten seconds of picture. */
export const maxBufferedBytes = 2 * 1024 * 1024;
const letGoAfterMs = 10_000;
/** A page that reloads comes back within this; its muxer is still there. */
const lingerMs = 3000;
export const maxViewers = 64;
/** So often is it said again that there is no picture: a page that hears nothing for ten seconds takes its line for dead. */
export const repeatMs = 4000;
/** RFC 6455 §7.4.1: try again later. */
export const tryAgainLater = 1013;

const words = {
  vi: {
    nobody: 'Chưa có ai phát biểu',
    starting: 'Đang chờ hình',
    slow: 'Đường truyền chậm, đang chờ hình mới',
    absent: 'Điểm cầu không ở trong phiên họp',
    full: 'Quá nhiều người xem',
  },
  en: {
    nobody: 'Nobody has the floor',
    starting: 'Waiting for the picture',
    slow: 'Slow connection, waiting for a fresh picture',
    absent: 'The site is not in the meeting',
    full: 'Too many viewers',
  },
} as const;

interface Watching {
  readonly viewer: Viewer;
  /** Gets nothing before the next fragment that begins with an IDR. */
  waits: boolean;
  /** It was told that no picture comes, and none has come since. */
  told: boolean;
  behindSince: number | null;
}

interface Shown extends Wanted {
  readonly site: string | null;
}

/** Begins the names of its taps. */
function tapName(subject: Subject): string {
  if (subject.is === 'site') return `pv.s${subject.n}`;
  return subject.is === 'mosaic' ? 'pv.m' : 'pv.p';
}

export class Preview implements Watchable {
  readonly #options: PreviewOptions;
  readonly #log: Log;
  readonly #takes: Takes<Shown>;
  readonly #watching = new Map<Viewer, Watching>();
  #plan: Plan;
  #sound = true;
  #init: { readonly n: number; readonly segment: InitSegment; readonly site: string | null; readonly ssrc: number } | null = null;
  #linger: Timer | null = null;
  #repeat: Timer | null = null;
  #dropped = 0;

  constructor(options: PreviewOptions) {
    this.#options = options;
    this.#plan = options.plan;
    const { subject } = options;
    const single = subject.is === 'site';
    this.#log = options.log.child({ part: 'preview', view: subject.is, ...(single ? { site: subject.site } : {}) });
    this.#takes = new Takes<Shown>({
      name: tapName(subject),
      meeting: options.plan.meeting,
      clock: options.clock,
      log: this.#log,
      fds: 1,
      pipeline: (_n, { sound }) => previewPipeline(sound, single ? steeringFragmentMs : fragmentMs),
      changed: options.changed,
      prepared: (take) => this.#read(take),
      began: () => {},
      ended: async () => {},
    });
  }

  get taps(): readonly Tap[] {
    return this.#takes.taps;
  }

  get pids(): readonly number[] {
    return this.#takes.pids;
  }

  get viewers(): number {
    return this.#watching.size;
  }

  /** Fragments that a slow viewer did not get. */
  get dropped(): number {
    return this.#dropped;
  }

  apply(plan: Plan): void {
    this.#plan = plan;
    this.#aim();
  }

  sound(there: boolean): void {
    this.#sound = there;
    this.#aim();
  }

  switched(view: string): void {
    this.#takes.switched(view);
  }

  add(viewer: Viewer): void {
    if (this.#watching.size >= maxViewers) {
      viewer.text({ type: 'waiting', because: this.#words.full });
      viewer.close(tryAgainLater, 'too many viewers');
      return;
    }
    const watching: Watching = { viewer, waits: true, told: false, behindSince: null };
    this.#watching.set(viewer, watching);
    this.#repeat ??= this.#options.clock.every(repeatMs, 'viewers that wait', () => this.#tellAgain());
    this.#linger?.cancel();
    this.#linger = null;
    this.#aim();
    if (this.#init === null) {
      this.#tell(watching);
      return;
    }
    this.#begin(watching);
    this.#options.ask(this.#init.ssrc);
  }

  remove(viewer: Viewer): void {
    if (!this.#watching.delete(viewer) || this.#watching.size > 0) return;
    this.#repeat?.cancel();
    this.#repeat = null;
    this.#linger?.cancel();
    this.#linger = this.#options.clock.after(lingerMs, 'preview without viewers', () => {
      this.#linger = null;
      this.#aim();
      this.#options.deserted?.();
    });
  }

  async stop(): Promise<void> {
    this.#linger?.cancel();
    this.#repeat?.cancel();
    for (const { viewer } of this.#watching.values()) viewer.close(1001, 'the meeting has ended');
    this.#watching.clear();
    await this.#takes.stop();
  }

  get #words(): (typeof words)['vi' | 'en'] {
    return words[this.#plan.language];
  }

  /** Why there is no picture to wait for. */
  get #nothing(): string {
    return this.#options.subject.is === 'site' ? this.#words.absent : this.#words.nobody;
  }

  #wanted(): Shown | null {
    const { subject, hub } = this.#options;
    // A single site is watched to steer its camera: sound would only have to be waited for.
    const sound = this.#sound && subject.is !== 'site';
    const shown = (site: string | null, { ssrc, format }: PlanHub['streams']['mosaic']): Shown => {
      return { key: `${ssrc} ${format.width}x${format.height} ${sound ? 'sound' : 'silent'}`, ssrc, sound, site };
    };
    switch (subject.is) {
      case 'mosaic':
        return shown(null, hub.streams.mosaic);
      case 'program': {
        const site = this.#plan.sites.find((each) => each.site === onAir(this.#plan));
        return site === undefined ? null : shown(site.site, site.streams.main);
      }
      case 'site': {
        // Its tile comes anyway, so that nothing more is asked of its line.
        const site = attached(this.#plan, hub.hub).find((each) => each.site === subject.site);
        return site === undefined ? null : shown(site.site, site.streams.tile);
      }
      default:
        return subject satisfies never;
    }
  }

  #aim(): void {
    const watched = this.#watching.size > 0 || this.#linger !== null;
    const want = watched ? this.#wanted() : null;
    this.#takes.apply(want);
    if (want !== null || this.#init === null) return;
    this.#init = null;
    for (const each of this.#watching.values()) this.#tell(each);
  }

  /** Says why no picture comes, as it is now. */
  #tell(watching: Watching): void {
    const missing = this.#wanted() === null ? this.#nothing : this.#words.starting;
    watching.told = true;
    watching.viewer.text({ type: 'waiting', because: watching.behindSince === null ? missing : this.#words.slow });
  }

  #tellAgain(): void {
    for (const watching of this.#watching.values()) if (watching.told) this.#tell(watching);
  }

  async #read(take: Take<Shown>): Promise<void> {
    const parser = new Fragments();
    take.worker.stream(3)?.on('data', (chunk: Buffer) => {
      try {
        for (const piece of parser.push(chunk)) this.#piece(take, piece);
      } catch (error) {
        this.#log.error({ take: take.n, because: because(error) }, 'muxer wrote what is no fragmented MP4');
        take.worker.kill('SIGKILL');
      }
    });
  }

  #piece(take: Take<Shown>, piece: Piece): void {
    const shown = this.#init?.n ?? -1;
    if (piece.is === 'init') {
      if (take.n <= shown) return;
      this.#init = { n: take.n, segment: piece, site: take.want.site, ssrc: take.want.ssrc };
      for (const watching of this.#watching.values()) this.#begin(watching);
      return;
    }
    // The take before goes on for a moment; its picture is not wanted any more.
    if (take.n === shown) for (const watching of [...this.#watching.values()]) this.#send(watching, piece.bytes, piece.video && piece.key);
  }

  #begin(watching: Watching): void {
    if (this.#init === null) return;
    watching.viewer.text({ type: 'init', mime: this.#init.segment.mime, site: this.#init.site });
    watching.viewer.binary(this.#init.segment.bytes);
    watching.waits = true;
    watching.told = false;
  }

  #send(watching: Watching, bytes: Buffer, key: boolean): void {
    const { viewer } = watching;
    const at = this.#options.clock.mono();
    if (viewer.buffered() > maxBufferedBytes) {
      this.#dropped += 1;
      if (watching.behindSince === null) {
        watching.behindSince = at;
        this.#tell(watching);
      } else if (at - watching.behindSince > letGoAfterMs) {
        this.#log.info({ buffered: viewer.buffered() }, 'slow viewer was let go');
        this.remove(viewer);
        viewer.close(tryAgainLater, 'too slow');
      }
      watching.waits = true;
      return;
    }
    if (watching.waits && !key) return;
    watching.waits = false;
    watching.behindSince = null;
    watching.told = false;
    viewer.binary(bytes);
  }
}
