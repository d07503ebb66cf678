/** One question to a Polycom: sends it as a line, and reads each line that comes for what it means to it. */
import type { Answer, Question } from '../wire/exchange.ts';
import type { Talk } from '../wire/protocol.ts';
import { command, introduction, isPrompt, type Line, refusalIn } from './codec.ts';
import { Echoes } from './echoes.ts';

/** A reply may come so late while a call comes in (7 s were seen), and a hang-up is reported up to 15 s later. */
const PATIENCE_MS = 16_000;
const HALF_MS = 8000;

export interface Asked<R> extends Partial<Pick<Question<Line, R>, 'key' | 'urgent' | 'silence' | 'timeoutMs'>> {
  readonly command: string;
  /** Replaces the command in logs. */
  readonly name?: string;
  /** What a line that is no echo, no news and no greeting means; null: nothing. */
  readonly match: (text: string) => Answer<R> | null;
  /** May be asked twice: then it is, when half of our patience is over. */
  readonly twice?: boolean;
}

export class Channel {
  readonly #echoes = new Echoes();
  readonly #prompted: (text: string) => void;
  #looked: Line | null = null;

  /** @param prompted a prompt came instead of an answer: the session is over. */
  constructor(prompted: (text: string) => void) {
    this.#prompted = prompted;
  }

  ask<R>(talk: Talk<Line>, { command: text, name, match, twice = false, timeoutMs, ...rest }: Asked<R>): Promise<R> {
    this.#echoes.sent(text);
    return talk.ask<R>({
      name: name ?? text,
      bytes: command(text),
      match: (line) => this.#meaning(line, match),
      timeoutMs: timeoutMs ?? (twice ? HALF_MS : PATIENCE_MS),
      again: twice ? 1 : 0,
      ...rest,
    });
  }

  /** Whether a line is the echo of something sent. */
  echoed(line: Line): boolean {
    if (this.#looked !== line) this.#echoes.learn(line);
    this.#looked = line;
    return this.#echoes.is(line);
  }

  #meaning<R>(line: Line, match: (text: string) => Answer<R> | null): Answer<R> | null {
    if (isPrompt(line.text)) {
      this.#prompted(line.text);
      return { is: 'refusal', because: 'it asks for a login: the session is over' };
    }
    if (this.echoed(line) || introduction(line.text) !== null) return null;
    const own = match(line.text);
    if (own !== null) return own;
    const because = refusalIn(line.text);
    return because === null ? null : { is: 'refusal', because };
  }
}

/** The answer of a question that one line answers. */
export const answer = <R>(value: R): Answer<R> => ({ is: 'answer', value });

/** Exactly this line is the answer. */
export const exactly =
  (wanted: string) =>
  (text: string): Answer<true> | null =>
    text === wanted ? answer(true) : null;
