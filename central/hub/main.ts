/** The process `diemcau hub`: configuration in, one `started` line out, clean stop on a signal. Logs go to stderr. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { decoder } from '../../protocol/decode.ts';
import { brief, FaultError } from '../../protocol/fault.ts';
import { readJson, writeJson } from '../../protocol/node/atomic.ts';
import { CentralLink } from '../../protocol/node/central-link.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { loadConfig } from '../../protocol/node/config.ts';
import { Outbox } from '../../protocol/node/outbox.ts';
import { begin, end, stopOnSignal } from '../../protocol/node/process.ts';
import { Desired } from '../../protocol/schema/desired.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import { HubConfigSchema } from './config.ts';
import { Hub } from './hub.ts';

const clock = systemClock();
const loaded = await loadConfig({
  schema: HubConfigSchema,
  argv: process.argv.slice(2),
  env: process.env,
  overrides: {},
  defaultFile: null,
});
const { config, identity, version, release, ...begun } = await begin('hub', loaded, clock);
const { node } = identity;
const log = begun.log.child({ node });
try {
  mkdirSync(config.recordings.dir, { recursive: true, mode: 0o700 });
} catch (error) {
  end('hub', { code: 'config.invalid', key: 'recordings.dir', reason: (error as Error).message });
}

const boot = randomBytes(8).toString('hex');
const desiredFile = join(config.data, 'desired.json');
const outbox = new Outbox({ folder: join(config.data, 'outbox'), boot, clock, log });

function note(body: EventBody): void {
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
  note,
  listen: config.listen,
  recordings: {
    dir: config.recordings.dir,
    minFreeBytes: config.recordings.minFreeMb * 1024 * 1024,
    rules: { maxBytes: config.recordings.maxGb * 1e9, keepMs: config.recordings.keepDays * 86_400_000 },
  },
  changed: () => central.report(),
  faults: config.faults,
  freeBytes: null,
});

function reported(): ReportedBody {
  const { revision, satisfied, because } = hub.report;
  const address = { host: config.advertise.host, port: hub.port };
  return {
    role: 'hub',
    rev: revision,
    satisfied,
    because: because.slice(0, 300),
    meetings: [...hub.meetings],
    parts: [...hub.parts()],
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
  void writeJson(desiredFile, message, { mode: 0o600 }).then((written) => {
    if (!written.ok)
      note({ kind: 'health', severity: 'error', what: 'disk', because: brief(written.fault), meeting: null, facts: { what: 'desired' } });
  });
}

stopOnSignal(clock, async () => {
  await Promise.all([hub.stop(), central.stop()]);
  await outbox.stop();
  release();
});

try {
  await outbox.start();
  await hub.start();
  const before = await readJson(desiredFile, decoder(Desired));
  if (before.is === 'value') desire(before.value, false);
  else if (before.is !== 'absent') log.error({ fault: before.fault }, 'last desired state cannot be read; central will send it again');
  central.start();
  note({
    kind: 'process',
    severity: 'info',
    what: 'started',
    because: 'the hub started',
    meeting: null,
    facts: { program: 'hub', version },
  });
  clock.every(1000, 'telemetry', () => {
    void hub.telemetry(outbox.counters().events).then((body) => central.telemetry(body));
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
