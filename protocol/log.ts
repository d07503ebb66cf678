/**
 * What every component may do with a log. Implemented over pino in protocol/node/log.ts.
 * One line per decision or transition: facts first, a past-tense message second. Never a secret.
 */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  /** The same log with `facts` on every line. */
  child(facts: Record<string, unknown>): Log;
}
