/**
 * The text language of TANDBERG MXP and MPS codecs (XACLI): lines to blocks, wishes to lines. Pure.
 * Source: TANDBERG Codec 3000/6000 MXP reference guide for system integrators D13887.08, MPS API user guide D13639.
 */
import { type Framer, lineFramer } from '../wire/framing.ts';

/** Any line that belongs to no block: `OK`, `CONNECT`, `NO CARRIER`, `*xf 1 status/call`, an echo, `Password: `. */
export interface Line {
  readonly kind: 'line';
  readonly text: string;
}

/** `*s Call 1 (status=Synced, …):` to `*s/end`, or `*r Result (status=OK):` to `*r/end`. */
export interface Block {
  readonly kind: 'block';
  readonly of: string;
  /** `Call 1`, `Result`, `SystemUnit`. */
  readonly path: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Children by name, nested names joined by a space: `Software Version`. Names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
}

export type Message = Line | Block;

/** A block that is longer than this is no block of ours. */
export const LIMIT = 4096;
const LINE_LIMIT = 512;
const HEAD = /^\*([a-z]) ([^(:]+?)\s*(?:\(([^)]*)\)\s*:?|:)\s*\/?\s*$/i;
const END = /^\*([a-z])\/end\s*$/i;
const FIELD = /^(\s*)([A-Za-z][\w .]*?)\s*(?:\([^)]*\))?\s*:\s*(.*?)\s*$/;
const PROMPT = /^(?:[Ll]ogin|[Uu]ser(?:name)?|[Pp]assword): $/;

interface Open {
  readonly of: string;
  readonly path: string;
  readonly attributes: Record<string, string>;
  readonly fields: Record<string, string>;
  readonly parents: { readonly indent: number; readonly name: string }[];
  bytes: number;
}

/** News may come in the middle of an answer: a block of another letter inside a block is a message of its own, and the outer one goes on. */
export function xacliFramer(): Framer<Message> {
  const lines = lineFramer({ limit: LINE_LIMIT, prompt: (tail) => PROMPT.test(tail) });
  let open: Open[] = [];
  const size = (): number => open.reduce((sum, { bytes }) => sum + bytes, 0);
  const take = (text: string): Message | null => {
    const end = END.exec(text);
    if (end) {
      const letter = (end[1] ?? '').toLowerCase();
      const block = open.find(({ of }) => of === letter);
      open = open.filter((each) => each !== block);
      return block === undefined
        ? null
        : { kind: 'block', of: block.of, path: block.path, attributes: block.attributes, fields: block.fields };
    }
    const head = HEAD.exec(text);
    if (head) {
      const [, letter = '', path = '', attributes = ''] = head;
      const of = letter.toLowerCase();
      // A second head of the same letter: the end of the first was lost.
      open = [
        ...open.filter((each) => each.of !== of),
        { of, path, attributes: pairs(attributes), fields: {}, parents: [], bytes: text.length },
      ];
      if (size() > LIMIT - LINE_LIMIT) open = [];
      return null;
    }
    const inner = open.at(-1);
    if (inner === undefined || !field(inner, text)) return { kind: 'line', text };
    inner.bytes += text.length;
    if (size() > LIMIT - LINE_LIMIT) open = [];
    return null;
  };
  return {
    push: (bytes) => lines.push(bytes).flatMap((text) => take(text) ?? []),
    reset() {
      lines.reset();
      open = [];
    },
    get held() {
      return lines.held + size();
    },
  };
}

function pairs(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=');
    if (name.trim() !== '') found[name.trim().toLowerCase()] = value.trim();
  }
  return found;
}

/** Puts a child in its place by its indentation. False: it is no child. */
function field(block: Open, text: string): boolean {
  const found = FIELD.exec(text);
  if (!found) return false;
  const [, space = '', name = '', value = ''] = found;
  while ((block.parents.at(-1)?.indent ?? -1) >= space.length) block.parents.pop();
  const full = [...block.parents.map((parent) => parent.name), name].join(' ').toLowerCase();
  if (value === '' || value === '/') block.parents.push({ indent: space.length, name });
  else block.fields[full] = value.replace(/^["“”](.*)["“”]$/, '$1');
  return true;
}

/** Printable ASCII without quotes: nothing that could end a value or begin a second command. (In latin1, U+010D would become a CR.) */
export const plain = (text: string): string => text.replace(/[^\x20-\x7e]|"/g, '').trim();

const bare = /^[A-Za-z0-9.@*#+_/-]+$/;

/** A command line of full names: `xcommand dial number:123 callrate:256`. Values that are not simple words are quoted. */
export function line(words: string, values: Readonly<Record<string, string | number | null>> = {}): Uint8Array {
  const said = Object.entries(values).flatMap(([name, value]) => {
    if (value === null) return [];
    const text = plain(String(value));
    return [`${name}:${bare.test(text) ? text : `"${text}"`}`];
  });
  return Buffer.from(`${[words, ...said].join(' ')}\r`, 'latin1');
}

/** What the device takes as CallRate, in kbit/s (D13887.08, xcommand dial). */
const RATES = [64, 128, 192, 256, 320, 384, 512, 768, 1152, 1472, 1920, 2560, 3072, 4096] as const;

/** The highest rate that is not above the wish. */
export const callRate = (kbps: number): number => RATES.findLast((rate) => rate <= kbps) ?? RATES[0];
