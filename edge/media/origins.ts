/**
 * The sources of one selector, the best first: each in a cell of its own, opened, left to rest and opened again without the others noticing.
 * The watchdog in the worker shows the best that is fit; what it shows and why is told here. The last resort, which cannot fail, stands behind all.
 */
import type { WorkerEvent } from '../../hardware/gstreamer/events.ts';
import type { Cell, Chain } from '../../hardware/gstreamer/pipeline.ts';
import type { Judge, Reflex, Watchdog } from '../../hardware/gstreamer/reflexes.ts';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { Device } from './device.ts';
import type { MediaPart } from './part.ts';
import { airText, type Kind, lossText, type OnAir, type Standing, type SwitchNews } from './switching.ts';

/** One source that may fail. */
export interface Origin {
  /** What makes it this one: of the same key nothing is opened anew. */
  readonly key: string;
  /** In a few words, without secrets. */
  readonly label: string;
  /** Elements of a cell of this name. */
  readonly chains: (name: string) => readonly Chain[];
  /** See Cell. */
  readonly ownTime?: boolean;
  /** Whether a picture that stands still counts as a failure; null: it is no picture, and not judged. */
  readonly judged: { readonly frozen: boolean } | null;
}

export interface OriginsOptions {
  readonly kind: Kind;
  readonly part: MediaPart;
  readonly clock: Clock;
  readonly log: Log;
  /** It has been told that there is nothing but the last resort. */
  readonly lost?: boolean;
  /** Something else is on the air, and viewers should know. */
  readonly news: (news: SwitchNews) => void;
}

/** A device of the room, the configured source, its backup; one more is left for who takes the place of another. */
export const PLACES = 4;
/** A source that delivers nothing for this long loses the air: shorter, and a busy machine triggers it. */
const WATCH_MS = 150;
/** One that has failed must deliver for this long before it is shown again. */
const RETURN_MS = 1000;
/** One that stopped may come back by itself for this long; then it is opened again. */
const PATIENCE_MS = 1500;
/** Why a source is lost that a drill has shut. */
const DRILLED = 'a drill took it away';
/** One that delivers nothing for this long after it was opened is opened again: some begin with a late keyframe. */
const LATE_MS = 8000;

export const selectorOf = (kind: Kind): string => `${kind}-selector`;
export const placeName = (kind: Kind, index: number): string => `${kind}-${index}`;
/** The queue in front of the selector that a cell feeds. */
export const placeInput = (kind: Kind, index: number): string => `${placeName(kind, index)}-in`;
export const padOfPlace = (index: number): string => `sink_${index}`;
/** Where the last resort is: behind all places. */
export const lastPad = padOfPlace(PLACES);

interface Place {
  readonly index: number;
  readonly origin: Origin;
  readonly device: Device;
  cell: 'shut' | 'open' | 'closing';
  verdict: 'fit' | 'frozen' | 'black';
  late: Timer | null;
}

export class Origins {
  readonly #options: OriginsOptions;
  #wanted: readonly Origin[] = [];
  /** The best first. */
  #places: readonly Place[] = [];
  /** Cells that are no longer wanted and not shut yet, by index. */
  readonly #closing = new Set<number>();
  /** Why the first is not to be shown although it delivers; null: nobody says so. */
  #doubt: string | null = null;
  /** What the watchdog shows; null: the last resort. */
  #air: Place | null = null;
  /** What was told last. A source is taken to be well until it is not. */
  #told: Place | null | 'first';
  /** Taken away by a drill, until it is over. */
  #barred: { readonly place: Place; readonly timer: Timer } | null = null;
  #order = '';

  constructor(options: OriginsOptions) {
    this.#options = options;
    this.#told = options.lost === true ? null : 'first';
  }

