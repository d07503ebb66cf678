/**
 * The broker out of reach while a meeting runs: media do not notice, the chair rules, and every event comes to central's log afterwards, in order,
 * once; also when more happened than the outbox holds, when the box forgot what was acknowledged, and when central's memory is older than that.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import t, { type Test } from 'tap';
import type { MeetingView, PanelView } from '../../protocol/api.ts';
import { CentralLink } from '../../protocol/node/central-link.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { Outbox } from '../../protocol/node/outbox.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { reported } from '../central/messages.ts';
import { Pki } from '../central/network.ts';
import { eventually } from '../support/eventually.ts';
import { startLab } from '../support/lab.ts';
import { openPanel } from '../support/panel.ts';
import { rootArgs } from '../support/root.ts';
import { tempFolder } from '../support/temp-folder.ts';

t.setTimeout(600_000);
const patient = { withinMs: 180_000, everyMs: 250 };
const panelPort = 9720;

/** What a node noted, by its own log. */
const noted = (logs: readonly string[]): readonly string[] =>
  logs.flatMap((line) => {
    if (!line.includes('"msg":"event"')) return [];
    const { kind, what, because } = JSON.parse(line) as EventBody;
    return [`${kind} ${what}: ${because}`];
  });

/** What central has given up, of whichever node. */
function lostEvents(file: string): number {
  const db = new Database(file, { readonly: true });
  const row = db.prepare('select coalesce(sum(lost), 0) as lost from cursors').get() as { readonly lost: number };
  db.close();
  return row.lost;
}

t.test('the broker is cut off: media go on, the chair rules, every event comes afterwards, in order, once', async (t) => {
  const lab = await startLab(t, {
    sites: { 'site-a': { panel: { host: '127.0.0.1', port: panelPort } }, 'site-b': {} },
    // On a machine without time a packet may be late; the fault is not to be blamed for it.
    central: { media: { latencyMs: 500 } },
  });
  const meeting = await lab.meet({ floor: 'site-a' });
  const { pin } = await lab.call<PanelView>('GET', `/meetings/${meeting}/panel`);
  const panel = await openPanel(`http://127.0.0.1:${await (await lab.door('site-a', panelPort)).publish()}`, pin ?? '');
  const [a, b] = [lab.watch('site-a'), lab.watch('site-b')];

  lab.machine('central').isolate();
  b.begin();
  await eventually(async () => ((await panel.state()).central ? 'the box has not noticed' : undefined), patient);
  const before = new Map(lab.nodes.map(({ name, logs }) => [name, noted(logs).length]));
  // Things happen at every node.
  for (const pid of lab.node('site-b').programs('worker')) process.kill(pid, 'SIGKILL');
  for (const muted of [true, false]) await panel.act({ type: 'mute', site: 'site-b', muted });
  await eventually(() => (b.seen.floorFrames > 100 ? undefined : `${b.seen.floorFrames} frames of the floor at site-b`), patient);
  t.equal(b.seen.floorLost, 0, `not one of ${b.seen.floorFrames} frames of the floor is lost at site-b`);
  const given = await panel.act({ type: 'give', site: 'site-b' });
  t.match(given, { changed: true, confirmed: ['hub-1'] });
  a.begin();
  await eventually(() => (a.seen.last?.floor.site === 'site-b' && a.seen.floorFrames > 50 ? undefined : 'site-b is not seen'), patient);
  t.equal(a.seen.floorLost, 0, `not one of ${a.seen.floorFrames} frames of the floor is lost at site-a`);
  const ruled = (await panel.act({ type: 'give', site: 'site-a' })).state.meeting?.grant;
  for (const node of ['hub-1', 'site-a', 'site-b'])
    await eventually(() => {
      const count = noted(lab.node(node).logs).length;
      return count > (before.get(node) ?? 0) ? undefined : `nothing happened at ${node}`;
    }, patient);

  lab.machine('central').join();
  for (const node of ['hub-1', 'site-a', 'site-b'])
    await eventually(async () => {
      const log = (await lab.events(500)).filter((each) => each.node === node).toReversed();
      const kept = log.map(({ kind, what, because }) => `${kind} ${what}: ${because}`);
      const said = noted(lab.node(node).logs);
      return JSON.stringify(kept) === JSON.stringify(said)
        ? undefined
        : `${node} said ${said.join(' | ')}; central has ${kept.join(' | ')}`;
    }, patient);
  t.pass('central has what each node noted: all of it, in its order, once');
  t.equal(lostEvents(join(lab.node('central').data, 'central.db')), 0);
  await eventually(async () => {
    const { grant } = await lab.call<MeetingView>('GET', `/meetings/${meeting}`);
    return JSON.stringify(grant) === JSON.stringify(ruled) ? undefined : `central has ${JSON.stringify(grant)}`;
  }, patient);

  // And the whole of central, killed.
  await eventually(() => (b.seen.last?.floor.site === 'site-a' ? undefined : 'site-a is not seen again'), patient);
  b.begin();
  await lab.node('central').kill();
  await eventually(() => (b.seen.floorFrames > 100 ? undefined : `${b.seen.floorFrames} frames of the floor at site-b`), patient);
  t.equal(b.seen.floorLost, 0, `not one of ${b.seen.floorFrames} frames of the floor is lost while central is dead`);
  await lab.node('central').start();
  await eventually(() => lab.notWhole(meeting), patient);
});

