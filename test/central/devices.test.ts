/** Devices over central's API: adopted, changed, acted on, released; secrets stay where they belong. Real store, no broker. */
import t, { type Test } from 'tap';
import { withoutSecrets } from '../../central/api/routes/devices.ts';
import { Commands } from '../../central/sites/commands.ts';
import type { AuditEntry, DevicesView } from '../../protocol/api.ts';
import { FaultError } from '../../protocol/fault.ts';
import { asItIs } from '../../protocol/room.ts';
import { type DeviceReport, unknownState } from '../../protocol/schema/device.ts';
import { type ApiBench, apiBench, populate, wellFacts } from '../support/central-api.ts';
import { eventually } from '../support/eventually.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

const wish = {
  id: 'codec',
  name: 'Thiết bị họp',
  driver: 'xapi',
  at: { via: 'serial', path: '/dev/serial/by-id/usb-1', baud: null },
  address: 1,
  username: 'admin',
  password: 'cua toi',
  model: '',
} as const;

const report: DeviceReport = {
  id: 'codec',
  kind: 'codec',
  driver: 'xapi',
  name: 'Thiết bị họp',
  link: 'ok',
  because: 'connected',
  info: { make: 'Cisco', model: 'C40', firmware: 'TC7', serial: '1' },
  capabilities: [],
  state: unknownState,
  seen: 1,
};

/** The bench's registry is the test's own; devices hang on the sites of the store. */
async function stored(bench: ApiBench, ...sites: readonly string[]): Promise<void> {
  const rows = sites.map((site) => ({ site, name: site, position: 1, created_at: 1, seen_at: null, protection: 'warm' as const }));
  await bench.store.db.insertInto('sites').values(rows).execute();
}

