/** The process `diemcau hub`: configuration in, one `started` line out, clean stop on a signal. Logs go to stderr. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { brief, FaultError } from '../../protocol/fault.ts';
import { CentralLink } from '../../protocol/node/central-link.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { loadConfig } from '../../protocol/node/config.ts';
import { DesiredStore } from '../../protocol/node/desired-store.ts';
import { Outbox } from '../../protocol/node/outbox.ts';
import { begin, end, stopOnSignal } from '../../protocol/node/process.ts';
import { relayWell, sentence, takeSystemd, Watchdog } from '../../protocol/node/watchdog.ts';
import type { Desired } from '../../protocol/schema/desired.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import { HubConfigSchema } from './config.ts';
import { type HubDrillParts, inflict } from './drill.ts';
import { Hub } from './hub.ts';

const clock = systemClock();
const loaded = await loadConfig({ schema: HubConfigSchema, argv: process.argv.slice(2) });
const { config, identity, version, release, ...begun } = await begin('hub', loaded, clock);
const { node } = identity;
const log = begun.log.child({ node });
/** Until it does, a folder that is wrong ends the program. */
let serves = false;
const boot = randomBytes(8).toString('hex');
const store = new DesiredStore(config.data, log, note);
const outbox = new Outbox({ folder: join(config.data, 'outbox'), boot, clock, log, tell: note });

function note(body: EventBody): void {
  log.info({ ...body }, 'event');
  void outbox.append('event', body).then((kept) => {
    if (!kept.ok) log.error({ event: body, because: brief(kept.fault) }, 'event was not kept');
  });
}

const hub = new Hub({
  node,
  identity,
  clock,
  log,
  random: Math.random,
  boot,
  grants: join(config.data, 'grants.json'),
  note,
  listen: config.listen,
  recordings: {
    dir: config.recordings.dir,
    minFreeBytes: config.recordings.minFreeMb * 1024 * 1024,
    maxBytes: config.recordings.maxGb * 1e9,
    // A disk that hung may say so when there are meetings: they need none.
    wrong: (reason) => {
      if (!serves) end('hub', { code: 'config.invalid', key: 'recordings.dir', reason });
    },
  },
  changed: () => central.report(),
  faults: config.faults,
  freeBytes: null,
});

const drillParts: HubDrillParts = {
  hub,
  kept: process.env['INVOCATION_ID'] !== undefined || process.env['DIEMCAU_KEPT'] !== undefined,
  kill: (pid) => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  },
  pid: process.pid,
  note,
  clock,
};

function reported(): ReportedBody {
  const { revision, satisfied, because } = hub.report;
  const address = { ...config.advertise, port: hub.port };
  return {
    role: 'hub',
    rev: revision,
    satisfied,
    because: because.slice(0, 300),
    meetings: [...hub.meetings],
    parts: [...hub.parts()],
    grants: [...hub.grants()].slice(0, 16),
    address,
    media: null,
  };
}

const central: CentralLink = new CentralLink({
  node,
  role: 'hub',
  identity,
  boot,
  version,
  clock,
  log,
  random: Math.random,
  servers: config.central,
  outbox,
  desired: (message) => desire(message, true),
  tell: note,
  reported,
  command: async (act) => {
    if (act.do === 'drill') return inflict(drillParts, act.fault, act.meeting);
    // Whatever a drill breaks here heals by itself.
    if (act.do === 'heal') return { outcome: 'done', because: 'nothing is to be healed' };
    if (act.do !== 'delete-recording') return { outcome: 'refused', because: `a hub cannot ${act.do}` };
    const removed = await hub.removeRecording(act.recording);
    return removed.ok ? { outcome: 'done', because: 'deleted' } : { outcome: 'failed', because: brief(removed.fault) };
  },
});

/** Takes a wish and keeps it for the next start, keys and all: 0600. */
function desire(message: Desired, keep: boolean): void {
  const { rev, want } = message.body;
  if (want.role !== 'hub') return;
  const taken = hub.desire(rev, want);
  if (!taken.ok) log.warn({ because: brief(taken.fault) }, 'desired state was refused');
  if (!taken.ok || !taken.value || !keep) return;
  void store.save(message).then((written) => {
    if (!written.ok)
      note({ kind: 'health', severity: 'error', what: 'disk', because: brief(written.fault), meeting: null, facts: { what: 'desired' } });
  });
}

/** How long the relay may be on its way back before the hub is worth a new start. */
const relayPatienceMs = 15_000;
const watchdog = new Watchdog({
  systemd: takeSystemd(process.env, process.pid),
  clock,
  log,
  well: relayWell(clock, relayPatienceMs, () => hub.parts()),
  status: () => sentence(hub.meetings.length === 0 ? 'no meeting' : `meetings: ${hub.meetings.join(', ')}`, hub.parts()),
});
stopOnSignal(clock, async () => {
  watchdog.stop();
  await Promise.all([hub.stop(), central.stop()]);
  await outbox.stop();
  release();
});

try {
  await outbox.start();
  await hub.start();
  serves = true;
  const before = await store.load();
  if (before !== null) desire(before, false);
  central.start();
  watchdog.start();
  note({
    kind: 'process',
    severity: 'info',
    what: 'started',
    because: 'the hub started',
    meeting: null,
    facts: { program: 'hub', version },
  });
  clock.every(1000, 'telemetry', () => {
    hub.telemetry(outbox.counters().events).then(
      (telemetry) => {
        log.debug({ telemetry }, 'telemetry was measured');
        central.telemetry(telemetry);
      },
      (error: unknown) => log.error({ err: error }, 'a second failed'),
    );
    central.report();
  });
} catch (error) {
  if (error instanceof FaultError) end('hub', error.fault);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL')
    end('hub', { code: 'config.invalid', key: 'listen', reason: message });
  throw error;
}
console.log(JSON.stringify({ event: 'started', node, boot, port: hub.port }));
