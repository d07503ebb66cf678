/**
 * Who is heard: the loudest three, without flutter. Pure: levels and time come in, slots go out. A slot is an input of the mixer and the one of
 * its outputs that leaves this input out, so a site that leaves a slot keeps listening to it until its own voice has run out of the mixer
 * (`cooling`). Sites say themselves how loud they are, in the header of each packet; only the voices in slots are decoded, and what is decoded
 * tells whether a site that takes a place really speaks.
 */

/** Speakers that are mixed at the same time. */
export const speakerSlots = 3;

export interface SpeakerRules {
  /** Below this a site is noise. Speech in a room is some 20 dB above. */
  readonly gateDb: number;
  /** Above the gate in two readings so far apart before a site is heard: a cough is not a speech. */
  readonly attackMs: number;
  /** An outsider must be louder than the quietest speaker by so much to take its place. */
  readonly marginDb: number;
  /** A speaker keeps its slot at least so long. */
  readonly holdMs: number;
  /** Below the gate for so long and the slot is free; pauses between sentences are shorter. */
  readonly leaveMs: number;
  /** How long a voice can still be on its way through decoder, mixer and encoder (measured: 77 ms) when its last packet has gone in. */
  readonly coolMs: number;
  /** A level older than this is silence: the site's sound has stopped. */
  readonly staleMs: number;
  /** What is decoded may be so much below the gate and still count as loud: Opus takes away rumble. */
  readonly toleranceDb: number;
  /** A speaker of whom nothing loud has been decoded for so long has its slot for nothing, whatever it says; longer than `leaveMs`. */
  readonly proofMs: number;
  /** If it says even then that it is loud, it is not believed for so long. */
  readonly doubtMs: number;
}

export const speakerRules: SpeakerRules = {
  gateDb: -50,
  attackMs: 80,
  marginDb: 6,
  holdMs: 1500,
  leaveMs: 4000,
  coolMs: 400,
  staleMs: 500,
  toleranceDb: 10,
  proofMs: 7000,
  doubtMs: 30_000,
};

/** dB of no sound at all. */
export const silence = -100;

interface Level {
  /** Follows rises at once and falls slowly, so that the gap between two words does not count. */
  readonly db: number;
  readonly at: number;
  /** Since when it is above the gate; null while below. */
  readonly loudSince: number | null;
  readonly lastLoud: number;
}

export interface Slot {
  readonly site: string | null;
  readonly since: number;
  /** When something loud was last decoded here; at first the moment it was taken. */
  readonly provenAt: number;
  /** Who was here before and may still be in the sound. Only with `site` null. */
  readonly cooling: string | null;
  /** When its last packet went in; null while the relay may still send some. */
  readonly unfedAt: number | null;
}

export interface Speakers {
  readonly slots: readonly Slot[];
  readonly levels: ReadonlyMap<string, Level>;
  /** Until when sites are not believed. */
  readonly doubted: ReadonlyMap<string, number>;
  /** Since when the mixer runs; null while it does not, and nothing can be proven. */
  readonly mixing: number | null;
  /** Sites that may be heard: in the meeting, not muted, not banned. */
  readonly allowed: ReadonlySet<string>;
  /** Has the floor: always heard unless muted. */
  readonly floor: string | null;
}

export type SpeakersInput =
  /** What a site says of itself. */
  | { readonly type: 'level'; readonly site: string; readonly db: number; readonly at: number }
  /** What the mixer has decoded in a slot. */
  | { readonly type: 'decoded'; readonly slot: number; readonly db: number; readonly at: number }
  | { readonly type: 'mixer'; readonly runs: boolean; readonly at: number }
  /** From now on the relay sends nothing of this site into the mixer. */
  | { readonly type: 'unfed'; readonly site: string; readonly at: number }
  | { readonly type: 'sites'; readonly allowed: readonly string[]; readonly floor: string | null; readonly at: number }
  /** Ten times a second: the only moment at which somebody is let in. */
  | { readonly type: 'tick'; readonly at: number };

const long = Number.NEGATIVE_INFINITY;

export const noSpeakers: Speakers = {
  slots: Array.from({ length: speakerSlots }, () => ({ site: null, since: long, provenAt: long, cooling: null, unfedAt: null })),
  levels: new Map(),
  doubted: new Map(),
  mixing: null,
  allowed: new Set(),
  floor: null,
};

/** dB per second at which a remembered level falls. */
const decayDbPerSecond = 20;

export function reduceSpeakers(state: Speakers, input: SpeakersInput, rules: SpeakerRules = speakerRules): Speakers {
  switch (input.type) {
    case 'level':
      return { ...state, levels: new Map(state.levels).set(input.site, hear(state.levels.get(input.site), input, rules)) };
    case 'decoded':
      return { ...state, slots: state.slots.map((slot, index) => (index === input.slot ? prove(slot, input, rules) : slot)) };
    case 'mixer':
      return { ...state, mixing: input.runs ? input.at : null };
    case 'unfed': {
      const out = (slot: Slot): boolean => slot.cooling === input.site && slot.unfedAt === null;
      return state.slots.some(out)
        ? { ...state, slots: state.slots.map((slot) => (out(slot) ? { ...slot, unfedAt: input.at } : slot)) }
        : state;
    }
    case 'sites': {
      const allowed = new Set(input.allowed);
      // Whoever had the floor need not have spoken until now.
      const slots = state.slots.map((slot) => (slot.site === state.floor ? { ...slot, provenAt: input.at } : slot));
      return evict({ ...state, slots, allowed, floor: input.floor }, input.at, ({ site }) => site !== null && !allowed.has(site));
    }
    case 'tick':
      return admit(leave(cool(state, input.at, rules), input.at, rules), input.at, rules);
    default:
      return input satisfies never;
  }
}

