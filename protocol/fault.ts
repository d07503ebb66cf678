/**
 * Expected failures as data: a code, and the facts of the case. Policy (retry, HTTP status) is a function of the code, never of the text.
 * The table in protocol/README.md lists every code; a test keeps the two together.
 */

export type Fault =
  /** A value from outside does not fit its schema. `path` is a JSON pointer such as /sites/3/name. */
  | { readonly code: 'input.invalid'; readonly path: string; readonly reason: string }
  /** A message is larger or deeper than its limit. */
  | { readonly code: 'input.too-large'; readonly limit: string; readonly size: number; readonly max: number }
  /** A configuration key is missing or wrong; the process exits 78. */
  | { readonly code: 'config.invalid'; readonly key: string; readonly reason: string }
  /** What was asked for does not exist. */
  | { readonly code: 'not-found'; readonly what: string; readonly id: string }
  /** The state forbids it: a meeting that has ended, a name in use. */
  | { readonly code: 'conflict'; readonly what: string; readonly reason: string }
  /** Nobody is logged in, or the password is wrong. */
  | { readonly code: 'auth.required'; readonly reason: string }
  /** Logged in, but not allowed. */
  | { readonly code: 'auth.forbidden'; readonly need: string }
  /** Too many attempts; `retryAfterMs` tells when to come back. */
  | { readonly code: 'throttled'; readonly retryAfterMs: number }
  /** A native program refused a command; `error` and `detail` are its own words. */
  | {
      readonly code: 'program.refused';
      readonly program: string;
      readonly command: string;
      readonly error: string;
      readonly detail: string;
    }
  /** A native program did not answer, or died while a request was open. */
  | { readonly code: 'program.gone'; readonly program: string; readonly command: string; readonly because: string }
  /** The line to a device ended while a command was open or waiting; it was not sent again. */
  | { readonly code: 'device.gone'; readonly device: string; readonly command: string; readonly because: string }
  /** A device did not answer: the command may have been carried out or not. */
  | { readonly code: 'device.silent'; readonly device: string; readonly command: string; readonly afterMs: number }
  /** A device said no, in its own words. */
  | { readonly code: 'device.refused'; readonly device: string; readonly command: string; readonly because: string }
  /** A device does not accept our name or password. */
  | { readonly code: 'device.login'; readonly device: string; readonly because: string }
  /** A peer process cannot be reached now. */
  | { readonly code: 'unreachable'; readonly what: string; readonly because: string }
  /** A message, command or plan came too late, or is older than what is in force. */
  | { readonly code: 'stale'; readonly what: string; readonly have: number; readonly got: number }
  /** The database cannot be used: corrupt, unreadable, made by a newer version, or its disk fails. Nothing helps but a person. */
  | { readonly code: 'store.broken'; readonly file: string; readonly because: string }
  /** No room on a disk, no free slot, no capacity. */
  | { readonly code: 'exhausted'; readonly what: string; readonly because: string };

export type FaultCode = Fault['code'];

/** True when the same request may succeed later without anybody changing anything. */
export function retryable(fault: Fault): boolean {
  switch (fault.code) {
    case 'program.gone':
    case 'device.gone':
    case 'unreachable':
    case 'throttled':
    case 'exhausted':
      return true;
    case 'input.invalid':
    case 'input.too-large':
    case 'config.invalid':
    case 'not-found':
    case 'conflict':
    case 'auth.required':
    case 'auth.forbidden':
    case 'program.refused':
    // A dial or a step that was done after all must not be done twice.
    case 'device.silent':
    case 'device.refused':
    case 'device.login':
    case 'stale':
    case 'store.broken':
      return false;
    default:
      return fault satisfies never;
  }
}

/** The HTTP status of a fault. */
export function httpStatus(fault: Fault): number {
  switch (fault.code) {
    case 'input.invalid':
    case 'config.invalid':
      return 422;
    case 'input.too-large':
      return 413;
    case 'not-found':
      return 404;
    case 'conflict':
    case 'stale':
      return 409;
    case 'auth.required':
      return 401;
    case 'auth.forbidden':
      return 403;
    case 'throttled':
      return 429;
    case 'exhausted':
      return 507;
    case 'program.refused':
    case 'program.gone':
    case 'device.gone':
    case 'device.refused':
    case 'device.login':
      return 502;
    case 'device.silent':
      return 504;
    case 'unreachable':
    case 'store.broken':
      return 503;
    default:
      return fault satisfies never;
  }
}

/** One English line for logs and problem documents. */
export function brief(fault: Fault): string {
  const { code, ...facts } = fault;
  return `${code}: ${Object.entries(facts)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(' ')}`;
}

/** The one carrier of a Fault through `throw`; everything else that is thrown is a bug. */
export class FaultError extends Error {
  readonly fault: Fault;
  constructor(fault: Fault) {
    super(brief(fault));
    this.name = 'FaultError';
    this.fault = fault;
  }
}

/** A value or the fault that took its place. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const failed = (fault: Fault): { readonly ok: false; readonly fault: Fault } => ({ ok: false, fault });
