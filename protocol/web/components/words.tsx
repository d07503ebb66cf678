/** The chosen language for every component below: texts by key, numbers and times by locale. */
import { type ComponentChildren, createContext } from 'preact';
import { useContext, useMemo } from 'preact/hooks';
import type { TextKey } from '../catalogue/vi.ts';
import { type Format, format } from '../format.ts';
import { type Language, type Params, translate, translateCount } from '../translate.ts';

export interface Words {
  readonly language: Language;
  readonly t: (key: TextKey, params?: Params) => string;
  /** "13 điểm cầu": the text for a number of things. */
  readonly count: (stem: Parameters<typeof translateCount>[1], n: number) => string;
  readonly f: Format;
}

const make = (language: Language): Words => {
  const f = format(language);
  return {
    language,
    f,
    t: (key, params) => translate(language, key, params),
    count: (stem, n) => translateCount(language, stem, n, f.number(n)),
  };
};

const Context = createContext<Words>(make('vi'));

export function WordsIn({ language, children }: { readonly language: Language; readonly children: ComponentChildren }) {
  const words = useMemo(() => make(language), [language]);
  return <Context.Provider value={words}>{children}</Context.Provider>;
}

export const useWords = (): Words => useContext(Context);
