/**
 * SSRC = 28-bit hash of (meeting, node, kind), then a 4-bit incarnation. The plan gives the base (incarnation 0); a sender counts the
 * incarnation up each time its RTP sequence starts anew, so that a receiver never takes a restarted stream for duplicates of the old one.
 */

/** What a stream carries. `mosaic` and `mix` are made by hubs, the others by sites. */
export type StreamKind = 'main' | 'tile' | 'audio' | 'content' | 'mosaic' | 'mix';

/** FNV-1a, 32 bits (draft-eastlake-fnv): small, stable everywhere, no security meaning. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** The base SSRC; never 0. Collisions inside a meeting are resolved by the planner with `salt`. */
export function baseSsrc(meeting: string, node: string, kind: StreamKind, salt = 0): number {
  const base = (fnv1a(`${meeting}\n${node}\n${kind}\n${salt}`) & 0xfffffff0) >>> 0;
  return base === 0 ? 16 : base;
}

/** The SSRC that a sender uses in its n-th incarnation (mod 16). */
export const incarnate = (base: number, incarnation: number): number => ((base & 0xfffffff0) | (incarnation & 0xf)) >>> 0;

/** The stream that an SSRC belongs to. */
export const streamOf = (ssrc: number): number => (ssrc & 0xfffffff0) >>> 0;
