/** What a device said since it was last spoken to, for people who speak its language: the answer to a raw command. */
import { hex } from './framing.ts';

/** More than any answer that a person reads. */
const MAX_BYTES = 2000;

export class Transcript {
  readonly #said: Uint8Array[] = [];
  #bytes = 0;

  /** The device has been spoken to: what comes now is about that. */
  asked(): void {
    this.#said.length = 0;
    this.#bytes = 0;
  }

  heard(bytes: Uint8Array): void {
    const room = MAX_BYTES - this.#bytes;
    if (room <= 0) return;
    this.#said.push(Uint8Array.from(bytes.subarray(0, room)));
    this.#bytes += Math.min(room, bytes.length);
  }

  /** Lines of text where it is text, else bytes in hex; at most 2000 characters, so binary is cut at 666 bytes. */
  text(): string {
    const all = Buffer.concat(this.#said);
    const words = all.toString('utf8');
    const written = /^(?:[^\p{Cc}\ufffd]|\s)*$/u.test(words);
    if (written) return words.replace(/\r\n?|\n\r/g, '\n').trim();
    return hex(all.subarray(0, MAX_BYTES / 3));
  }
}
