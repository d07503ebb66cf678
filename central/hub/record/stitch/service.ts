/**
 * Reads what was recorded, and makes one file of it when the recording has ended: the primary hub of all hubs' segments; another only when
 * the primary stays away, or has nothing. Everything is found on disk: whenever it is killed, the next look goes on.
 */
import { mkdir, rm } from 'node:fs/promises';
import type { Clock, Timer } from '../../../../protocol/clock.ts';
import { FaultError } from '../../../../protocol/fault.ts';
import type { Log } from '../../../../protocol/log.ts';
import { type RecordingHub, type RecordingManifest, type StitchedManifest, stitchedFile } from '../../../../protocol/recording.ts';
import { event, type Note } from '../../note.ts';
import { because } from '../../report/because.ts';
import { readingsOf, sealed, unsealed } from '../manifest.ts';
import type { Shelf } from '../shelf.ts';
import { type HubSegments, type Scanned, shiftKey } from './align.ts';
import type { Bench } from './bench.ts';
import { isOf, needed, sourcesOf, stitchJob } from './job.ts';
import type { Peers } from './peers.ts';

export interface StitcherOptions {
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly note: Note;
  readonly shelf: Shelf;
  readonly bench: Bench;
  readonly peers: Peers;
  /** This recording is being written. */
  readonly written: (id: string) => boolean;
  /** Whether the disk has room for so many bytes more. */
  readonly room: (bytes: number) => Promise<boolean>;
  /** How long a hub that is away is waited for before a file is made without its segments. */
  readonly patienceMs: number;
}

type Known = Pick<HubSegments, 'hub' | 'manifest'> & { readonly peer: RecordingHub | null; readonly stitched: StitchedManifest | null };
/** What to do now: nothing (and why), or a file of what these hubs have. */
type Verdict =
  | { readonly do: 'wait'; readonly because: string }
  | { readonly do: 'done' }
  | { readonly do: 'drop' }
  | { readonly do: 'stitch'; readonly hubs: readonly Known[]; readonly missing: readonly string[] };

const lookMs = 2000;

export class Stitcher {
  readonly #options: StitcherOptions;
  readonly #log: Log;
  /** Nothing is left to be done, and what each waits for. */
  readonly #done = new Set<string>();
  readonly #waits = new Map<string, string>();
  #busy: string | null = null;
  #timer: Timer | null = null;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: StitcherOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'stitch' });
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

