/** From a problem document to a sentence in the reader's language that names the field and the reason. Pure. */
import type { Problem } from '../api.ts';
import type { TextKey } from './catalogue/vi.ts';
import { keyFor, type Language, translate } from './translate.ts';
import { reasonIn } from './words.ts';

/** What went wrong with a request: the server's problem document, or null when nothing came back. */
export type Trouble = Problem | null;

/** The label of the field that a JSON pointer such as /sites/3/name leads to; null for the whole body. */
function fieldLabel(language: Language, path: string | undefined): string | null {
  const names = (path ?? '').split('/').filter((part) => part !== '' && !/^\d+$/.test(part));
  const last = names.at(-1);
  if (last === undefined) return null;
  const key = keyFor('field', last);
  return key === undefined ? translate(language, 'field.any', { path: names.join('.') }) : translate(language, key);
}

/** Sentences by the code of the fault. The codes are those of protocol/fault.ts. */
const sentences: Readonly<Record<string, TextKey>> = {
  'input.invalid': 'problem.invalid',
  'input.too-large': 'problem.tooLarge',
  'config.invalid': 'problem.invalid',
  'not-found': 'problem.notFound',
  conflict: 'problem.conflict',
  stale: 'problem.conflict',
  'auth.required': 'problem.required',
  'auth.forbidden': 'problem.forbidden',
  throttled: 'problem.throttled',
  'program.refused': 'problem.refused',
  'program.gone': 'problem.unreachable',
  'device.gone': 'problem.unreachable',
  'device.silent': 'problem.unreachable',
  'device.refused': 'problem.refused',
  'device.login': 'problem.refused',
  unreachable: 'problem.unreachable',
  'store.broken': 'problem.store',
  internal: 'problem.internal',
  exhausted: 'problem.exhausted',
};

/** Codes whose detail begins with what it is about, before a colon; the sentence says that in its own words. */
const named: ReadonlySet<string> = new Set(['input.invalid', 'conflict', 'stale', 'unreachable', 'exhausted']);

/** The reason alone. */
function reasonOf({ code, title, detail }: Problem): string {
  if (detail === '') return title;
  if (code === 'not-found') return detail.replace(/^there is no /, '');
  return named.has(code) ? detail.replace(/^[^:]{1,60}: /, '') : detail;
}

/** One sentence: what was wrong, in `language`. */
export function sentence(language: Language, trouble: Trouble): string {
  if (trouble === null) return translate(language, 'problem.network');
  const reason = reasonIn(language, reasonOf(trouble)).replace(/[.\s]+$/, '');
  const field = trouble.code === 'input.invalid' ? fieldLabel(language, trouble.path) : null;
  if (field !== null) return translate(language, 'problem.field', { field, reason });
  return translate(language, sentences[trouble.code] ?? 'problem.any', { reason, status: trouble.status });
}
