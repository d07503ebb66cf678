/** XML as a camera has to read it: elements with their namespaces, bounded, nothing resolved from outside. Pure; throws nothing. */

export interface Element {
  /** Local name. */
  readonly name: string;
  /** Empty when in none. */
  readonly namespace: string;
  /** By local name. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** Its own text, without that of its children, trimmed. */
  readonly text: string;
}

interface Open extends Element {
  readonly as: string;
  readonly scope: Scope;
  readonly children: Element[];
  text: string;
}

type Scope = Readonly<Record<string, string>>;

const MAX_DEPTH = 32;
const MAX_ELEMENTS = 2000;

/** Comment, CDATA, instruction, end tag, start tag, text. A document type is none of them: it could name entities. */
const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?=]+)((?:\s+[^\s<>/=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The root of a document; null when it is not well-formed or larger than any request is. */
export function readXml(document: string): Element | null {
  const root: Open = { name: '', namespace: '', as: '', attributes: {}, children: [], text: '', scope: { xml: 'xml' } };
  const stack: Open[] = [root];
  let elements = 0;
  const token = new RegExp(TOKEN);
  for (const text = document.replace(/^\uFEFF/, ''); token.lastIndex < text.length; ) {
    const found = token.exec(text);
    const top = stack.at(-1);
    if (found === null || top === undefined) return null;
    const [, cdata, end, start, attributes = '', closed, plain] = found;
    if (end !== undefined) {
      if (stack.length < 2 || top.as !== end) return null;
      top.text = top.text.trim();
      stack.pop();
    } else if (start !== undefined) {
      const element = opened(start, attributes, top.scope);
      if (element === null || ++elements > MAX_ELEMENTS) return null;
      top.children.push(element);
      if (closed === '') stack.push(element);
      if (stack.length > MAX_DEPTH) return null;
    } else if (cdata !== undefined) {
      top.text += cdata;
    } else if (plain !== undefined) {
      const said = unescaped(plain);
      if (said === null) return null;
      top.text += said;
    }
  }
  const [only, ...more] = root.children;
  return stack.length === 1 && more.length === 0 && root.text.trim() === '' ? (only ?? null) : null;
}

function opened(as: string, written: string, outer: Scope): Open | null {
  const pairs: (readonly [string, string])[] = [];
  for (const [, name = '', double, single] of written.matchAll(ATTRIBUTE)) {
    const value = unescaped(double ?? single ?? '');
    if (value === null) return null;
    pairs.push([name, value]);
  }
  const declared = pairs.flatMap(([name, value]) => {
    if (name === 'xmlns') return [['', value]];
    return name.startsWith('xmlns:') ? [[name.slice(6), value]] : [];
  });
  const scope: Scope = declared.length === 0 ? outer : { ...outer, ...Object.fromEntries(declared) };
  const [prefix, name] = split(as);
  const namespace = Object.hasOwn(scope, prefix) ? scope[prefix] : undefined;
  if (namespace === undefined && prefix !== '') return null;
  const attributes = Object.fromEntries(
    pairs.filter(([name]) => !name.startsWith('xmlns')).map(([name, value]) => [split(name)[1], value]),
  );
  return { name, namespace: namespace ?? '', as, attributes, children: [], text: '', scope };
}

function split(name: string): readonly [string, string] {
  const colon = name.indexOf(':');
  return colon < 0 ? ['', name] : [name.slice(0, colon), name.slice(colon + 1)];
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Null: it names an entity that nobody has declared. */
function unescaped(text: string): string | null {
  if (!text.includes('&')) return text;
  let wrong = false;
  const plain = text.replace(/&([^;&\s]{0,12};?)/g, (_all, said: string) => {
    const name = said.slice(0, -1);
    const code = /^#x[0-9a-f]+$/i.test(name) ? Number.parseInt(name.slice(2), 16) : /^#\d+$/.test(name) ? Number(name.slice(1)) : null;
    if (!said.endsWith(';') || (code === null ? !Object.hasOwn(ENTITIES, name) : code > 0x10ffff)) wrong = true;
    if (wrong) return '';
    return code === null ? (ENTITIES[name] ?? '') : String.fromCodePoint(code);
  });
  return wrong ? null : plain;
}

/** The element at the end of a path of local names; null when there is none. */
export function at(element: Element | null, ...path: readonly string[]): Element | null {
  let here = element;
  for (const name of path) here = here?.children.find((child) => child.name === name) ?? null;
  return here;
}

/** Its text; null when the element is not there. */
export const textAt = (element: Element | null, ...path: readonly string[]): string | null => at(element, ...path)?.text ?? null;
