/** Central killed in the middle of a meeting: the chair rules from the panel in the room, and the central that comes back agrees with everybody. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { LogEntry, MeetingView, PanelView } from '../../protocol/api.ts';
import { type Demo, startDemo } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { openPanel, type PanelClient } from '../support/panel.ts';

t.setTimeout(600_000);
const patient = { withinMs: 180_000, everyMs: 100 };

/** The panel of the demo's first site, as its page asks it. */
async function panelOf(demo: Demo, site: string, pin: string): Promise<PanelClient> {
  const config = JSON.parse(readFileSync(join(demo.data, 'config', `${site}.json`), 'utf8')) as {
    readonly panel: { readonly port: number };
  };
  return openPanel(`http://127.0.0.1:${config.panel.port}`, pin);
}

/** The log while central may be away. */
async function logOf(demo: Demo): Promise<readonly LogEntry[]> {
  return demo.call<readonly LogEntry[]>('GET', '/log?limit=500');
}

t.test('the chair rules while central is dead, and central takes over what was ruled', async (t) => {
  const demo = await startDemo({ sites: 3 });
  t.teardown(() => demo.stop());
  const before = await demo.meeting();
  const [chair = '', second = '', third = ''] = before.sites.map(({ site }) => site);
  await eventually(async () => {
    const { floor } = await demo.meeting();
    return floor.viewers >= 2 && floor.switched === floor.viewers ? undefined : `shown to ${floor.switched} of ${floor.viewers}`;
  }, patient);
  const { pin } = await demo.call<PanelView>('GET', `/meetings/${before.id}/panel`);
  const panel = await panelOf(demo, chair, pin ?? '');
  t.match(await panel.state(), { panel: 'open', central: true });

  const central = (await demo.pids())['central'];
  if (central === undefined) throw new Error('central does not run');
  process.kill(central, 'SIGKILL');
  const given = await panel.act({ type: 'give', site: third });
  t.match(given, { changed: true, state: { meeting: { grant: { epoch: 2, by: chair, slots: [third] } } } });
  t.ok(given.confirmed.length > 0, 'a hub has taken it');
  const muted = await panel.act({ type: 'mute', site: second, muted: true });
  const ruled = muted.state.meeting?.grant;
  t.match(ruled, { epoch: 2, by: chair, slots: [third], muted: [second] });

  // The keeper of the demo starts central again.
  let upAt: number | null = null;
  let agreedMs = 0;
  await eventually(async () => {
    const now = await demo.meeting().catch((error: unknown) => {
      if (error instanceof Error) return null;
      throw error;
    });
    if (now === null) return 'central is away';
    upAt ??= performance.now();
    agreedMs = performance.now() - upAt;
    return JSON.stringify(now.grant) === JSON.stringify(ruled) ? undefined : `central has ${JSON.stringify(now.grant)}`;
  }, patient);
  t.comment(`central agreed ${Math.round(agreedMs)} ms after it answered`);

  // Everybody saw the new speaker; what nodes noted meanwhile has come, in order, once.
  const shown = (log: readonly LogEntry[]): readonly string[] =>
    log.filter(({ kind, what, facts }) => kind === 'floor' && what === 'shown' && facts['site'] === third).map(({ node }) => node);
  await eventually(async () => {
    const seen = shown(await logOf(demo));
    return [chair, second].every((site) => seen.includes(site)) ? undefined : `seen at ${seen}`;
  }, patient);
  const log = (await logOf(demo)).toReversed();
  t.strictSame(shown(log).toSorted(), [...new Set(shown(log))].toSorted(), 'nothing twice');
  t.ok(
    log.some(({ kind, what, facts }) => kind === 'floor' && what === 'adopted' && facts['by'] === chair),
    'the page is told that the panel rules',
  );
  for (const node of [chair, second, third]) {
    const times = log.filter((each) => each.node === node).map(({ at }) => at);
    t.strictSame(
      times,
      times.toSorted((a, b) => a - b),
      `events of ${node} in their order`,
    );
  }

  const taken = await demo.call<MeetingView>('POST', `/meetings/${before.id}/floor`, { site: chair });
  t.match(taken.grant, { epoch: 3, by: 'central', slots: [chair], muted: [second] });
  await eventually(async () => {
    const { meeting } = await panel.state();
    return meeting?.grant.epoch === 3 ? undefined : `the panel knows ${JSON.stringify(meeting?.grant)}`;
  }, patient);

  t.match(await panel.act({ type: 'end' }), { changed: true });
  await eventually(async () => {
    const now = await demo.call<MeetingView>('GET', `/meetings/${before.id}`);
    return now.state === 'ended' ? undefined : `the meeting is ${now.state}`;
  }, patient);
  t.pass('ended by the panel, ended for central');
});
