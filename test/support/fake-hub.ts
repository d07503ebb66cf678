/** A hub as central's API meets it: HTTP and WebSocket over TLS, with one recording. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { WebSocketServer } from 'ws';
import { systemClock } from '../../protocol/node/clock.ts';
import { type Identity, loadIdentity, serverTls } from '../../protocol/node/tls.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { apiBench, populate } from './central-api.ts';

/** A hub's HTTP side: real TLS with client certificates, ALPN, WebSocket. */
export async function fakeHub(
  t: Test,
  identity: Identity,
  port = 0,
): Promise<{ port: number; server: Server; deleted: string[]; sockets: WebSocketServer; asked: string[] }> {
  const [deleted, asked]: [string[], string[]] = [[], []];
  const file = Buffer.from('0123456789'.repeat(1000));
  const manifest = {
    recording: 'r-abcdef1234',
    meeting: 'm-abcdef1234',
    title: 'Họp',
    because: 'biên bản',
    by: 'chief',
    startedAt: 1,
    endedAt: 2,
    segments: [{ file: '0001.mkv', site: 'a', grantN: 1, startedAt: 1, endedAt: 2, bytes: file.length }],
  };
  const server = createServer({ ...serverTls(identity), ALPNProtocols: ['http/1.1'] }, (request, response) => {
    const url = request.url ?? '';
    asked.push(`${request.method} ${url}`);
    if (url.endsWith('.jpg')) return void response.writeHead(200, { 'content-type': 'image/jpeg' }).end(Buffer.from([0xff, 0xd8]));
    if (url === '/v1/recordings')
      return void response.end(JSON.stringify(deleted.length === 0 ? [{ ...manifest, bytes: file.length }] : []));
    if (request.method === 'DELETE') {
      deleted.push(url);
      return void response.writeHead(204).end();
    }
    if (url.endsWith('/play')) return void response.writeHead(200, { 'content-type': 'video/mp4' }).end('mp4');
    if (url.endsWith('/0001.mkv')) {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      if (from === undefined)
        return void response.writeHead(200, { 'content-type': 'video/x-matroska', 'content-length': file.length }).end(file);
      const part = file.subarray(Number(from), Number(to) + 1);
      return void response
        .writeHead(206, { 'content-range': `bytes ${from}-${to}/${file.length}`, 'content-length': part.length })
        .end(part);
    }
    response.writeHead(404).end();
  });
  const sockets = new WebSocketServer({ server });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const each of sockets.clients) each.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server, deleted, sockets, asked };
}

/** An API whose one hub is really asked, over TLS; `at` says where a hub is, also another one. */
export async function withHub(t: Test) {
  const data = await mkdtemp(join(tmpdir(), 'diemcau-pki-'));
  t.teardown(() => rm(data, { recursive: true, force: true }));
  const clock = systemClock();
  const ca = await ensureCa(join(data, 'pki'), clock);
  const identityOf = async (node: string, role: 'central' | 'hub'): Promise<Identity> => {
    await issue(ca, join(data, node), { node, role, hosts: [] }, clock);
    const loaded = await loadIdentity(join(data, node), clock.now());
    if (!loaded.ok) throw new Error(loaded.fault.code);
    return loaded.value;
  };
  const hub = await fakeHub(t, await identityOf('hub-1', 'hub'));
  const bench = await apiBench({ identity: await identityOf('central', 'central') });
  t.teardown(() => bench.stop());
  await bench.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = bench.app.server.address() as AddressInfo;
  populate(bench, ['a', 'b']);
  const at = (hubPort: number, hub = 'hub-1'): void =>
    void bench.hubs.set(hub, { hub, name: 'Hub', seenAt: 1, address: { host: '127.0.0.1', port: hubPort, paths: [] } });
  at(hub.port);
  return { hub, bench, port, at, identityOf };
}
