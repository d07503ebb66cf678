/**
 * The one place where a pipeline becomes GStreamer launch text. Names are checked, values are quoted: nothing that comes from outside
 * can become syntax. A name that does not fit is a bug of the caller and throws.
 */
import type { Caps, CapsValue, Chain, Element, Fraction, PadOf, Pipeline, PropertyValue } from './pipeline.ts';

const FACTORY = /^[a-z][a-z0-9_-]*$/;
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const PROPERTY = /^(?:[A-Za-z][A-Za-z0-9_-]*::)?[A-Za-z][A-Za-z0-9_-]*$/;
const MEDIA = /^[a-z]+\/[A-Za-z0-9.+-]+(?:\([A-Za-z:]+\))?$/;

/** Launch text of the whole pipeline; chains are separated by spaces. */
export function render(of: Pipeline): string {
  const ids = of.chains.flatMap((links) => links.flatMap((link) => ('factory' in link && link.id !== undefined ? [link.id] : [])));
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new RangeError(`two elements are called ${JSON.stringify(twice)}`);
  return of.chains.map(renderChain).join('  ');
}

function renderChain(links: Chain): string {
  return links.map((link) => ('factory' in link ? renderElement(link) : renderPad(link))).join(' ! ');
}

function renderElement({ factory, properties, id }: Element): string {
  const words = [checked(FACTORY, factory, 'element type')];
  if (id !== undefined) words.push(`name=${checked(NAME, id, 'element id')}`);
  for (const [key, value] of Object.entries(properties))
    if (value !== undefined) words.push(`${checked(PROPERTY, key, 'property')}=${renderValue(value)}`);
  return words.join(' ');
}

/** `id.` or `id.pad`: the dot tells a reference from an element type. */
function renderPad({ of, pad }: PadOf): string {
  return `${checked(NAME, of, 'element id')}.${pad === undefined ? '' : checked(NAME, pad, 'pad')}`;
}

function renderValue(value: PropertyValue): string {
  switch (typeof value) {
    case 'string':
      return launchQuote(needsWrap(value) ? wrap(value) : plain(value));
    case 'number':
      return digits(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      return 'over' in value ? ratio(value) : launchQuote(renderCaps(value));
    default:
      return value satisfies never;
  }
}

/** Caps in GStreamer's serialisation, each field with its type. */
export function renderCaps({ media, fields }: Caps): string {
  const list = Object.entries(fields).map(([key, value]) => `${checked(PROPERTY, key, 'caps field')}=${capsValue(value)}`);
  return [checked(MEDIA, media, 'media type'), ...list].join(', ');
}

function capsValue(value: CapsValue): string {
  switch (typeof value) {
    case 'string':
      return `(string)${wrap(value)}`;
    case 'number':
      if (!Number.isInteger(value)) throw new RangeError(`caps need whole numbers or fractions, not ${value}`);
      return `(int)${value}`;
    case 'boolean':
      return `(boolean)${value}`;
    case 'object':
      return 'over' in value ? `(fraction)${ratio(value)}` : `(string)<${value.map(wrap).join(', ')}>`;
    default:
      return value satisfies never;
  }
}

const ratio = ({ over: [numerator, denominator] }: Fraction): string => `${digits(numerator)}/${digits(denominator)}`;

function digits(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`a property cannot be ${value}`);
  return String(value);
}

/** GStreamer texts end at NUL and must be UTF-8; half of a surrogate pair becomes U+FFFD on the way through bytes. */
function plain(text: string): string {
  if (text.includes('\0')) throw new RangeError('a text for GStreamer cannot hold NUL');
  return Buffer.from(text, 'utf8').toString('utf8');
}

/** The outer layer: what the launch parser removes is one backslash in front of any character, between double quotes. */
function launchQuote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Three texts do not survive the outer layer alone (found by trying 1.22): NULL means none, one that begins with a double quote is
 * unwrapped once more, and after one that ends with a backslash the scanner takes the closing quote for an escaped one and runs on into the next value.
 */
const needsWrap = (text: string): boolean => text === 'NULL' || text.startsWith('"') || text.endsWith('\\');

/**
 * The inner layer, GStreamer's serialised string: read inside caps always, and in a text property when it begins with a double quote. All
 * bytes but harmless ones are written in octal.
 */
function wrap(text: string): string {
  const bytes = [...Buffer.from(plain(text), 'utf8')];
  const coded = bytes.map((byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9_+/:.-]/.test(char) ? char : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${coded.join('')}"`;
}

function checked(pattern: RegExp, name: string, what: string): string {
  if (!pattern.test(name)) throw new RangeError(`not a valid ${what}: ${JSON.stringify(name)}`);
  return name;
}
