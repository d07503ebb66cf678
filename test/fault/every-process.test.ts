/** Every process of a running province, killed once without a word: each time the meeting is whole again by itself. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Demo, startDemo } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { alive, tree } from '../support/processes.ts';

/** More than twenty returns, each at the pace of a machine that has other things to do. */
t.setTimeout(900_000);
const sites = 3;
const patient = { withinMs: 240_000, everyMs: 250 };
/** Numbers are told once a second: what holds for longer has been seen to hold. */
const settledMs = 2000;

/** Somebody in the tree: whose it is and what it runs. Two of the same kind differ in `nth`, by their age. */
interface Member {
  readonly pid: number;
  readonly owner: string;
  readonly program: string;
  readonly nth: number;
}

const nameOf = ({ owner, program, nth }: Member): string => (program === '' ? owner : `${program} ${nth} of ${owner}`);

/** What runs as `pid`: the name of its file; a process that has just ended has none. */
function programOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]?.split('/').at(-1) ?? '';
  } catch {
    return '';
  }
}

/** The end of a simulated serial line is no process of ours but a plug: nobody puts it back but a hand. */
const isLine = (pid: number): boolean => programOf(pid) === 'socat';

/** All processes below the demo: those that it keeps, by name, and their programs. */
async function members(demo: Demo): Promise<readonly Member[]> {
  const kept = new Map(Object.entries(await demo.pids()).map(([name, pid]) => [pid, name]));
  const all = tree(demo.process.pid ?? 0);
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const ownerOf = (pid: number): string => {
    const parent = parents.get(pid);
    return kept.get(pid) ?? (parent === undefined ? '?' : ownerOf(parent));
  };
  const counts = new Map<string, number>();
  return all
    .filter(({ pid }) => pid !== demo.process.pid && alive(pid) && !isLine(pid))
    .toSorted((a, b) => a.pid - b.pid)
    .map(({ pid }) => {
      const owner = ownerOf(pid);
      const program = kept.has(pid) ? '' : programOf(pid);
      const nth = (counts.get(`${owner} ${program}`) ?? 0) + 1;
      counts.set(`${owner} ${program}`, nth);
      return { pid, owner, program, nth };
    });
}

/** Why the meeting is not whole; undefined when it is. */
async function broken(demo: Demo, kinds: ReadonlySet<string>): Promise<string | undefined> {
  try {
    const now = await members(demo);
    const missing = [...kinds].filter((kind) => !now.some((member) => nameOf(member) === kind));
    if (missing.length > 0) return `not running: ${missing.join(', ')}`;
    const [meeting, all] = [await demo.meeting(), await demo.sites()];
    const away = all.filter(({ state, tile }) => state !== 'online' || tile !== 'live');
    if (away.length > 0) return `away: ${away.map(({ site, state, tile, because }) => `${site} ${state} ${tile} (${because})`).join(', ')}`;
    if (meeting.mosaic.state !== 'running' || meeting.mosaic.fps < 1) return `mosaic ${meeting.mosaic.state} ${meeting.mosaic.fps}`;
    const { switched, viewers } = meeting.floor;
    return viewers >= sites - 1 && switched === viewers ? undefined : `the floor is at ${switched} of ${viewers} viewers`;
  } catch (error) {
    return `central does not answer: ${(error as Error).message}`;
  }
}

async function whole(demo: Demo, kinds: ReadonlySet<string>): Promise<void> {
  let since: number | null = null;
  await eventually(async () => {
    const why = await broken(demo, kinds);
    if (why !== undefined) {
      since = null;
      return why;
    }
    since ??= performance.now();
    return performance.now() - since >= settledMs ? undefined : 'whole since a moment ago';
  }, patient);
}

t.test('whatever is killed, the meeting is whole again by itself', async (t) => {
  const demo = await startDemo({ sites });
  t.teardown(() => demo.stop());
  const first = await members(demo);
  const kinds = new Set(first.map(nameOf));
  t.comment(`${first.length} processes: ${[...kinds].join(', ')}`);
  // One row per process of the README's picture; whatever else there is, is killed as well.
  const rows = ['central', 'network', 'hub-an-giang', 'hub-du-phong', 'ubnd-tinh', 'long-xuyen', 'chau-doc', 'camera', 'rooms'];
  for (const name of [...rows, 'relay 1 of hub-an-giang', 'worker 1 of hub-an-giang', 'worker 2 of hub-an-giang', 'relay 1 of chau-doc'])
    t.ok(kinds.has(name), `${name} runs`);
  const { grant } = await demo.meeting();
  await whole(demo, kinds);
  for (const kind of kinds) {
    const victim = (await members(demo)).find((member) => nameOf(member) === kind);
    if (victim === undefined) throw new Error(`${kind} is gone by itself`);
    const from = performance.now();
    process.kill(victim.pid, 'SIGKILL');
    await eventually(() => (alive(victim.pid) ? 'it lives' : undefined));
    await whole(demo, kinds);
    t.pass(`${kind}: whole again after at most ${((performance.now() - from - settledMs) / 1000).toFixed(1)} s`);
  }
  t.strictSame((await demo.meeting()).grant.slots, grant.slots, 'and the floor is with whom it was');
  const left = (await members(demo)).map(({ pid }) => pid);
  await demo.stop();
  await eventually(() => (left.some(alive) ? `${left.filter(alive).length} processes are left` : undefined), patient);
});
