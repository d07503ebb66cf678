/** The process `diemcau edge`: configuration in, one `started` line out, clean stop on a signal. Logs go to stderr. */
import { randomBytes } from 'node:crypto';
import { systemLookup } from '../hardware/relay/lookup.ts';
import { FaultError } from '../protocol/fault.ts';
import { systemClock } from '../protocol/node/clock.ts';
import { begin, end, stopOnSignal } from '../protocol/node/process.ts';
import { Agent } from './agent.ts';
import { loadEdgeConfig } from './config.ts';
import { probeMachine } from './probe/machine.ts';

const clock = systemClock();
const { config, identity, version, release, ...begun } = await begin('edge', await loadEdgeConfig(process.argv.slice(2)), clock);
const { node } = identity;
const log = begun.log.child({ node });
let agent: Agent | null = null;
stopOnSignal(clock, async () => {
  await agent?.stop();
  release();
});

try {
  const machine = await probeMachine(config, { env: process.env, clock, log });
  if (!machine.ok) end('edge', machine.fault);
  const boot = randomBytes(8).toString('hex');
  agent = new Agent({
    config,
    identity,
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
  end('edge', error.fault);
}
