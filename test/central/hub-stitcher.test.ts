/** Stitching over real files, a real reader and a real hub beside it: what cannot be read or fetched is left out, and holds up nothing. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { Http } from '../../central/hub/control/http.ts';
import { ControlServer } from '../../central/hub/control/server.ts';
import { Shelf } from '../../central/hub/record/shelf.ts';
import { Bench } from '../../central/hub/record/stitch/bench.ts';
import { Peers } from '../../central/hub/record/stitch/peers.ts';
import { Stitcher } from '../../central/hub/record/stitch/service.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import type { RecordingHub, RecordingManifest, StitchedManifest } from '../../protocol/recording.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { freePort } from '../../provisioning/demo/ports.ts';
import { identities } from '../support/hub.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

const recording = 'r-abcdefgh';
const meeting = 'm-abcdefgh';
const patienceMs = 600_000;
const clipMs = 2000;
let clip: string;
t.before(async () => {
  clip = join(tempFolder(t), 'clip.mkv');
  const sources = ['-f', 'lavfi', '-i', 'testsrc=s=320x180:r=25:d=2', '-f', 'lavfi', '-i', 'sine=f=500:d=2:r=48000'];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p'];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-nostdin', ...sources, ...video, '-g', '25', '-c:a', 'libopus', clip]);
});

interface Node {
  readonly node: string;
  readonly clock: ManualClock;
  readonly notes: EventBody[];
  readonly stitcher: Stitcher;
  /** As of a process that was started anew. */
  readonly another: () => Stitcher;
  /** Answers nobody any more. */
  readonly leave: () => Promise<void>;
  /** What other hubs have asked it for. */
  readonly asked: string[];
  readonly path: (file: string) => string;
  /** Puts a recording there that has ended, with segments one after the other. */
  readonly record: (files: readonly number[]) => Promise<void>;
  readonly manifest: () => Promise<RecordingManifest | null>;
  readonly stitched: () => Promise<StitchedManifest | null>;
}

/** Hubs beside each other, the primary first. */
async function hubs(t: Test, names: readonly string[]): Promise<readonly Node[]> {
  const folder = tempFolder(t);
  const identity = await identities(folder);
  const all: RecordingHub[] = [];
  for (const hub of names) all.push({ hub, host: '127.0.0.1', port: await freePort() });
  const beginning = new ManualClock().now();
  const people = new Map<string, Identity>();
  // One after the other: the first makes the authority.
  for (const { hub } of all) people.set(hub, await identity(hub, 'hub'));
  return Promise.all(
    all.map(async ({ hub: node, host, port }): Promise<Node> => {
      const [log, clock, notes, asked]: [ReturnType<typeof silentLog>, ManualClock, EventBody[], string[]] = [
        silentLog(),
        new ManualClock(),
        [],
        [],
      ];
      const dir = join(folder, node);
      await mkdir(join(dir, recording), { recursive: true });
      const shelf = new Shelf(dir, log);
      const me = people.get(node) as Identity;
      const http = new Http({
        clock: systemClock(),
        log,
        shelf,
        thumb: () => null,
        preview: () => undefined,
        single: () => undefined,
        remove: async () => ({ ok: true, value: undefined }),
      });
      const server = new ControlServer({
        identity: me,
        clock: systemClock(),
        log,
        heard: () => undefined,
        opened: () => undefined,
        changed: () => undefined,
        http: (request, response, role) => {
          asked.push(request.url?.split('/').at(-1) ?? '');
          http.handle(request, response, role);
        },
        upgrade: () => undefined,
      });
      await server.start(host, port);
      let there = true;
      const leave = async (): Promise<void> => {
        if (!there) return;
        there = false;
        http.stop();
        await server.stop();
      };
      t.teardown(leave);
      const another = (): Stitcher => {
        const stitcher = new Stitcher({
          node,
          clock,
          log,
          note: (event) => void notes.push(event),
          shelf,
          bench: new Bench(),
          peers: new Peers(me),
          written: () => false,
          room: async () => true,
          patienceMs,
        });
        t.teardown(() => stitcher.stop());
        return stitcher;
      };
      const path = (file: string): string => join(dir, recording, file);
      return {
        node,
        clock,
        notes,
        stitcher: another(),
        another,
        leave,
        asked,
        path,
        record: async (files) => {
          const segments = files.map((n) => {
            const startedAt = beginning - 60_000 + n * clipMs;
            return { file: `000${n}.mkv`, site: 'site-1', grantN: 1, startedAt, endedAt: startedAt + clipMs, bytes: 1, clean: true };
          });
          for (const { file } of segments) await copyFile(clip, path(file));
          const told = {
            recording,
            meeting,
            title: 'Họp',
            because: '',
            by: 'chair',
            startedAt: beginning - 60_000,
            endedAt: beginning - 1000,
          };
          await shelf.write({ ...told, segments, hub: node, hubs: all });
          shelf.forget(recording);
        },
        manifest: () => shelf.manifest(recording),
        stitched: () => shelf.stitched(recording),
      };
    }),
  );
}

