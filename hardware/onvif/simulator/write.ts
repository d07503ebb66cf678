/** XML as cameras write it. One tree, and the several ways in which makes spell its namespaces. Pure. */

/** By the prefixes that the ONVIF documents use. */
export const NAMESPACES = {
  s: 'http://www.w3.org/2003/05/soap-envelope',
  tt: 'http://www.onvif.org/ver10/schema',
  tds: 'http://www.onvif.org/ver10/device/wsdl',
  trt: 'http://www.onvif.org/ver10/media/wsdl',
  tr2: 'http://www.onvif.org/ver20/media/wsdl',
  tptz: 'http://www.onvif.org/ver20/ptz/wsdl',
  timg: 'http://www.onvif.org/ver20/imaging/wsdl',
  tev: 'http://www.onvif.org/ver10/events/wsdl',
  tns1: 'http://www.onvif.org/ver10/topics',
  ter: 'http://www.onvif.org/ver10/error',
  wsnt: 'http://docs.oasis-open.org/wsn/b-2',
  wstop: 'http://docs.oasis-open.org/wsn/t-1',
  wsrf: 'http://docs.oasis-open.org/wsrf/r-2',
  wsa5: 'http://www.w3.org/2005/08/addressing',
  /** Addressing as WS-Discovery of 2005 has it. */
  wsa: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  d: 'http://schemas.xmlsoap.org/ws/2005/04/discovery',
  dn: 'http://www.onvif.org/ver10/network/wsdl',
} as const;

export type Prefix = keyof typeof NAMESPACES;
export type QName = `${Prefix}:${string}`;
/** A qualified name in the text, as in fault codes and topics: its prefix is spelt as that of elements. */
export interface Ref {
  readonly ref: QName;
}
export interface Xml {
  /** Without a prefix: in no namespace. */
  readonly name: QName | string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly content: readonly (Xml | Ref | string)[];
}
type Content = Xml | Ref | string | number | boolean | readonly Xml[];

export const x = (name: QName, ...content: readonly Content[]): Xml => xa(name, {}, ...content);

/** With attributes. */
export function xa(name: QName | string, attributes: Readonly<Record<string, string>>, ...content: readonly Content[]): Xml {
  const flat = content.flatMap((each): readonly (Xml | Ref | string)[] => {
    if (Array.isArray(each)) return each;
    return [typeof each === 'number' || typeof each === 'boolean' ? String(each) : (each as Xml | Ref | string)];
  });
  return { name, attributes, content: flat };
}

export const spellings = ['usual', 'numbered', 'default', 'inline', 'upper', 'undeclared'] as const;
/**
 * `usual`: the prefixes of the documents, declared at the top. `numbered`: SOAP-ENV and ns1, ns2… `default`: no prefixes, `xmlns` where the
 * namespace changes. `inline`: declared where used. `upper`: upper-case prefixes. `undeclared`: `tt` is used and declared nowhere, which
 * is wrong and exists.
 */
export type Spelling = (typeof spellings)[number];

export function writeXml(root: Xml, spelling: Spelling = 'usual'): string {
  const { all: used, inText } = prefixes(root);
  const spell = (prefix: Prefix): string => {
    if (spelling === 'upper') return prefix.toUpperCase();
    if (spelling !== 'numbered') return prefix;
    return prefix === 's' ? 'SOAP-ENV' : `ns${Object.keys(NAMESPACES).indexOf(prefix)}`;
  };
  const declare = (prefix: Prefix): string => ` xmlns:${spell(prefix)}="${NAMESPACES[prefix]}"`;
  const atTop = {
    usual: used,
    numbered: used,
    upper: used,
    undeclared: used.filter((prefix) => prefix !== 'tt'),
    // Names in the text need a prefix all the same.
    default: inText,
    inline: inText,
  }[spelling];
  const element = (xml: Xml, inside: string, known: ReadonlySet<string>): string => {
    const [prefix, local] = parts(xml.name);
    const namespace = prefix === null ? '' : NAMESPACES[prefix];
    const bare = spelling === 'default' || prefix === null;
    const name = bare ? local : `${spell(prefix)}:${local}`;
    const here = bare
      ? spelling === 'default' && namespace !== inside
        ? ` xmlns="${namespace}"`
        : ''
      : known.has(prefix)
        ? ''
        : declare(prefix);
    const attributes = Object.entries(xml.attributes).map(([key, value]) => {
      const [of, rest] = parts(key);
      return ` ${of === null ? key : `${spell(of)}:${rest}`}="${escaped(value)}"`;
    });
    // A prefix of an attribute is declared like any other, on the spot where it is not known.
    const needed = new Set(Object.keys(xml.attributes).flatMap((key) => parts(key)[0] ?? []));
    const also = [...needed].filter((each) => !known.has(each) && (bare || each !== prefix)).map(declare);
    const open = `${name}${here}${also.join('')}${attributes.join('')}`;
    const within = spelling === 'inline' && prefix !== null ? new Set([...known, prefix]) : known;
    const content = xml.content.map((each) => {
      if (typeof each === 'string') return escaped(each);
      if (!('ref' in each)) return element(each, bare && spelling === 'default' ? namespace : inside, within);
      const [of, rest] = parts(each.ref);
      return escaped(of === null ? rest : `${spell(of)}:${rest}`);
    });
    return content.length === 0 ? `<${open}/>` : `<${open}>${content.join('')}</${name}>`;
  };
  const known = new Set<string>(spelling === 'undeclared' ? used : atTop);
  const text = element(root, '', known);
  // Right after the name of the root.
  const cut = text.search(/[\s/>]/);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${text.slice(0, cut)}${atTop.map(declare).join('')}${text.slice(cut)}`;
}

/** All that are used, and those that stand in texts. */
function prefixes(root: Xml): { readonly all: readonly Prefix[]; readonly inText: readonly Prefix[] } {
  const all = new Set<Prefix>();
  const inText = new Set<Prefix>();
  const add = (name: string, ...to: readonly Set<Prefix>[]): void => {
    const [prefix] = parts(name);
    if (prefix !== null) for (const set of to) set.add(prefix);
  };
  const walk = ({ name, attributes, content }: Xml): void => {
    for (const each of [name, ...Object.keys(attributes)]) add(each, all);
    for (const each of content) {
      if (typeof each === 'string') continue;
      if ('ref' in each) add(each.ref, all, inText);
      else walk(each);
    }
  };
  walk(root);
  return { all: [...all], inText: [...inText] };
}

function parts(name: string): readonly [Prefix | null, string] {
  const colon = name.indexOf(':');
  const prefix = name.slice(0, Math.max(0, colon));
  return Object.hasOwn(NAMESPACES, prefix) ? [prefix as Prefix, name.slice(colon + 1)] : [null, name];
}

const ESCAPES: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' };

/** What XML 1.0 cannot hold at all is left out. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not be there
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replace(/[<>&"]/g, (one) => ESCAPES[one] ?? '');
}
