/** The bearer token of tools on the same machine: new at each start, readable by this user only, an administrator's. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Result } from '../../protocol/fault.ts';
import { writeAtomic } from '../../protocol/node/atomic.ts';
import type { Principal } from './principal.ts';
import { sameText } from './users.ts';

export class ServiceToken {
  readonly #token = randomBytes(32).toString('base64url');

  /** Writes `service-token` (0600) into `folder`, whole or not at all. */
  write(folder: string): Promise<Result<void>> {
    return writeAtomic(join(folder, 'service-token'), `${this.#token}\n`, { mode: 0o600 });
  }

  /** The tool behind an Authorization header, or null. From another machine it is nobody's: `address` is where the request came from. */
  principal(header: string | undefined, address: string): Principal | null {
    const token = header?.startsWith('Bearer ') === true ? header.slice(7).trim() : null;
    const good = token !== null && sameText(token, this.#token) && loopback.test(address);
    return good ? { name: 'service', role: 'admin', session: null } : null;
  }
}

const loopback = /^(127\.[0-9.]+|::1|::ffff:127\.[0-9.]+)$/;
