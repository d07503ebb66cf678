/** What the rooms saw while a fault lasted, against the goals. Pure: what was seen goes in, figures come out. */
import type { LogEntry } from '../../protocol/api.ts';
import type { DrillStep, Figure, Room, Switched } from '../../protocol/drill.ts';
import type { Protection } from '../../protocol/schema/plan.ts';
import type { EdgeTelemetry } from '../../protocol/schema/telemetry.ts';
import { type Goal, goals } from './goals.ts';

export interface Viewer {
  readonly site: string;
  readonly protection: Protection;
  /** Its telemetry since the fault, oldest first. */
  readonly samples: readonly EdgeTelemetry[];
}

/** Everything that came in since the fault. */
export interface Seen {
  readonly viewers: readonly Viewer[];
  /** Of the nodes of the meeting, and central's own. */
  readonly events: readonly LogEntry[];
  /** Duration of a packet of the mix. */
  readonly packetMs: number;
  /** Who had the floor; null: nobody. */
  readonly speaker: string | null;
}

export type Measured = Pick<DrillStep, 'figures' | 'rooms' | 'switched'>;

const MOST_SWITCHED = 100;
/** Kinds of events that tell of a switch or an outage. */
const telling: ReadonlySet<string> = new Set(['source', 'hub', 'link', 'process', 'floor', 'tile', 'recording', 'drill', 'node', 'health']);

export function measure(step: DrillStep, seen: Seen): Measured {
  const rooms = seen.viewers.map((viewer) => roomOf(viewer, seen));
  return {
    figures: goals[step.fault].filter((goal) => asked(goal, step, seen)).map((goal) => figure(goal, values(goal, step, seen, rooms))),
    rooms,
    switched: seen.events
      .filter(({ kind }) => telling.has(kind))
      .slice(0, MOST_SWITCHED)
      .map(switchedOf),
  };
}

function roomOf({ site, protection, samples }: Viewer, { events, packetMs }: Seen): Room {
  const highest = (all: readonly number[]): number | null => (all.length === 0 ? null : Math.max(...all));
  const gaps = (stream: string): readonly number[] =>
    events.flatMap(({ node, kind, facts }) =>
      node === site && kind === 'hub' && facts['stream'] === stream && typeof facts['gapMs'] === 'number' ? [facts['gapMs']] : [],
    );
  // Where the relay has gone over to another hub it has measured the gap itself; between two hubs' streams counters tell nothing.
  const mosaic =
    gaps('mosaic').length > 0 ? gaps('mosaic') : samples.filter(({ mosaic }) => known(mosaic)).map(({ mosaic }) => mosaic.maxGapMs);
  const lostMs = samples.filter(({ mix }) => mix.packets > 0 || mix.lost > 0).map(({ mix }) => mix.lost * packetMs);
  const floor = samples.map((each) => each.floor).filter((each) => each.site !== null && known(each));
  return {
    site,
    protection,
    samples: samples.length,
    floorLost: floor.some(({ frames }) => frames > 0) ? floor.reduce((sum, { lostFrames }) => sum + lostFrames, 0) : null,
    floorGapMs: highest(floor.map(({ maxGapMs }) => maxGapMs)),
    mosaicGapMs: highest(mosaic),
    audioGapMs: highest([...gaps('mix'), ...lostMs]),
  };
}

/** A picture that came, or was missed. Where none was expected the numbers are noughts, which prove nothing. */
const known = ({ frames, maxGapMs }: { readonly frames: number; readonly maxGapMs: number }): boolean => frames > 0 || maxGapMs > 0;

/** Nobody can miss the picture of a site while another speaks. Where nobody speaks the figure stands in the report, as not measured. */
const asked = ({ name }: Goal, { fault, node }: DrillStep, { speaker }: Seen): boolean =>
  fault !== 'worker' || name !== 'floorGapMs' || speaker === null || speaker === node;

/** One value for each room or switch that has it. */
function values({ name, of }: Goal, step: DrillStep, seen: Seen, rooms: readonly Room[]): readonly number[] {
  const fact = (kind: string, key: string): readonly number[] =>
    seen.events.flatMap((each) =>
      each.node === step.node && each.kind === kind && typeof each.facts[key] === 'number' ? [each.facts[key]] : [],
    );
  switch (name) {
    case 'sourceGapMs':
      return fact('source', 'gapMs');
    case 'outageMs':
      return fact('process', 'outageMs');
    case 'backMs':
      return backMs(step, seen.events);
    case 'recordGapMs':
      return recordGapMs(step, seen.events);
    case 'eventsLost':
      return [
        seen.events.reduce(
          (sum, { what, facts }) => sum + (what === 'events-lost' && typeof facts['lost'] === 'number' ? facts['lost'] : 0),
          0,
        ),
      ];
    case 'floorLost':
    case 'floorGapMs':
    case 'audioGapMs':
    case 'mosaicGapMs':
      return rooms.filter((room) => sees(room, of, step, seen, name)).flatMap((room) => room[name] ?? []);
    default:
      return name satisfies never;
  }
}

/** Whose figure counts: rooms that sent numbers, protected as the goal says, and whose picture the fault can have touched. */
function sees(room: Room, of: Goal['of'], step: DrillStep, seen: Seen, name: Goal['name']): boolean {
  if (room.samples === 0) return false;
  if (of !== 'viewers' && room.protection !== of) return false;
  // What a worker of a site fails to send is seen by the others, and only while it speaks.
  if (step.fault === 'worker' && name === 'floorGapMs') return seen.speaker === step.node && room.site !== step.node;
  return true;
}

/** From the moment at which the path was there again to the last link that was connected, by the clock of the box. */
function backMs({ node, ms }: DrillStep, events: readonly LogEntry[]): readonly number[] {
  const mine = events.filter((each) => each.node === node);
  const cut = mine.find(({ kind }) => kind === 'drill')?.at;
  if (cut === undefined) return [];
  const back = mine.filter(({ kind, what, at }) => kind === 'link' && what === 'connected' && at >= cut).map(({ at }) => at);
  return back.length === 0 ? [] : [Math.max(0, Math.max(...back) - cut - ms)];
}

/** From the moment at which its worker was killed to the next segment, by the clock of the hub. */
function recordGapMs({ node }: DrillStep, events: readonly LogEntry[]): readonly number[] {
  const mine = events.filter((each) => each.node === node);
  const killed = mine.find(({ kind }) => kind === 'drill')?.at;
  const next = mine.filter(({ kind, what, at }) => kind === 'recording' && what === 'segment' && killed !== undefined && at >= killed);
  return killed === undefined || next.length === 0 ? [] : [Math.min(...next.map(({ at }) => at)) - killed];
}

/** Rank statistics by the nearest-rank method: every figure is one that was measured. */
export function rank(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function figure({ name, of, goal }: Goal, measured: readonly number[]): Figure {
  const sorted = measured.map((each) => Math.round(each)).sort((a, b) => a - b);
  const max = sorted.at(-1) ?? null;
  // A drill is one try: what the worst room saw counts.
  return {
    name,
    of,
    goal,
    n: sorted.length,
    p50: rank(sorted, 0.5),
    p95: rank(sorted, 0.95),
    max,
    passed: max === null ? null : max <= goal,
  };
}

function switchedOf({ at, node, kind, what, because, facts }: LogEntry): Switched {
  const ms = [facts['gapMs'], facts['outageMs']].find((each): each is number => typeof each === 'number');
  const about = node === 'central' && typeof facts['node'] === 'string' && facts['node'] !== '' ? facts['node'] : node;
  return { at, node: about, kind, what, because: because.slice(0, 300), ms: ms ?? null };
}
