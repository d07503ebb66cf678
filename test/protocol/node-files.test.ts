/** Files, configuration and log: whole or absent, refused with the key and the reason, never a secret. */
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import t from 'tap';
import { Type } from 'typebox';
import { decoder } from '../../protocol/decode.ts';
import { readJson, writeAtomic, writeJson } from '../../protocol/node/atomic.ts';
import { exitCodeFor, loadConfig } from '../../protocol/node/config.ts';
import { createLog, masked } from '../../protocol/node/log.ts';
import { asNobody } from '../support/nobody.ts';
import { tempFolder } from '../support/temp-folder.ts';

const State = decoder(Type.Object({ revision: Type.Integer({ minimum: 0 }) }, { additionalProperties: false }));

t.test('a file is replaced whole, with the permissions asked for, and nothing is left beside it', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'deep/state.json');
  t.match(await writeJson(path, { revision: 1 }, { mode: 0o600 }), { ok: true });
  t.match(await writeJson(path, { revision: 2 }, { mode: 0o600 }), { ok: true });
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.match(await readJson(path, State), { is: 'value', value: { revision: 2 } });
  t.strictSame(readdirSync(join(folder, 'deep')), ['state.json']);
  await Promise.all([3, 4, 5, 6].map((revision) => writeJson(path, { revision })));
  t.match(await readJson(path, State), { is: 'value' }, 'writers at the same time leave one whole file');
  t.strictSame(readdirSync(join(folder, 'deep')), ['state.json']);
});

t.test('a write that fails is a fault and leaves the old file', async (t) => {
  const folder = tempFolder(t, { 'state.json': '{"revision":1}', sub: {} });
  t.match(await writeAtomic(join(folder, 'sub'), 'x'), { ok: false, fault: { code: 'unreachable', because: /EISDIR|ENOTEMPTY|EEXIST/ } });
  t.match(await writeAtomic(join(folder, 'state.json/under'), 'x'), { ok: false, fault: { code: 'unreachable' } });
  t.match(await readJson(join(folder, 'state.json'), State), { is: 'value', value: { revision: 1 } });
  t.match(await readJson(join(folder, 'sub'), State), { is: 'unreadable', fault: { code: 'unreachable', because: /EISDIR/ } });
  t.match(await readJson(join(folder, 'none'), State), { is: 'absent' });
  t.strictSame(readdirSync(folder).sort(), ['state.json', 'sub']);
});

t.test('a corrupt file is told, named and kept aside', async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'state.json');
  const bad: readonly [string, string | Buffer, RegExp][] = [
    ['torn', '{"revision":', /JSON/],
    ['empty', '', /JSON/],
    ['zeros after a power cut', Buffer.alloc(64), /JSON/],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /./],
    ['wrong type', '{"revision":"1"}', /integer/],
    ['unknown key', '{"revision":1,"extra":2}', /unknown key/],
  ];
  for (const [n, [name, bytes, reason]] of bad.entries()) {
    writeFileSync(path, bytes);
    const result = await readJson(path, State);
    t.match(result, { is: 'corrupt', fault: { code: 'input.invalid', reason }, keptAs: `${path}.corrupt-${n + 1}` }, name);
    t.match(await readJson(path, State), { is: 'absent' });
    t.strictSame(readFileSync(`${path}.corrupt-${n + 1}`), Buffer.from(bytes));
  }
  for (let n = 0; n < 8; n += 1) {
    writeFileSync(path, `bad ${n}`);
    await readJson(path, State);
  }
  t.equal(readdirSync(folder).length, 9, 'at most nine are kept');
});

const Config = Type.Object(
  {
    name: Type.String({ minLength: 1, default: 'central' }),
    http: Type.Object(
      { port: Type.Integer({ minimum: 0, maximum: 65535, default: 8080 }), host: Type.String({ default: '127.0.0.1' }) },
      {
        additionalProperties: false,
        default: {},
      },
    ),
    peers: Type.Array(Type.String(), { default: [] }),
    loud: Type.Boolean({ default: false }),
    password: Type.Optional(Type.String()),
    camera: Type.Union([Type.String(), Type.Null()], { default: null }),
  },
  { additionalProperties: false },
);
const load = (...argv: readonly string[]) => loadConfig({ schema: Config, argv });

