/** What follows from a plan: who sends `main` and why, what each viewer sees. Pure; hubs and edges share it so that they cannot disagree. */
import type { Plan, PlanHub, PlanSite } from './schema/plan.ts';

export const findSite = (plan: Plan, site: string): PlanSite | undefined => plan.sites.find((each) => each.site === site);
export const findHub = (plan: Plan, hub: string): PlanHub | undefined => plan.hubs.find((each) => each.hub === hub);

/** The site whose `main` is the floor, or null when nobody speaks. */
export const onAir = (plan: Plan): string | null => plan.grant.slots[0] ?? null;

export type MainReason = 'on-air' | 'next' | 'previous';

/** Why `site` sends its `main`, or null when it must not. */
export function mainWanted(plan: Plan, site: string): MainReason | null {
  const { slots, next, previous } = plan.grant;
  if (slots.includes(site)) return 'on-air';
  if (next === site) return 'next';
  if (previous === site && slots.length > 0) return 'previous';
  return null;
}

/** What a viewer has on its full screen: the floor; the speaker sees the previous speaker; without either, the mosaic. */
export function fullScreen(plan: Plan, viewer: string): { readonly shows: 'main'; readonly site: string } | { readonly shows: 'mosaic' } {
  const speaker = onAir(plan);
  const wanted = speaker === viewer ? plan.grant.previous : speaker;
  return wanted === null || wanted === viewer || findSite(plan, wanted) === undefined
    ? { shows: 'mosaic' }
    : { shows: 'main', site: wanted };
}

/** Pictures in one mosaic; above this the sites are paged, because scaling costs more than it shows. */
export const mosaicSlots = 16;

/** The sites of the page in view, in slot order. */
export function mosaicPage(plan: Plan): readonly PlanSite[] {
  const pages = Math.max(1, Math.ceil(plan.sites.length / mosaicSlots));
  const page = Math.min(plan.layout.page, pages - 1);
  return plan.sites.slice(page * mosaicSlots, (page + 1) * mosaicSlots);
}
