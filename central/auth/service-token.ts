/** The bearer token of tools on the same machine: new at each start, readable by this user only, an administrator's. */
import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Principal } from './principal.ts';
import { sameText } from './users.ts';

export class ServiceToken {
  readonly #token = randomBytes(32).toString('base64url');

  /** Writes `service-token` (0600) into `folder`, whole or not at all. Returns its path. */
  async write(folder: string): Promise<string> {
    const path = join(folder, 'service-token');
    const fresh = `${path}.${process.pid}.new`;
    await writeFile(fresh, `${this.#token}\n`, { mode: 0o600 });
    await rename(fresh, path);
    return path;
  }

  /** The tool behind an Authorization header, or null. */
  principal(header: string | undefined): Principal | null {
    const token = header?.startsWith('Bearer ') === true ? header.slice(7).trim() : null;
    return token !== null && sameText(token, this.#token) ? { name: 'service', role: 'admin', session: null } : null;
  }
}
