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
  /** Above the gate for so long before a site is heard: a cough is not a speech. */
  readonly attackMs: number;
  /** An outsider must be louder than the quietest speaker by so much to take its place. */
  readonly marginDb: number;
  /** A speaker keeps its slot at least so long. */
  readonly holdMs: number;
  /** Below the gate for so long and the slot is free; pauses between sentences are shorter. */
  readonly leaveMs: number;
  /** How long a voice can still be on its way through mixer and encoder. */
  readonly coolMs: number;
  /** A level older than this is silence: the site's sound has stopped. */
  readonly staleMs: number;
  /** What is decoded may be so much below the gate: it is the mean of 100 ms, what a site says is its loudest packet. */
  readonly toleranceDb: number;
  /** A site that said it was loud and was not is heard no more for so long. */
  readonly doubtMs: number;
}

export const speakerRules: SpeakerRules = {
  gateDb: -50,
  attackMs: 80,
  marginDb: 6,
  holdMs: 1500,
  leaveMs: 4000,
  coolMs: 200,
  staleMs: 500,
  toleranceDb: 10,
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
  /** Who was here before and may still be in the sound, until `since + coolMs`. Only with `site` null. */
  readonly cooling: string | null;
  /** What has been decoded here since `site` came; null before the first reading. */
  readonly proof: { readonly at: number; readonly lastLoud: number } | null;
}

export interface Speakers {
  readonly slots: readonly Slot[];
  readonly levels: ReadonlyMap<string, Level>;
  /** Until when sites are not believed. */
  readonly doubted: ReadonlyMap<string, number>;
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
  | { readonly type: 'sites'; readonly allowed: readonly string[]; readonly floor: string | null; readonly at: number }
  /** Ten times a second: the only moment at which somebody is let in. */
  | { readonly type: 'tick'; readonly at: number };

export const noSpeakers: Speakers = {
  slots: Array.from({ length: speakerSlots }, () => ({ site: null, since: Number.NEGATIVE_INFINITY, cooling: null, proof: null })),
  levels: new Map(),
  doubted: new Map(),
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
    case 'sites': {
      const allowed = new Set(input.allowed);
      return evict({ ...state, allowed, floor: input.floor }, input.at, ({ site }) => site !== null && !allowed.has(site));
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

function prove(slot: Slot, { db, at }: { readonly db: number; readonly at: number }, rules: SpeakerRules): Slot {
  if (slot.site === null) return slot;
  const loud = db > rules.gateDb - rules.toleranceDb;
  return { ...slot, proof: { at, lastLoud: loud ? at : (slot.proof?.lastLoud ?? slot.since) } };
}

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
  return { ...state, slots: state.slots.map((slot) => (out(slot) ? { site: null, since: at, cooling: slot.site, proof: null } : slot)) };
}

function cool(state: Speakers, at: number, rules: SpeakerRules): Speakers {
  const cold = ({ site, cooling, since }: Slot): boolean => site === null && cooling !== null && at - since >= rules.coolMs;
  return { ...state, slots: state.slots.map((slot) => (cold(slot) ? { ...slot, cooling: null } : slot)) };
}

/** When a site was last loud by its own word. */
const saidLoud = (state: Speakers, site: string): number => state.levels.get(site)?.lastLoud ?? Number.NEGATIVE_INFINITY;

function leave(state: Speakers, at: number, rules: SpeakerRules): Speakers {
  const silent = ({ site, since, proof }: Slot): boolean => {
    if (site === null || site === state.floor || at - since < rules.holdMs) return false;
    // Without a mixer there is no proof, and its word counts.
    const lastLoud = proof !== null && at - proof.at <= rules.staleMs ? proof.lastLoud : saidLoud(state, site);
    return at - lastLoud > rules.leaveMs;
  };
  const liars = state.slots.flatMap((slot) =>
    slot.site !== null && silent(slot) && at - saidLoud(state, slot.site) <= rules.leaveMs ? [slot.site] : [],
  );
  const doubted = [...state.doubted].filter(([, until]) => at < until);
  const known = liars.length === 0 && doubted.length === state.doubted.size;
  const more = liars.map((site): [string, number] => [site, at + rules.doubtMs]);
  return evict(known ? state : { ...state, doubted: new Map([...doubted, ...more]) }, at, silent);
}

function admit(state: Speakers, at: number, rules: SpeakerRules): Speakers {
  const seated = new Set(state.slots.flatMap(({ site, cooling }) => [site, cooling]));
  const ready = (site: string): boolean => {
    if (site === state.floor) return true;
    if (state.doubted.has(site)) return false;
    const level = state.levels.get(site);
    return level?.loudSince != null && at - level.loudSince >= rules.attackMs && at - level.at <= rules.staleMs;
  };
  const rank = (site: string): number => (site === state.floor ? Number.POSITIVE_INFINITY : levelOf(state, site, at, rules));
  const waiting = [...state.allowed].filter((site) => !seated.has(site) && ready(site)).sort((a, b) => rank(b) - rank(a));
  const slots = [...state.slots];
  for (const site of waiting) {
    const free = slots.findIndex((slot) => slot.site === null && slot.cooling === null);
    if (free >= 0) {
      slots[free] = { site, since: at, cooling: null, proof: null };
      continue;
    }
    // All are taken: the quietest may have to go. Its place is free when its voice has run out of the mixer.
    if (slots.some((slot) => slot.site === null)) break;
    const weakest = slots.reduce((low, slot, index) => (rank(slot.site ?? '') < rank(slots[low]?.site ?? '') ? index : low), 0);
    const victim = slots[weakest];
    if (victim === undefined || victim.site === null || victim.site === state.floor) break;
    const mayGo = site === state.floor || (at - victim.since >= rules.holdMs && rank(site) > rank(victim.site) + rules.marginDb);
    if (mayGo) slots[weakest] = { site: null, since: at, cooling: victim.site, proof: null };
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