function hear(before: Level | undefined, { db, at }: { readonly db: number; readonly at: number }, rules: SpeakerRules): Level {
  const fallen = before === undefined ? silence : before.db - (decayDbPerSecond * (at - before.at)) / 1000;
  const loud = db > rules.gateDb;
  const kept = before !== undefined && at - before.at < rules.staleMs ? before.loudSince : null;
  // A short dip does not begin the attack anew.
  const loudSince = loud ? (kept ?? at) : before !== undefined && kept !== null && at - before.lastLoud < 300 ? kept : null;
  return { db: Math.max(silence, db, fallen), at, loudSince, lastLoud: loud ? at : (before?.lastLoud ?? Number.NEGATIVE_INFINITY) };
}

const prove = (slot: Slot, { db, at }: { readonly db: number; readonly at: number }, rules: SpeakerRules): Slot =>
  slot.site !== null && db > rules.gateDb - rules.toleranceDb ? { ...slot, provenAt: at } : slot;

/** The level of a site as it counts at `at`. */
export function levelOf(state: Speakers, site: string, at: number, rules: SpeakerRules = speakerRules): number {
  const level = state.levels.get(site);
  return level === undefined || at - level.at > rules.staleMs ? silence : level.db;
}

/** Whether a site is to be marked as speaking: in a slot and above the gate a moment ago. */
export function isSpeaking(state: Speakers, site: string, at: number, rules: SpeakerRules = speakerRules): boolean {
  const level = state.levels.get(site);
  return (
    state.slots.some((slot) => slot.site === site) && level !== undefined && at - level.lastLoud < 600 && at - level.at < rules.staleMs
  );
}

function evict(state: Speakers, at: number, out: (slot: Slot) => boolean): Speakers {
  return { ...state, slots: state.slots.map((slot) => (out(slot) ? emptied(slot, at) : slot)) };
}

const emptied = ({ site, provenAt }: Slot, at: number): Slot => ({ site: null, since: at, provenAt, cooling: site, unfedAt: null });
const taken = (site: string, at: number): Slot => ({ site, since: at, provenAt: at, cooling: null, unfedAt: null });

function cool(state: Speakers, at: number, rules: SpeakerRules): Speakers {
  const cold = ({ cooling, unfedAt }: Slot): boolean => cooling !== null && unfedAt !== null && at - unfedAt >= rules.coolMs;
  return { ...state, slots: state.slots.map((slot) => (cold(slot) ? { ...slot, cooling: null } : slot)) };
}

function leave(state: Speakers, at: number, rules: SpeakerRules): Speakers {
  const { mixing } = state;
  const silent = (site: string): boolean => at - (state.levels.get(site)?.lastLoud ?? long) > rules.leaveMs;
  const unproven = ({ provenAt }: Slot): boolean => mixing !== null && at - Math.max(provenAt, mixing) > rules.proofMs;
  const goes = (slot: Slot): boolean =>
    slot.site !== null && slot.site !== state.floor && at - slot.since >= rules.holdMs && (silent(slot.site) || unproven(slot));
  const liars = state.slots.flatMap((slot) => (slot.site !== null && goes(slot) && !silent(slot.site) ? [slot.site] : []));
  const believed = [...state.doubted].filter(([, until]) => at >= until);
  if (liars.length === 0 && believed.length === 0) return evict(state, at, goes);
  const doubted = new Map([...state.doubted, ...liars.map((site): [string, number] => [site, at + rules.doubtMs])]);
  for (const [site] of believed) doubted.delete(site);
  return evict({ ...state, doubted }, at, goes);
}

function admit(state: Speakers, at: number, rules: SpeakerRules): Speakers {
  const seated = new Set(state.slots.flatMap(({ site, cooling }) => [site, cooling]));
  const ready = (site: string): boolean => {
    if (site === state.floor) return true;
    if (state.doubted.has(site)) return false;
    const level = state.levels.get(site);
    return level?.loudSince != null && level.lastLoud - level.loudSince >= rules.attackMs && at - level.at <= rules.staleMs;
  };
  const rank = (site: string): number => (site === state.floor ? Number.POSITIVE_INFINITY : levelOf(state, site, at, rules));
  const waiting = [...state.allowed].filter((site) => !seated.has(site) && ready(site)).sort((a, b) => rank(b) - rank(a));
  const slots = [...state.slots];
  for (const site of waiting) {
    const free = slots.findIndex((slot) => slot.site === null && slot.cooling === null);
    if (free >= 0) {
      slots[free] = taken(site, at);
      continue;
    }
    // All are taken: the quietest may have to go. Its place is free when its voice has run out of the mixer.
    if (slots.some((slot) => slot.site === null)) break;
    const weakest = slots.reduce((low, slot, index) => (rank(slot.site ?? '') < rank(slots[low]?.site ?? '') ? index : low), 0);
    const victim = slots[weakest];
    if (victim === undefined || victim.site === null || victim.site === state.floor) break;
    const mayGo = site === state.floor || (at - victim.since >= rules.holdMs && rank(site) > rank(victim.site) + rules.marginDb);
    if (mayGo) slots[weakest] = emptied(victim, at);
    break;
  }
  return { ...state, slots };
}

/** Which slot each speaker listens to instead of everybody's mix. */
export function hears(state: Speakers): ReadonlyMap<string, 0 | 1 | 2> {
  const map = new Map<string, 0 | 1 | 2>();
  for (const [index, { site, cooling }] of state.slots.entries()) {
    const listener = site ?? cooling;
    if (listener !== null) map.set(listener, index as 0 | 1 | 2);
  }
  return map;
}
