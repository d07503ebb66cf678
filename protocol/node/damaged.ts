/** Something that a node had remembered cannot be used: it goes on without, and people are told. */
import type { EventBody } from '../schema/event.ts';

/** @param what it was, in words: `desired state`. What exactly is wrong stands in the log of the node: the file may hold secrets. */
export const damaged = (what: string, how: 'damaged' | 'unreadable'): EventBody => ({
  kind: 'health',
  severity: 'error',
  what: 'damaged',
  because: how === 'damaged' ? `its memory (${what}) is damaged and was put aside` : `its memory (${what}) cannot be read`,
  meeting: null,
  facts: { what },
});