/** Reading it is an error of input and output, as of a disk with bad sectors, or whose server is away. */
async function unreadable(path: string): Promise<void> {
  await rename(path, `${path}.good`);
  await symlink('/proc/self/mem', path);
}

async function readable(path: string): Promise<void> {
  await rm(path);
  await rename(`${path}.good`, path);
}

/** Looks, with rests, for as long as anything is tried again. */
async function tire({ clock }: Node, stitcher: Stitcher): Promise<void> {
  for (let hour = 0; hour < 24; hour += 1) {
    await stitcher.look();
    clock.advance(3_600_000);
  }
}

const refusedIn = (stitched: StitchedManifest | null): readonly (readonly [string, string])[] =>
  (stitched?.sources ?? []).flatMap(({ hub, file, refused }) => (refused === null ? [] : [[`${hub}/${file}`, refused] as const]));

t.test('a segment that cannot be read is refused with why, and the file is made of the others', async (t) => {
  const [a] = (await hubs(t, ['hub-1'])) as [Node];
  await a.record([0, 1, 2, 3]);
  await unreadable(a.path('0001.mkv'));
  await rm(a.path('0002.mkv'));
  await tire(a, a.stitcher);
  t.match((await a.manifest())?.segments, [
    { sha256: String },
    { sha256: undefined, refused: /^0001\.mkv of hub-1 cannot be read: EIO/ },
    { sha256: undefined, refused: '0002.mkv of hub-1 is not there any more' },
    { sha256: String },
  ]);
  const stitched = await a.stitched();
  t.match(stitched, { missing: [], pictures: 100 });
  t.strictSame(
    refusedIn(stitched).map(([file]) => file),
    ['hub-1/0001.mkv', 'hub-1/0002.mkv'],
  );
  t.equal(a.stitcher.waits(recording), null, 'nothing is left to be done');
  t.strictSame(
    a.notes.map(({ what }) => what),
    ['refused', 'refused', 'stitched'],
    'each is told once',
  );
});

t.test('a segment that can no longer be read when the file is made is left out too', async (t) => {
  const [a, b] = (await hubs(t, ['hub-1', 'hub-2'])) as [Node, Node];
  await a.record([0, 1]);
  await b.record([0, 1]);
  await a.stitcher.look();
  t.equal(a.stitcher.waits(recording), 'hub-2 still reads its segments');
  await unreadable(a.path('0001.mkv'));
  await b.stitcher.look();
  await a.stitcher.look();
  t.match(refusedIn(await a.stitched()), [['hub-1/0001.mkv', /cannot be read: EIO/]]);
  t.match(a.stitcher.waits(recording), /tried again later/);
  t.ok(
    (await a.stitched())?.cuts.some(({ hub, file }) => hub === 'hub-2' && file === '0001.mkv'),
    'the other hub stands in',
  );
  await readable(a.path('0001.mkv'));
  a.clock.advance(60_000);
  await a.stitcher.look();
  t.strictSame(refusedIn(await a.stitched()), [], 'and is used when the disk gives it again');
  t.equal(a.stitcher.waits(recording), null);
});

t.test('a disk that is away for some minutes costs no segment', async (t) => {
  const [a, b] = (await hubs(t, ['hub-1', 'hub-2'])) as [Node, Node];
  await a.record([0, 1]);
  await b.record([0]);
  await b.stitcher.look();
  await unreadable(a.path('0001.mkv'));
  for (let tries = 0; tries < 5; tries += 1) {
    await a.stitcher.look();
    t.match((await a.manifest())?.segments, [{ sha256: String }, { sha256: undefined, refused: undefined }]);
    t.match(a.stitcher.waits(recording), /0001\.mkv cannot be read/);
    a.clock.advance(40_000);
  }
  await readable(a.path('0001.mkv'));
  a.clock.advance(80_000);
  await a.stitcher.look();
  t.match((await a.manifest())?.segments, [{ sha256: String }, { sha256: String, refused: undefined }]);
  t.match(await a.stitched(), { missing: [], pictures: 100 });
  t.notOk(a.notes.some(({ what }) => what === 'refused'));
});

