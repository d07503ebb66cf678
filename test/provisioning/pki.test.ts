/** The authority and its certificates, judged by a real TLS handshake. */
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import t from 'tap';
import { FaultError } from '../../protocol/fault.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { guardHandshakes } from '../../protocol/node/handshakes.ts';
import { clientTls, type Identity, loadIdentity, peerIdentity, serverTls } from '../../protocol/node/tls.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { eventually } from '../support/eventually.ts';

const clock = systemClock();

async function folder(t: Tap): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'diemcau-pki-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}
type Tap = { teardown(fn: () => unknown): void };

async function identity(ca: string, dir: string, node: string, role: 'central' | 'hub' | 'edge'): Promise<Identity> {
  await issue(await ensureCa(ca, clock), dir, { node, role, hosts: [] }, clock);
  const loaded = await loadIdentity(dir, clock.now());
  if (!loaded.ok) throw new FaultError(loaded.fault);
  return loaded.value;
}

/** What the server learns of the client, or the error word of the handshake. */
async function handshake(server: Identity, client: ReturnType<typeof clientTls>): Promise<unknown> {
  const listener = createServer(serverTls(server));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    const seen = new Promise<unknown>((resolve) => {
      listener.once('secureConnection', (socket: TLSSocket) => resolve(peerIdentity(socket)));
      listener.once('tlsClientError', () => resolve('refused'));
    });
    const socket = connect({ ...client, host: '127.0.0.1', port: (listener.address() as AddressInfo).port });
    const error = new Promise<unknown>((resolve) => socket.once('error', (reason: NodeJS.ErrnoException) => resolve(reason.code)));
    const result = await Promise.race([seen, error]);
    socket.destroy();
    return result;
  } finally {
    listener.close();
  }
}

/** The fault that a promise fails with; anything else is a bug. */
async function faultOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }
  return 'no fault';
}

t.test('a server learns node and role from the certificate', async (t) => {
  const dir = await folder(t);
  const hub = await identity(join(dir, 'ca'), join(dir, 'hub'), 'hub-1', 'hub');
  const edge = await identity(join(dir, 'ca'), join(dir, 'edge'), 'long-xuyen', 'edge');
  t.strictSame(await handshake(hub, clientTls(edge, 'hub-1')), { node: 'long-xuyen', role: 'edge' });
});

t.test('a foreign authority, another name and no certificate are refused', async (t) => {
  const dir = await folder(t);
  const hub = await identity(join(dir, 'ca'), join(dir, 'hub'), 'hub-1', 'hub');
  const edge = await identity(join(dir, 'ca'), join(dir, 'edge'), 'long-xuyen', 'edge');
  const stranger = await identity(join(dir, 'other-ca'), join(dir, 'stranger'), 'long-xuyen', 'edge');
  t.equal(await handshake(hub, { ...clientTls(stranger, 'hub-1'), ca: hub.ca }), 'refused', 'a stranger with our node id');
  t.match(await handshake(hub, clientTls(stranger, 'hub-1')), /./, 'the stranger does not trust us either');
  t.equal(await handshake(hub, clientTls(edge, 'hub-2')), 'ERR_TLS_CERT_ALTNAME_INVALID', 'a hub that is not the one expected');
  const { cert: _cert, key: _key, ...bare } = clientTls(edge, 'hub-1');
  t.equal(await handshake(hub, bare as ReturnType<typeof clientTls>), 'refused', 'no certificate');
});

t.test('issuing again does nothing until names change or the end is near', async (t) => {
  const dir = await folder(t);
  const authority = await ensureCa(join(dir, 'ca'), clock);
  const want = { node: 'hub-1', role: 'hub', hosts: ['10.0.0.2'] } as const;
  t.equal(await issue(authority, join(dir, 'hub'), want, clock), true);
  t.equal(await issue(authority, join(dir, 'hub'), want, clock), false);
  t.equal(await issue(authority, join(dir, 'hub'), { ...want, hosts: ['10.0.0.2', 'hub.angiang.vn'] }, clock), true, 'a new name');
  const later = { now: () => clock.now() + 810 * 24 * 3600 * 1000 };
  t.equal(await issue(authority, join(dir, 'hub'), want, later), true, 'soon expired');
  t.equal((await stat(join(dir, 'hub', 'key.pem'))).mode & 0o777, 0o600);
  t.equal((await stat(join(dir, 'ca', 'ca-key.pem'))).mode & 0o777, 0o600);
  const [first, second] = [await ensureCa(join(dir, 'ca'), clock), authority];
  t.equal(first.pem, second.pem, 'the authority stays the same');
});

