/** From a key of the catalogue to a text in the chosen language. Pure. */
import { en } from './catalogue/en.ts';
import { type TextKey, vi } from './catalogue/vi.ts';

export type Language = 'vi' | 'en';
export const languages: readonly Language[] = ['vi', 'en'];

/** What may stand in the place of `{name}` in a text. Numbers are expected to be formatted already where a locale matters. */
export type Params = Readonly<Record<string, string | number>>;

const catalogues = { vi, en } as const satisfies Record<Language, Readonly<Record<TextKey, string>>>;

/** Puts `params` in the place of `{name}`; a name without a value stays visible, so that it is found. */
export const fill = (text: string, params: Params): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole));

/** The text of `key`. */
export const translate = (language: Language, key: TextKey, params: Params = {}): string => fill(catalogues[language][key], params);

type CountKey = { [K in TextKey]: K extends `${infer Stem}.other` ? Stem : never }[TextKey];

/** The text for `n` things; `stem` has the forms `.one` and `.other` (Vietnamese has one form only, both are equal there). */
export function translateCount(language: Language, stem: CountKey, n: number, shown: string): string {
  const form = new Intl.PluralRules(language).select(n) === 'one' ? 'one' : 'other';
  return translate(language, `${stem}.${form}`, { n: shown });
}

/** The language of a stored or declared tag; Vietnamese unless it says otherwise. */
export const languageOf = (tag: string | null): Language => (tag === 'en' ? 'en' : 'vi');

/** The key made of `prefix` and a word from outside, or undefined when the catalogue has none. */
export function keyFor(prefix: 'kind' | 'field' | 'role' | 'figure', word: string): TextKey | undefined {
  const key = `${prefix}.${word}`;
  return Object.hasOwn(vi, key) ? (key as TextKey) : undefined;
}
