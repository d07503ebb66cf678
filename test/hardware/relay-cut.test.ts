/** Drills: a link that is cut by a command behaves as one whose cable is out, at both ends, and heals by itself. Real SRT, sanitizers on. */
import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { edgeRig, hubRig } from '../support/relay.ts';
import { Sound, udpPort } from '../support/rtp-packets.ts';

const A = 0x2000;

t.test('a cut link is silent at both ends, the other links are not touched, and afterwards all passes again', async (t) => {
  const hub = await hubRig(t, ['a']);
  const [a, out] = [await edgeRig(t, 'a', hub.port), await udpPort(t)];
  await a.relay.route(A, { kind: 'audio', to: [{ link: 'pub' }] });
  await hub.relay.route(A, { kind: 'audio', from: ['a'], to: [{ udp: out.port }] });
  const sound = new Sound(A);
  const feed = setInterval(() => out.send(a.input, sound.packet()), 20);
  t.teardown(() => clearInterval(feed));
  await eventually(() => (out.packets.length > 10 ? undefined : 'nothing arrives'));
  await a.relay.cut('pub', 1500);
  t.match(await a.sees('cut'), { link: 'pub', streamId: 'pub/a', ms: 1500 });
  const before = (await hub.connection('pub/a'))?.received ?? 0;
  t.match(await a.sees('silent', ({ link }) => link === 'pub'), { streamId: 'pub/a' });
  await hub.sees('silent', ({ streamId }) => streamId === 'pub/a');
  t.match(await hub.connection('pub/a'), { state: 'silent' }, 'it was told nothing');
  t.strictSame(hub.of('disconnected'), []);
  const healed = await a.sees('healed', ({ link }) => link === 'pub');
  t.ok(healed.at - (a.of('cut')[0]?.at ?? 0) >= 1500, 'not before its time');
  await a.sees('connected', ({ link, at }) => link === 'pub' && at > healed.at);
  await hub.sees('connected', ({ streamId, because }) => streamId === 'pub/a' && /took over/.test(because ?? ''));
  const { length } = out.packets;
  await eventually(() => (out.packets.length > length + 10 ? undefined : 'nothing arrives after the cut'));
  t.ok(((await hub.connection('pub/a'))?.received ?? 0) > before);
  t.strictSame(
    a.of('disconnected').filter(({ link }) => link === 'sub'),
    [],
    'the link beside it, on the same port, went on',
  );
  t.match(await faultOf(a.relay.cut('nowhere', 100)), { error: 'not-found' });
});
