/** Questions to a codec and how their answers are known: by what they say and by our tag, never by their place. Pure. */
import type { Answer, Question } from '../wire/exchange.ts';
import { type Block, commandLine, commandResult, commandWords, fits, type Leaf, leaves, notRecognized, type XapiMessage } from './codec.ts';

/** What came back. */
export type Reply<T> =
  | { readonly is: 'done'; readonly value: T }
  /** It said no. `known` false: it does not know the command, or not with these parameters; another form may do. */
  | { readonly is: 'no'; readonly because: string; readonly known: boolean }
  /** It asks for a name or a password: it has restarted or thrown us out, and we are nobody to it. */
  | { readonly is: 'lost'; readonly at: 'login' | 'password' };

export type Ask<T> = Question<XapiMessage, Reply<T>>;

export interface Manner {
  readonly key?: string;
  readonly urgent?: boolean;
  readonly again?: number;
  readonly timeoutMs?: number;
  /** No answer is as good as one. */
  readonly mute?: boolean;
}

const STATUS_MS = 2000;
const COMMAND_MS = 3000;
const PREFERENCE_MS = 500;

const answer = <T>(value: Reply<T>): Answer<Reply<T>> => ({ is: 'answer', value });
const done = <T>(value: T): Answer<Reply<T>> => answer<T>({ is: 'done', value });
const no = <T>(because: string, known: boolean): Answer<Reply<T>> => answer<T>({ is: 'no', because, known });

function question<T>(
  name: string,
  bytes: Uint8Array,
  block: (block: Block) => Answer<Reply<T>> | null,
  manner: Manner,
  timeoutMs: number,
): Ask<T> {
  const { key, urgent, again } = manner;
  return {
    name,
    bytes,
    timeoutMs: manner.timeoutMs ?? timeoutMs,
    ...(key === undefined ? {} : { key }),
    ...(urgent === undefined ? {} : { urgent }),
    ...(again === undefined ? {} : { again }),
    match(message) {
      if (message.is === 'prompt') return answer<T>({ is: 'lost', at: message.wants });
      if (message.is === 'line') return notRecognized(message.text) ? no<T>(message.text, false) : null;
      return block(message);
    },
  };
}

/** `text` is a whole `xCommand …`. */
export function command(name: string, text: string, tag: string | null, manner: Manner = {}): Ask<null> {
  const words = commandWords(text);
  const asked = question<null>(
    name,
    commandLine(text, tag),
    (block) => {
      const result = block.of === 'r' ? commandResult(block) : null;
      if (result === null) return null;
      // A tag of another command: its answer came late.
      const ours = block.tag === null ? fits(words, result.name) : block.tag === tag;
      if (!ours) return null;
      return result.ok ? done(null) : no(result.words, !/^status=ParameterError|unknown command/i.test(result.words));
    },
    manner,
    COMMAND_MS,
  );
  return manner.mute === true ? { ...asked, silence: { value: { is: 'done', value: null } } } : asked;
}

/**
 * Asks for the part of the status at `path`. Where tags work, news that come meanwhile are never taken for the answer; where they do not,
 * news of the same part may be: the answer itself is then taken for news, and all is right again.
 */
export function status(path: string, tag: string | null, manner: Manner = {}): Ask<readonly Leaf[]> {
  const wanted = path.toLowerCase();
  const within = (leaf: Leaf): boolean => leaf.path.toLowerCase() === wanted || leaf.path.toLowerCase().startsWith(`${wanted} `);
  return question<readonly Leaf[]>(
    `status of ${path}`,
    commandLine(`xStatus ${path}`, tag),
    (block) => {
      if (block.tag !== null && block.tag !== tag) return null;
      // Such a thing is not there, or there is none of them now.
      if (block.of === null) return done<readonly Leaf[]>([]);
      if (block.of === 'r') return failure(block);
      if (block.of !== 's' || (tag !== null && block.tag !== tag)) return null;
      if (block.torn) return no('the answer is too long', true);
      const all = leaves(block);
      return all.some(within) ? done(all) : null;
    },
    { again: 1, ...manner },
    STATUS_MS,
  );
}

/** Whether it brings tags back. A release that does not know them refuses, or answers without. */
export function tagProbe(tag: string): Ask<boolean> {
  return question<boolean>(
    'identity',
    commandLine('xStatus SystemUnit Uptime', tag),
    (block) => (isIdentity(block) || (block.of === null && block.tag === tag) ? done(block.tag === tag) : null),
    { again: 1 },
    STATUS_MS,
  );
}

export const isIdentity = (block: Block): boolean => block.of === 's' && leaves(block).some(({ path }) => path.startsWith('SystemUnit '));

/** For what answers with an end and nothing else: `xFeedback register`. */
export function setting(text: string): Ask<null> {
  const ended = (block: Block) => (block.of === null ? done(null) : block.of === 'r' ? failure<null>(block) : null);
  return question<null>(text, commandLine(text), ended, { again: 1 }, STATUS_MS);
}

/** For what answers OK, with an end or without. An OK may also be the tail of what was before: this proves nothing. */
export function preference(text: string): Ask<null> {
  const asked = question<null>(text, commandLine(text), (block) => (block.of === null ? done(null) : null), {}, PREFERENCE_MS);
  return {
    ...asked,
    silence: { value: { is: 'done', value: null } },
    match: (message) => (message.is === 'line' && /^OK$/i.test(message.text) ? done(null) : asked.match(message)),
  };
}

/** What this session is told of: `/Status/Call` and so on. */
export function feedbackList(): Ask<ReadonlySet<string>> {
  const found = new Set<string>();
  const asked = question<ReadonlySet<string>>(
    'feedback list',
    commandLine('xFeedback list'),
    (block) => (block.of === null ? done<ReadonlySet<string>>(found) : null),
    { again: 1 },
    STATUS_MS,
  );
  return {
    ...asked,
    match(message) {
      if (message.is !== 'line' || !message.text.startsWith('/')) return asked.match(message);
      found.add(message.text.toLowerCase());
      return { is: 'part' };
    },
  };
}

/** In the words of an administrator: any answer is the answer. */
export function rawText(text: string, tag: string | null): Ask<null> {
  const wanted = /^\s*xStatus\b/i.test(text) ? 's' : /^\s*xConfiguration\b/i.test(text) ? 'c' : 'r';
  return question<null>(
    'raw',
    commandLine(text, text.includes('|') ? null : tag),
    (block) => {
      if (block.of === 'r') {
        const result = commandResult(block);
        return result === null || result.ok ? done(null) : no(result.words, true);
      }
      return block.of === null || block.of === wanted ? done(null) : null;
    },
    {},
    COMMAND_MS,
  );
}

/** A result that says no and names no command of another. */
function failure<T>(block: Block): Answer<Reply<T>> | null {
  const result = commandResult(block);
  return result === null || result.ok || result.name !== '' ? null : no(result.words, false);
}
