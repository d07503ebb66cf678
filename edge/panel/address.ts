/** Where a browser finds the panel. Pure. */

/** Names of this machine for itself: what is served there leaves no wire, so it needs no TLS. */
export const loopback: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);
/** "Every address" is none that a browser can open. */
const everywhere: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** The address of the panel that listens on `host`; `own`: the box's addresses in its networks, the first is told where it listens on all. */
export function panelUrl(host: string, port: number, own: readonly string[]): string {
  const [first = host] = own;
  const name = everywhere.has(host) ? first : host;
  return `${loopback.has(host) ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
