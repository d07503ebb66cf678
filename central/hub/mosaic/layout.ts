/** Where each site's picture stands in the mosaic, and what is written there. Pure. */
import { mosaicPage, mosaicSlots, onAir } from '../../../protocol/plan.ts';
import type { Plan } from '../../../protocol/schema/plan.ts';

/** Four by four cells of exactly a tile's size: nothing is scaled. */
export const canvas = { width: 1280, height: 720, fps: 15 } as const;
export const cell = { width: 320, height: 180 } as const;
const columns = 4;
/** Height of the name under each picture. */
export const labelHeight = 22;
/** Width of the frame around the speaker. */
export const frameWidth = 4;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface SlotView {
  /** Number of the slot: fixed for a site as long as it is on the page. */
  readonly slot: number;
  readonly site: string;
  readonly box: Box;
  /** Site's name, on the label. */
  readonly label: string;
  /** Seen while no picture comes. */
  readonly slate: string;
}

export interface MosaicView {
  /** One for each of the sixteen slots; null for an empty one. */
  readonly slots: readonly (SlotView | null)[];
  /** The cell of the site that has the floor. */
  readonly speaker: Box | null;
}

const words = {
  vi: { lost: 'Mất kết nối', banned: 'Tạm ẩn do lỗi hình' },
  en: { lost: 'Connection lost', banned: 'Hidden: broken picture' },
} as const;

const at = (column: number, row: number, span = 1): Box => ({
  x: column * cell.width,
  y: row * cell.height,
  width: span * cell.width,
  height: span * cell.height,
});

/** Cells in reading order. With a large speaker in the top left corner twelve cells are left. */
const grid = Array.from({ length: mosaicSlots }, (_, index) => at(index % columns, Math.floor(index / columns)));
const besideLarge = grid.filter(({ x, y }) => x >= 2 * cell.width || y >= 2 * cell.height);

/**
 * @param taken slots that are in use, by site: a site keeps its slot as long as it stays on the page.
 * @param banned sites whose stream crashed the decoder.
 */
export function mosaicView(plan: Plan, taken: ReadonlyMap<string, number>, banned: ReadonlySet<string>): MosaicView {
  const page = mosaicPage(plan);
  const slots: (SlotView | null)[] = Array.from({ length: mosaicSlots }, () => null);
  const speaker = onAir(plan);
  const large = plan.layout.mosaic === 'speaker' && page.some(({ site }) => site === speaker);
  const text = words[plan.language];
  let next = 0;
  let frame: Box | null = null;
  for (const { site, name } of page) {
    const slot = taken.get(site);
    const box = large ? (site === speaker ? at(0, 0, 2) : besideLarge[next++]) : grid[next++];
    // With a large speaker the last sites of a full page have no room; their pictures stay decoded.
    if (slot === undefined || box === undefined) continue;
    slots[slot] = { slot, site, box, label: name, slate: banned.has(site) ? text.banned : text.lost };
    if (site === speaker) frame = box;
  }
  return { slots, speaker: frame };
}

/** Gives each site of the page a slot; those that stay keep theirs. */
export function assignSlots(sites: readonly string[], before: ReadonlyMap<string, number>, slots: number): ReadonlyMap<string, number> {
  const kept = new Map([...before].filter(([site]) => sites.includes(site)));
  const used = new Set(kept.values());
  const free = Array.from({ length: slots }, (_, slot) => slot).filter((slot) => !used.has(slot));
  for (const site of sites) {
    if (kept.has(site)) continue;
    const slot = free.shift();
    if (slot !== undefined) kept.set(site, slot);
  }
  return kept;
}
