/** What the floor panel and the tiles say about who speaks, made from the meeting and the sites. Pure. */
import type { MeetingView, SiteView } from '../../../protocol/api.ts';
import { mosaicSlots } from '../../../protocol/plan.ts';

/** A site's part in the floor. */
export type Part = 'on-air' | 'next' | 'previous' | 'none';

export function partOf(meeting: MeetingView, site: string): Part {
  const { slots, next, previous } = meeting.grant;
  if (slots.includes(site)) return 'on-air';
  if (next === site) return 'next';
  return previous === site ? 'previous' : 'none';
}

export const isMuted = (meeting: MeetingView, site: string): boolean => meeting.sites.some((each) => each.site === site && each.muted);

/** The name of a site, or its id while the registry does not know it. */
export const nameOf = (sites: ReadonlyMap<string, Pick<SiteView, 'name'>>, site: string): string => sites.get(site)?.name ?? site;

/** Who `return` leads to: the previous speaker, if it still takes part and does not speak now. */
export function returnsTo(meeting: MeetingView): string | null {
  const { slots, previous } = meeting.grant;
  return previous !== null && !slots.includes(previous) && meeting.sites.some((each) => each.site === previous) ? previous : null;
}

/** Pages of the mosaic. */
export const pagesOf = (meeting: Pick<MeetingView, 'sites'>): number => Math.max(1, Math.ceil(meeting.sites.length / mosaicSlots));

/** Tiles in a row: two rows up to sixteen sites, so that a province fits a small screen without scrolling. */
export const columnsFor = (sites: number): number => (sites <= 16 ? Math.max(4, Math.ceil(sites / 2)) : 8);

/** What changed on the floor between two states of one meeting, for the live region. */
export type FloorChange =
  | { readonly is: 'speaker'; readonly site: string }
  | { readonly is: 'nobody' }
  | { readonly is: 'next'; readonly site: string };

export function floorChange(before: MeetingView, after: MeetingView): FloorChange | null {
  const [was, now] = [before.grant.slots[0] ?? null, after.grant.slots[0] ?? null];
  if (was !== now) return now === null ? { is: 'nobody' } : { is: 'speaker', site: now };
  if (before.grant.next !== after.grant.next && after.grant.next !== null) return { is: 'next', site: after.grant.next };
  return null;
}
