/** What this computer remembers for its user: language and whether single-key shortcuts act. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { type Language, languageOf } from '../../../protocol/web/translate.ts';
import type { Memory } from './effects.ts';

const keys = { language: 'diemcau.language', shortcuts: 'diemcau.shortcuts' } as const;

export class Prefs {
  readonly #memory: Memory;
  readonly #language;
  readonly #shortcuts;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#language = signal<Language>(languageOf(memory.get(keys.language)));
    this.#shortcuts = signal(memory.get(keys.shortcuts) !== 'off');
  }

  get language(): ReadonlySignal<Language> {
    return this.#language;
  }
  get shortcuts(): ReadonlySignal<boolean> {
    return this.#shortcuts;
  }

  setLanguage(language: Language): void {
    this.#language.value = language;
    this.#memory.set(keys.language, language);
  }

  setShortcuts(on: boolean): void {
    this.#shortcuts.value = on;
    this.#memory.set(keys.shortcuts, on ? 'on' : 'off');
  }
}
