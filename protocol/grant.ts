/** The floor: who is on air. The highest (epoch, n) wins everywhere, whoever wrote it and in whatever order it arrives. */
import { type Static, Type } from 'typebox';
import { NodeId } from './ids.ts';

export const Grant = Type.Object(
  {
    /** Raised by whoever takes over the floor from another authority (central, a panel). */
    epoch: Type.Integer({ minimum: 1 }),
    /** Counts the grants within an epoch. */
    n: Type.Integer({ minimum: 0 }),
    /** Sites on air, first is the main picture. One slot until split screen exists. */
    slots: Type.Array(NodeId, { maxItems: 4 }),
    /** Prepared ahead: sends `main` already, is not shown. At most one. */
    next: Type.Union([NodeId, Type.Null()]),
    /** Shown to the speaker. */
    previous: Type.Union([NodeId, Type.Null()]),
  },
  { additionalProperties: false },
);
export type Grant = Static<typeof Grant>;

/** Positive when `a` is higher than `b`, 0 when they are the same grant. */
export const compareGrants = (a: Pick<Grant, 'epoch' | 'n'>, b: Pick<Grant, 'epoch' | 'n'>): number => a.epoch - b.epoch || a.n - b.n;

/** The higher of two grants; the first when equal. */
export const highest = (a: Grant, b: Grant): Grant => (compareGrants(b, a) > 0 ? b : a);

export const noGrant = (epoch: number): Grant => ({ epoch, n: 0, slots: [], next: null, previous: null });
