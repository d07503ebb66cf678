/**
 * Which events of one process start have come. Numbers rise by one from 0, so a hole means that something is still on its way, or was lost.
 * Pure.
 */

export interface Track {
  /** Every event up to this one came or is known to be lost; -1 before the first. */
  readonly seq: number;
  /** Events that were given up. */
  readonly lost: number;
  /** What came beyond a hole, rising. */
  readonly ahead: readonly number[];
}

/** Moves the end of the unbroken part over what came before its turn. */
function absorb({ seq, lost, ahead }: Track): Track {
  let end = seq;
  let used = 0;
  while (ahead[used] === end + 1) {
    end += 1;
    used += 1;
  }
  return { seq: end, lost, ahead: used === 0 ? ahead : ahead.slice(used) };
}

/** The track after event `seq`; the same track when that came before. */
export function receive(track: Track, seq: number): Track {
  if (seq <= track.seq || track.ahead.includes(seq)) return track;
  if (seq === track.seq + 1) return absorb({ ...track, seq });
  const at = track.ahead.findIndex((each) => each > seq);
  return { ...track, ahead: at < 0 ? [...track.ahead, seq] : track.ahead.toSpliced(at, 0, seq) };
}

/** Gives up the first hole: what is in it counts as lost. The same track when there is no hole. */
export function giveUp(track: Track): Track {
  const next = track.ahead[0];
  if (next === undefined) return track;
  return absorb({ ...track, seq: next - 1, lost: track.lost + (next - 1 - track.seq) });
}