const clock = systemClock();
const log = silentLog();
const files = ['', '-wal', '-shm'];
const happened = (n: number): EventBody => ({
  kind: 'process',
  severity: 'info',
  what: 'started',
  because: `event ${n} ${'x'.repeat(200)}`,
  meeting: null,
  facts: { n },
});

interface Bench {
  readonly folder: string;
  readonly identity: Identity;
  /** Numbers of the events in central's store, in the order in which they came. */
  readonly stored: () => readonly number[];
  readonly lost: () => number;
  readonly central: () => Promise<{ readonly port: number; readonly kill: () => Promise<void> }>;
  /** Copies central's memory away, or back. Central must be dead. */
  readonly copy: (from: string, to: string) => void;
}

async function bench(t: Test): Promise<Bench> {
  const folder = tempFolder(t);
  const pki = new Pki(join(folder, 'pki'));
  await pki.identity('central', 'central');
  const file = join(folder, 'central.db');
  let port = 0;
  return {
    folder,
    identity: await pki.identity('site-1', 'edge'),
    stored: () => {
      const db = new Database(file, { readonly: true });
      const rows = db.prepare("select facts from events where node = 'site-1' order by id").all() as { readonly facts: string }[];
      db.close();
      return rows.map(({ facts }) => (JSON.parse(facts) as { readonly n: number }).n);
    },
    lost: () => lostEvents(file),
    central: async () => {
      const args = [...rootArgs('test/central/central-child.ts'), file, pki.folder('central', 'central'), String(port)];
      const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      t.teardown(() => child.kill('SIGKILL'));
      const line = await new Promise<string>((resolve, reject) => {
        createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', resolve);
        child.once('exit', (code) => reject(new Error(`central ended with ${code}`)));
      });
      port = (JSON.parse(line) as { readonly mqttPort: number }).mqttPort;
      const kill = async (): Promise<void> => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      };
      return { port, kill };
    },
    copy: (from, to) => {
      for (const end of files) {
        rmSync(join(folder, `${to}${end}`), { force: true });
        if (existsSync(join(folder, `${from}${end}`))) cpSync(join(folder, `${from}${end}`), join(folder, `${to}${end}`));
      }
    },
  };
}

