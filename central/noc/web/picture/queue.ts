/**
 * What waits to enter the browser's buffer: initialisation segments and fragments in the order of the socket. Pure.
 * A new initialisation segment may come at any time (the speaker changed, the muxer was restarted); the buffer runs in sequence mode, so the
 * new pictures follow the old ones without a gap.
 */
import type { PreviewNote } from '../../../../protocol/api.ts';

export type Item =
  | { readonly is: 'init'; readonly mime: string; readonly bytes: Uint8Array }
  | { readonly is: 'media'; readonly bytes: Uint8Array };

export interface Queue {
  readonly items: readonly Item[];
  /** Bytes of all items. */
  readonly size: number;
  /** The `init` note whose segment has not come yet. */
  readonly awaited: { readonly mime: string; readonly site: string | null } | null;
  /** Media without an initialisation segment cannot be shown. */
  readonly begun: boolean;
  /** Whose picture the last initialisation segment began. */
  readonly site: string | null;
  /** Why no picture comes, in the words of the server; null when pictures come. */
  readonly waiting: string | null;
  /** The queue grew over its limit: the socket must be opened anew, because a fragment left out would break the picture until the next keyframe. */
  readonly overflown: boolean;
}

/** About fifteen seconds of the floor at 1.5 Mbit/s: more than that unread means that the tab was asleep. */
export const queueLimit = 3_000_000;

export const emptyQueue: Queue = { items: [], size: 0, awaited: null, begun: false, site: null, waiting: null, overflown: false };

/** A text frame came. */
export function noted(queue: Queue, note: PreviewNote): Queue {
  switch (note.type) {
    case 'init':
      return { ...queue, awaited: { mime: note.mime, site: note.site }, waiting: null };
    case 'waiting':
      return { ...queue, waiting: note.because };
    default:
      return note satisfies never;
  }
}

/** A binary frame came. */
export function received(queue: Queue, bytes: Uint8Array): Queue {
  const size = queue.size + bytes.length;
  if (size > queueLimit) return { ...emptyQueue, overflown: true };
  const { awaited } = queue;
  if (awaited !== null) {
    const item: Item = { is: 'init', mime: awaited.mime, bytes };
    return { ...queue, items: [...queue.items, item], size, awaited: null, begun: true, site: awaited.site };
  }
  if (!queue.begun) return queue;
  return { ...queue, items: [...queue.items, { is: 'media', bytes }], size, waiting: null };
}

/** The first item is in the buffer. */
export function taken(queue: Queue): Queue {
  const [first, ...items] = queue.items;
  return first === undefined ? queue : { ...queue, items, size: queue.size - first.bytes.length };
}
