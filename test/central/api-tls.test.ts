/** The page over TLS: the real process, with a certificate of its own. */
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import t from 'tap';
import { isReadable, pageUrl } from '../../central/api/tls.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { ensureCa } from '../../provisioning/pki/authority.ts';
import { issue } from '../../provisioning/pki/issue.ts';
import { startRoot, up } from '../support/root.ts';
import { tempFolder } from '../support/temp-folder.ts';

const clock = systemClock();

async function files(folder: string) {
  const ca = await ensureCa(join(folder, 'ca'), clock);
  const dir = join(folder, 'identity');
  await issue(ca, dir, { node: 'central', role: 'central', hosts: ['127.0.0.1'] }, clock);
  const config = (tls: object) => ({
    data: join(folder, 'data'),
    identity: { dir },
    http: { host: '127.0.0.1', port: 0, tls },
    mqtt: { host: '127.0.0.1', port: 0 },
  });
  return { dir, config, cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
}

t.test('the page is served over TLS, with a cookie that never leaves it', async (t) => {
  const folder = tempFolder(t);
  const { dir, config, cert, key } = await files(folder);
  const central = startRoot(t, 'central/main.ts', config({ cert, key }), folder);
  const { httpPort: port, setupToken } = await up(central);
  const body = JSON.stringify({ token: setupToken, name: 'chi-lan', password: 'mot mat khau du dai' });
  const sent = request({
    host: '127.0.0.1',
    port: Number(port),
    path: '/api/v1/setup',
    method: 'POST',
    ca: readFileSync(join(dir, 'ca.pem')),
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  t.equal(answer.statusCode, 200);
  t.match(answer.headers['set-cookie']?.join(), /; Secure/);
  t.ok(answer.headers['strict-transport-security']);
  t.match(central.logs.join('\n'), /https:\/\/127\.0\.0\.1:\d+\/#\/setup\//);
});

t.test('a certificate that cannot be used is named before anything opens', async (t) => {
  const folder = tempFolder(t);
  const { config, cert, key } = await files(folder);
  const noise = join(folder, 'noise.pem');
  mkdirSync(folder, { recursive: true });
  writeFileSync(noise, 'noise');
  for (const [tls, said] of [
    [{ cert: join(folder, 'nowhere.pem'), key }, /http\.tls\.cert reason=ENOENT/],
    [{ cert: noise, key }, /http\.tls reason=certificate and key cannot be used/],
    [{ cert }, /http\.tls/],
  ] as const) {
    const central = startRoot(t, 'central/main.ts', config(tls), folder);
    t.equal(await central.ended, 78);
    t.match(central.logs.join('\n'), said);
  }
});

t.test('what is told about a page that others reach', (t) => {
  const plain = { port: 1, trustProxy: false, tls: null };
  t.equal(isReadable({ ...plain, host: '0.0.0.0' }), true);
  t.equal(isReadable({ ...plain, host: '127.0.0.1' }), false);
  t.equal(isReadable({ ...plain, host: '0.0.0.0', trustProxy: true }), false);
  t.equal(isReadable({ ...plain, host: '10.0.0.1', tls: { cert: 'c', key: 'k' } }), false);
  t.equal(pageUrl({ host: '::1', tls: null }, 8080), 'http://[::1]:8080');
  t.notMatch(pageUrl({ host: '0.0.0.0', tls: null }, 8080), '0.0.0.0', 'an address that others can open');
  t.end();
});
