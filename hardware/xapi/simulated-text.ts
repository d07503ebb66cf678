/**
 * The terminal language of a simulated Cisco/TANDBERG codec: command lines in, blocks of lines out, in the manner of TC or of CE software.
 * Sources: Cisco API reference guides of C20 TC7, SX20 CE8/CE9 and the CE 9.14 terminal-mode description. Pure.
 */

/** How a software release writes. */
export interface Style {
  readonly era: 'tc' | 'ce';
  /** The oldest: results end with a line of their own kind and an OK. */
  readonly oldEnd: boolean;
}

export const styleOf = (model: string): Style => ({
  era: /^tc/i.test(model.trim()) ? 'tc' : 'ce',
  oldEnd: /^tc[1-5](\D|$)/i.test(model.trim()),
});

export interface CommandLine {
  /** In lower case: `xcommand`, `call`, `disconnect`. */
  readonly words: readonly string[];
  /** The same as they were written. */
  readonly written: readonly string[];
  /** By lower-case name. */
  readonly values: ReadonlyMap<string, string>;
  /** Of `| resultId="…"`. */
  readonly tag: string | null;
}

/** Null when it cannot be understood at all. */
export function readCommandLine(line: string): CommandLine | null {
  const [, said = line, tag = null] = /^(.*?)\s*\|\s*resultId="([^"]*)"\s*$/i.exec(line) ?? [];
  if ((said.split('"').length - 1) % 2 !== 0) return null;
  const tokens = said.match(/"[^"]*"|[^\s"]+/g) ?? [];
  const written: string[] = [];
  const values = new Map<string, string>();
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    const colon = token.indexOf(':');
    if (colon <= 0 || token.startsWith('"')) {
      written.push(token);
      continue;
    }
    const here = token.slice(colon + 1);
    const value = here === '' ? tokens[++at] : here;
    if (value === undefined) return null;
    values.set(token.slice(0, colon).toLowerCase(), value.replace(/^"|"$/g, ''));
  }
  return { words: written.map((word) => word.toLowerCase()), written, values, tag };
}

/** A name and a value as they are written; texts in quotes, numbers and words without. */
export type Leaf = readonly [name: string, value: string];

export const quoted = (text: string): string => `"${text}"`;

const END = '** end';
const tagged = (tag: string | null): readonly string[] => (tag === null ? [] : [`** resultId: ${quoted(tag)}`]);

export const statusLines = (leaves: readonly Leaf[]): readonly string[] => leaves.map(([path, value]) => `*s ${path}: ${value}`);

/** The answer to `xStatus`. */
export const statusReply = (leaves: readonly Leaf[], tag: string | null): readonly string[] => [
  ...statusLines(leaves),
  ...tagged(tag),
  END,
  '',
  'OK',
];

/** The answer to `xConfiguration PATH`. */
export const configReply = (leaves: readonly Leaf[], tag: string | null): readonly string[] => [
  ...leaves.map(([path, value]) => `*c xConfiguration ${path}: ${value}`),
  ...tagged(tag),
  END,
  '',
  'OK',
];

/** The answer to what only sets something. */
export const doneReply = (tag: string | null): readonly string[] => [...tagged(tag), END, 'OK'];

export interface ResultBlock {
  /** `Dial` of `DialResult`. */
  readonly name: string;
  readonly status: 'OK' | 'Error' | 'ParameterError';
  readonly fields: readonly Leaf[];
  readonly tag: string | null;
  /** Some results of TC have none. */
  readonly colon: boolean;
  /** Feedback that gets between the OK and the result. */
  readonly between: readonly string[];
}

/** The answer to `xCommand`: the OK comes first. */
export function resultReply({ era, oldEnd }: Style, { name, status, fields, tag, colon, between }: ResultBlock): readonly string[] {
  const indent = era === 'tc' ? '  ' : `*r ${name}Result `;
  const head = `*r ${name}Result (status=${status})${colon ? ':' : ''}`;
  const end = oldEnd ? ['*r/end', 'OK'] : [END];
  return ['', 'OK', ...between, head, ...fields.map(([key, value]) => `${indent}${key}: ${value}`), ...tagged(tag), ...end];
}

/** News of a status: as it would be answered, without the OK. */
export const statusNews = (leaves: readonly Leaf[]): readonly string[] => [...statusLines(leaves), END];

/** A thing of a status is no more; TC leaves the colon out. */
export const ghostNews = ({ era }: Style, path: string): readonly string[] => [`*s ${path} (ghost=True)${era === 'tc' ? '' : ':'}`, END];

/** News of an event: TC in one line, CE a line for each attribute. */
export function eventNews({ era }: Style, name: string, attributes: readonly Leaf[]): readonly string[] {
  const all = attributes.map(([key, value]) => `${key}: ${value}`);
  return [...(era === 'tc' ? [`*e ${name} ${all.join(' ')}`] : all.map((each) => `*e ${name} ${each}`)), END];
}
