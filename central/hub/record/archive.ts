/** The recordings of this hub, of whatever meeting: where they lie, what keeps their disk, and what makes one file of each. */
import type { Clock } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import type { Identity } from '../../../protocol/node/tls.ts';
import type { Note } from '../note.ts';
import { Disk, type Reach } from './disk.ts';
import { Keeper, type KeeperOptions } from './keeper.ts';
import { Shelf } from './shelf.ts';
import { Bench } from './stitch/bench.ts';
import { Peers } from './stitch/peers.ts';
import { Stitcher } from './stitch/service.ts';

export interface RecordingsOptions {
  readonly dir: string;
  readonly minFreeBytes: number;
  /** All recordings together; the oldest go first. */
  readonly maxBytes: number;
  /** How long a hub that is away is waited for before a recording is stitched without it; it is made again when it is back. */
  readonly patienceMs?: number;
  /** The folder is none, and cannot be made one: a mistake of the configuration, not of the disk. */
  readonly wrong?: (because: string) => void;
  /** How calls reach the disk; tests let it hang. */
  readonly reach?: Reach;
}

export interface ArchiveOptions extends Pick<KeeperOptions, 'written' | 'read' | 'disk' | 'freeBytes'> {
  readonly node: string;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Log;
  readonly note: Note;
  readonly recordings: RecordingsOptions;
}

const defaultPatienceMs = 600_000;

export class Archive {
  readonly shelf: Shelf;
  readonly keeper: Keeper;
  readonly stitcher: Stitcher;

  constructor(options: ArchiveOptions) {
    const { node, identity, clock, log, note, recordings, written, read, disk, freeBytes } = options;
    const { dir, reach, minFreeBytes, maxBytes, patienceMs = defaultPatienceMs } = recordings;
    this.shelf = new Shelf(dir, log, new Disk(reach));
    this.keeper = new Keeper({
      shelf: this.shelf,
      clock,
      note,
      minFreeBytes,
      maxBytes,
      freeBytes,
      written,
      read: (id) => read(id) || this.stitcher.busy(id),
      disk,
    });
    this.stitcher = new Stitcher({
      node,
      clock,
      log,
      note,
      shelf: this.shelf,
      bench: new Bench(),
      peers: new Peers(identity),
      written,
      room: async (bytes) => (this.keeper.free ?? 0) - bytes > minFreeBytes,
      patienceMs,
    });
  }
}
