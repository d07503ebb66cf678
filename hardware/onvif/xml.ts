/**
 * Reads the XML that cameras really say: any prefix or none, undeclared namespaces, wrong case, missing ends. Bounded in size, depth and
 * number of elements; throws nothing. Names are local and in lower case, because cameras do not agree on either. Pure.
 */

export interface Element {
  /** Without prefix, in lower case. */
  readonly name: string;
  /** By local name in lower case. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** Its own text, trimmed. */
  readonly text: string;
}

const CHARS_MAX = 1_048_576;
const ELEMENTS_MAX = 20_000;
const DEPTH_MAX = 64;
const TAG_MAX = 16_384;

interface Growing {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: Growing[];
  text: string;
}

/** @returns a nameless element around what was read; null when it is too large or holds no element. */
export function readXml(xml: string): Element | null {
  if (xml.length > CHARS_MAX) return null;
  const root = grow('');
  const open: Growing[] = [root];
  let elements = 0;
  let at = 0;
  while (at < xml.length) {
    const inner = open.at(-1) ?? root;
    const tag = xml.indexOf('<', at);
    inner.text += unescaped(tag < 0 ? xml.slice(at) : xml.slice(at, tag));
    if (tag < 0) break;
    if (xml.startsWith('<![CDATA[', tag)) {
      const end = after(xml, ']]>', tag + 9);
      inner.text += xml.slice(tag + 9, end - 3);
      at = end;
    } else if (xml.startsWith('<!--', tag)) at = after(xml, '-->', tag + 4);
    else if (xml[tag + 1] === '!' || xml[tag + 1] === '?') at = after(xml, '>', tag);
    else if (xml[tag + 1] === '/') {
      at = after(xml, '>', tag);
      close(open, local(xml.slice(tag + 2, at - 1)));
    } else {
      const end = tagEnd(xml, tag + 1);
      if (end < 0 || ++elements > ELEMENTS_MAX) return null;
      const closed = xml[end - 1] === '/';
      const element = opened(xml.slice(tag + 1, closed ? end - 1 : end));
      inner.children.push(element);
      if (!closed && open.push(element) > DEPTH_MAX) return null;
      at = end + 1;
    }
  }
  if (root.children.length === 0) return null;
  return trimmed(root);
}

const grow = (name: string): Growing => ({ name, attributes: new Map(), children: [], text: '' });

function trimmed(element: Growing): Element {
  for (const child of element.children) trimmed(child);
  element.text = element.text.trim();
  return element;
}

/** Where the text goes on after `mark`; the end when there is none. */
function after(xml: string, mark: string, from: number): number {
  const found = xml.indexOf(mark, from);
  return found < 0 ? xml.length : found + mark.length;
}

/** Index of the `>` that ends a tag, not one inside a quoted value; -1: there is none within reason. */
function tagEnd(xml: string, from: number): number {
  let quote = '';
  const last = Math.min(xml.length, from + TAG_MAX);
  for (let at = from; at < last; at++) {
    const char = xml[at] ?? '';
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return at;
  }
  return -1;
}

/** An end closes the nearest element of its name; one that closes nothing is ignored. */
function close(open: Growing[], name: string): void {
  const at = open.findLastIndex((each) => each.name === name);
  if (at > 0) open.length = at;
}

const local = (name: string): string =>
  name
    .slice(name.lastIndexOf(':') + 1)
    .trim()
    .toLowerCase();
const BLANK = /\s/;

function opened(tag: string): Growing {
  let at = word(tag, 0);
  const element = grow(local(tag.slice(0, at)));
  for (;;) {
    while (at < tag.length && BLANK.test(tag[at] ?? '')) at++;
    const equals = tag.indexOf('=', at);
    if (equals < 0) return element;
    let from = equals + 1;
    while (BLANK.test(tag[from] ?? '')) from++;
    const quote = tag[from];
    const quoted = quote === '"' || quote === "'";
    const end = quoted ? tag.indexOf(quote, from + 1) : word(tag, from);
    if (end < 0) return element;
    element.attributes.set(local(tag.slice(at, equals)), unescaped(tag.slice(quoted ? from + 1 : from, end)));
    at = quoted ? end + 1 : end;
  }
}

/** Where the word that begins at `from` ends. */
function word(text: string, from: number): number {
  let at = from;
  while (at < text.length && !BLANK.test(text[at] ?? '')) at++;
  return at;
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, decimal, hexadecimal, name) => {
    if (typeof name === 'string') return NAMED[name.toLowerCase()] ?? whole;
    const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hexadecimal), 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}

/** Text as it may stand in an element or a quoted attribute; what XML cannot carry is left out. */
export function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const clean = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '');
  return clean.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&apos;');
}

/** The first element of that name anywhere below, in the order of the text. */
export function find(element: Element | null, name: string): Element | null {
  for (const child of element?.children ?? []) {
    const found = child.name === name ? child : find(child, name);
    if (found !== null) return found;
  }
  return null;
}

/** All elements of that name anywhere below, not those inside one another. */
export function findAll(element: Element | null, name: string): readonly Element[] {
  return (element?.children ?? []).flatMap((child) => (child.name === name ? [child] : findAll(child, name)));
}

/** One step down for each name. */
export function below(element: Element | null, ...names: readonly string[]): Element | null {
  let at: Element | null = element;
  for (const name of names) at = at?.children.find((child) => child.name === name) ?? null;
  return at;
}

/** Text below, cut to what the schemas allow; empty when there is none. */
export const textBelow = (element: Element | null, ...names: readonly string[]): string =>
  (below(element, ...names)?.text ?? '').slice(0, 500);
