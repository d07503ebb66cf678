/** Bytes to lines, bounded: a peer that never sends a line end costs at most one line of memory. Pure; the caller owns the stream. */

/** Longest line between a program and its owner, in bytes without the line end. */
export const MAX_LINE_BYTES = 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Splits a byte stream at LF (CRLF too) whatever the chunking. A line longer than the limit is dropped whole and counted; the next one
 * is read as usual. Bytes are decoded as UTF-8 by the line, so a chunk may end inside a character.
 */
export class LineSplitter {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #size = 0;
  #skipping = false;
  #dropped = 0;

  constructor(limitBytes: number = MAX_LINE_BYTES) {
    this.#limit = limitBytes;
  }

  /** Lines dropped because they were longer than the limit. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes held of a line that has not ended yet. */
  get held(): number {
    return this.#size;
  }

  /** Takes the next chunk and returns the lines that it completes, without their line ends. */
  push(chunk: Uint8Array): string[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: string[] = [];
    let from = 0;
    for (let end = bytes.indexOf(LF, from); end !== -1; end = bytes.indexOf(LF, from)) {
      this.#keep(bytes.subarray(from, end));
      const line = this.#take();
      if (line !== null) lines.push(line);
      from = end + 1;
    }
    // The stream may reuse its chunk, so an unfinished rest is copied.
    if (from < bytes.length) this.#keep(Buffer.from(bytes.subarray(from)));
    return lines;
  }

  #keep(part: Buffer): void {
    if (this.#skipping || part.length === 0) return;
    // One byte more than the limit is allowed for the CR of a CRLF.
    if (this.#size + part.length > this.#limit + 1) {
      this.#skipping = true;
      this.#parts = [];
      this.#size = 0;
      return;
    }
    this.#parts.push(part);
    this.#size += part.length;
  }

  #take(): string | null {
    let line = this.#parts.length === 1 && this.#parts[0] ? this.#parts[0] : Buffer.concat(this.#parts, this.#size);
    const skipped = this.#skipping;
    this.#parts = [];
    this.#size = 0;
    this.#skipping = false;
    if (line.at(-1) === CR) line = line.subarray(0, -1);
    if (skipped || line.length > this.#limit) {
      this.#dropped += 1;
      return null;
    }
    return line.toString('utf8');
  }
}
