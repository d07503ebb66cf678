/** The page's own certificate: browsers know nothing of the authority that boxes and hubs trust. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { createSecureContext } from 'node:tls';
import { type Fault, failed, ok, type Result } from '../../protocol/fault.ts';
import type { CentralConfig } from '../config.ts';

export interface WebTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
}

const invalid = (key: string, reason: string): { readonly ok: false; readonly fault: Fault } =>
  failed({ code: 'config.invalid', key, reason });

/** Reads and tries certificate and key; null: the page is served without TLS. */
export async function webTls({ tls }: CentralConfig['http']): Promise<Result<WebTls | null>> {
  if (tls === null) return ok(null);
  const read: Buffer[] = [];
  for (const name of ['cert', 'key'] as const) {
    try {
      read.push(await readFile(tls[name]));
    } catch (error) {
      return invalid(`http.tls.${name}`, (error as Error).message);
    }
  }
  const [cert = Buffer.alloc(0), key = Buffer.alloc(0)] = read;
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    return invalid('http.tls', `certificate and key cannot be used together: ${(error as Error).message}`);
  }
  return ok({ cert, key, minVersion: 'TLSv1.2' });
}

const local = new Set(['127.0.0.1', '::1', 'localhost']);

/** Passwords and sessions would cross a network readable: served to others without TLS, and no proxy in front that could have added it. */
export const isReadable = ({ host, tls, trustProxy }: CentralConfig['http']): boolean => tls === null && !trustProxy && !local.has(host);

/** Where people find the page. */
export function pageUrl({ host, tls }: Pick<CentralConfig['http'], 'host' | 'tls'>, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `${tls === null ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
