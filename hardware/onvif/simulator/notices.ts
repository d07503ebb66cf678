/**
 * What happens before a camera, and who waits to be told: pull-points with their time and their queue. An answer to a pull waits until
 * there is news or its time is over; nobody else waits for it.
 */
import type { Clock, Timer } from '../../../protocol/clock.ts';

/** What it can notice, each a property that is true or false, by the names ONVIF's imaging, analytics and device services give. */
export const PROPERTIES = {
  motion: { topic: 'VideoSource/MotionAlarm', source: 'Source', token: 'VideoSource_1', data: 'State' },
  tamper: { topic: 'VideoSource/GlobalSceneChange/ImagingService', source: 'Source', token: 'VideoSource_1', data: 'State' },
  dark: { topic: 'VideoSource/ImageTooDark/ImagingService', source: 'Source', token: 'VideoSource_1', data: 'State' },
  'signal-loss': { topic: 'VideoSource/SignalLoss', source: 'Source', token: 'VideoSource_1', data: 'State' },
  input: { topic: 'Device/Trigger/DigitalInput', source: 'InputToken', token: 'DigitalInput_1', data: 'LogicalState' },
} as const;
export type PropertyName = keyof typeof PROPERTIES;
export const propertyNames = Object.keys(PROPERTIES) as readonly PropertyName[];

export interface Notice {
  readonly property: PropertyName;
  readonly operation: 'Initialized' | 'Changed';
  readonly state: boolean;
  /** The camera's own clock. */
  readonly atMs: number;
}

interface Pullpoint {
  endMs: number;
  readonly forMs: number;
  /** Only what has one of these in its topic; empty: all. */
  readonly topics: readonly string[];
  readonly queue: Notice[];
  waiting: { readonly limit: number; readonly timer: Timer; readonly answer: (notices: readonly Notice[] | null) => void } | null;
}

export interface NoticesOptions {
  readonly clock: Clock;
  /** The camera's own clock: what termination times are told in. */
  readonly time: () => number;
  /** A pull renews. */
  readonly renews: () => boolean;
}

export const MAX_PULLPOINTS = 10;
const QUEUE = 100;
const LONGEST_PULL_MS = 60_000;

export class Notices {
  readonly #options: NoticesOptions;
  readonly #states = new Map<PropertyName, boolean>(propertyNames.map((name) => [name, false]));
  readonly #pullpoints = new Map<string, Pullpoint>();
  #last = 0;

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  get count(): number {
    this.#expire();
    return this.#pullpoints.size;
  }

  get states(): Readonly<Record<string, boolean>> {
    return Object.fromEntries(this.#states);
  }

  /** Something happens, or ends. */
  set(property: PropertyName, state: boolean): void {
    if (this.#states.get(property) === state) return;
    this.#states.set(property, state);
    this.#expire();
    for (const pullpoint of this.#pullpoints.values()) this.#put(pullpoint, property, 'Changed');
  }

  /** Its id; null when there are as many as the camera can have. */
  create(forMs: number, topics: readonly string[]): string | null {
    this.#expire();
    if (this.#pullpoints.size >= MAX_PULLPOINTS) return null;
    const id = String(++this.#last);
    const pullpoint: Pullpoint = { endMs: this.#options.clock.mono() + forMs, forMs, topics, queue: [], waiting: null };
    this.#pullpoints.set(id, pullpoint);
    this.synchronize(id);
    return id;
  }

  /** All states are told once more. False: there is no such pull-point. */
  synchronize(id: string): boolean {
    const pullpoint = this.#live(id);
    if (pullpoint === null) return false;
    for (const name of propertyNames) this.#put(pullpoint, name, 'Initialized');
    return true;
  }

  /** What has happened, at once or when it does; empty when nothing did in time; null when the pull-point is or goes away. */
  pull(id: string, timeoutMs: number, limit: number): Promise<readonly Notice[] | null> {
    return new Promise((resolve) => {
      const pullpoint = this.#live(id);
      if (pullpoint === null) return resolve(null);
      if (this.#options.renews()) pullpoint.endMs = Math.max(pullpoint.endMs, this.#options.clock.mono() + pullpoint.forMs + timeoutMs);
      // The older pull of two gets an empty answer.
      this.#answer(pullpoint, []);
      if (pullpoint.queue.length > 0) return resolve(pullpoint.queue.splice(0, Math.max(1, limit)));
      const timer = this.#options.clock.after(Math.min(timeoutMs, LONGEST_PULL_MS), 'a pull ends', () => this.#answer(pullpoint, []));
      pullpoint.waiting = { limit: Math.max(1, limit), timer, answer: resolve };
    });
  }

  /** False: there is no such pull-point. */
  renew(id: string, forMs: number): boolean {
    const pullpoint = this.#live(id);
    if (pullpoint !== null) pullpoint.endMs = this.#options.clock.mono() + forMs;
    return pullpoint !== null;
  }

  remove(id: string): boolean {
    const pullpoint = this.#live(id);
    if (pullpoint === null) return false;
    this.#pullpoints.delete(id);
    this.#answer(pullpoint, null);
    return true;
  }

  /** All are gone: the camera starts anew, or ends. */
  clear(): void {
    for (const id of [...this.#pullpoints.keys()]) this.remove(id);
    this.#pullpoints.clear();
  }

  /** When it ends, in the camera's own time. */
  endOf(id: string): number {
    const { clock, time } = this.#options;
    return time() + (this.#pullpoints.get(id)?.endMs ?? clock.mono()) - clock.mono();
  }

  #live(id: string): Pullpoint | null {
    this.#expire();
    return this.#pullpoints.get(id) ?? null;
  }

  #expire(): void {
    for (const [id, pullpoint] of this.#pullpoints) {
      if (pullpoint.endMs > this.#options.clock.mono()) continue;
      this.#pullpoints.delete(id);
      this.#answer(pullpoint, null);
    }
  }

  #put(pullpoint: Pullpoint, property: PropertyName, operation: Notice['operation']): void {
    const { topic } = PROPERTIES[property];
    if (pullpoint.topics.length > 0 && !pullpoint.topics.some((wanted) => topic === wanted || topic.startsWith(`${wanted}/`))) return;
    pullpoint.queue.push({ property, operation, state: this.#states.get(property) ?? false, atMs: this.#options.time() });
    if (pullpoint.queue.length > QUEUE) pullpoint.queue.shift();
    const { waiting } = pullpoint;
    if (waiting !== null) this.#answer(pullpoint, pullpoint.queue.splice(0, waiting.limit));
  }

  #answer(pullpoint: Pullpoint, notices: readonly Notice[] | null): void {
    const { waiting } = pullpoint;
    pullpoint.waiting = null;
    waiting?.timer.cancel();
    waiting?.answer(notices);
  }
}
