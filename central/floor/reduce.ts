/**
 * Who is on air: a pure step from (floor, request) to (floor, effects, because). No clock, no I/O.
 * The grant's `n` rises whenever anything in the grant changes, `next` included: nodes compare grants by (epoch, n) only, so two different
 * grants never carry the same number. Who is on air changes only by give, take, back and gone.
 */
import { failed, ok, type Result } from '../../protocol/fault.ts';
import type { Grant } from '../../protocol/grant.ts';

export interface FloorSite {
  readonly site: string;
  /** Set by the chair: nobody hears this site. Muting does not take the floor away. */
  readonly muted: boolean;
}

export interface Floor {
  readonly grant: Grant;
  readonly sites: readonly FloorSite[];
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
  | { readonly type: 'mute'; readonly site: string; readonly muted: boolean }
  /** The node of `site` is no longer heard of. It may still be on air: media do not need the broker. */
  | { readonly type: 'lost'; readonly site: string }
  /** `site` is no longer a participant. */
  | { readonly type: 'gone'; readonly site: string }
  /** `site` is a participant from now on. */
  | { readonly type: 'joined'; readonly site: string };

/** What the owner of the reducer has to do afterwards; `because` of the step explains each. */
export type FloorEffect =
  /** The plan changed: bring it to the hub and all edges. `kind` tells what changed, for the log. */
  | { readonly do: 'publish'; readonly kind: 'on-air' | 'next' | 'mute' | 'sites' }
  /** Tell the operators; nothing changes by itself. */
  | { readonly do: 'warn'; readonly site: string };

export interface FloorStep {
  readonly state: Floor;
  readonly effects: readonly FloorEffect[];
  readonly because: string;
}

const unchanged = (state: Floor, because: string): Result<FloorStep> => ok({ state, effects: [], because });

const granted = (
  state: Floor,
  change: Partial<Pick<Grant, 'slots' | 'next' | 'previous'>>,
  kind: 'on-air' | 'next',
  because: string,
): Result<FloorStep> =>
  ok({ state: { ...state, grant: { ...state.grant, ...change, n: state.grant.n + 1 } }, effects: [{ do: 'publish', kind }], because });

/** Puts `site` on air. The former speaker becomes `previous`; after a pause without a speaker the last one is remembered. */
function give(state: Floor, site: string, because: string): Result<FloorStep> {
  const { slots, next, previous } = state.grant;
  const speaker = slots[0] ?? null;
  if (speaker === site) return unchanged(state, `${site} has the floor already`);
  const former = speaker ?? previous;
  return granted(state, { slots: [site], next: next === site ? null : next, previous: former === site ? null : former }, 'on-air', because);
}

/** One step. A request that cannot be is a Fault; one that changes nothing has no effects and says why. */
export function reduce(state: Floor, input: FloorInput): Result<FloorStep> {
  const { slots, next, previous } = state.grant;
  const speaker = slots[0] ?? null;
  const named = 'site' in input ? input.site : null;
  const takesPart = state.sites.some((each) => each.site === named);
  if (input.type === 'joined' && takesPart) return unchanged(state, `${named} takes part already`);
  if (input.type !== 'joined' && named !== null && !takesPart)
    return failed({ code: 'not-found', what: 'site of this meeting', id: named });

  switch (input.type) {
    case 'give':
      return give(
        state,
        input.site,
        input.site === next ? `${input.site} was prepared and is given the floor` : `${input.site} is given the floor`,
      );
    case 'take':
      if (speaker === null) return unchanged(state, 'nobody has the floor');
      return granted(state, { slots: [], previous: speaker }, 'on-air', `the floor is taken from ${speaker}`);
    case 'prepare':
      if (input.site === next) return unchanged(state, next === null ? 'nobody is prepared' : `${next} is prepared already`);
      if (input.site !== null && input.site === speaker)
        return failed({ code: 'conflict', what: 'next', reason: `${input.site} has the floor` });
      return granted(
        state,
        { next: input.site },
        'next',
        input.site === null ? `${next} is no longer prepared` : `${input.site} is prepared to speak next`,
      );
    case 'back':
      if (previous === null) return failed({ code: 'conflict', what: 'floor', reason: 'there is no previous speaker' });
      return give(state, previous, `the floor returns to ${previous}`);
    case 'mute': {
      const { site, muted } = input;
      if (state.sites.some((each) => each.site === site && each.muted === muted))
        return unchanged(state, `${site} is ${muted ? 'muted' : 'heard'} already`);
      const sites = state.sites.map((each) => (each.site === site ? { site, muted } : each));
      return ok({
        state: { ...state, sites },
        effects: [{ do: 'publish', kind: 'mute' }],
        because: `${site} is ${muted ? 'muted' : 'unmuted'}`,
      });
    }
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
      const sites = state.sites.filter((each) => each.site !== input.site);
      const left = { ...state, sites };
      if (input.site === speaker) return granted(left, { slots: [], previous }, 'on-air', `${input.site} spoke and left`);
      if (input.site === next)
        return granted(
          left,
          { next: null, previous: previous === input.site ? null : previous },
          'next',
          `${input.site} was next and left`,
        );
      if (input.site === previous) return granted(left, { previous: null }, 'on-air', `${input.site} was the previous speaker and left`);
      return ok({ state: left, effects: [{ do: 'publish', kind: 'sites' }], because: `${input.site} left` });
    }
    case 'joined':
      return ok({
        state: { ...state, sites: [...state.sites, { site: input.site, muted: false }] },
        effects: [{ do: 'publish', kind: 'sites' }],
        because: `${input.site} joined`,
      });
    default:
      return input satisfies never;
  }
}