  /** One look at everything; one after the other. */
  look(): Promise<void> {
    if (this.#busy === null) this.#looking = this.#looking.then(() => this.#lookAll());
    return this.#looking;
  }

  async #lookAll(): Promise<void> {
    const { shelf, written } = this.#options;
    for (const id of await shelf.ids()) {
      if (this.#stopped) return;
      if (written(id)) this.#done.delete(id);
      if (this.#done.has(id)) continue;
      this.#busy = id;
      try {
        await this.#seal(id);
        if (!written(id)) await this.#settle(id);
      } catch (error) {
        if (this.#stopped) return;
        this.#wait(id, because(error));
      } finally {
        this.#busy = null;
      }
    }
  }

  /** Reads closed segments that nobody has read: of this process, and of one that was killed. */
  async #seal(id: string): Promise<void> {
    const { shelf, bench } = this.#options;
    const manifest = await shelf.manifest(id);
    for (const segment of manifest === null ? [] : unsealed(manifest)) {
      const found = await bench.scan(shelf.path(id, segment.file) ?? '', readingsOf(segment));
      await shelf.change(id, (now) => sealed(now, segment.file, found));
    }
  }

  async #settle(id: string): Promise<void> {
    const { shelf } = this.#options;
    const manifest = await shelf.manifest(id);
    if (manifest === null || manifest.endedAt === null || unsealed(manifest).length > 0) return;
    const stitched = await shelf.stitched(id);
    const verdict = await this.#judge(manifest, stitched);
    if (verdict.do === 'wait') return this.#wait(id, verdict.because);
    if (verdict.do === 'drop') await shelf.removeStitched(id);
    if (verdict.do === 'stitch') {
      // Already made of just this: a hub is still away.
      if (stitched !== null && isOf(stitched.sources, verdict.hubs)) return;
      await this.#stitch(manifest, verdict.hubs, verdict.missing);
      if (verdict.missing.length > 0) return;
    }
    this.#done.add(id);
    this.#waits.delete(id);
  }

  async #judge(manifest: RecordingManifest, stitched: StitchedManifest | null): Promise<Verdict> {
    const { node, clock, peers, patienceMs } = this.#options;
    const own: Known = { hub: node, manifest, peer: null, stitched };
    const all = manifest.hubs ?? [];
    const primary = all[0]?.hub ?? node;
    const known: Known[] = [];
    const missing: string[] = [];
    for (const peer of all.length === 0 ? [{ hub: node, host: '', port: 0 }] : all) {
      if (peer.hub === node) {
        known.push(own);
        continue;
      }
      const told = await peers.manifest(peer, manifest.recording);
      if (!told.ok && told.fault.code === 'not-found') continue;
      if (!told.ok) {
        missing.push(peer.hub);
        continue;
      }
      const { bytes: _, stitched: theirs, ...theirManifest } = told.value;
      if (theirManifest.endedAt === null) return { do: 'wait', because: `${peer.hub} still records` };
      if (unsealed(theirManifest).length > 0) return { do: 'wait', because: `${peer.hub} still reads its segments` };
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
    if (missing.length > 0 && since < patienceMs) return { do: 'wait', because: `${missing.join(', ')} does not answer` };
    if (stitched !== null && stitched.missing.length === missing.length && isOf(stitched.sources, known) && missing.length === 0)
      return { do: 'done' };
    return { do: 'stitch', hubs: known, missing };
  }

  async #stitch(manifest: RecordingManifest, hubs: readonly Known[], missing: readonly string[]): Promise<void> {
    const { node, clock, note, shelf, bench, room } = this.#options;
    const { recording, meeting } = manifest;
    const began = clock.mono();
    const total = hubs.reduce((sum, each) => sum + each.manifest.segments.reduce((all, { bytes }) => all + bytes, 0), 0);
    if (!(await room(total))) throw new FaultError({ code: 'exhausted', what: 'disk', because: 'there is no room for the stitched file' });
    const refused = new Map<string, string>();
    const own = hubs.find(({ hub }) => hub === node);
    const scans = new Map<string, HubSegments>();
    const mine = own === undefined ? null : await this.#scanned(recording, own, null, refused);
    if (mine !== null) scans.set(node, mine);
    for (const other of hubs) {
      if (other.hub === node) continue;
      const wanted = mine === null ? other.manifest.segments.map(({ file }) => file) : needed(mine, other);
      await this.#fetch(recording, other, wanted);
      scans.set(other.hub, await this.#scanned(recording, other, wanted, refused));
    }
    const order = hubs.flatMap(({ hub }) => scans.get(hub) ?? []);
    const job = stitchJob(order, (hub, file) => this.#path(recording, hub, file));
    const half = shelf.beside(recording, 'stitched.part');
    if (job === null) {
      this.#log.warn({ recording }, 'no hub has a picture of this recording');
      return;
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
      sources: [...sourcesOf(hubs, job.cuts, refused)],
    });
    if (!put.ok) throw new FaultError(put.fault);
    for (const { hub } of hubs) if (hub !== node) await rm(this.#folder(recording, hub), { recursive: true, force: true });
    const why = missing.length === 0 ? 'all hubs have closed it' : `without ${missing.join(', ')}, which did not answer`;
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
    for (const [file, reason] of refused) note(event('recording', 'error', 'refused', reason, meeting, { recording, file }));
  }

  /** Reads a hub's files; one that is not what its manifest says is left out. @param wanted null: all. */
  async #scanned(
    recording: string,
    { hub, manifest }: Known,
    wanted: readonly string[] | null,
    refused: Map<string, string>,
  ): Promise<HubSegments> {
    const segments: Scanned[] = [];
    for (const segment of manifest.segments) {
      if (wanted !== null && !wanted.includes(segment.file)) continue;
      const path = this.#path(recording, hub, segment.file);
      try {
        const scan = await this.#options.bench.scan(path, readingsOf(segment));
        if (scan.sha256 === segment.sha256) {
          segments.push({ segment, scan });
          continue;
        }
        refused.set(
          shiftKey(hub, segment.file),
          `${segment.file} of ${hub} is not the file that was recorded: its SHA-256 differs from the manifest`,
        );
        // A copy may have been spoilt on its way: the next try fetches it anew.
        if (hub !== this.#options.node) await rm(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        refused.set(shiftKey(hub, segment.file), `${segment.file} of ${hub} is not there any more`);
      }
    }
    return { hub, manifest, segments };
  }

  async #fetch(recording: string, { hub, peer, manifest }: Known, files: readonly string[]): Promise<void> {
    if (peer === null || files.length === 0) return;
    await mkdir(this.#folder(recording, hub), { recursive: true });
    for (const { file } of manifest.segments.filter((each) => files.includes(each.file))) {
      const fetched = await this.#options.peers.fetch(peer, recording, file, this.#path(recording, hub, file));
      if (!fetched.ok) throw new FaultError(fetched.fault);
    }
  }

  #folder(recording: string, hub: string): string {
    return this.#options.shelf.beside(recording, `from-${hub}`);
  }

  #path(recording: string, hub: string, file: string): string {
    if (hub === this.#options.node) return this.#options.shelf.path(recording, file) ?? '';
    return `${this.#folder(recording, hub)}/${file}`;
  }

  #wait(id: string, why: string): void {
    if (this.#waits.get(id) !== why) this.#log.info({ recording: id, because: why }, 'recording waits to be stitched');
    this.#waits.set(id, why);
  }
}
