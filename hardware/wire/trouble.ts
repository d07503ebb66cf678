/** Troubles of real lines, put between a simulator and its line on purpose. Pure but for the dice it is given. */
import type { Said } from './simulator.ts';

export interface Troubles {
  /** Every byte by itself. */
  readonly oneByte: boolean;
  /** All that is said at once comes in one piece with what was said before, `delayMs` or 20 ms later. */
  readonly glue: boolean;
  /** These bytes appear in the middle of each answer. */
  readonly noise: Uint8Array | null;
  readonly delayMs: number;
  /** This share of answers is lost, 0…1. */
  readonly drop: number;
  /** This share of answers has one byte changed, 0…1. */
  readonly corrupt: number;
}

export const noTroubles: Troubles = { oneByte: false, glue: false, noise: null, delayMs: 0, drop: 0, corrupt: 0 };

const GLUE_MS = 20;

/** @param dice 0 ≤ x < 1, such as Math.random or a seeded one. */
export function troubled(
  said: readonly Said[],
  { oneByte, glue, noise, delayMs, drop, corrupt }: Troubles,
  dice: () => number,
): readonly Said[] {
  const kept = said.flatMap((each) =>
    dice() < drop ? [] : [{ bytes: spoiled(each.bytes, corrupt, dice), afterMs: each.afterMs + delayMs }],
  );
  const noisy = noise === null ? kept : kept.map((each) => ({ ...each, bytes: interrupted(each.bytes, noise) }));
  const joined = glue ? glued(noisy) : noisy;
  return oneByte ? joined.flatMap(({ bytes, afterMs }) => Array.from(bytes, (byte) => ({ bytes: Uint8Array.of(byte), afterMs }))) : joined;
}

function spoiled(bytes: Uint8Array, share: number, dice: () => number): Uint8Array {
  if (bytes.length === 0 || dice() >= share) return bytes;
  const copy = Uint8Array.from(bytes);
  const at = Math.floor(dice() * copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(dice() * 8));
  return copy;
}

function interrupted(bytes: Uint8Array, noise: Uint8Array): Uint8Array {
  const at = bytes.length >> 1;
  return Uint8Array.of(...bytes.subarray(0, at), ...noise, ...bytes.subarray(at));
}

function glued(said: readonly Said[]): readonly Said[] {
  const at = Math.max(GLUE_MS, ...said.map(({ afterMs }) => afterMs));
  return said.length === 0 ? said : [{ bytes: Uint8Array.of(...said.flatMap(({ bytes }) => Array.from(bytes))), afterMs: at }];
}
