/** Faults as RFC 9457 problem documents. The code is for programs (the page translates it), the detail for people who read logs. */
import type { Problem } from '../../protocol/api.ts';
import { type Fault, FaultError, httpStatus, type Result } from '../../protocol/fault.ts';

const titles: Readonly<Record<Fault['code'], string>> = {
  'input.invalid': 'A value does not fit',
  'input.too-large': 'The request is too large',
  'config.invalid': 'The configuration is wrong',
  'not-found': 'There is no such thing',
  conflict: 'The present state forbids it',
  'auth.required': 'A login is needed',
  'auth.forbidden': 'Not allowed',
  throttled: 'Too many attempts',
  'program.refused': 'A media program refused',
  'program.gone': 'A media program is gone',
  'device.gone': 'The line to a device ended',
  'device.silent': 'A device does not answer',
  'device.refused': 'A device refused',
  'device.login': 'A device does not accept our login',
  unreachable: 'A peer cannot be reached now',
  stale: 'Something newer is in force',
  'store.broken': 'The database cannot be used',
  exhausted: 'No room',
};

function explain(fault: Fault): string {
  switch (fault.code) {
    case 'input.invalid':
      return `${fault.path}: ${fault.reason}`;
    case 'input.too-large':
      return `${fault.limit}: ${fault.size} is more than ${fault.max}`;
    case 'config.invalid':
      return `${fault.key}: ${fault.reason}`;
    case 'not-found':
      return `there is no ${fault.what} ${fault.id}`;
    case 'conflict':
      return `${fault.what}: ${fault.reason}`;
    case 'auth.required':
      return fault.reason;
    case 'auth.forbidden':
      return `this needs ${fault.need}`;
    case 'throttled':
      return `try again in ${Math.ceil(fault.retryAfterMs / 1000)} s`;
    case 'program.refused':
      return `${fault.program} refused ${fault.command}: ${fault.detail}`;
    case 'program.gone':
      return `${fault.program} did not answer ${fault.command}: ${fault.because}`;
    case 'device.gone':
      return `${fault.device} went away under ${fault.command}: ${fault.because}`;
    case 'device.silent':
      return `${fault.device} did not answer ${fault.command} for ${fault.afterMs} ms`;
    case 'device.refused':
      return `${fault.device} refused ${fault.command}: ${fault.because}`;
    case 'device.login':
      return `${fault.device}: ${fault.because}`;
    case 'unreachable':
      return `${fault.what}: ${fault.because}`;
    case 'stale':
      return `${fault.what}: ${fault.got} is older than ${fault.have}`;
    case 'store.broken':
      return fault.because;
    case 'exhausted':
      return `${fault.what}: ${fault.because}`;
    default:
      return fault satisfies never;
  }
}

export function problemOf(fault: Fault): Problem {
  const path = fault.code === 'input.invalid' ? { path: fault.path } : {};
  return {
    type: `urn:diemcau:problem:${fault.code}`,
    title: titles[fault.code],
    status: httpStatus(fault),
    detail: explain(fault).slice(0, 1000),
    code: fault.code,
    ...path,
  };
}

/** A failure of ours: says nothing of its inside. */
export const internalProblem: Problem = {
  type: 'urn:diemcau:problem:internal',
  title: 'Central failed',
  status: 500,
  detail: 'the log of central says why',
  code: 'internal',
};

/** The value of a result. @throws FaultError */
export function orThrow<T>(result: Result<T>): T {
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
}