t.test('half an authority and wrong identities are faults that name the cause', async (t) => {
  const dir = await folder(t);
  const authority = await ensureCa(join(dir, 'ca'), clock);
  const bad: [string, object, string][] = [
    ['a topic wildcard as id', { node: '+', role: 'edge', hosts: [] }, '/node'],
    ['an unknown role', { node: 'a', role: 'root', hosts: [] }, '/role'],
    ['a host with a newline', { node: 'a', role: 'edge', hosts: ['x\ny'] }, '/hosts'],
  ];
  for (const [name, want, path] of bad)
    t.match(await faultOf(issue(authority, join(dir, 'x'), want as never, clock)), { code: 'input.invalid', path }, name);
  await rm(join(dir, 'ca', 'ca-key.pem'));
  t.match(await faultOf(ensureCa(join(dir, 'ca'), clock)), { code: 'conflict' });
});

t.test('a process with a missing, expired, foreign or broken certificate is told so', async (t) => {
  const dir = await folder(t);
  await identity(join(dir, 'ca'), join(dir, 'edge'), 'a', 'edge');
  await identity(join(dir, 'other'), join(dir, 'foreign'), 'a', 'edge');
  const reason = async (where: string, now = clock.now()): Promise<string> => {
    const loaded = await loadIdentity(where, now);
    return loaded.ok ? 'good' : loaded.fault.code === 'config.invalid' ? loaded.fault.reason : loaded.fault.code;
  };
  t.equal(await reason(join(dir, 'edge')), 'good');
  t.match(await reason(join(dir, 'nowhere')), /cannot read .*ca\.pem/);
  t.match(await reason(join(dir, 'edge'), clock.now() + 900 * 24 * 3600 * 1000), /cert\.pem expired on/);
  t.match(await reason(join(dir, 'edge'), clock.now() + 4000 * 24 * 3600 * 1000), /expired on/);
  t.match(
    await reason(join(dir, 'edge'), clock.now() - 24 * 3600 * 1000),
    /cert\.pem is not valid before .*, and this machine's clock says /,
  );
  await writeFile(join(dir, 'foreign', 'ca.pem'), await readFile(join(dir, 'edge', 'ca.pem')));
  t.match(await reason(join(dir, 'foreign')), /not issued by the authority/);
  await chmod(join(dir, 'edge', 'cert.pem'), 0o644);
  await writeFile(join(dir, 'edge', 'cert.pem'), 'garbage');
  t.match(await reason(join(dir, 'edge')), /not a certificate/);
});

t.test('those who show no certificate cannot keep out those who do', async (t) => {
  const [ca, dir] = [await folder(t), await folder(t)];
  const server = await identity(ca, join(dir, 'hub'), 'hub-1', 'hub');
  const client = clientTls(await identity(ca, join(dir, 'edge'), 'site-1', 'edge'), '127.0.0.1');
  const listener = createServer({ ...serverTls(server), handshakeTimeout: 500 });
  guardHandshakes(listener, 3);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const silent = Array.from({ length: 5 }, () => connectTcp(port, '127.0.0.1'));
  t.teardown(() => {
    for (const socket of silent) socket.destroy();
    listener.close();
  });
  const ended = new Set<number>();
  for (const [index, socket] of silent.entries()) socket.on('error', () => undefined).once('close', () => ended.add(index));
  await eventually(() => (ended.size === 2 ? undefined : `${ended.size} of 5 ended`), { everyMs: 5 });
  await eventually(() => (ended.size === 5 ? undefined : `${ended.size} of 5 ended with the time-out`));
  const welcome = once(listener, 'secureConnection');
  const box = connect({ ...client, host: '127.0.0.1', port });
  t.teardown(() => box.destroy());
  const [socket] = (await welcome) as [TLSSocket];
  t.match(peerIdentity(socket), { node: 'site-1', role: 'edge' });
  socket.destroy();
});