t.test('a device is adopted, changed and released; its box is told, and its password is told to nobody else', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  populate(bench, ['a', 'b']);
  await stored(bench, 'a', 'b');
  const send = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, payload?: object) =>
    bench.call({ method, url: `/api/v1/sites/${path}`, headers: bench.bearer, ...(payload === undefined ? {} : { payload }) });
  t.match((await send('GET', 'a/devices')).json(), { site: 'a', online: true, devices: [], found: [] });
  t.equal((await send('GET', 'nowhere/devices')).statusCode, 404);
  const adopted = await send('POST', 'a/devices', wish);
  t.equal(adopted.statusCode, 201, adopted.body);
  t.match(adopted.json<DevicesView>(), {
    devices: [{ wish: { id: 'codec', hasPassword: true, scenes: { on: asItIs, off: asItIs } }, report: null }],
  });
  t.notMatch(adopted.body, 'cua toi');
  t.equal((await send('POST', 'a/devices', wish)).statusCode, 409, 'a second one of that id is refused');
  t.match(
    bench.meetings.wantOf('a'),
    { role: 'edge', devices: [{ id: 'codec', password: 'cua toi' }], scene: 'off' },
    'the box is told, password and all',
  );
  t.match(bench.meetings.wantOf('b'), { devices: [], scene: null }, 'nobody touches a room without devices');

  const scenes = { on: { ...asItIs, power: true }, off: asItIs };
  const changed = await send('PATCH', 'a/devices/codec', { name: 'C40', scenes });
  t.match(changed.json(), { devices: [{ wish: { name: 'C40', username: 'admin', hasPassword: true, scenes } }] }, 'what is absent stays');
  t.equal((await send('PATCH', 'a/devices/camera', { name: 'x' })).statusCode, 404);
  for (const [name, body, path] of [
    ['a driver that there is not', { ...wish, driver: 'fax' }, '/driver'],
    ['an id that is none', { ...wish, id: 'A B' }, '/id'],
    ['a path with a line end', { ...wish, at: { ...wish.at, path: '/dev/x\n' } }, '/at'],
    ['a host with a space', { ...wish, at: { via: 'tcp', host: 'a b', port: 1 } }, '/at'],
    ['a key that is unknown', { ...wish, more: 1 }, '/more'],
  ] as const) {
    const refused = await send('POST', 'a/devices', body);
    t.equal(refused.statusCode, 422, `${name}: ${refused.body}`);
    t.match(refused.json<{ path: string }>().path, path, name);
  }

  const camera = { ...wish, id: 'camera', name: 'Camera', driver: 'onvif', at: { via: 'http', host: '10.0.0.9', port: null } };
  t.equal((await send('PATCH', 'a/devices/codec', { source: true })).statusCode, 200);
  t.match(bench.meetings.wantOf('a'), { devices: [{ id: 'codec', source: true }] }, 'the box is told where its picture comes from');
  const second = await send('POST', 'a/devices', { ...camera, source: true });
  t.equal(second.statusCode, 422, 'a site has one picture');
  t.match(second.json(), { code: 'input.invalid', path: '/source', detail: /comes from C40 \(codec\) already/ });
  t.equal((await send('POST', 'a/devices', camera)).statusCode, 201);
  t.equal((await send('PATCH', 'a/devices/camera', { source: true })).statusCode, 422);
  t.equal((await send('PATCH', 'a/devices/codec', { source: false })).statusCode, 200);
  t.equal((await send('PATCH', 'a/devices/camera', { source: true })).statusCode, 200, 'the place is free');
  t.equal((await send('PATCH', 'a/devices/camera', { name: 'Camera 1', source: true })).statusCode, 200, 'its own place is no obstacle');
  t.equal((await send('DELETE', 'a/devices/camera')).statusCode, 204);

  bench.facts.set(
    'a',
    wellFacts('a', bench.clock.mono(), {
      devices: { devices: [{ ...report, scene: { scene: 'off', reached: true, because: '' } }], found: [] },
      devicesSeq: 1,
    }),
  );
  t.match((await send('GET', 'a/devices')).json(), { devices: [{ report: { link: 'ok', info: { model: 'C40' } } }] });
  t.match(bench.board.sites().find(({ site }) => site === 'a')?.devices, { driven: 1, wrong: 0, found: 0, seq: 1 });

  t.equal((await send('DELETE', 'a/devices/codec')).statusCode, 204);
  t.equal((await send('DELETE', 'a/devices/codec')).statusCode, 404);
  t.match(bench.meetings.wantOf('a'), { devices: [], scene: null });
});

t.test('what was adopted is there after a restart, and goes with its site', async (t) => {
  const data = tempFolder(t);
  const first = await apiBench({ data });
  populate(first, ['a']);
  await stored(first, 'a');
  await first.call({ method: 'POST', url: '/api/v1/sites/a/devices', headers: first.bearer, payload: wish });
  await first.stop();
  const second = await apiBench({ data });
  t.teardown(() => second.stop());
  populate(second, ['a']);
  t.match(second.meetings.wantOf('a'), { devices: [{ id: 'codec', password: 'cua toi' }] });
  await second.store.db.deleteFrom('sites').execute();
  t.strictSame(await second.store.db.selectFrom('devices').selectAll().execute(), []);
});

/** Site `a` drives the codec of `wish`; `post` is told the path below its devices. */
async function withCodec(t: Test) {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  populate(bench, ['a']);
  await stored(bench, 'a');
  const post = (path: string, payload: object) =>
    bench.call({ method: 'POST', url: `/api/v1/sites/a/devices${path}`, headers: bench.bearer, payload });
  await post('', wish);
  return { bench, post };
}

