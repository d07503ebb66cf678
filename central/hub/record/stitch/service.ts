/**
 * Reads what was recorded, and makes one file of it when the recording has ended: the primary hub of all hubs' segments; another only when
 * the primary stays away, or has nothing. Everything is found on disk: whenever it is killed, the next look goes on.
 */
import type { Timer } from '../../../../protocol/clock.ts';
import { FaultError } from '../../../../protocol/fault.ts';
import type { Log } from '../../../../protocol/log.ts';
import { type RecordingManifest, type StitchedManifest, stitchedFile } from '../../../../protocol/recording.ts';
import { event } from '../../note.ts';
import { because } from '../../report/because.ts';
import { unsealed } from '../manifest.ts';
import { shiftKey } from './align.ts';
import { Gatherer, type Told, unused } from './gather.ts';
import { isOf, sameRefused, sourcesOf, stitchJob } from './job.ts';
import type { Peers } from './peers.ts';
import { Sealer, type SealerOptions } from './seal.ts';

export interface StitcherOptions extends SealerOptions {
  readonly peers: Peers;
  /** This recording is being written. */
  readonly written: (id: string) => boolean;
  /** Whether the disk has room for so many bytes more. */
  readonly room: (bytes: number) => Promise<boolean>;
  /** How long a hub that is away is waited for before a file is made without its segments. */
  readonly patienceMs: number;
}

type Known = Told & { readonly stitched: StitchedManifest | null };
/** What to do now: nothing (and why), or a file of what these hubs have. */
type Verdict =
  | { readonly do: 'wait'; readonly because: string }
  | { readonly do: 'done' }
  | { readonly do: 'drop' }
  | { readonly do: 'stitch'; readonly hubs: readonly Known[]; readonly missing: readonly string[] };

const lookMs = 2000;
/** What could be read once and not be used now is tried anew so often, after a rest that doubles each time. */
const moreTries = 6;
const firstRestMs = 60_000;

export class Stitcher {
  readonly #options: StitcherOptions;
  readonly #log: Log;
  /** Nothing is left to be done, and what each waits for. */
  readonly #done = new Set<string>();
  readonly #waits = new Map<string, string>();
  readonly #gatherer: Gatherer;
  readonly #sealer: Sealer;
  /** How often what was not used was tried again in vain, and until when (monotonic) it is left alone. */
  readonly #tried = new Map<string, { readonly tries: number; readonly restsUntil: number }>();
  #busy: string | null = null;
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;
  #stopped = false;