  /** Takes these from now on; those that are among the present ones go on. */
  want(origins: readonly Origin[]): void {
    this.#wanted = origins;
    const before = this.#places;
    const kept = origins.map(({ key }) => before.find((place) => place.origin.key === key));
    const taken = new Set([...kept.flatMap((place) => place?.index ?? []), ...this.#closing]);
    const free = Array.from({ length: PLACES }, (_, index) => index).filter((index) => !taken.has(index));
    // While others are closing there may be no place: it is asked again when one is shut.
    this.#places = origins.flatMap((origin, n) => {
      const index = kept[n]?.index ?? free.shift();
      return index === undefined ? [] : [kept[n] ?? this.#place(index, origin)];
    });
    for (const gone of before.filter((place) => !this.#places.includes(place))) this.#leave(gone);
    if (this.#air !== null && !this.#places.includes(this.#air)) this.#air = null;
    if (typeof this.#told === 'object' && this.#told !== null && !this.#places.includes(this.#told)) this.#told = 'first';
    this.#reorder();
    for (const place of this.#places) void this.#tend(place);
  }

  /** The first is not to be shown, and why, although it may deliver; null: it is again. It stays open. */
  doubt(because: string | null): void {
    if (because === this.#doubt) return;
    const fresh = this.#doubt === null;
    this.#doubt = because;
    // Where it is off the air already the reason is still news: most cameras say why a moment later.
    if (fresh && because !== null && this.#air !== this.#places[0]) this.#tell(this.#air, because, null, true);
    this.#reorder();
  }

  /** A drill: what is on the air is shut for `ms`, as if it had died. Null, or why there is nothing to shut. */
  bar(ms: number): string | null {
    const { clock, kind, part } = this.#options;
    const place = this.#air;
    if (place === null || !part.playing) return `no ${kind} is on the air`;
    this.admit();
    this.#barred = { place, timer: clock.after(ms, 'drill ends', () => this.admit()) };
    this.#failed(place, DRILLED);
    return null;
  }

  /** The drill is over, if there is one. */
  admit(): void {
    const barred = this.#barred;
    this.#barred = null;
    barred?.timer.cancel();
    if (barred !== null) void this.#tend(barred.place);
  }

  /** What a pipeline begins with: the order of the sources as it is now. */
  reflexes(): readonly Reflex[] {
    const { kind } = this.#options;
    const watch = this.#watch();
    this.#order = watch.sources.join();
    this.#air = null;
    return [
      watch,
      ...Array.from({ length: PLACES }, (_, index): Reflex => {
        const name = placeName(kind, index);
        return { do: 'probe', element: placeInput(kind, index), pad: 'sink', name, stalledMs: PATIENCE_MS };
      }),
    ];
  }

  /** A pipeline has begun: no cell is open in it. */
  begin(): void {
    this.#closing.clear();
    this.#reorder();
    for (const place of this.#places) {
      place.late?.cancel();
      place.cell = 'shut';
      place.verdict = 'fit';
      void this.#tend(place);
    }
  }

  /** Nobody wants them now: everything is forgotten but what was told. */
  rest(): void {
    this.admit();
    for (const place of this.#places) {
      place.late?.cancel();
      place.device.reset();
      place.cell = 'shut';
    }
    this.#air = null;
  }

  /** The process died. The thread's name says which source is to blame; without one it is the one on the air. */
  crashed(because: string, thread: string | null): void {
    const { kind } = this.#options;
    const blamed = this.#places.find(({ index }) => thread?.startsWith(placeName(kind, index))) ?? this.#air;
    blamed?.device.crashed(because);
  }

  heard(event: WorkerEvent): void {
    switch (event.event) {
      case 'source':
        if (event.selector === selectorOf(this.#options.kind)) this.#switched(event);
        break;
      case 'judged':
        this.#judged(event.name, event.verdict);
        break;
      case 'cell':
        this.#cellSays(event);
        break;
      case 'flowing':
      case 'stalled':
        this.#flows(event.name, event.event === 'flowing');
        break;
      default:
    }
  }

  /** There is nothing but the last resort. */
  lost(because: string): void {
    this.#tell(null, because, null);
  }

  /** Something else has taken the place of all: nothing is wrong. */
  well(): void {
    this.#told = 'first';
  }

  /** What is on the air and what stands by. */
  get standing(): Standing {
    const [first] = this.#places;
    const air: OnAir = this.#position(this.#air);
    return {
      air,
      because: airText(this.#options.kind, air, first === undefined ? null : this.#why(first)),
      standby: this.#places
        .filter((place) => place !== this.#air)
        .map((place) => ({ name: place.origin.label, ready: this.#ready(place), because: this.#why(place) })),
    };
  }

  /** Whether the first delivers what could be shown, were it not doubted. */
  get firstDelivers(): boolean {
    const [first] = this.#places;
    return first?.device.delivering === true && first.verdict === 'fit';
  }

  /** What was told last. */
  get told(): OnAir {
    return this.#told === 'first' ? 0 : this.#position(this.#told);
  }

  #place(index: number, origin: Origin): Place {
    const { kind, clock } = this.#options;
    const place: Place = {
      index,
      origin,
      device: new Device(placeName(kind, index), clock, () => void this.#tend(place)),
      cell: 'shut',
      verdict: 'fit',
      late: null,
    };
    return place;
  }

  #position(place: Place | null): OnAir {
    const at = place === null ? -1 : this.#places.indexOf(place);
    return at < 0 ? null : at;
  }

  #ready(place: Place): boolean {
    return place.device.delivering && place.verdict === 'fit' && (this.#doubt === null || place !== this.#places[0]);
  }

  #why(place: Place): string {
    if (this.#doubt !== null && place === this.#places[0]) return this.#doubt;
    return place.verdict === 'fit' ? place.device.because : `its picture is ${place.verdict}`;
  }

  /** Doubted ones stand behind the last resort: never shown, still watched, so that they need not prove themselves afterwards. */
  #watch(): Watchdog {
    const pads = this.#places.map(({ index }) => padOfPlace(index));
    const doubted = this.#doubt === null ? 0 : 1;
    return {
      do: 'watchdog',
      selector: selectorOf(this.#options.kind),
      sources: [...pads.slice(doubted), lastPad, ...pads.slice(0, doubted)],
      thresholdMs: WATCH_MS,
      holdMs: RETURN_MS,
    };
  }

  #judge({ index, origin: { judged } }: Place): Judge | null {
    if (this.#options.kind !== 'camera') return null;
    const at = { element: selectorOf('camera'), pad: padOfPlace(index) };
    return judged === null ? null : { do: 'judge', ...at, frozen: judged.frozen };
  }

  #reorder(): void {
    const watch = this.#watch();
    if (watch.sources.join() === this.#order || !this.#options.part.playing) return;
    this.#order = watch.sources.join();
    this.#attempt(this.#options.part.attach(watch), 'sources could not be put in order');
  }

  /** Opens or shuts a cell, as its source's life has it. */
  async #tend(place: Place): Promise<void> {
    const { part, clock, kind } = this.#options;
    if (!part.playing || !this.#places.includes(place)) return;
    if (!place.device.open || place === this.#barred?.place) return this.#shut(place);
    if (place.cell !== 'shut') return;
    place.cell = 'open';
    place.verdict = 'fit';
    place.late?.cancel();
    place.late = clock.after(LATE_MS, 'source delivers', () => {
      if (!place.device.delivering) this.#failed(place, `nothing for ${LATE_MS} ms after it was opened`);
    });
    const name = placeName(kind, place.index);
    const { chains, ownTime = false } = place.origin;
    const cell: Cell = { name, into: placeInput(kind, place.index), chains: chains(name), ownTime };
    try {
      const judge = this.#judge(place);
      // Both are on their way before anything else can be asked for: a place that is given up meanwhile is shut after it was opened.
      await Promise.all([judge === null ? null : part.attach(judge), part.open(cell)]);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      this.#attempt(part.shut(name), 'source could not be shut');
      place.cell = 'shut';
      this.#failed(place, brief(error.fault));
    }
  }

  #shut(place: Place): void {
    place.late?.cancel();
    if (place.cell !== 'open') return;
    place.cell = 'closing';
    this.#attempt(this.#options.part.shut(placeName(this.#options.kind, place.index)), 'source could not be shut');
  }

  #leave(place: Place): void {
    place.device.reset();
    if (place.cell !== 'shut' && this.#options.part.playing) this.#closing.add(place.index);
    this.#shut(place);
  }

  #failed(place: Place, because: string): void {
    place.device.failed(because, true);
    this.#shut(place);
    // Before the watchdog has ever shown anything else there is no switch that would tell of it.
    if (this.#told === 'first' && place === this.#places[0] && this.#air !== place) this.#tell(this.#air, because, null);
  }

  #named(name: string): Place | undefined {
    return this.#places.find(({ index }) => placeName(this.#options.kind, index) === name);
  }

  #judged(pad: string, verdict: Place['verdict']): void {
    const place = this.#places.find(({ index }) => padOfPlace(index) === pad);
    if (place !== undefined) place.verdict = verdict;
  }

  #cellSays({ name, state, element, because }: Extract<WorkerEvent, { event: 'cell' }>): void {
    const place = this.#named(name);
    if (state === 'failed') {
      if (place !== undefined) {
        place.cell = 'closing';
        this.#failed(place, element === '' ? because : `${element}: ${because}`);
      }
      return;
    }
    const index = Number(name.slice(name.lastIndexOf('-') + 1));
    if (name === placeName(this.#options.kind, index) && this.#closing.delete(index) && this.#places.length < this.#wanted.length)
      this.want(this.#wanted);
    if (place === undefined || place.cell === 'open') return;
    place.cell = 'shut';
    void this.#tend(place);
  }

  #flows(name: string, flowing: boolean): void {
    const place = this.#named(name);
    if (place === undefined || place.cell !== 'open') return;
    if (flowing) place.device.delivered();
    else if (place.device.delivering) this.#failed(place, `nothing for ${PATIENCE_MS} ms`);
  }

  #switched({ pad, because, gapMs, ageMs }: Extract<WorkerEvent, { event: 'source' }>): void {
    const from = this.#air;
    const to = this.#places.find(({ index }) => padOfPlace(index) === pad) ?? null;
    this.#air = to;
    to?.device.delivered();
    const better = (this.#position(to) ?? PLACES) < (this.told ?? PLACES);
    const forced = this.#doubt !== null && from === this.#places[0];
    // Any source may be there a moment before a better one when a pipeline is new: that is no news.
    if (because === 'started' && !better && !forced) return;
    const why = forced ? this.#doubt : from !== null && from === this.#barred?.place ? DRILLED : null;
    const { kind } = this.#options;
    // What was left for a better one may have stopped as well: who returns is the news.
    const said = better
      ? lossText(kind, this.#position(to), because === 'started' ? because : 'returned')
      : lossText(kind, this.#position(from), because);
    this.#tell(to, why ?? said, { gapMs, ageMs });
  }

  #tell(to: Place | null, because: string, seen: SwitchNews['seen'], again = false): void {
    const from = this.told;
    const now = this.#position(to);
    if (from === now && !again) return;
    this.#told = to;
    this.#options.news({ kind: this.#options.kind, from, to: now, label: to?.origin.label ?? null, because, seen });
  }

  #attempt(done: Promise<unknown>, otherwise: string): void {
    done.catch((error: unknown) => this.#options.log.warn({ err: error }, otherwise));
  }
}