t.test('what was refused is tried again by the next process', async (t) => {
  const [a] = (await hubs(t, ['hub-1'])) as [Node];
  await a.record([0, 1]);
  await unreadable(a.path('0001.mkv'));
  await tire(a, a.stitcher);
  t.match(await a.stitched(), { pictures: 50 });
  const still = a.another();
  await tire(a, still);
  t.equal(a.notes.filter(({ what }) => what === 'refused').length, 1, 'it is told once');
  await readable(a.path('0001.mkv'));
  const again = a.another();
  await again.look();
  t.match((await a.manifest())?.segments, [{ sha256: String }, { sha256: String, refused: undefined }]);
  t.match(await a.stitched(), { pictures: 100 });
  t.strictSame(refusedIn(await a.stitched()), []);
  t.equal(again.waits(recording), null);
});

t.test('a hub that does not come to an end with its segments is waited for with patience, and used when it has', async (t) => {
  const [a, b] = (await hubs(t, ['hub-1', 'hub-2'])) as [Node, Node];
  await a.record([0]);
  await b.record([0, 1]);
  await a.stitcher.look();
  t.equal(await a.stitched(), null);
  a.clock.advance(patienceMs);
  await a.stitcher.look();
  t.match(await a.stitched(), { missing: ['hub-2'], pictures: 50 });
  await b.stitcher.look();
  await a.stitcher.look();
  t.match(await a.stitched(), { missing: [], pictures: 100 }, 'made again of both');
});

t.test('a copy that came spoilt is fetched anew, with growing rests, and not for ever', async (t) => {
  const [a, b] = (await hubs(t, ['hub-1', 'hub-2'])) as [Node, Node];
  await a.record([0, 2]);
  await b.record([0, 1, 2]);
  await b.stitcher.look();
  await rename(b.path('0001.mkv'), b.path('good'));
  await writeFile(b.path('0001.mkv'), 'not what was recorded');
  await a.stitcher.look();
  t.match(refusedIn(await a.stitched()), [['hub-2/0001.mkv', /SHA-256 differs/]]);
  t.equal((await a.stitched())?.pictures, 100, 'made of what there is');
  t.match(a.stitcher.waits(recording), /tried again later/);
  const fetched = (): number => b.asked.filter((each) => each === '0001.mkv').length;
  for (let look = 0; look < 5; look += 1) await a.stitcher.look();
  t.equal(fetched(), 1, 'not at every look');
  await rm(b.path('0001.mkv'));
  a.clock.advance(60_000);
  await a.stitcher.look();
  t.equal(fetched(), 2);
  t.equal(a.notes.filter(({ what }) => what === 'stitched').length, 1, 'the same file is not made twice');
  await rename(b.path('good'), b.path('0001.mkv'));
  a.clock.advance(60_000);
  await a.stitcher.look();
  t.equal(fetched(), 2, 'the rest grows');
  a.clock.advance(60_000);
  await a.stitcher.look();
  t.match(await a.stitched(), { pictures: 150 }, 'nothing is missing any more');
  t.strictSame(refusedIn(await a.stitched()), []);
  t.equal(a.stitcher.waits(recording), null);
});

t.test('what another hub has spoilt for good is given up in the end', async (t) => {
  const [a, b] = (await hubs(t, ['hub-1', 'hub-2'])) as [Node, Node];
  await a.record([0]);
  await b.record([0, 1]);
  await b.stitcher.look();
  await writeFile(b.path('0001.mkv'), 'not what was recorded');
  for (let hour = 0; hour < 24; hour += 1) {
    await a.stitcher.look();
    a.clock.advance(3_600_000);
  }
  t.equal(a.stitcher.waits(recording), null);
  t.equal(b.asked.filter((each) => each === '0001.mkv').length, 7);
  t.equal((await a.stitched())?.pictures, 50);
});

t.test('a file that was made of all hubs is not made anew without one that is away', async (t) => {
  const [a, b] = (await hubs(t, ['hub-1', 'hub-2'])) as [Node, Node];
  await a.record([0]);
  await b.record([0, 1]);
  await b.stitcher.look();
  await a.stitcher.look();
  t.match(await a.stitched(), { missing: [], pictures: 100 });
  await b.leave();
  const again = a.another();
  a.clock.advance(patienceMs);
  await again.look();
  t.equal(again.waits(recording), 'hub-2 does not answer');
  t.match(await a.stitched(), { missing: [], pictures: 100 });
});