  constructor(options: StitcherOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'stitch' });
    this.#gatherer = new Gatherer(options);
    this.#sealer = new Sealer({ ...options, log: this.#log });
  }

  start(): void {
    this.#timer = this.#options.clock.every(lookMs, 'recordings to be stitched', () => void this.look());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#options.peers.stop();
    await this.#options.bench.stop();
    await this.#looking;
  }

  /** It must not be deleted now. */
  busy(recording: string): boolean {
    return this.#busy === recording;
  }

  /** What a recording waits for; null when nothing is left to be done, or nothing is known yet. */
  waits(recording: string): string | null {
    return this.#waits.get(recording) ?? null;
  }

  /** One look at everything: the one that is under way, if any. */
  look(): Promise<void> {
    this.#looking ??= this.#lookAll().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #lookAll(): Promise<void> {
    const { shelf, written } = this.#options;
    for (const id of await shelf.ids()) {
      if (this.#stopped) return;
      if (written(id)) {
        this.#done.delete(id);
        this.#tried.delete(id);
      }
      if (this.#done.has(id)) continue;
      this.#busy = id;
      try {
        await this.#sealer.seal(id);
        if (!written(id)) await this.#settle(id);
      } catch (error) {
        if (this.#stopped) return;
        this.#wait(id, because(error));
      } finally {
        this.#busy = null;
      }
    }
  }

  async #settle(id: string): Promise<void> {
    const { clock, shelf } = this.#options;
    const manifest = await shelf.manifest(id);
    if (manifest === null || manifest.endedAt === null) return;
    const [unread] = unsealed(manifest);
    if (unread !== undefined) return this.#wait(id, `${unread.file} cannot be read and is tried again later`);
    const stitched = await shelf.stitched(id);
    const verdict = await this.#judge(manifest, stitched);
    if (verdict.do === 'wait') return this.#wait(id, verdict.because);
    if (verdict.do === 'drop') await shelf.removeStitched(id);
    if (verdict.do === 'stitch') {
      // Already made of just this: a hub is still away.
      if (stitched !== null && isOf(stitched.sources, verdict.hubs) && !this.#incomplete(id, stitched)) return;
      const { tries, restsUntil } = this.#tried.get(id) ?? { tries: 0, restsUntil: Number.NEGATIVE_INFINITY };
      if (clock.mono() < restsUntil) return;
      if (await this.#stitch(manifest, verdict.hubs, verdict.missing, stitched)) {
        this.#tried.set(id, { tries: tries + 1, restsUntil: clock.mono() + firstRestMs * 2 ** tries });
        if (tries < moreTries) return this.#wait(id, 'what could not be read or fetched is tried again later');
      }
      if (verdict.missing.length > 0) return;
    }
    this.#done.add(id);
    this.#waits.delete(id);
    this.#tried.delete(id);
  }

  /** There is more, and it may be tried again. */
  #incomplete(id: string, { sources }: StitchedManifest): boolean {
    return unused(sources) && (this.#tried.get(id)?.tries ?? 0) <= moreTries;
  }

  async #judge(manifest: RecordingManifest, stitched: StitchedManifest | null): Promise<Verdict> {
    const { node, clock, peers, patienceMs } = this.#options;
    const own: Known = { hub: node, manifest, peer: null, stitched };
    const all = manifest.hubs ?? [];
    const primary = all[0]?.hub ?? node;
    const known: Known[] = [];
    const missing = new Map<string, string>();
    for (const peer of all.length === 0 ? [{ hub: node, host: '', port: 0 }] : all) {
      if (peer.hub === node) {
        known.push(own);
        continue;
      }
      const told = await peers.manifest(peer, manifest.recording);
      if (!told.ok && told.fault.code === 'not-found') continue;
      if (!told.ok) {
        missing.set(peer.hub, 'does not answer');
        continue;
      }
      const { bytes: _, stitched: theirs, ...theirManifest } = told.value;
      if (theirManifest.endedAt === null) return { do: 'wait', because: `${peer.hub} still records` };
      if (unsealed(theirManifest).length > 0) {
        missing.set(peer.hub, 'still reads its segments');
        continue;
      }
      known.push({ hub: peer.hub, manifest: theirManifest, peer, stitched: theirs ?? null });
    }
    if (known[0]?.hub !== node && known[0]?.hub === primary) {
      // The primary makes it; ours, made while it was away, is not needed once its own is whole.
      const theirs = known[0].stitched;
      if (theirs === null || theirs.missing.length > 0 || !isOf(theirs.sources, known))
        return { do: 'wait', because: `${primary} makes the file` };
      return stitched === null ? { do: 'done' } : { do: 'drop' };
    }
    const since = clock.now() - (manifest.endedAt ?? clock.now());
    // Made of all that is known, when nobody was missing: a file without who is away now would be a worse one.
    const among = stitched?.sources.filter(({ hub }) => known.some((each) => each.hub === hub)) ?? [];
    const whole = stitched?.missing.length === 0 && isOf(among, known);
    if (missing.size > 0 && (whole || since < patienceMs))
      return { do: 'wait', because: [...missing].map(([hub, why]) => `${hub} ${why}`).join(', ') };
    if (stitched !== null && whole && !this.#incomplete(manifest.recording, stitched)) return { do: 'done' };
    return { do: 'stitch', hubs: known, missing: [...missing.keys()] };
  }

  /** Makes the file, unless nothing has come that was not there before. True when there is more that could not be used. */
  async #stitch(
    manifest: RecordingManifest,
    hubs: readonly Known[],
    missing: readonly string[],
    before: StitchedManifest | null,
  ): Promise<boolean> {
    const { node, clock, note, shelf, bench, room } = this.#options;
    const { recording, meeting } = manifest;
    const began = clock.mono();
    const total = hubs.reduce((sum, each) => sum + each.manifest.segments.reduce((all, { bytes }) => all + bytes, 0), 0);
    if (!(await room(total))) throw new FaultError({ code: 'exhausted', what: 'disk', because: 'there is no room for the stitched file' });
    const { hubs: order, refused } = await this.#gatherer.gather(recording, hubs);
    const job = stitchJob(order, (hub, file) => this.#gatherer.path(recording, hub, file));
    const sources = sourcesOf(hubs, job?.cuts ?? [], refused);
    const open = unused(sources);
    if (open && before !== null && isOf(before.sources, hubs) && sameRefused(before.sources, sources)) {
      await this.#gatherer.clear(recording, hubs);
      return open;
    }
    const half = shelf.beside(recording, 'stitched.part');
    if (job === null) {
      this.#log.warn({ recording }, 'no hub has a picture of this recording');
      await this.#gatherer.clear(recording, hubs);
      return open;
    }
    const pressed = await bench.press({ out: half, startedAt: job.startedAt, picture: job.picture, sound: job.sound });
    const check = await bench.scan(half, { picture: [], sound: [] });
    if (check.broken !== null || check.picture.blocks !== pressed.pictures || check.sound.blocks !== pressed.sounds)
      throw new Error(`the stitched file was not written as it should be: ${check.broken ?? 'something is missing'}`);
    const put = await shelf.putStitched(recording, half, {
      file: stitchedFile,
      bytes: check.bytes,
      sha256: check.sha256,
      startedAt: job.startedAt,
      durationMs: pressed.durationMs,
      pictures: pressed.pictures,
      sounds: pressed.sounds,
      madeAt: Math.round(clock.now()),
      madeBy: node,
      missing: [...missing],
      cuts: [...job.cuts],
      gaps: [...job.gaps],
      sources: [...sources],
    });
    if (!put.ok) throw new FaultError(put.fault);
    await this.#gatherer.clear(recording, hubs);
    const why = missing.length === 0 ? 'all hubs have closed it' : `without ${missing.join(', ')}, which could not be asked`;
    const gapMs = Math.max(0, ...job.gaps.filter(({ track }) => track === 'picture').map(({ fromMs, toMs }) => toMs - fromMs));
    const facts = {
      recording,
      hubs: hubs.length,
      refused: refused.size,
      gaps: job.gaps.length,
      gapMs,
      tookMs: Math.round(clock.mono() - began),
    };
    note(event('recording', 'info', 'stitched', why, meeting, facts));
    // What a hub could not read itself it has told.
    for (const { hub, file, sha256 } of sources) {
      const reason = sha256 === null ? undefined : refused.get(shiftKey(hub, file));
      if (reason !== undefined) note(event('recording', 'error', 'refused', reason, meeting, { recording, file: shiftKey(hub, file) }));
    }
    return open;
  }

  #wait(id: string, why: string): void {
    if (this.#waits.get(id) !== why) this.#log.info({ recording: id, because: why }, 'recording waits to be stitched');
    this.#waits.set(id, why);
  }
}
