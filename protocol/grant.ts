/**
 * The grant: who is on air, who is muted, whether the meeting goes on. One replicated register for each meeting: everybody acts on the highest
 * that he has seen, whoever wrote it and in whatever order it came. Who may write is part of it, so that nobody can know of a grant and not of the
 * chair that it was written under. floor-model.ts beside this file checks these very functions.
 */
import { type Static, Type } from 'typebox';
import { NodeId } from './ids.ts';

const closed = { additionalProperties: false } as const;
const orNobody = Type.Union([NodeId, Type.Null()]);

export const Grant = Type.Object(
  {
    /** Raised by whoever writes after somebody else. */
    epoch: Type.Integer({ minimum: 1, maximum: 2_000_000_000 }),
    /** Rises with every grant that is made of another, also into a new epoch. */
    n: Type.Integer({ minimum: 0, maximum: 2_000_000_000 }),
    /** Who wrote it: `central`, or the site whose panel did. */
    by: NodeId,
    /** Sites on air, first is the main picture. One slot until split screen exists. */
    slots: Type.Array(NodeId, { maxItems: 4 }),
    /** Prepared ahead: sends `main` already, is not shown. At most one. */
    next: orNobody,
    /** Shown to the speaker. */
    previous: orNobody,
    /** Nobody hears these sites. In the order of the alphabet. */
    muted: Type.Array(NodeId, { maxItems: 512 }),
    /** The site whose panel may write besides central; null: none. Only central changes it. */
    chair: orNobody,
    /** The meeting is over: nobody sends any more. */
    ended: Type.Boolean(),
  },
  closed,
);
export type Grant = Static<typeof Grant>;

/** What a grant says; the rest is its place in the order. */
export type GrantContent = Omit<Grant, 'epoch' | 'n' | 'by' | 'chair'>;

/** The author of grants that come from central. */
export const centralAuthor = 'central';

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** Spelled out, so that the order of keys in a message cannot matter. */
const said = ({ slots, next, previous, muted, chair, ended }: Grant): string =>
  JSON.stringify([slots, next, previous, muted, chair, ended]);

/**
 * Positive when `a` is higher than `b`, 0 when they are the same grant. The order is (epoch, by, n), not (epoch, n, by): should two writers have
 * come to the same epoch without knowing of each other, all grants of one of them are below all of the other, so that whoever presses more
 * buttons cannot overtake the other from behind; the loser learns of it and writes in the next epoch. Central is above every panel, for it says
 * who has the chair. What a grant says comes last: it decides only between two that a writer who lost his memory gave the same number.
 */
export const compareGrants = (a: Grant, b: Grant): number =>
  a.epoch - b.epoch ||
  Number(a.by === centralAuthor) - Number(b.by === centralAuthor) ||
  text(a.by, b.by) ||
  a.n - b.n ||
  text(said(a), said(b));

/** The higher of two grants; the first when equal. */
export const highest = (a: Grant, b: Grant): Grant => (compareGrants(b, a) > 0 ? b : a);

/** The grant that `by` writes on top of the highest that it knows. Who wrote that one goes on in its epoch, everybody else begins the next. */
export const nextGrant = (known: Grant, by: string, change: Partial<GrantContent>): Grant => ({
  ...known,
  ...change,
  epoch: known.by === by ? known.epoch : known.epoch + 1,
  n: known.n + 1,
  by,
});

/**
 * The grant with which central hands the chair on: always a new epoch. What the panel of the former chair writes without knowing of it, in the
 * epoch that it knows or the next one, is below it.
 */
export const appointingGrant = (known: Grant, chair: string | null): Grant => ({
  ...nextGrant(known, centralAuthor, {}),
  epoch: known.epoch + 1,
  chair,
});

/** The first grant of a meeting, made by central: nobody speaks. */
export const noGrant = (epoch: number): Grant => ({
  epoch,
  n: 0,
  by: centralAuthor,
  slots: [],
  next: null,
  previous: null,
  muted: [],
  chair: null,
  ended: false,
});