t.test('acts reach the box; moves are not audited, raw commands are, without what is secret in them', async (t) => {
  const { bench, post } = await withCodec(t);
  const move = { do: 'move', pan: 1, tilt: 0, zoom: 0, limitMs: 800 };
  t.match((await post('/codec/act', move)).json(), { outcome: 'completed' });
  t.match((await post('/codec/act', { do: 'dial', address: '2001', protocol: 'auto', kbps: null })).json(), { outcome: 'completed' });
  t.equal((await post('/codec/act', { do: 'raw', text: 'xStatus' })).statusCode, 403, 'not by this door');
  t.equal((await post('/codec/act', { ...move, limitMs: 60_000 })).statusCode, 422, 'no move without a limit that is one');
  t.equal((await post('/fax/act', move)).statusCode, 404);
  t.equal((await post('/codec/raw', { text: 'xConfiguration SerialPort Password: "cua toi"' })).statusCode, 200);
  t.match(
    bench.acts.map(({ act }) => act),
    [
      { do: 'device', device: 'codec', act: move },
      { do: 'device', act: { do: 'dial' } },
      { do: 'device', act: { do: 'raw', text: 'xConfiguration SerialPort Password: "cua toi"' } },
    ],
  );
  const audit = (await bench.call({ method: 'GET', url: '/api/v1/audit?limit=100', headers: bench.bearer })).json<AuditEntry[]>();
  const done = audit.filter(({ outcome }) => outcome === 'done').map(({ act, detail }) => `${act} ${JSON.stringify(detail)}`);
  t.equal(
    done.some((row) => row.includes('"move"')),
    false,
  );
  t.ok(
    done.some((row) => row.startsWith('device.raw') && row.includes('***')),
    done.join('\n'),
  );
  t.notMatch(JSON.stringify(audit), 'cua toi');
});

t.test('what becomes of the picture of a codec is ordered at its box, and audited', async (t) => {
  const { bench, post } = await withCodec(t);
  for (const order of ['return', 'redial', 'stop-redial']) t.equal((await post('/codec/picture', { order })).statusCode, 204, order);
  t.equal((await post('/codec/picture', { order: 'freeze' })).statusCode, 422);
  t.equal((await post('/fax/picture', { order: 'return' })).statusCode, 404);
  t.match(
    bench.acts.map(({ site, act }) => [site, act]),
    ['return', 'redial', 'stop-redial'].map((order) => ['a', { do: 'picture', device: 'codec', order }]),
  );
  const audit = (await bench.call({ method: 'GET', url: '/api/v1/audit?limit=100', headers: bench.bearer })).json<AuditEntry[]>();
  t.equal(audit.filter(({ act, outcome }) => act === 'device.picture' && outcome === 'done').length, 3);
});

t.test('what is refused or cannot be sent leaves no secret in the audit log either; digits of a call are secrets', async (t) => {
  const { bench, post } = await withCodec(t);
  t.equal((await post('/codec/act', { do: 'raw', text: 'xConfiguration Password: cuatoi' })).statusCode, 403);
  t.equal((await post('/fax/raw', { text: 'xConfiguration Password: cuatoi' })).statusCode, 404);
  t.equal((await post('/codec/raw', { text: '', password: 'cuatoi', more: 'cuatoi' })).statusCode, 422);
  t.equal((await post('/codec/act', { do: 'dtmf', call: null, digits: '4711' })).statusCode, 200);
  let audit: readonly AuditEntry[] = [];
  // Rows of what was refused are written by the way.
  await eventually(async () => {
    audit = (await bench.call({ method: 'GET', url: '/api/v1/audit?limit=100', headers: bench.bearer })).json<AuditEntry[]>();
    const refused = audit.filter(({ outcome, act }) => outcome !== 'done' && act.startsWith('device.'));
    return refused.length === 3 ? undefined : JSON.stringify(audit);
  });
  t.notMatch(JSON.stringify(audit), /cuatoi|4711/);
});

