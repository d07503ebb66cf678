/** What every process does first and last: configuration, identity, data folder, log; an end that is told in one line; a clean stop on a signal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { brief, type Fault, type Result } from '../fault.ts';
import type { Role } from '../ids.ts';
import type { Log } from '../log.ts';
import { exitCodeFor, type LoadedConfig } from './config.ts';
import { holdFolder } from './hold.ts';
import { createLog, type LogLevel } from './log.ts';
import { whenOwnerGoes } from './owner.ts';
import { rise } from './rank.ts';
import { packageRoot } from './root.ts';
import { type Identity, loadIdentity } from './tls.ts';

/** What the configuration of every process has. */
export interface CommonConfig {
  readonly data: string;
  readonly identity: { readonly dir: string };
  readonly log: { readonly level: LogLevel };
  /** Absent: the certificate decides. */
  readonly node?: string;
}

export interface Begun<T> {
  readonly config: T;
  readonly identity: Identity;
  readonly log: Log;
  /** Of the package. */
  readonly version: string;
  /** Lets go of the data folder: the last thing. */
  readonly release: () => void;
}

/** One clear line on stderr and the exit code of the fault; details are in the log. */
export function end(program: string, fault: Fault): never {
  process.stderr.write(`${program}: ${brief(fault)}\n`);
  process.exit(exitCodeFor(fault));
}

/**
 * Everything before something opens. Ends the process when something is wrong, or with 0 when `--print-config` was asked for. From here on
 * the data folder belongs to this process.
 */
export async function begin<T extends CommonConfig>(role: Role, loaded: Result<LoadedConfig<T>>, clock: Clock): Promise<Begun<T>> {
  if (!loaded.ok) end(role, loaded.fault);
  const { config, print } = loaded.value;
  if (print !== null) {
    process.stdout.write(`${print}\n`);
    process.exit(0);
  }
  const identity = await loadIdentity(config.identity.dir, clock.now());
  if (!identity.ok) end(role, identity.fault);
  const { node, role: certified } = identity.value;
  const wanted = config.node ?? node;
  if (certified !== role || node !== wanted)
    end(role, {
      code: 'config.invalid',
      key: 'identity.dir',
      reason: `it is the certificate of ${certified} ${node}, not of ${config.node === undefined ? role : `${role} ${wanted}`}`,
    });
  const hold = holdFolder('data', config.data);
  if (!hold.ok) end(role, hold.fault);
  const log = createLog(role, { level: config.log.level });
  // Central is not in the way of a meeting.
  const unranked = role === 'central' ? null : rise('control');
  if (unranked !== null) log.debug({ because: unranked }, 'no priority');
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return { config, identity: identity.value, log, version, release: hold.value.release };
}

/** The process ends within this, whatever hangs. */
const STOP_MS = 2500;

/** Runs `stop` on SIGTERM, SIGINT, the end of an owner, or when the answered function is called, once, and ends the process. */
export function stopOnSignal(clock: Clock, stop: () => Promise<unknown>): (code: number) => Promise<void> {
  let stopping = false;
  const leave = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    clock.after(STOP_MS, 'forced end', () => process.exit(code));
    await stop();
    process.exit(code);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void leave(0));
  whenOwnerGoes(() => void leave(0));
  return leave;
}
