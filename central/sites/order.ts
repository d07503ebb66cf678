/** The order of names as Vietnamese readers expect it: Đ after D, tone marks last. Pure. */

const collator = new Intl.Collator('vi', { numeric: true, sensitivity: 'variant' });

/** Compares two names. */
export const compareNames = (a: string, b: string): number => collator.compare(a, b);

/** By place, then by name, then by id so that the order never depends on chance. */
export const compareSites = (a: { readonly order: number; readonly name: string; readonly site: string }, b: typeof a): number =>
  a.order - b.order || compareNames(a.name, b.name) || (a.site < b.site ? -1 : 1);
