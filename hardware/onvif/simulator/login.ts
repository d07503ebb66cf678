/**
 * Who may ask: WS-UsernameToken with a password digest (OASIS Username Token Profile 1.0) and HTTP digests (RFC 7616, RFC 2617), as ONVIF's
 * core specification wants them. Holds the nonces that were given out and those that were used, a bounded number of each.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { OnvifQuirks } from './quirks.ts';
import type { Token } from './soap.ts';
import { fromIso } from './time.ts';

export interface LoginOptions {
  readonly username: string;
  readonly password: string;
  readonly quirks: () => OnvifQuirks;
  /** The camera's own clock. */
  readonly time: () => number;
  readonly mono: () => number;
}

export interface HttpRequest {
  readonly method: string;
  readonly uri: string;
  readonly authorization: string | undefined;
}

/** Who it is, or why not. `stale`: all was right but the nonce is too old. */
export type Verdict = { readonly in: true } | { readonly in: false; readonly because: string; readonly stale: boolean };

const REALM = 'camera';
const NONCE_MS = 300_000;
const NONCES = 256;
const USED = 1000;

const no = (because: string, stale = false): Verdict => ({ in: false, because, stale });

export class Login {
  readonly #options: LoginOptions;
  /** Tokens that came, so that none comes twice. */
  readonly #used = new Set<string>();
  /** Given out: when, and the highest count that came with it. */
  readonly #nonces = new Map<string, { readonly sinceMs: number; count: number }>();

  constructor(options: LoginOptions) {
    this.#options = options;
  }

  token({ username, password, type, nonce, created }: Token): Verdict {
    const { quirks, time } = this.#options;
    if (type !== 'PasswordDigest') return no('the password is not digested');
    const at = fromIso(created);
    if (at === null) return no('Created is no date');
    if (Math.abs(at - time()) > quirks().createdWindowMs) return no(`Created is ${Math.round((at - time()) / 1000)} s off`);
    const bytes = Buffer.from(nonce, 'base64');
    const digest = createHash('sha1').update(bytes).update(created).update(this.#options.password).digest('base64');
    if (username !== this.#options.username || !same(digest, password)) return no('wrong name or password');
    const key = `${nonce} ${created}`;
    if (this.#used.has(key)) return no('this nonce was used before');
    this.#used.add(key);
    if (this.#used.size > USED) this.#used.delete(this.#used.values().next().value ?? '');
    return { in: true };
  }

  digest({ method, uri, authorization }: HttpRequest): Verdict {
    const given = fields(authorization ?? '');
    if (given === null) return no('no digest');
    const algorithm = given.algorithm ?? 'MD5';
    if (!this.#options.quirks().algorithms.some((each) => each === algorithm)) return no(`${algorithm} was not offered`);
    const nonce = this.#nonces.get(given.nonce ?? '');
    if (given.username !== this.#options.username || given.realm !== REALM) return no('wrong name');
    if (given.uri !== uri) return no('the digest is for another address');
    const hash = (text: string): string =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const secret = hash(`${given.username}:${REALM}:${this.#options.password}`);
    const what = hash(`${method}:${uri}`);
    const { qop, nc = '', cnonce = '' } = given;
    if (qop !== undefined && qop !== 'auth') return no(`qop ${qop} was not offered`);
    const middle = qop === undefined ? given.nonce : `${given.nonce}:${nc}:${cnonce}:${qop}`;
    if (!same(hash(`${secret}:${middle}:${what}`), given.response ?? '')) return no('wrong password');
    if (nonce === undefined || this.#options.mono() - nonce.sinceMs > NONCE_MS) return no('the nonce is too old', true);
    const count = Number.parseInt(nc, 16);
    if (qop !== undefined && !(count > nonce.count)) return no('this count was used before', true);
    if (qop !== undefined) nonce.count = count;
    return { in: true };
  }

  /** Values of WWW-Authenticate, one for each algorithm. */
  challenges(stale: boolean): readonly string[] {
    return this.#options.quirks().algorithms.map((algorithm) => {
      const nonce = randomBytes(16).toString('hex');
      this.#nonces.set(nonce, { sinceMs: this.#options.mono(), count: 0 });
      if (this.#nonces.size > NONCES) this.#nonces.delete(this.#nonces.keys().next().value ?? '');
      return `Digest realm="${REALM}", qop="auth", nonce="${nonce}", algorithm=${algorithm}${stale ? ', stale=true' : ''}`;
    });
  }
}

function same(a: string, b: string): boolean {
  return (
    a.length === b.length &&
    timingSafeEqual(Buffer.from(a.padEnd(64), 'latin1').subarray(0, 64), Buffer.from(b.padEnd(64), 'latin1').subarray(0, 64))
  );
}

/** Null when it is no digest. */
function fields(authorization: string): Readonly<Record<string, string>> | null {
  if (!/^Digest\s/i.test(authorization) || authorization.length > 2000) return null;
  const found = authorization.slice(6).matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/gi);
  return Object.fromEntries(
    Array.from(found, ([, name = '', quoted, plain]) => [name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '']),
  );
}
