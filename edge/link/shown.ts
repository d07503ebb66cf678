/** When the floor's picture is here: told once for each grant. Pure. */

/** A floor that is waited for, or has been told. */
export interface ShownState {
  /** `epoch.n` of the grant and whose picture it is; null: nobody's. */
  readonly grant: string | null;
  readonly ssrc: number | null;
  readonly told: boolean;
  /** Newest first IDR of each stream, monotonic ms. */
  readonly keyframes: ReadonlyMap<number, number>;
}

export const nothingShown: ShownState = { grant: null, ssrc: null, told: false, keyframes: new Map() };

/** An IDR that came this long before the plan is the one that the plan is about: the hub was faster than the broker. */
const AHEAD_MS = 3000;

export interface ShownStep {
  readonly state: ShownState;
  /** The picture of the grant is here since then (monotonic ms); null: nothing to tell. */
  readonly at: number | null;
}

/** The plan's floor as of `now`. */
export function floorIs(state: ShownState, grant: string | null, ssrc: number | null, now: number): ShownStep {
  if (grant === state.grant && ssrc === state.ssrc) return { state, at: null };
  const next: ShownState = { ...state, grant, ssrc, told: false };
  if (ssrc === null) return { state: next, at: null };
  // The same picture under a new grant goes on being shown.
  if (ssrc === state.ssrc && state.told) return { state: { ...next, told: true }, at: now };
  const seen = state.keyframes.get(ssrc);
  if (seen === undefined || now - seen > AHEAD_MS) return { state: next, at: null };
  return { state: { ...next, told: true }, at: seen };
}

/** The first IDR of a stream arrived. */
export function keyframeCame(state: ShownState, ssrc: number, at: number): ShownStep {
  const recent = [...state.keyframes].filter(([, seen]) => at - seen <= AHEAD_MS);
  const next: ShownState = { ...state, keyframes: new Map(recent).set(ssrc, at) };
  if (ssrc !== state.ssrc || state.told) return { state: next, at: null };
  return { state: { ...next, told: true }, at };
}
