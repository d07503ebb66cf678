/**
 * One picture for browsers, `mosaic` or `program`: muxed only while somebody watches, once for all who do. A viewer that cannot follow is
 * told and begins again at a later keyframe; one that stays behind is let go. Nobody waits for it.
 */
import type { PreviewNote, PreviewView } from '../../../protocol/api.ts';
import type { Clock, Timer } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { onAir } from '../../../protocol/plan.ts';
import type { Plan, PlanHub } from '../../../protocol/schema/plan.ts';
import type { Tap } from '../forward/table.ts';
import { because } from '../report/because.ts';
import { type Take, Takes, type Wanted } from '../takes.ts';
import { Fragments, type InitSegment, type Piece } from './fragments.ts';
import { previewPipeline } from './pipeline.ts';

/** A browser's socket, by way of central. */
export interface Viewer {
  text(note: PreviewNote): void;
  binary(bytes: Buffer): void;
  /** Bytes that have not left yet. */
  buffered(): number;
  close(code: number, reason: string): void;
}

export interface PreviewOptions {
  readonly view: PreviewView;
  readonly clock: Clock;
  readonly log: Log;
  readonly plan: Plan;
  readonly hub: PlanHub;
  /** `taps` has changed. */
  readonly changed: () => void;
  /** Somebody needs an IDR of this stream (base SSRC). */
  readonly ask: (ssrc: number) => void;
}

/** About ten seconds of picture. */
export const maxBufferedBytes = 2 * 1024 * 1024;
const letGoAfterMs = 10_000;
/** A page that reloads comes back within this; its muxer is still there. */
const lingerMs = 3000;
export const maxViewers = 64;
/** RFC 6455 §7.4.1: try again later. */
const tryAgainLater = 1013;

const words = {
  vi: {
    nobody: 'Chưa có ai phát biểu',
    starting: 'Đang chờ hình',
    slow: 'Đường truyền chậm, đang chờ hình mới',
    full: 'Quá nhiều người xem',
  },
  en: {
    nobody: 'Nobody has the floor',
    starting: 'Waiting for the picture',
    slow: 'Slow connection, waiting for a fresh picture',
    full: 'Too many viewers',
  },
} as const;

interface Watching {
  readonly viewer: Viewer;
  /** Gets nothing before the next fragment that begins with an IDR. */
  waits: boolean;
  behindSince: number | null;
}

interface Shown extends Wanted {
  readonly site: string | null;
}

export class Preview {
  readonly #options: PreviewOptions;
  readonly #log: Log;
  readonly #takes: Takes<Shown>;
  readonly #watching = new Map<Viewer, Watching>();
  #plan: Plan;
  #sound = true;
  #init: { readonly n: number; readonly segment: InitSegment; readonly site: string | null; readonly ssrc: number } | null = null;
  #linger: Timer | null = null;
  #dropped = 0;

  constructor(options: PreviewOptions) {
    this.#options = options;
    this.#plan = options.plan;
    this.#log = options.log.child({ part: 'preview', view: options.view });
    this.#takes = new Takes<Shown>({
      name: options.view === 'mosaic' ? 'pv.m' : 'pv.p',
      meeting: options.plan.meeting,
      clock: options.clock,
      log: this.#log,
      fds: 1,
      pipeline: (_n, { sound }) => previewPipeline(sound),
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
    const watching: Watching = { viewer, waits: true, behindSince: null };
    this.#watching.set(viewer, watching);
    this.#linger?.cancel();
    this.#linger = null;
    this.#aim();
    if (this.#init === null) {
      viewer.text({ type: 'waiting', because: this.#wanted() === null ? this.#words.nobody : this.#words.starting });
      return;
    }
    this.#begin(watching);
    this.#options.ask(this.#init.ssrc);
  }

  remove(viewer: Viewer): void {
    if (!this.#watching.delete(viewer) || this.#watching.size > 0) return;
    this.#linger?.cancel();
    this.#linger = this.#options.clock.after(lingerMs, 'preview without viewers', () => {
      this.#linger = null;
      this.#aim();
    });
  }

  async stop(): Promise<void> {
    this.#linger?.cancel();
    for (const { viewer } of this.#watching.values()) viewer.close(1001, 'the meeting has ended');
    this.#watching.clear();
    await this.#takes.stop();
  }

  get #words(): (typeof words)['vi' | 'en'] {
    return words[this.#plan.language];
  }

  #wanted(): Shown | null {
    const { view, hub } = this.#options;
    const sound = this.#sound;
    const shown = (site: string | null, { ssrc, format }: PlanHub['streams']['mosaic']): Shown => {
      return { key: `${ssrc} ${format.width}x${format.height} ${sound ? 'sound' : 'silent'}`, ssrc, sound, site };
    };
    if (view === 'mosaic') return shown(null, hub.streams.mosaic);
    const site = this.#plan.sites.find((each) => each.site === onAir(this.#plan));
    return site === undefined ? null : shown(site.site, site.streams.main);
  }

  #aim(): void {
    const watched = this.#watching.size > 0 || this.#linger !== null;
    const want = watched ? this.#wanted() : null;
    this.#takes.apply(want);
    if (want !== null || this.#init === null) return;
    this.#init = null;
    for (const each of this.#watching.values()) each.viewer.text({ type: 'waiting', because: this.#words.nobody });
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
  }

  #send(watching: Watching, bytes: Buffer, key: boolean): void {
    const { viewer } = watching;
    const at = this.#options.clock.mono();
    if (viewer.buffered() > maxBufferedBytes) {
      this.#dropped += 1;
      if (watching.behindSince === null) {
        watching.behindSince = at;
        viewer.text({ type: 'waiting', because: this.#words.slow });
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
    viewer.binary(bytes);
  }
}
