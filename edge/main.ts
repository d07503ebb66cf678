/** The process `diemcau edge`: configuration in, one `started` line out, clean stop on a signal. Logs go to stderr. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { systemLookup } from '../hardware/relay/lookup.ts';
import { FaultError } from '../protocol/fault.ts';
import { systemClock } from '../protocol/node/clock.ts';
import { begin, end, stopOnSignal } from '../protocol/node/process.ts';
import { packageRoot } from '../protocol/node/root.ts';
import { relayWell, sentence, takeSystemd, Watchdog } from '../protocol/node/watchdog.ts';
import { Agent } from './agent.ts';
import { loadEdgeConfig } from './config.ts';
import { probeMachine } from './probe/machine.ts';

const clock = systemClock();
const { config, identity, version, release, ...begun } = await begin('edge', await loadEdgeConfig(process.argv.slice(2)), clock);
const { node } = identity;
const log = begun.log.child({ node });
/** How long the relay may be on its way back before the box is worth a new start. */
const relayPatienceMs = 15_000;
let agent: Agent | null = null;
const watchdog = new Watchdog({
  systemd: takeSystemd(process.env, process.pid),
  clock,
  log,
  well: relayWell(clock, relayPatienceMs, () => agent?.parts ?? []),
  status: () => sentence(agent?.meeting == null ? 'no meeting' : `in meeting ${agent.meeting}`, agent?.parts ?? []),
});
stopOnSignal(clock, async () => {
  watchdog.stop();
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
    panelPage: join(packageRoot(), 'dist/panel'),
    clock,
    log,
    random: Math.random,
    lookup: systemLookup,
  });
  await agent.start();
  watchdog.start();
  console.log(JSON.stringify({ event: 'started', node, boot, panel: agent.panelUrl }));
} catch (error) {
  if (!(error instanceof FaultError)) throw error;
  end('edge', error.fault);
}
