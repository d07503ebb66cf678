/**
 * Who is on air: a pure step from (floor, request) to (floor, effects, because). No clock, no I/O. Central and the chair's panel share it, each
 * writes in its own name. The grant's `n` rises whenever anything in the grant changes, so two different grants never carry the same number.
 * Who is on air changes only by give, take, back, gone and end.
 */
import { failed, ok, type Result } from './fault.ts';
import { type Grant, type GrantContent, nextGrant } from './grant.ts';

export interface Floor {
  readonly grant: Grant;
  /** Who takes part. */
  readonly sites: readonly string[];
}

/** Requests of people, and facts about sites. */
export type FloorInput =
  /** Puts `site` on air; the speaker before it becomes `previous`. */
  | { readonly type: 'give'; readonly site: string }
  /** Takes the floor from everybody: all see the mosaic. */
  | { readonly type: 'take' }
  /** Has `site` send its `main` already, unseen; null prepares nobody. */
  | { readonly type: 'prepare'; readonly site: string | null }
  /** Gives the floor back to the speaker before. */
  | { readonly type: 'back' }
  /** Nobody hears `site`, or everybody again. Does not take the floor away. */
  | { readonly type: 'mute'; readonly site: string; readonly muted: boolean }
  /** The meeting is over. */
  | { readonly type: 'end' }
  /** The node of `site` is no longer heard of. It may still be on air: media do not need the broker. */
  | { readonly type: 'lost'; readonly site: string }
  /** `site` is no longer a participant. */
  | { readonly type: 'gone'; readonly site: string }
  /** `site` is a participant from now on. */
  | { readonly type: 'joined'; readonly site: string };

/** What the owner of the reducer has to do afterwards; `because` of the step explains each. */
export type FloorEffect =
  /** The plan changed: bring it to the hub and all edges. `kind` tells what changed, for the log. */
  | { readonly do: 'publish'; readonly kind: 'on-air' | 'next' | 'mute' | 'sites' | 'end' }
  /** Tell the operators; nothing changes by itself. */
  | { readonly do: 'warn'; readonly site: string };

export interface FloorStep {
  readonly state: Floor;
  readonly effects: readonly FloorEffect[];
  readonly because: string;
}

const unchanged = (state: Floor, because: string): Result<FloorStep> => ok({ state, effects: [], because });

type Write = (change: Partial<GrantContent>, kind: 'on-air' | 'next' | 'mute' | 'end', because: string) => Result<FloorStep>;

/** Writes the next grant of `state` in the name of `by`. */
const writer =
  (state: Floor, by: string): Write =>
  (change, kind, because) =>
    ok({ state: { ...state, grant: nextGrant(state.grant, by, change) }, effects: [{ do: 'publish', kind }], because });

/** Puts `site` on air. The former speaker becomes `previous`; after a pause without a speaker the last one is remembered. */
function give(state: Floor, site: string, write: Write, because: string): Result<FloorStep> {
  const { slots, next, previous } = state.grant;
  const speaker = slots[0] ?? null;
  if (speaker === site) return unchanged(state, `${site} has the floor already`);
  const former = speaker ?? previous;
  return write({ slots: [site], next: next === site ? null : next, previous: former === site ? null : former }, 'on-air', because);
}

/** One step by `by`. A request that cannot be is a Fault; one that changes nothing has no effects and says why. */
export function reduce(state: Floor, input: FloorInput, by: string): Result<FloorStep> {
  const { slots, next, previous, muted, ended } = state.grant;
  if (ended) return failed({ code: 'conflict', what: 'floor', reason: 'the meeting has ended' });
  const write = writer(state, by);
  const speaker = slots[0] ?? null;
  const named = 'site' in input ? input.site : null;
  const takesPart = named !== null && state.sites.includes(named);
  if (input.type === 'joined' && takesPart) return unchanged(state, `${named} takes part already`);
  if (input.type !== 'joined' && named !== null && !takesPart)
    return failed({ code: 'not-found', what: 'site of this meeting', id: named });

  switch (input.type) {
    case 'give':
      return give(
        state,
        input.site,
        write,
        input.site === next ? `${input.site} was prepared and is given the floor` : `${input.site} is given the floor`,
      );
    case 'take':
      if (speaker === null) return unchanged(state, 'nobody has the floor');
      return write({ slots: [], previous: speaker }, 'on-air', `the floor is taken from ${speaker}`);
    case 'prepare':
      if (input.site === next) return unchanged(state, next === null ? 'nobody is prepared' : `${next} is prepared already`);
      if (input.site !== null && input.site === speaker)
        return failed({ code: 'conflict', what: 'next', reason: `${input.site} has the floor` });
      return write(
        { next: input.site },
        'next',
        input.site === null ? `${next} is no longer prepared` : `${input.site} is prepared to speak next`,
      );
    case 'back':
      if (previous === null) return failed({ code: 'conflict', what: 'floor', reason: 'there is no previous speaker' });
      return give(state, previous, write, `the floor returns to ${previous}`);
    case 'mute': {
      const { site } = input;
      if (muted.includes(site) === input.muted) return unchanged(state, `${site} is ${input.muted ? 'muted' : 'heard'} already`);
      const others = muted.filter((each) => each !== site);
      const change = { muted: input.muted ? [...others, site].sort() : others };
      return write(change, 'mute', `${site} is ${input.muted ? 'muted' : 'unmuted'}`);
    }
    case 'end':
      return write({ slots: [], next: null, previous: null, ended: true }, 'end', 'the meeting is ended');
    case 'lost':
      // Losing the control link says nothing about the picture, and a speaker is taken off the air by a person only.
      if (input.site === speaker)
        return ok({
          state,
          effects: [{ do: 'warn', site: input.site }],
          because: `${input.site} speaks and is not heard of; it keeps the floor`,
        });
      if (input.site === next)
        return ok({
          state,
          effects: [{ do: 'warn', site: input.site }],
          because: `${input.site} is next and is not heard of; it stays prepared`,
        });
      return unchanged(state, `${input.site} is neither on air nor next`);
    case 'gone': {
      const { site } = input;
      const left = writer({ ...state, sites: state.sites.filter((each) => each !== site) }, by);
      const heard = { muted: muted.filter((each) => each !== site) };
      const forgotten = { ...heard, previous: previous === site ? null : previous };
      if (site === speaker) return left({ ...heard, slots: [], previous }, 'on-air', `${site} spoke and left`);
      if (site === next) return left({ ...forgotten, next: null }, 'next', `${site} was next and left`);
      if (site === previous) return left(forgotten, 'on-air', `${site} was the previous speaker and left`);
      if (muted.includes(site)) return left(heard, 'mute', `${site} was muted and left`);
      return ok({
        state: { ...state, sites: state.sites.filter((each) => each !== site) },
        effects: [{ do: 'publish', kind: 'sites' }],
        because: `${site} left`,
      });
    }
    case 'joined':
      return ok({
        state: { ...state, sites: [...state.sites, input.site] },
        effects: [{ do: 'publish', kind: 'sites' }],
        because: `${input.site} joined`,
      });
    default:
      return input satisfies never;
  }
}
