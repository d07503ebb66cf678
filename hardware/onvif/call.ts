/** One question to a camera through the library: always an end, always the camera's own words, always a typed fault. */
import type { Clock } from '../../protocol/clock.ts';
import { type Fault, FaultError } from '../../protocol/fault.ts';
import type { Callback, LibraryCam } from './library.ts';
import { type Element, find, findAll, readXml } from './xml.ts';

/** The library's methods that we use; each takes its options and a callback. */
export type Method =
  | 'getSystemDateAndTime'
  | 'getDeviceInformation'
  | 'getServices'
  | 'getCapabilities'
  | 'getProfiles'
  | 'getStreamUri'
  | 'getSnapshotUri'
  | 'getNodes'
  | 'getPresets'
  | 'getStatus'
  | 'continuousMove'
  | 'absoluteMove'
  | 'stop'
  | 'gotoPreset'
  | 'setPreset'
  | 'getImagingSettings'
  | 'setImagingSettings'
  | 'createPullPointSubscription'
  | 'pullMessages'
  | 'renew'
  | 'unsubscribe'
  /** Not the library's own, which posts to a service that no camera has. */
  | 'systemReboot';

export interface Heard {
  readonly error: unknown;
  readonly data: unknown;
  readonly xml: string | null;
}

export interface CallOptions {
  readonly device: string;
  readonly clock: Clock;
  /** Some answers never come: the library loses them when they are not what it expects. */
  readonly limitMs: number;
}

/**
 * Asks once. The first word counts: the library calls back again when something goes wrong in a callback.
 * @throws FaultError `device.silent`, `device.gone` (nobody there), `device.login`, `device.refused`.
 */
export async function ask(
  cam: LibraryCam,
  method: Method,
  options: readonly unknown[],
  settings: CallOptions,
): Promise<{ readonly answer: Element; readonly data: unknown }> {
  const heard = await once(cam, method, options, settings);
  const { device } = settings;
  if (heard === null) throw new FaultError({ code: 'device.silent', device, command: method, afterMs: settings.limitMs });
  const envelope = heard.xml === null ? null : readXml(heard.xml);
  // The camera's own words before the library's opinion of them.
  const answer = find(envelope, `${method}Response`.toLowerCase());
  if (answer !== null) return { answer, data: heard.data };
  const fault = find(find(envelope, 'body') ?? envelope, 'fault');
  throw new FaultError(fault === null ? noAnswer(heard, device, method, settings.limitMs) : soapFault(fault, device, method));
}

function once(
  cam: LibraryCam,
  method: Method,
  options: readonly unknown[],
  { clock, device, limitMs }: CallOptions,
): Promise<Heard | null> {
  return new Promise((resolve) => {
    const limit = clock.after(limitMs, `${device} ${method}`, () => resolve(null));
    const back: Callback = (error, data, xml) => {
      limit.cancel();
      resolve({ error, data, xml: typeof xml === 'string' ? xml : null });
    };
    try {
      if (method === 'systemReboot') return reboot(cam, back);
      const run: unknown = Reflect.get(cam, method);
      if (typeof run !== 'function') return back(new Error(`the library has no ${method}`));
      Reflect.apply(run, cam, [...options, back]);
    } catch (error) {
      back(error);
    }
  });
}

function reboot(cam: LibraryCam, back: Callback): void {
  const body = `${cam._envelopeHeader()}<SystemReboot xmlns="http://www.onvif.org/ver10/device/wsdl"/>${cam._envelopeFooter()}`;
  cam._request({ service: 'device', body }, back);
}

const LOGIN = /not\s*authorized|unauthorized|failedauthentication|authentication failed/i;
/** Nobody there, or gone in the middle of it. */
const GONE = /ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN|EPIPE|socket hang up/;
const SILENT = /ETIMEDOUT|timeout/i;

function soapFault(fault: Element, device: string, command: string): Fault {
  const codes = findAll(fault, 'value').map(({ text }) => text);
  const reason = (find(find(fault, 'reason'), 'text') ?? find(fault, 'faultstring'))?.text ?? '';
  const because = `${reason === '' ? 'a fault without a reason' : reason} [${codes.join(' ')}]`.slice(0, 200);
  return LOGIN.test(because) ? { code: 'device.login', device, because } : { code: 'device.refused', device, command, because };
}

function noAnswer({ error, xml }: Heard, device: string, command: string, afterMs: number): Fault {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const words = `${code} ${error instanceof Error ? error.message : String(error)}`.trim().slice(0, 200);
  if (xml === null && GONE.test(words)) return { code: 'device.gone', device, command, because: words };
  if (xml === null && SILENT.test(words)) return { code: 'device.silent', device, command, afterMs };
  if (LOGIN.test(words) || /\b401\b/.test(words) || (xml !== null && LOGIN.test(xml.slice(0, 4000))))
    return { code: 'device.login', device, because: 'it does not accept the login' };
  return { code: 'device.refused', device, command, because: `no ONVIF answer: ${words}` };
}
