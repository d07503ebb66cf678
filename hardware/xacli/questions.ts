/** What an XACLI codec's words mean to whoever has asked. Pure. */
import type { Answer, Question } from '../wire/exchange.ts';
import { callOf } from './calls.ts';
import { type Block, line, type Message } from './codec.ts';

export const ANSWER_MS = 3000;
export const PROBE_MS = 1500;

/** No guide gives a grammar for a command that is not known; text of this shape in place of an answer is a no. */
const NO = /^(?:ERROR\b|command |unknown |invalid |bad )/i;
const PROMPT = /(?:login|user(?:name)?|password): ?$/i;

type Refusal = { readonly is: 'refusal'; readonly because: string };

/** A refusal as text; null when the line is none. */
export const no = (text: string): Refusal | null => (NO.test(text) ? { is: 'refusal', because: text.slice(0, 200) } : null);

/** `*r Result (status=Error):` with the device's words; null when the block is none. */
export function failure({ of, attributes, fields }: Block): Refusal | null {
  if (of !== 'r' || (attributes.status ?? '').toLowerCase() === 'ok') return null;
  return { is: 'refusal', because: fields.description ?? `cause ${fields.cause ?? 'not told'}` };
}

export type Greeting = 'ready' | 'login' | 'password';

/** A prompt, or a call's status: then nobody asks for a login. */
export function greeted(message: Message): Answer<Greeting> | null {
  if (message.kind === 'block') return callOf(message) === null ? null : { is: 'answer', value: 'ready' };
  if (!PROMPT.test(message.text)) return null;
  return { is: 'answer', value: /password/i.test(message.text) ? 'password' : 'login' };
}

/** Answered by `OK`, or by a block where `block` allows it. */
export function simple(words: string, name = words, block = false): Question<Message, void> {
  const done: Answer<void> = { is: 'answer', value: undefined };
  return {
    name,
    bytes: line(words),
    timeoutMs: ANSWER_MS,
    match: (message) => {
      if (message.kind === 'block') return failure(message) ?? (block ? done : null);
      return no(message.text) ?? (message.text === 'OK' ? done : null);
    },
  };
}

/** @param called whether its result names a call: a late result of a dial is no answer to a later command, and the other way round. */
export function command(name: string, values: Readonly<Record<string, string | number | null>>, called: boolean): Question<Message, void> {
  return {
    name,
    bytes: line(`xcommand ${name}`, values),
    timeoutMs: ANSWER_MS,
    match: (message) => {
      if (message.kind === 'line') return no(message.text);
      if (message.of !== 'r') return null;
      return failure(message) ?? ('callref' in message.fields === called ? { is: 'answer', value: undefined } : null);
    },
  };
}

/** `xfeedback list`: whether `expression` is among the lines `*xf 1 status/call`. A device without lists is not asked again: true. */
export function listed(expression: string): Question<Message, boolean> {
  let found = false;
  return {
    name: 'xfeedback list',
    bytes: line('xfeedback list'),
    timeoutMs: ANSWER_MS,
    again: 1,
    match: (message) => {
      if (message.kind === 'block') return null;
      if (message.text.startsWith('*xf')) {
        found ||= message.text.toLowerCase().includes(expression);
        return { is: 'part' };
      }
      if (no(message.text) !== null) return { is: 'answer', value: true };
      return message.text === 'OK' ? { is: 'answer', value: found } : null;
    },
  };
}

export function systemUnit(): Question<Message, Block> {
  return {
    name: 'xstatus systemunit',
    bytes: line('xstatus systemunit'),
    timeoutMs: PROBE_MS,
    match: (message) => {
      if (message.kind === 'line') return no(message.text);
      return message.of === 's' && /^SystemUnit$/i.test(message.path) ? { is: 'answer', value: message } : failure(message);
    },
  };
}