t.test('configuration is defaults, then the file', async (t) => {
  const folder = tempFolder(t, { 'central.json': '{"http":{"port":1},"name":"from file","password":"geheim"}' });
  const file = join(folder, 'central.json');
  t.match(await load(), {
    ok: true,
    value: { config: { name: 'central', http: { port: 8080, host: '127.0.0.1' }, peers: [], loud: false, camera: null }, print: null },
  });
  t.match(await load('--config', file), {
    ok: true,
    value: { config: { name: 'from file', http: { port: 1, host: '127.0.0.1' }, peers: [] }, print: null },
  });
  const printed = await load('--config', file, '--print-config');
  t.ok(printed.ok && printed.value.print);
  if (!printed.ok) return;
  t.match(JSON.parse(printed.value.print ?? ''), { http: { port: 1 }, password: '***' });
});

t.test('a wrong configuration names the key and the reason and means exit 78', async (t) => {
  const folder = tempFolder(t, { 'list.json': '[]', 'torn.json': '{"a"' });
  const cases: readonly [string, string | null, readonly string[], string | RegExp, RegExp][] = [
    ['wrong type', '{"http":{"port":"x"}}', [], 'http.port', /integer/],
    ['a number as text is not a number', '{"http":{"port":"80"}}', [], 'http.port', /integer/],
    ['out of range', '{"http":{"port":70000}}', [], 'http.port', /65535/],
    ['unknown key', '{"colour":1}', [], 'colour', /unknown key/],
    ['unknown key below', '{"http":{"prot":1}}', [], 'http.prot', /unknown key/],
    ['no such file', null, ['--config', '/nowhere/x.json'], '/nowhere/x.json', /ENOENT/],
    ['a list', null, ['--config', join(folder, 'list.json')], /list.json/, /not a JSON object/],
    ['torn', null, ['--config', join(folder, 'torn.json')], /torn.json/, /JSON/],
    ['unknown flag', null, ['--prot', '1'], 'command line', /--prot/],
  ];
  for (const [name, content, argv, key, reason] of cases) {
    const file = join(folder, 'case.json');
    if (content !== null) writeFileSync(file, content);
    const result = await load(...(content === null ? argv : ['--config', file]));
    t.match(result, { ok: false, fault: { code: 'config.invalid', key, reason } }, name);
    if (!result.ok) t.equal(exitCodeFor(result.fault), 78);
  }
  t.equal(exitCodeFor({ code: 'unreachable', what: 'x', because: 'y' }), 1);
});

t.test('logs never show secrets, and show faults, errors and bytes in a readable way', async (t) => {
  const cyclic: Record<string, unknown> = { name: 'loop' };
  cyclic['self'] = cyclic;
  const cases: readonly [unknown, unknown][] = [
    [
      { key: 'a', keyframe: 'b', monkey: 'c' },
      { key: '***', keyframe: 'b', monkey: 'c' },
    ],
    [
      { srtKey: 'a', API_TOKEN: 'b', deep: [{ 'admin-password': 'c' }] },
      { srtKey: '***', API_TOKEN: '***', deep: [{ 'admin-password': '***' }] },
    ],
    [
      { keys: { m: 'a' }, tokens: 5, hasPassword: true },
      { keys: '***', tokens: 5, hasPassword: true },
    ],
    [{ fault: { code: 'config.invalid', key: 'http.port' } }, { fault: { code: 'config.invalid', key: 'http.port' } }],
    [{ frame: Buffer.alloc(9) }, { frame: '<9 bytes>' }],
    [{ n: 5n }, { n: '5' }],
  ];
  for (const [facts, want] of cases) t.strictSame(masked(facts), want);
  t.match(JSON.stringify(masked(cyclic)), /<deeper>/);
  const lines: string[] = [];
  const to = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) });
  const log = createLog('edge', { level: 'info', to }).child({ site: 's-1', token: 'abc' });
  log.debug({}, 'not shown');
  log.error({ err: Object.assign(new Error('boom'), { passphrase: 'abc' }), because: 'test' }, 'something failed');
  t.equal(lines.length, 1);
  t.match(JSON.parse(lines[0] ?? ''), {
    name: 'edge',
    site: 's-1',
    token: '***',
    err: { message: 'boom', passphrase: '***' },
    msg: 'something failed',
  });
  t.notMatch(lines[0], /abc/);
});

t.test('a folder that forbids writing is a fault, not a crash', async (t) => {
  const folder = tempFolder(t, { closed: {} });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'closed'), 0o555);
  const written = await asNobody(() => writeAtomic(join(folder, 'closed/x'), 'x'));
  t.match(written, { ok: false, fault: { code: 'unreachable', because: /EACCES/ } });
  t.strictSame(readdirSync(join(folder, 'closed')), []);
});
