/** Log over pino: JSON lines, secrets masked before they reach the writer. */
import { Writable } from 'node:stream';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { Log } from '../log.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Last words of the names that hold secrets, alone or after another word: `key`, `srtKey`, `admin_password`, `API-TOKEN`; not `monkey`. */
const SECRET = /(?:^|[^a-z])(?:key|passphrase|password|token|secret|cookie|authorization)s?$/;
const MASK = '***';
const MAX_DEPTH = 8;

function isSecret(name: string): boolean {
  return SECRET.test(name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase());
}

/** A copy of `value` fit for a log: secrets masked, errors spelled out, bytes counted, depth and cycles cut. */
export function masked(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (depth >= MAX_DEPTH) return '<deeper>';
  if (Array.isArray(value)) return value.map((item) => masked(item, depth + 1));
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return {
      ...(masked({ ...value }, depth + 1) as object),
      name,
      message,
      stack,
      ...(cause === undefined ? {} : { cause: masked(cause, depth + 1) }),
    };
  }
  const copy: Record<string, unknown> = {};
  const isFault = 'code' in value && value.code === 'config.invalid';
  for (const [name, item] of Object.entries(value)) {
    // A config fault's `key` is the name of a setting, never its value.
    const holds = typeof item === 'string' || (typeof item === 'object' && item !== null);
    copy[name] = holds && isSecret(name) && !(isFault && name === 'key') ? MASK : masked(item, depth + 1);
  }
  return copy;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Where lines go; stderr, written at once so that a dying process keeps its last words, when absent. */
  readonly to?: Writable;
}

/** The root log of a process. `name` (central, hub, edge) and pid stand on every line. */
export function createLog(name: string, options: LogOptions): Log {
  const to: DestinationStream = options.to ?? destination({ dest: 2, sync: true });
  return wrap(pino({ name, level: options.level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, to));
}

/** A log that says nothing, for tests and tools. */
export function silentLog(): Log {
  return createLog('silent', { level: 'silent', to: new Writable({ write: (_chunk, _encoding, done) => done() }) });
}

function wrap(logger: Logger): Log {
  return {
    debug: (facts, message) => {
      if (logger.isLevelEnabled('debug')) logger.debug(masked(facts) as object, message);
    },
    info: (facts, message) => logger.info(masked(facts) as object, message),
    warn: (facts, message) => logger.warn(masked(facts) as object, message),
    error: (facts, message) => logger.error(masked(facts) as object, message),
    child: (facts) => wrap(logger.child(masked(facts) as Record<string, unknown>)),
  };
}
