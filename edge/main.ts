/** The process `diemcau edge`: configuration in, one `started` line out, clean stop on a signal. Logs go to stderr. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemLookup } from '../hardware/relay/lookup.ts';
import { brief, type Fault, FaultError } from '../protocol/fault.ts';
import { systemClock } from '../protocol/node/clock.ts';
import { exitCodeFor } from '../protocol/node/config.ts';
import { holdFolder } from '../protocol/node/hold.ts';
import { createLog } from '../protocol/node/log.ts';
import { packageRoot } from '../protocol/node/root.ts';
import { loadIdentity } from '../protocol/node/tls.ts';
import { Agent } from './agent.ts';
import { loadEdgeConfig } from './config.ts';
import { probeMachine } from './probe/machine.ts';

const STOP_MS = 2500;
const clock = systemClock();

/** One clear line; details are in the log. */
function end(fault: Fault): never {
  console.error(`edge: ${brief(fault)}`);
  process.exit(exitCodeFor(fault));
}

const loaded = await loadEdgeConfig(process.argv.slice(2));
if (!loaded.ok) end(loaded.fault);
const { config, print } = loaded.value;
if (print !== null) {
  console.log(print);
  process.exit(0);
}
const identity = await loadIdentity(config.identity.dir, clock.now());
if (!identity.ok) end(identity.fault);
const { node, role } = identity.value;
if (role !== 'edge' || node !== config.node)
  end({ code: 'config.invalid', key: 'identity.dir', reason: `it is the certificate of ${role} ${node}, not of edge ${config.node}` });
const hold = holdFolder('data', config.data);
if (!hold.ok) end(hold.fault);
const { release } = hold.value;

const log = createLog('edge', { level: config.log.level }).child({ node });
let agent: Agent | null = null;
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  clock.after(STOP_MS, 'forced end', () => process.exit(code));
  await agent?.stop();
  release();
  process.exit(code);
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(0));

try {
  const machine = await probeMachine(config, { env: process.env, clock, log });
  if (!machine.ok) end(machine.fault);
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  const boot = randomBytes(8).toString('hex');
  agent = new Agent({
    config,
    identity: identity.value,
    machine: machine.value,
    boot,
    version,
    pid: process.pid,
    clock,
    log,
    random: Math.random,
    lookup: systemLookup,
  });
  await agent.start();
  console.log(JSON.stringify({ event: 'started', node, boot }));
} catch (error) {
  if (!(error instanceof FaultError)) throw error;
  end(error.fault);
}