interface Sender {
  readonly outbox: Outbox;
  readonly connect: (port: number) => void;
  /** Waits until central has acknowledged everything. */
  readonly delivered: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A box with nothing but its outbox and its link to central. */
async function sender(t: Test, { identity }: Bench, folder: string, boot: string, maxBytes = 1024 * 1024): Promise<Sender> {
  const outbox = new Outbox({ folder, boot, clock, log, tell: () => undefined, maxBytes });
  await outbox.start();
  let link: CentralLink | null = null;
  const stop = async (): Promise<void> => {
    await link?.stop();
    await outbox.stop();
  };
  t.teardown(stop);
  return {
    outbox,
    connect: (port) => {
      link = new CentralLink({
        node: 'site-1',
        role: 'edge',
        identity,
        boot,
        version: '1',
        clock,
        log,
        random: Math.random,
        servers: [{ host: '127.0.0.1', port }],
        outbox,
        desired: () => {},
        command: async () => ({ outcome: 'refused', because: 'a test' }),
        reported: () => ({ ...reported, grants: [], parts: [], meetings: [] }),
        tell: () => {},
      });
      link.start();
    },
    delivered: () =>
      eventually(() => (outbox.counters().events === 0 ? undefined : `${outbox.counters().events} events wait`), { withinMs: 120_000 }),
    stop,
  };
}

const upTo = (end: number, from = 0): readonly number[] => Array.from({ length: end - from }, (_, at) => from + at);
const boots = { a: 'aaaaaaaaaaaaaaaa', b: 'bbbbbbbbbbbbbbbb', c: 'cccccccccccccccc' };

t.test('a flood while the broker is away stays within the bounds of the outbox: telemetry goes first, an event never', async (t) => {
  const around = await bench(t);
  const maxBytes = 64 * 1024;
  const { outbox, connect, delivered } = await sender(t, around, join(around.folder, 'outbox'), boots.a, maxBytes);
  for (const n of upTo(300)) await outbox.append('telemetry', { n, text: 'x'.repeat(400) });
  let kept = 0;
  while ((await outbox.append('event', happened(kept))).ok) kept += 1;
  const counters = outbox.counters();
  t.ok(counters.bytes <= maxBytes, `${counters.bytes} bytes`);
  t.match(counters, { events: kept, telemetry: 0, droppedTelemetry: 300, refusedEvents: 1 });
  const central = await around.central();
  connect(central.port);
  await delivered();
  await outbox.append('event', happened(kept));
  await delivered();
  t.strictSame(around.stored(), upTo(kept + 1), 'what it took came, in order, once, and there is room again');
  t.equal(around.lost(), 0);
});

t.test('what comes twice counts once, and what a restored central has forgotten is told', async (t) => {
  const around = await bench(t);
  const outboxes = join(around.folder, 'outbox');
  const first = await sender(t, around, outboxes, boots.a);
  for (const n of upTo(30)) await first.outbox.append('event', happened(n));
  await first.stop();
  cpSync(outboxes, `${outboxes}-before`, { recursive: true });
  const second = await sender(t, around, outboxes, boots.b);
  let central = await around.central();
  second.connect(central.port);
  await second.delivered();
  t.strictSame(around.stored(), upTo(30));
  await central.kill();
  around.copy('central.db', 'backup.db');
  central = await around.central();
  for (const n of upTo(50, 30)) await second.outbox.append('event', happened(n));
  await second.delivered();
  t.strictSame(around.stored(), upTo(50));

  // Central comes back from last night's copy: twenty acknowledged events are nowhere any more.
  await central.kill();
  around.copy('backup.db', 'central.db');
  t.strictSame(around.stored(), upTo(30));
  t.equal(second.outbox.counters().events, 0, 'the box has nothing left of them');
  central = await around.central();
  for (const n of upTo(60, 50)) await second.outbox.append('event', happened(n));
  await second.delivered();
  const whole = [...upTo(30), ...upTo(60, 50)];
  t.strictSame(around.stored(), whole, 'what is new is there, once');
  t.equal(around.lost(), 20, 'and central says how many are missing');
  await second.stop();

  // The power of the box failed before it had written down what was acknowledged.
  const again = await sender(t, around, `${outboxes}-before`, boots.c);
  t.equal(again.outbox.counters().events, 30);
  again.connect(central.port);
  await again.delivered();
  t.strictSame(around.stored(), whole, 'thirty events came a second time');
});
