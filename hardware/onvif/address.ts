/** Addresses that a camera gives of itself are often those of another network, of a hostname nobody knows, or of nobody. Pure. */

const URI = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]/]*\]|[^/:?#]*)(:\d{1,5})?([^\s]*)$/i;

/** `host` as it stands in an address. */
export const inUri = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

/**
 * The same address at the host that we reached; names and passwords in it are left out. A path alone gets `scheme`.
 * @returns null when it is no address, or too long for anybody.
 */
export function rehosted(uri: string, host: string, scheme: string): string | null {
  const text = uri.trim();
  if (text.length > 400 || text === '' || /\s/.test(text)) return null;
  const parts = URI.exec(text);
  if (parts) return `${parts[1]}://${inUri(host)}${parts[3] ?? ''}${parts[4] ?? ''}`;
  return text.startsWith('/') ? `${scheme}://${inUri(host)}${text}` : null;
}

/** Path and query of an address that may lack its host; null when it has none. */
export function pathOf(uri: string): string | null {
  const text = uri.trim();
  const path = URI.exec(text)?.[4] ?? (text.startsWith('/') ? text : null);
  return path === null || text.length > 400 ? null : path.startsWith('/') ? path : `/${path}`;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

/** Of an http or https address; null when it is none. */
export function hostPort(uri: string): HostPort | null {
  const parts = URI.exec(uri.trim());
  const scheme = parts?.[1]?.toLowerCase();
  if (!parts || (scheme !== 'http' && scheme !== 'https')) return null;
  const secure = scheme === 'https';
  const port = parts[3] === undefined ? (secure ? 443 : 80) : Number(parts[3].slice(1));
  return port > 0 && port < 65_536 ? { host: (parts[2] ?? '').replace(/^\[|\]$/g, ''), port, secure } : null;
}
