/** Finding and sorting Vietnamese names: search without marks, order with them. Pure. */

/** Lower case without marks; NFD leaves đ whole, so it is mapped by hand. Accepts NFC and NFD input alike. */
export const fold = (text: string): string =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replace(/đ/g, 'd').replace(/Đ/g, 'D').toLowerCase();

/** True when every word of `wanted` occurs in `text`, whatever the marks, case and order. */
export function matches(text: string, wanted: string): boolean {
  const folded = fold(text);
  return fold(wanted)
    .split(/\s+/)
    .every((word) => folded.includes(word));
}

const collator = new Intl.Collator('vi', { numeric: true });

/** Vietnamese order: Đ after D, marks after the plain letter, numbers by value. */
export const compareNames = (a: string, b: string): number => collator.compare(a, b);

/** Sites as people expect them: by their order in the registry, then by name. */
export const compareSites = (
  a: { readonly order: number; readonly name: string },
  b: { readonly order: number; readonly name: string },
): number => a.order - b.order || compareNames(a.name, b.name);
