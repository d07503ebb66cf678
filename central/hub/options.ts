/** What a hub is given: its place, its clock, and where it keeps things. main.ts fills it in; tests do as they like. */
import type { Clock } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import type { Note } from './note.ts';
import type { RecordingsOptions } from './record/archive.ts';

export interface HubOptions {
  readonly node: string;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly boot: string;
  /** The file in which the highest grants are kept. */
  readonly grants: string;
  readonly note: Note;
  readonly listen: { readonly host: string; readonly port: number };
  readonly recordings: RecordingsOptions;
  /** The report has changed. */
  readonly changed: () => void;
  readonly faults: boolean;
  /** Free bytes for recordings; tests say what they like. Null: ask the disk. */
  readonly freeBytes: (() => number) | null;
}
