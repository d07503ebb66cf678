/** What follows from a plan: who sends `main` and why, what each viewer sees. Pure; hubs and edges share it so that they cannot disagree. */
import { type Grant, highest } from './grant.ts';
import type { Role } from './ids.ts';
import type { Plan, PlanHub, PlanSite } from './schema/plan.ts';

export const findSite = (plan: Plan, site: string): PlanSite | undefined => plan.sites.find((each) => each.site === site);
export const findHub = (plan: Plan, hub: string): PlanHub | undefined => plan.hubs.find((each) => each.hub === hub);

/** The site whose `main` is the floor, or null when nobody speaks. */
export const onAir = (plan: Plan): string | null => plan.grant.slots[0] ?? null;

/** Whether nobody hears `site`. */
export const mutedIn = (plan: Plan, site: string): boolean => plan.grant.muted.includes(site);

/** The plan under the higher of its own grant and `seen`, one that came another way. The very same plan when its own is. */
export function withGrant(plan: Plan, seen: Grant | null): Plan {
  const grant = seen === null ? plan.grant : highest(plan.grant, seen);
  return grant === plan.grant ? plan : { ...plan, grant };
}

/** The plan as it is to be done; null when its meeting has ended, even if central does not know that yet. */
export function inForce(plan: Plan, seen: Grant | null): Plan | null {
  const now = withGrant(plan, seen);
  return now.grant.ended ? null : now;
}

/** A panel that was alone with its box for a day does not write as much. */
const mostAhead = 10_000;

/**
 * Whether a hub of this plan that knows `known` takes `grant` from a node that says it on the control channel. A box may speak for itself only, only
 * while it has the chair, and may not hand the chair on: what others wrote it could have made up. Hubs pass on what they have judged; what central
 * writes comes with the plan, or from them. Numbers beyond reason are refused: one that nobody can exceed would be the last word for ever.
 */
export function mayGrant(
  plan: Pick<Plan, 'hubs'>,
  known: Grant,
  from: { readonly role: Role; readonly node: string },
  grant: Grant,
): boolean {
  if (from.role === 'hub') return plan.hubs.some(({ hub }) => hub === from.node);
  const near = grant.epoch - known.epoch <= mostAhead && grant.n - known.n <= mostAhead;
  return from.role === 'edge' && from.node === known.chair && grant.by === from.node && grant.chair === known.chair && near;
}

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
