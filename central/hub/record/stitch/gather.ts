/**
 * Brings what all hubs have of a recording together on this machine: the other hubs' segments are fetched, all are read. A segment that cannot
 * be used is left out, with why, and is in nobody's way.
 */
import { mkdir, rm } from 'node:fs/promises';
import { brief } from '../../../../protocol/fault.ts';
import type { RecordingHub, StitchedSource } from '../../../../protocol/recording.ts';
import { because } from '../../report/because.ts';
import { diskAway } from '../disk.ts';
import { readingsOf } from '../manifest.ts';
import type { Shelf } from '../shelf.ts';
import { type HubSegments, type Scanned, shiftKey } from './align.ts';
import type { Bench } from './bench.ts';
import { needed } from './job.ts';
import type { Peers } from './peers.ts';

export interface GatherOptions {
  readonly node: string;
  readonly shelf: Shelf;
  readonly bench: Bench;
  readonly peers: Peers;
}

/** What a hub says that it has; `peer` is where it is asked, null: this hub. */
export type Told = Pick<HubSegments, 'hub' | 'manifest'> & { readonly peer: RecordingHub | null };

export interface Gathered {
  readonly hubs: readonly HubSegments[];
  /** Why a segment cannot be used, by hub and file. */
  readonly refused: ReadonlyMap<string, string>;
}

/** What the system says when a process, its memory or a whole mount is short of something: nothing about one file. */
const passing: ReadonlySet<string> = new Set([...diskAway, 'EAGAIN', 'EINTR', 'EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Why a file cannot be read now, in words. EIO is what a bad sector says, and a server that is away: only whether it lasts tells them apart.
 * @throws the error itself when it is not about this file.
 */
export function unread(hub: string, file: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code) || (passing.has(code) && code !== 'EIO')) throw error;
  return code === 'ENOENT' ? `${file} of ${hub} is not there any more` : `${file} of ${hub} cannot be read: ${because(error)}`;
}

/** Whether something that its own hub could read was not used: its copy was spoilt or did not come, or the disk does not give it any more. */
export const unused = (sources: readonly StitchedSource[]): boolean =>
  sources.some(({ sha256, refused }) => sha256 !== null && refused !== null);

export class Gatherer {
  readonly #options: GatherOptions;

  constructor(options: GatherOptions) {
    this.#options = options;
  }

  /** @param hubs the primary first. */
  async gather(recording: string, hubs: readonly Told[]): Promise<Gathered> {
    const { node } = this.#options;
    const refused = new Map<string, string>();
    const own = hubs.find(({ hub }) => hub === node);
    const mine = own === undefined ? null : await this.#read(recording, own, null, refused);
    const all: HubSegments[] = [];
    for (const each of hubs) {
      if (each.hub === node) {
        if (mine !== null) all.push(mine);
        continue;
      }
      const wanted = mine === null ? each.manifest.segments.map(({ file }) => file) : needed(mine, each);
      const came = await this.#fetch(recording, each, wanted, refused);
      all.push(await this.#read(recording, each, came, refused));
    }
    return { hubs: all, refused };
  }

  /** Where a segment of a hub lies on this machine. */
  path(recording: string, hub: string, file: string): string {
    if (hub === this.#options.node) return this.#options.shelf.path(recording, file) ?? '';
    return `${this.#folder(recording, hub)}/${file}`;
  }

  /** Deletes the copies. */
  async clear(recording: string, hubs: readonly Told[]): Promise<void> {
    for (const { hub } of hubs) if (hub !== this.#options.node) await rm(this.#folder(recording, hub), { recursive: true, force: true });
  }

  /** Reads a hub's files; one that is not what its manifest says is left out. @param wanted null: all. */
  async #read(
    recording: string,
    { hub, manifest }: Told,
    wanted: readonly string[] | null,
    refused: Map<string, string>,
  ): Promise<HubSegments> {
    const segments: Scanned[] = [];
    for (const segment of manifest.segments) {
      if (wanted !== null && !wanted.includes(segment.file)) continue;
      const scan = segment.refused ?? (await this.#scan(recording, hub, segment));
      if (typeof scan === 'string') refused.set(shiftKey(hub, segment.file), scan);
      else segments.push({ segment, scan });
    }
    return { hub, manifest, segments };
  }

  /** What is in a file, or why it cannot be used. */
  async #scan(recording: string, hub: string, segment: Scanned['segment']): Promise<Scanned['scan'] | string> {
    const { file, sha256 } = segment;
    const path = this.path(recording, hub, file);
    try {
      const scan = await this.#options.bench.scan(path, readingsOf(segment));
      if (scan.sha256 === sha256) return scan;
      // A copy may have been spoilt on its way: the next try fetches it anew.
      if (hub !== this.#options.node) await rm(path, { force: true });
      return `${file} of ${hub} is not the file that was recorded: its SHA-256 differs from the manifest`;
    } catch (error) {
      return unread(hub, file, error);
    }
  }

  /** Copies files of another hub that it could read itself; returns what came. */
  async #fetch(
    recording: string,
    { hub, peer, manifest }: Told,
    files: readonly string[],
    refused: Map<string, string>,
  ): Promise<readonly string[]> {
    if (peer === null || files.length === 0) return files;
    await mkdir(this.#folder(recording, hub), { recursive: true });
    const there: string[] = [];
    for (const { file, refused: unusable } of manifest.segments.filter((each) => files.includes(each.file))) {
      const fetched =
        unusable === undefined ? await this.#options.peers.fetch(peer, recording, file, this.path(recording, hub, file)) : null;
      if (fetched === null || fetched.ok) there.push(file);
      else refused.set(shiftKey(hub, file), `${file} of ${hub} cannot be fetched: ${brief(fetched.fault)}`);
    }
    return there;
  }

  #folder(recording: string, hub: string): string {
    return this.#options.shelf.beside(recording, `from-${hub}`);
  }
}
