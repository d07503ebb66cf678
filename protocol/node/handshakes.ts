/**
 * Connections that have not shown a certificate yet. Whoever can reach a port can open them, so they are few and short: Node only reports a
 * handshake that takes too long (`tlsClientError` after `handshakeTimeout`) and leaves the socket open, and a thousand of those would keep
 * every box out.
 */
import type { Socket } from 'node:net';
import type { Server } from 'node:tls';

/** Boxes of a whole province behind one address that come back at the same moment must find room. */
const pendingPerAddress = 256;

/** Closes what fails or outlasts its handshake, and what comes from an address that has too many of them under way. */
export function guardHandshakes(server: Server, limit = pendingPerAddress): void {
  const pending = new Map<string, Set<number>>();
  const done = (address: string, port: number): void => {
    const ports = pending.get(address);
    ports?.delete(port);
    if (ports?.size === 0) pending.delete(address);
  };
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address, remotePort: port } = socket;
    if (address === undefined || port === undefined) return; // it is gone already
    const ports = pending.get(address) ?? new Set();
    pending.set(address, ports.add(port));
    socket.once('close', () => done(address, port));
    if (ports.size > limit) socket.destroy();
  });
  server.on('secureConnection', ({ remoteAddress, remotePort }) => done(remoteAddress ?? '', remotePort ?? 0));
  server.on('tlsClientError', (_error, socket) => socket.destroy());
}
