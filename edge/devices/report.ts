/**
 * What the box says of its room, in the bounds of the contract: what central cannot take it refuses whole, and a message that is too large ends
 * the connection. So one device that tells nonsense, or very much, or a network full of cameras, must not silence the room. Pure.
 */
import { decoder } from '../../protocol/decode.ts';
import { brief } from '../../protocol/fault.ts';
import { Capability, type DeviceInfo, DeviceState, unknownState } from '../../protocol/schema/device.ts';
import { type DevicesBody, DrivenDevice, FoundDevice } from '../../protocol/schema/devices.ts';

/** Bytes of all devices together; central takes 512 kB, found devices and the envelope included. */
const DEVICES_BYTES = 380 * 1024;
const FOUND_BYTES = 100 * 1024;
const FOUND_MAX = 64;
/** A device that answers was heard just now; the second in which it was is no news. */
const SEEN_STEP_MS = 10_000;

const drivens = decoder(DrivenDevice);
const founds = decoder(FoundDevice);
const capability = decoder(Capability);
const parts = Object.entries(DeviceState.properties).map(([name, schema]) => ({ name, part: decoder(schema) }));
/** In the order in which they are left out of a report that is too large. */
const heavy = ['presets', 'streams', 'complaints', 'routes', 'calls'] as const;

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value), 'utf8');
const cut = (text: string): string => text.slice(0, 200);

export function bounded(devices: readonly DrivenDevice[], found: readonly FoundDevice[]): DevicesBody {
  const share = DEVICES_BYTES / Math.max(1, devices.length);
  return { devices: devices.map((each) => small(fitting(discreet(coarse(each))), share)), found: few(found) };
}

/** Of a device that answers: when it was last heard, in steps; else each of its answers would be a message to central. */
const coarse = (device: DrivenDevice): DrivenDevice =>
  device.link !== 'ok' || device.seen === null ? device : { ...device, seen: Math.floor(device.seen / SEEN_STEP_MS) * SEEN_STEP_MS };

/** Some makes want the password within the address of the stream, and give it out like that. */
export const withoutSecret = (text: string, secret: string): string => (secret === '' ? text : text.replaceAll(secret, '***'));

/** Streams without the device's own password. */
export const withoutPassword = (state: DeviceState, password: string): DeviceState => ({
  ...state,
  streams: state.streams?.map((stream) => ({ ...stream, uri: withoutSecret(stream.uri, password) })) ?? null,
});

/** Some cameras write the login into the address of their picture; everybody who may look at the room would read it. */
const LOGIN = /((?:pass(?:word|wd)?|pwd)[=:])[^&_/?;#]*/gi;

function discreet(device: DrivenDevice): DrivenDevice {
  const { streams } = device.state;
  if (streams === null) return device;
  return { ...device, state: { ...device.state, streams: streams.map((each) => ({ ...each, uri: each.uri.replace(LOGIN, '$1***') })) } };
}

/** What does not fit is left out, and said. */
function fitting(device: DrivenDevice): DrivenDevice {
  const checked = drivens.check(device);
  if (checked.ok) return device;
  const state: Record<string, unknown> = { ...device.state };
  for (const { name, part } of parts) if (!part.check(state[name]).ok) state[name] = name === 'complaints' ? [] : null;
  const { make, model, firmware, serial } = device.info;
  const info: DeviceInfo = { make: cut(make), model: cut(model), firmware: cut(firmware), serial: cut(serial) };
  const capabilities = device.capabilities.filter((each) => capability.check(each).ok).slice(0, 32);
  const mended = { ...device, state: state as DeviceState, info, capabilities, because: said(device.because, brief(checked.fault)) };
  return drivens.check(mended).ok ? mended : { ...mended, state: unknownState, capabilities: [], seen: null };
}

const said = (because: string, misfit: string): string =>
  `${because.slice(0, 150)}; not all that it tells can be shown: ${misfit}`.slice(0, 300);

function small(device: DrivenDevice, share: number): DrivenDevice {
  let left = device;
  const out: string[] = [];
  for (const part of heavy) {
    if (bytesOf(left) <= share) return left;
    out.push(part);
    left = { ...left, state: { ...left.state, [part]: unknownState[part] }, because: said(device.because, `too many ${out.join(', ')}`) };
  }
  return bytesOf(left) <= share ? left : { ...left, state: unknownState, capabilities: [] };
}

function few(found: readonly FoundDevice[]): FoundDevice[] {
  const kept: FoundDevice[] = [];
  let bytes = 0;
  for (const each of found) {
    if (!founds.check(each).ok) continue;
    bytes += bytesOf(each);
    if (kept.length >= FOUND_MAX || bytes > FOUND_BYTES) break;
    kept.push(each);
  }
  return kept;
}
