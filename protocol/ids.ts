/** Names of things: nodes, meetings, recordings, process starts. One place for their shape. */
import { type Static, Type } from 'typebox';

/** A box, hub or central: lower-case letters, digits, hyphens; also the CN of its certificate and a topic segment. */
export const NodeId = Type.String({ pattern: '^[a-z0-9]([a-z0-9\\-]{0,61}[a-z0-9])?$', maxLength: 63, description: 'node id' });
export type NodeId = Static<typeof NodeId>;

/** What people call a site or a meeting: one line, with something to see in it. */
export const Name = Type.String({
  pattern: '^[^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f][^\\x00-\\x1f\\x7f]*$',
  minLength: 1,
  maxLength: 120,
  description: 'one line of text',
});

/** A meeting, given by central. */
export const MeetingId = Type.String({ pattern: '^m-[a-z0-9]{6,26}$', maxLength: 28, description: 'meeting id' });
export type MeetingId = Static<typeof MeetingId>;

/** A recording of a meeting, given by central. */
export const RecordingId = Type.String({ pattern: '^r-[a-z0-9]{6,26}$', maxLength: 28, description: 'recording id' });
export type RecordingId = Static<typeof RecordingId>;

/** A WAN link of a box, as its technician calls it. At most 20 letters: it becomes part of names in the relay. */
export const PathName = Type.String({ pattern: '^[a-z0-9][a-z0-9_\\-]{0,19}$', maxLength: 20, description: 'path name' });
export type PathName = Static<typeof PathName>;

/** Random per process start, so that sequence numbers may begin at 0 each time. */
export const BootId = Type.String({ pattern: '^[a-f0-9]{16}$', description: 'boot id, 64 random bits in hex' });
export type BootId = Static<typeof BootId>;

/** The part a node plays; the organisational unit of its certificate. */
export const Role = Type.Union([Type.Literal('central'), Type.Literal('hub'), Type.Literal('edge')]);
export type Role = Static<typeof Role>;

const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

/** An id of ten letters (49 bits) after `prefix`, made from injected random bytes (at least ten). */
export function newId(prefix: 'm' | 'r' | 'd', random: Uint8Array): string {
  if (random.length < 10) throw new RangeError('newId needs ten random bytes');
  return `${prefix}-${[...random.subarray(0, 10)].map((byte) => alphabet[byte % alphabet.length]).join('')}`;
}