t.test('a password goes nowhere but to the place it was given for; nothing is driven twice', async (t) => {
  const bench = await apiBench();
  t.teardown(() => bench.stop());
  populate(bench, ['a', 'b']);
  await stored(bench, 'a', 'b');
  const send = (method: 'POST' | 'PATCH', path: string, payload: object) =>
    bench.call({ method, url: `/api/v1/sites/${path}`, headers: bench.bearer, payload });
  await send('POST', 'a/devices', wish);
  const mine = { via: 'tcp', host: '10.0.0.66', port: 23 } as const;
  const stolen = await send('PATCH', 'a/devices/codec', { at: mine });
  t.equal(stolen.statusCode, 422, stolen.body);
  t.match(stolen.json<{ path: string }>().path, '/password');
  t.equal((await send('PATCH', 'a/devices/codec', { driver: 'polycom' })).statusCode, 422, 'nor in another language');
  t.match(bench.meetings.wantOf('a'), { devices: [{ at: wish.at, password: 'cua toi' }] });
  t.equal((await send('PATCH', 'a/devices/codec', { at: { ...wish.at, baud: 9600 } })).statusCode, 200, 'another speed is the same place');
  t.equal((await send('PATCH', 'a/devices/codec', { at: mine, password: 'moi' })).statusCode, 200);

  const screen = { ...wish, id: 'screen', driver: 'mdc', at: { via: 'tcp', host: '10.0.0.7', port: 1515 }, password: '' } as const;
  t.equal((await send('POST', 'a/devices', screen)).statusCode, 201);
  t.equal((await send('POST', 'a/devices', { ...screen, id: 'again' })).statusCode, 409, 'the same thing at the same place');
  t.equal(
    (await send('POST', 'a/devices', { ...screen, id: 'second', address: 2 })).statusCode,
    201,
    'the next one behind the same server',
  );
  t.equal((await send('PATCH', 'a/devices/second', { address: 1 })).statusCode, 409);
  t.equal((await send('POST', 'b/devices', screen)).statusCode, 201, 'another room is another network');
  const serial = { ...screen, id: 'one', at: wish.at };
  t.equal((await send('POST', 'a/devices', serial)).statusCode, 201);
  t.equal((await send('POST', 'a/devices', { ...serial, id: 'two', address: 2 })).statusCode, 409, 'a serial line has one user');
});

t.test('words that announce a secret', async (t) => {
  for (const [text, want] of [
    ['xConfiguration SerialPort Password: "a b"', 'xConfiguration SerialPort Password: ***'],
    ['setaccountpassword admin "old" "new"', 'setaccountpassword ***'],
    ['xConfiguration NetworkServices SNMP CommunityName: "geheim"', 'xConfiguration NetworkServices SNMP CommunityName: ***'],
    ['adminpassword set geheim', 'adminpassword set ***'],
    ['pin=1234 and more', 'pin= ***'],
    ['xStatus Call', 'xStatus Call'],
  ] as const)
    t.equal(withoutSecrets(text), want, text);
});

t.test('a command is answered by its own node, once, or given up', async (t) => {
  const clock = new ManualClock();
  const sent: { readonly id: string }[] = [];
  const downlink = {
    publish: async (_node: string, _kind: string, body: object) => void sent.push(body as { readonly id: string }),
    clear: async () => undefined,
  };
  const facts = (node: string) => (node === 'away' ? undefined : wellFacts(node, 0));
  const commands = new Commands({ facts, downlink: downlink as never, clock });
  t.teardown(() => commands.stop());
  const outcome = commands.run('a', { do: 'restart-media' });
  const id = sent[0]?.id ?? '';
  commands.result('b', { id, outcome: 'refused', because: 'somebody else' });
  commands.result('a', { id, outcome: 'done', because: 'yes' });
  commands.result('a', { id, outcome: 'failed', because: 'twice' });
  t.match(await outcome, { outcome: 'done' });
  await t.rejects(commands.run('away', { do: 'restart-media' }), FaultError);
  const move = { do: 'move', pan: 1, tilt: 0, zoom: 0, limitMs: 1000 } as const;
  const held = commands.run('a', { do: 'device', device: 'camera', act: move });
  clock.advance(2000);
  await t.rejects(held, /may have been done/, 'a move is not waited for as long as a dial');
  const silent = commands.run('a', { do: 'restart-media' });
  clock.advance(60_000);
  await t.rejects(silent, /may have been done/);
});
