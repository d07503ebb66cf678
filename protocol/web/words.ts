/** The system's reasons and event words in the reader's language. Pure; tables in catalogue/phrases.ts. */
import { actsInEnglish, hubSentences, phrases, words } from './catalogue/phrases.ts';
import { narrowIn } from './catalogue/phrases-narrow.ts';
import { complaintPhrases, partIn, roomPhrases } from './catalogue/phrases-room.ts';
import type { TextKey } from './catalogue/vi.ts';
import { keyFor, type Language, translate } from './translate.ts';

/** What the schema library says, by the sentence it says it with; the number is the limit. */
const schemaWords: readonly (readonly [pattern: RegExp, key: TextKey])[] = [
  [/fewer than (\d+) characters/, 'reason.short'],
  [/more than (\d+) characters/, 'reason.long'],
  [/fewer than (\d+) items/, 'reason.few'],
  [/more than (\d+) items/, 'reason.many'],
  [/must match pattern/, 'reason.pattern'],
  [/must have required propert/, 'reason.missing'],
  [/unknown key|schema is false|additional propert/, 'reason.unknownKey'],
  [/must be (?:>|<|>=|<=) /, 'reason.range'],
  [/must be |must match a schema/, 'reason.type'],
];

/** A reason given by a fault, event or state. English reasons outside the schema library stay as they are. */
export function reasonIn(language: Language, text: string): string {
  for (const [pattern, key] of schemaWords) {
    const found = pattern.exec(text);
    if (found !== null) return translate(language, key, { n: found[1] ?? '' });
  }
  const said = Object.hasOwn(hubSentences, text) ? hubSentences[text] : undefined;
  if (said !== undefined) return translate(language, said);
  const unmeasured = /^not measured: (.+)$/.exec(text)?.[1];
  if (unmeasured !== undefined) return `${translate(language, 'drill.notMeasured')}: ${figuresIn(language, unmeasured)}`;
  if (language === 'en') return text.split('; ').map(plain).join('; ');
  const narrow = text.split('; ').map(narrowIn);
  if (narrow.every((each) => each !== null)) return narrow.join('; ');
  // A room has several reasons at once. What a part is not known for stays as it is, and does not hide the others.
  const reasons = text.split('; ').map(roomReason);
  if (reasons.some((each) => each !== null))
    return text
      .split('; ')
      .map((each, at) => reasons[at] ?? each)
      .join('; ');
  for (const [pattern, vi] of phrases) {
    const found = pattern.exec(text);
    if (found === null) continue;
    // Whatever ends in another reason is said to its end in one language.
    const inner = pattern.source.endsWith('(.*)$') ? found.length - 1 : 0;
    return vi.replace(/\$(\d)/g, (_, n: string) =>
      Number(n) === inner ? reasonIn(language, found[inner] ?? '') : (found[Number(n)] ?? ''),
    );
  }
  return text;
}

/** Figures of a drill, as its report calls them. */
function figuresIn(language: Language, names: string): string {
  const named = names.split(', ').map((name) => {
    const key = keyFor('figure', name);
    return key === undefined ? name : translate(language, key);
  });
  return named.join(', ');
}

/** A fault of a device without its code and facts: the device is named beside it. */
const plain = (text: string): string => text.replace(/\bdevice\.[a-z]+: device=\S+ (?:command=.*? )?because=/, '');

/** `not connected` stands before why. Null: it is none of a room's. */
function roomReason(text: string): string | null {
  const away = /^not connected: (.+)$/.exec(text)?.[1];
  if (away !== undefined) return `chưa kết nối: ${roomReason(away) ?? away}`;
  const [, who, why] = /^line to (.+) lost: (.+)$/.exec(text) ?? [];
  if (who !== undefined && why !== undefined) return `mất đường điều khiển tới ${who}: ${roomReason(why) ?? why}`;
  const first = /^backup camera(?: \d)? is on the air: (.+)$/.exec(text)?.[1];
  const said = first === undefined ? null : roomReason(first);
  if (said !== null) return `đang dùng camera dự phòng: ${said}`;
  for (const [pattern, vi] of roomPhrases) {
    const found = pattern.exec(text);
    if (found !== null) return vi.replace('$part', () => partIn(found[1] ?? '')).replace('$1', () => found[1] ?? '');
  }
  return null;
}

/** What a device complains of: a sentence where its words are known, else as it says it. */
export const complaintIn = (language: Language, text: string): string =>
  complaintPhrases.find(([pattern]) => pattern.test(text))?.[1][language] ?? text;

/** One word of an event (`what`), act or outcome: translated when it is known, else with spaces for hyphens. */
export function wordIn(language: Language, word: string): string {
  const table = language === 'vi' ? words : actsInEnglish;
  const known = Object.hasOwn(table, word) ? table[word] : undefined;
  return known ?? word.replaceAll('-', ' ');
}
