/** Who may come to the broker, what a node may say and hear, and whose connection counts. */
import type { MqttClient } from 'mqtt';
import t from 'tap';
import type { Uplink } from '../../central/broker/contract.ts';
import type { Role } from '../../protocol/ids.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import { eventually } from '../support/eventually.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { down, enter, joined, listen, Pki, say, startBroker, up } from './network.ts';

t.test('who is let in', async (t) => {
  const running = await startBroker(t, {
    admits: (node, role) => role !== 'central' && node !== 'stranger' && !(node === 'site-2' && role === 'hub'),
  });
  const told = listen(running);
  const foreign = new Pki(tempFolder(t));
  const will = (node: string) => ({ topic: up(node, 'status'), payload: Buffer.from('{}'), qos: 1 as const, retain: true });
  const cases: readonly [title: string, who: [string, Role], options: object, because: RegExp | null][] = [
    ['a site of the registry', ['site-1', 'edge'], {}, null],
    ['a hub of the registry', ['hub-1', 'hub'], {}, null],
    ['a site with its own last will', ['site-2', 'edge'], { will: will('site-2') }, null],
    ['a node that is not in the registry', ['stranger', 'edge'], {}, /not in the registry/],
    ['a site that calls itself a hub', ['site-2', 'hub'], {}, /not in the registry as hub/],
    ['somebody with a certificate of central', ['central-2', 'central'], {}, /central is here/],
    ["another node's client id", ['site-3', 'edge'], { clientId: 'site-1' }, /client id "site-1" is not the certificate's site-3/],
    ['an empty client id', ['site-3', 'edge'], { clientId: '' }, /client id/],
    ['a kept session', ['site-3', 'edge'], { clean: false }, /kept session/],
    ["a last will in another's name", ['site-3', 'edge'], { will: will('site-1') }, /last will/],
    ['a last will among the commands', ['site-3', 'edge'], { will: { ...will('site-3'), topic: down('site-3', 'cmd') } }, /last will/],
    ['a last will for everybody', ['site-3', 'edge'], { will: { ...will('site-3'), topic: '#' } }, /last will/],
    ['MQTT 5', ['site-3', 'edge'], { protocolVersion: 5 }, /unacceptable protocol version/],
    ['no keep-alive', ['site-3', 'edge'], { keepalive: 0 }, /keep alive/],
  ];
  for (const [title, [node, role], options, because] of cases) {
    const before = told.length;
    const client = await enter(t, running.port, await running.pki.identity(node, role), options);
    if (because === null) t.type(client, 'object', title);
    else {
      t.type(client, 'string', title);
      await eventually(() => (told.length > before ? undefined : 'nothing was told'));
      t.match(told.at(-1), { name: 'refused', because }, `${title}: told why`);
    }
  }
  const { ca } = await running.pki.identity('site-1', 'edge');
  const day = 24 * 3600 * 1000;
  const strangers: readonly [title: string, Identity, options: object, because: RegExp][] = [
    ['a certificate of a foreign authority', { ...(await foreign.identity('site-9', 'edge')), ca }, {}, /from another authority/],
    [
      'no certificate',
      { node: 'site-9', role: 'edge', ca, cert: '', key: '' },
      { cert: undefined, key: undefined },
      /showed no certificate/,
    ],
    ['an expired certificate', await running.pki.issuedAt('site-9', 'edge', Date.now() - 900 * day), {}, /has expired/],
    ['a certificate of tomorrow', await running.pki.issuedAt('site-9', 'edge', Date.now() + day), {}, /not yet valid.*clock/],
  ];
  for (const [title, identity, options, because] of strangers) {
    const before = told.length;
    t.type(await enter(t, running.port, identity, options), 'string', title);
    await eventually(() => (told.length > before ? undefined : 'nothing was told'));
    t.match(told.at(-1), { name: 'refused', node: null, because }, `${title}: told why`);
  }
  t.strictSame([...running.broker.connected()].toSorted(), ['hub-1', 'site-1', 'site-2']);
});

t.test('what a node may say and hear', async (t) => {
  const received: Uplink[] = [];
  const running = await startBroker(t, {
    receive: (message) => {
      received.push(message);
      return message.payload.toString().startsWith('bad') ? 'drop' : 'take';
    },
  });
  const told = listen(running);
  const identity = await running.pki.identity('site-1', 'edge');
  const publishes: readonly [title: string, topic: string, qos: 0 | 1 | 2, 'taken' | 'closed'][] = [
    ['its status', up('site-1', 'status'), 1, 'taken'],
    ['its telemetry', up('site-1', 'telemetry'), 1, 'taken'],
    ['its event', up('site-1', 'event'), 1, 'taken'],
    ["another's event", up('site-2', 'event'), 1, 'closed'],
    ['a command to itself', down('site-1', 'cmd'), 1, 'closed'],
    ["another's desired state", down('site-2', 'desired'), 1, 'closed'],
    ['an unknown kind', up('site-1', 'shell'), 1, 'closed'],
    ['a level too many', `${up('site-1', 'event')}/x`, 1, 'closed'],
    ['the broker’s own topics', '$SYS/broker/new/clients', 1, 'closed'],
    ['something else', 'hello', 1, 'closed'],
    ['levels without end', '/'.repeat(200), 1, 'closed'],
    ['QoS 2', up('site-1', 'event'), 2, 'closed'],
  ];
  for (const [title, topic, qos, want] of publishes) {
    const client = await joined(t, running.port, identity);
    const before = told.filter(({ name }) => name === 'violation').length;
    t.equal(await say(client, topic, '{}', { qos }), want, `publishing ${title}`);
    await client.endAsync(true);
    if (want === 'taken') continue;
    await eventually(() => (running.broker.stats().violations > before ? undefined : 'no violation was counted'));
  }
  t.strictSame(
    received.map(({ node, role, kind }) => [node, role, kind]),
    ['status', 'telemetry', 'event'].map((kind) => ['site-1', 'edge', kind]),
  );
  t.equal(running.broker.stats().violations, 9);
  t.ok(told.some(({ name, node, because }) => name === 'violation' && node === 'site-1' && because === 'published for site-2'));

  const client = await joined(t, running.port, identity);
  const filters: readonly [string, boolean][] = [
    [down('site-1', 'desired'), true],
    [down('site-1', 'cmd'), true],
    [down('site-1', 'ack'), true],
    [down('site-2', 'desired'), false],
    [up('site-1', 'status'), false],
    [down('site-1', '#'), false],
    [down('site-1', '+'), false],
    [down('+', 'desired'), false],
    ['#', false],
    ['+/+/+/+/+', false],
    ['$SYS/#', false],
  ];
  for (const [filter, want] of filters) {
    // The client's own check would not let wildcards through in the wrong place; the broker's is the one under test.
    const granted = await new Promise<number>((resolve) =>
      client.subscribe(filter, { qos: 1 }, (error, grants, packet) =>
        resolve(Number(packet?.granted[0] ?? grants?.[0]?.qos ?? (error ? 128 : -1))),
      ),
    );
    t.equal(granted, want ? 1 : 128, `listening to ${filter}`);
  }
  t.equal(client.connected, true, 'asking in vain ends no connection');
  const heard: string[] = [];
  client.on('message', (topic) => heard.push(topic));
  await running.broker.publish('site-2', 'cmd', {});
  await running.broker.publish('site-1', 'cmd', {});
  await running.broker.publish('site-1', 'ack', {});
  await eventually(() => (heard.length >= 2 ? undefined : `heard ${heard.length}`));
  t.strictSame(heard, [down('site-1', 'cmd'), down('site-1', 'ack')]);
});

t.test('what is retained is decided by the kind, and what was refused is not', async (t) => {
  const running = await startBroker(t, { receive: ({ payload }) => (payload.toString() === 'bad' ? 'drop' : 'take') });
  const client = await joined(t, running.port, await running.pki.identity('site-1', 'edge'));
  const { broker } = running;
  await client.publishAsync(up('site-1', 'telemetry'), '{}', { qos: 1, retain: true });
  await client.publishAsync(up('site-1', 'reported'), 'bad', { qos: 1, retain: true });
  await client.publishAsync(up('site-1', 'event'), '{}', { qos: 1, retain: true });
  t.equal(broker.stats().retained, 0);
  await client.publishAsync(up('site-1', 'status'), '{}', { qos: 1, retain: false });
  t.equal(broker.stats().retained, 1);
  t.match(broker.stats(), { received: 4, dropped: 1 });
  await broker.publish('site-1', 'desired', { rev: 1 });
  await broker.publish('site-1', 'desired', { rev: 2 });
  await broker.publish('site-1', 'cmd', {});
  const heard: { topic: string; body: unknown; retain: boolean }[] = [];
  client.on('message', (topic, payload, { retain }) =>
    heard.push({ topic, retain, body: (JSON.parse(payload.toString()) as { body: unknown }).body }),
  );
  await client.subscribeAsync([down('site-1', 'desired'), down('site-1', 'cmd')], { qos: 1 });
  await eventually(() => (heard.length > 0 ? undefined : 'nothing heard'));
  t.strictSame(heard, [{ topic: down('site-1', 'desired'), retain: true, body: { rev: 2 } }]);
  await broker.clear('site-1', 'desired');
  t.equal(broker.stats().retained, 1, 'a wish that was cleared is gone');
});

t.test('a newer connection of a node replaces the older one, whose last will stays unsaid', async (t) => {
  const kinds: string[] = [];
  const running = await startBroker(t, {
    receive: ({ payload }) => {
      kinds.push(payload.toString());
      return 'take';
    },
  });
  const told = listen(running);
  const identity = await running.pki.identity('site-1', 'edge');
  const will = { topic: up('site-1', 'status'), payload: Buffer.from('dead'), qos: 1 as const, retain: true };
  const first = await joined(t, running.port, identity, { will });
  let closed = false;
  first.on('close', () => (closed = true));
  const second = await joined(t, running.port, identity, { will });
  await eventually(() => (closed ? undefined : 'the older one is still there'));
  t.strictSame(running.broker.connected(), ['site-1']);
  await second.publishAsync(up('site-1', 'status'), 'born', { qos: 1 });
  t.strictSame(kinds, ['born']);
  second.stream.destroy();
  await eventually(() => (kinds.length === 2 ? undefined : 'the last will was not said'));
  t.strictSame(kinds, ['born', 'dead']);
  await eventually(() => (told.some(({ name }) => name === 'disconnected') ? undefined : 'its end was not told'));
  t.strictSame(
    told.map(({ name }) => name),
    ['connected', 'connected', 'disconnected'],
  );
  running.broker.disconnect('nobody', 'x');
  const third = await joined(t, running.port, identity);
  running.broker.disconnect('site-1', 'taken out of the registry');
  await eventually(() => (third.connected ? 'still connected' : undefined));
  await eventually(() => (told.at(-1)?.because === 'taken out of the registry' ? undefined : `told ${JSON.stringify(told.at(-1))}`));
});

t.test('a storm of connections of one node leaves one, and it works', async (t) => {
  const running = await startBroker(t);
  const told = listen(running);
  const identity = await running.pki.identity('site-1', 'edge');
  const will = { topic: up('site-1', 'status'), payload: Buffer.from('dead'), qos: 1 as const, retain: true };
  const clients = await Promise.all(Array.from({ length: 25 }, () => enter(t, running.port, identity, { will })));
  const alive = (): MqttClient[] => clients.filter((each) => typeof each === 'object').filter((each) => each.connected);
  await eventually(() => (alive().length === 1 ? undefined : `${alive().length} are connected`));
  const [last] = alive();
  if (!last) throw new Error('nobody is left');
  const heard: string[] = [];
  last.on('message', (topic) => heard.push(topic));
  await last.subscribeAsync(down('site-1', 'cmd'), { qos: 1 });
  await running.broker.publish('site-1', 'cmd', {});
  await eventually(() => (heard.length === 1 ? undefined : 'it does not hear'));
  t.strictSame(running.broker.connected(), ['site-1']);
  await last.endAsync();
  await eventually(() => (running.broker.connected().length === 0 ? undefined : 'somebody is left'));
  t.equal(told.at(-1)?.name, 'disconnected');
});
