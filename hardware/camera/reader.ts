/** From the bytes of an RTSP connection to requests (RFC 2326 §4, §6, §10.12). Bounded in everything a peer can send. Pure. */

export interface Request {
  readonly method: string;
  /** As it was sent: an absolute URL, or `*`. */
  readonly url: string;
  readonly version: string;
  /** Names in lower case; of several with one name the first counts. */
  readonly headers: ReadonlyMap<string, string>;
}

/** What cannot be a request, and with what status it is answered before the connection ends. */
export interface Refusal {
  readonly status: 400 | 413;
  readonly reason: string;
}

export type Read = { readonly kind: 'request'; readonly request: Request } | { readonly kind: 'refused'; readonly refusal: Refusal };

/** First line and headers together. */
export const MAX_HEAD = 8192;
/** A body is not read by anything here; it is skipped. */
export const MAX_BODY = 8192;
const MAX_HEADERS = 64;

const LINE = /^([A-Z_]{1,32}) (\S{1,2000}) (RTSP\/\d\.\d)$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*(.*)$/;
const FRAME_MARK = 0x24;

const refused = (status: Refusal['status'], reason: string): Read => ({ kind: 'refused', refusal: { status, reason } });

/** Collects bytes; keeps at most one head and one piece of input. */
export class RequestReader {
  #kept: Buffer = Buffer.alloc(0);
  /** Of a body, or of a frame that the viewer sent (its RTCP). */
  #skip = 0;
  #over = false;

  /** What `bytes` completed. After a refusal nothing more is read: where the next request would begin is not known. */
  push(bytes: Buffer): readonly Read[] {
    if (this.#over) return [];
    this.#kept = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    const found: Read[] = [];
    for (let next = this.#next(); next !== null; next = this.#next()) {
      found.push(next);
      if (next.kind === 'refused') {
        this.#over = true;
        this.#kept = Buffer.alloc(0);
        break;
      }
    }
    return found;
  }

  #next(): Read | null {
    for (;;) {
      const skipped = Math.min(this.#skip, this.#kept.length);
      this.#skip -= skipped;
      this.#kept = this.#kept.subarray(skipped);
      if (this.#kept.length === 0) return null;
      if (this.#kept[0] !== FRAME_MARK) return this.#request();
      if (this.#kept.length < 4) return null;
      this.#skip = 4 + this.#kept.readUInt16BE(2);
    }
  }

  #request(): Read | null {
    // Empty lines before a request are ignored (§4.1); they are as bounded as everything else.
    const begin = this.#kept.findIndex((byte) => byte !== 13 && byte !== 10);
    const end = begin < 0 ? -1 : this.#kept.indexOf('\r\n\r\n', begin);
    const size = end < 0 ? this.#kept.length : end;
    if (size > MAX_HEAD) return refused(413, `a head of more than ${MAX_HEAD} bytes`);
    if (end < 0) return null;
    const [line = '', ...rest] = this.#kept.toString('latin1', begin, end).split('\r\n');
    this.#kept = this.#kept.subarray(end + 4);
    const [, method, url, version] = LINE.exec(line) ?? [];
    if (method === undefined || url === undefined || version === undefined) return refused(400, 'no RTSP request line');
    const headers = readHeaders(rest);
    if (typeof headers === 'string') return refused(400, headers);
    const length = headers.get('content-length') ?? '0';
    if (!/^\d{1,9}$/.test(length)) return refused(400, 'Content-Length is no number');
    if (Number(length) > MAX_BODY) return refused(413, `a body of more than ${MAX_BODY} bytes`);
    this.#skip = Number(length);
    return { kind: 'request', request: { method, url, version, headers } };
  }
}

/** The headers, or what is wrong with them. */
function readHeaders(lines: readonly string[]): ReadonlyMap<string, string> | string {
  if (lines.length > MAX_HEADERS) return `more than ${MAX_HEADERS} headers`;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = HEADER.exec(line) ?? [];
    if (name === undefined || value === undefined) return 'a header without a name';
    if (!headers.has(name.toLowerCase())) headers.set(name.toLowerCase(), value.trim());
  }
  return headers;
}
