/**
 * The meetings of this hub: those that run, and those that still end. One table of all of them tells the relay what to do. An end is waited for
 * by nobody but the same meeting's next self: a program that hangs or a disk that does not answer is no reason for another meeting to wait.
 */
import type { Log } from '../../protocol/log.ts';
import { findHub } from '../../protocol/plan.ts';
import type { HubDesired } from '../../protocol/schema/desired.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { merge, type Table } from './forward/table.ts';
import { Meeting, type MeetingOptions } from './meeting.ts';

export interface MeetingsOptions
  extends Pick<MeetingOptions, 'clock' | 'log' | 'note' | 'relay' | 'inputs' | 'shelf' | 'ask' | 'changed' | 'faults'> {
  readonly node: string;
  /** Makes the relay do what the table says; resolves when it does. */
  readonly forward: (table: Table) => Promise<void>;
  /** Whether the disk can be recorded to, and why not. */
  readonly disk: () => { readonly allows: boolean; readonly because: string };
}

export class Meetings {
  readonly #options: MeetingsOptions;
  readonly #log: Log;
  readonly #running = new Map<string, Meeting>();
  /** Whose programs still go. */
  readonly #ending = new Map<string, Promise<void>>();
  /** Whose recording is not closed yet. */
  readonly #closing = new Map<string, Promise<void>>();
  #keys: HubDesired['keys'] = [];
  #keysOf: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map();
  #relayStarts = 0;

  constructor(options: MeetingsOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'meetings' });
  }

  get running(): ReadonlyMap<string, Meeting> {
    return this.#running;
  }

  get ending(): ReadonlySet<string> {
    return new Set(this.#ending.keys());
  }

  /** The keys in force. */
  get keys(): HubDesired['keys'] {
    return this.#keys;
  }

  /** How often the relay was started again. */
  get relayStarts(): number {
    return this.#relayStarts;
  }

  /** The running meeting that a site takes part in; null when there is none. */
  of(site: string | undefined): string | null {
    const found = [...this.#running.values()].find(({ plan }) => plan.sites.some((each) => each.site === site));
    return found?.plan.meeting ?? null;
  }

  /** Whether this recording is being written. */
  written(recording: string): boolean {
    return [...this.#running.values()].some(({ recorder }) => recorder?.recording === recording);
  }

  /** Resolves when the relay knows of it. @throws FaultError when the relay is not up. */
  async begin(plan: Plan): Promise<void> {
    const { node, disk, forward: _, log, ...shared } = this.#options;
    const { meeting: id } = plan;
    const hub = findHub(plan, node);
    if (hub === undefined) return;
    const meeting = await Meeting.begin({
      ...shared,
      log: log.child({ meeting: id }),
      plan,
      hub,
      forward: () => this.retable(),
      closed: this.#closing.get(id) ?? Promise.resolve(),
    });
    this.#running.set(id, meeting);
    const { allows, because } = disk();
    meeting.disk(allows, because);
    await this.retable();
  }

  /** Takes a newer plan of a running meeting; resolves when the relay does what it says. */
  async apply(plan: Plan): Promise<void> {
    await this.#running.get(plan.meeting)?.apply(plan);
  }

  /** Resolves when the relay does nothing more for it; its programs and its recording end meanwhile. @param done see `Meeting.end`. */
  async end(id: string, done = true): Promise<void> {
    const meeting = this.#running.get(id);
    if (meeting === undefined) return;
    this.#running.delete(id);
    const forwarded = this.retable();
    const end = (): ReturnType<Meeting['end']> => meeting.end(done);
    const over = forwarded.then(end, end);
    this.#await(
      this.#ending,
      id,
      over.then(({ parts }) => parts),
      'a meeting did not end as it should',
    );
    this.#await(
      this.#closing,
      id,
      over.then(({ closed }) => closed),
      'a recording was not closed as it should be',
    );
    await forwarded;
  }

  /** Ends all; recordings may be gone on with by the next process. Resolves when nothing is left. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.end(id, false)));
    await Promise.all([...this.#ending.values(), ...this.#closing.values()]);
  }

  async take(keys: HubDesired['keys']): Promise<void> {
    const byMeeting = new Map<string, Map<string, string>>();
    for (const { meeting, peer, key } of keys) byMeeting.set(meeting, (byMeeting.get(meeting) ?? new Map()).set(peer, key));
    this.#keys = keys;
    this.#keysOf = byMeeting;
    await this.retable();
  }

  /** The relay was started again. */
  relayStarted(times: number): Promise<void> {
    this.#relayStarts = times;
    return this.retable();
  }

  /** Tells the relay what to do for all meetings; resolves when it does. */
  retable(): Promise<void> {
    const tables = [...this.#running].map(([id, meeting]) => meeting.table(this.#keysOf.get(id) ?? new Map(), this.#relayStarts));
    return this.#options.forward(merge(tables));
  }

  #await(all: Map<string, Promise<void>>, id: string, over: Promise<void>, failed: string): void {
    const kept = over
      .catch((error: unknown) => this.#log.error({ err: error, meeting: id }, failed))
      .finally(() => {
        // The same meeting may have begun and ended anew.
        if (all.get(id) === kept) all.delete(id);
        this.#options.changed();
      });
    all.set(id, kept);
  }
}
