/**
 * Which lines are echoes of what we sent. An HDX echoes each command, even an invalid one, before it answers; a telnet session of a Group
 * prints `-> mute near on` one or two exchanges late; a serial line of a Group echoes nothing. Many replies repeat the command, so an echo
 * taken for a reply would be a false success.
 */
import type { Line } from './codec.ts';

/** An echo is late by an exchange or two; what waits counts too. */
const REMEMBERED = 16;

export class Echoes {
  readonly #sent: string[] = [];
  /** A query came back word by word: this session echoes. */
  #echoes = false;
  /** A reply came behind a prompt, so that is no sign of an echo here. */
  #prompts = false;

  sent(command: string): void {
    this.#sent.push(command);
    if (this.#sent.length > REMEMBERED) this.#sent.shift();
  }

  /** Looks at a line once, when it comes. */
  learn({ text, echo }: Line): void {
    if (!echo) return;
    if (!this.#sent.includes(text)) this.#prompts = true;
    else if (/ get$|^whoami$|^callinfo all$/.test(text)) this.#echoes = true;
  }

  is({ text, echo }: Line): boolean {
    return echo && this.#sent.includes(text) && (this.#echoes || !this.#prompts);
  }
}
