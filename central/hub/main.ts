/** The process `diemcau hub`: configuration in, one `started` line out, clean stop on a signal. Logs go to stderr. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decoder } from '../../protocol/decode.ts';
import { brief, type Fault, FaultError } from '../../protocol/fault.ts';
import { readJson, writeJson } from '../../protocol/node/atomic.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { exitCodeFor, loadConfig } from '../../protocol/node/config.ts';
import { holdFolder } from '../../protocol/node/hold.ts';
import { createLog } from '../../protocol/node/log.ts';
import { Outbox } from '../../protocol/node/outbox.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { loadIdentity } from '../../protocol/node/tls.ts';
import { Desired } from '../../protocol/schema/desired.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { ReportedBody } from '../../protocol/schema/reported.ts';
import { HubConfigSchema } from './config.ts';
import { Hub } from './hub.ts';
import { Broker } from './report/broker.ts';

const stopMs = 2_500;
const clock = systemClock();

/** One clear line; details are in the log. */
function end(fault: Fault): never {
  console.error(`hub: ${brief(fault)}`);
  process.exit(exitCodeFor(fault));
}

const loaded = await loadConfig({
  schema: HubConfigSchema,
  argv: process.argv.slice(2),
  env: process.env,
  overrides: {},
  defaultFile: null,
});
if (!loaded.ok) end(loaded.fault);
const { config, print } = loaded.value;
if (print !== null) {
  console.log(print);
  process.exit(0);
}
const identity = await loadIdentity(config.identity.dir, clock.now());
if (!identity.ok) end(identity.fault);
const { node, role } = identity.value;
if (role !== 'hub' || node !== config.node)
  end({ code: 'config.invalid', key: 'identity.dir', reason: `it is the certificate of ${role} ${node}, not of hub ${config.node}` });
const hold = holdFolder('data', config.data);
if (!hold.ok) end(hold.fault);
const { release } = hold.value;
try {
  mkdirSync(config.recordings.dir, { recursive: true, mode: 0o700 });
} catch (error) {
  end({ code: 'config.invalid', key: 'recordings.dir', reason: (error as Error).message });
}

const log = createLog('hub', { level: config.log.level }).child({ node });
const boot = randomBytes(8).toString('hex');
const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
const desiredFile = join(config.data, 'desired.json');
const outbox = new Outbox({ folder: join(config.data, 'outbox'), boot, clock, log });

function note(body: EventBody): void {
  void outbox.append('event', body).then((kept) => {
    if (!kept.ok) log.error({ event: body, because: brief(kept.fault) }, 'event was not kept');
  });
}

const hub = new Hub({
  node,
  identity: identity.value,
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
  changed: () => broker.report(),
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

const broker: Broker = new Broker({
  identity: identity.value,
  boot,
  version,
  clock,
  log,
  random: Math.random,
  servers: config.central,
  outbox,
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

let stopping = false;
async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  clock.after(stopMs, 'forced end', () => process.exit(code));
  await Promise.all([hub.stop(), broker.stop()]);
  await outbox.stop();
  release();
  process.exit(code);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(0));

try {
  await outbox.start();
  await hub.start();
  const before = await readJson(desiredFile, decoder(Desired));
  if (before.is === 'value') desire(before.value, false);
  else if (before.is !== 'absent') log.error({ fault: before.fault }, 'last desired state cannot be read; central will send it again');
  broker.on('desired', (message) => desire(message, true));
  broker.start();
  note({
    kind: 'process',
    severity: 'info',
    what: 'started',
    because: 'the hub started',
    meeting: null,
    facts: { program: 'hub', version },
  });
  clock.every(1000, 'telemetry', () => {
    void hub.telemetry(outbox.counters().events).then((body) => broker.telemetry(body));
    broker.report();
  });
} catch (error) {
  if (error instanceof FaultError) end(error.fault);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL')
    end({ code: 'config.invalid', key: 'listen', reason: message });
  throw error;
}
console.log(JSON.stringify({ event: 'started', node, boot, port: hub.port }));
