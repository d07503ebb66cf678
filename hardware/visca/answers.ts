/** What VISCA answers mean. Pure. */
import { FaultError } from '../../protocol/fault.ts';
import type { DeviceInfo, Power } from '../../protocol/schema/device.ts';
import { unhex } from '../wire/framing.ts';
import { fromNibbles, signedFromNibbles, VISCA_END, VISCA_MOST } from './codec.ts';
import { type ViscaModel, wishOf, zoomOf } from './model.ts';

/** Vendor and model codes that the version inquiry answers. */
const vendors: Readonly<Record<number, string>> = { 1: 'Sony', 32: 'Sony' };
const modelCodes: Readonly<Record<number, string>> = { 1026: 'EVI-D30', 1037: 'EVI-D100', 1038: 'EVI-D70' };

/** Each reader answers null for data that belong to another inquiry. */
export function readPower(data: readonly number[]): Power | null {
  if (data.length !== 1) return null;
  return data[0] === 0x02 ? 'on' : data[0] === 0x03 ? 'off' : 'unknown';
}

export function readVersion(data: readonly number[]): Partial<DeviceInfo> | null {
  if (data.length !== 7) return null;
  const [vendor = 0, model = 0, rom = 0] = [0, 2, 4].map((at) => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0));
  const code = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0');
  return {
    make: vendors[vendor] ?? `vendor ${code(vendor)}`,
    model: modelCodes[model] ?? `model ${code(model)}`,
    firmware: `ROM ${code(rom)}`,
  };
}

/** @throws FaultError `input.invalid` when it is not exactly one packet. */
export function rawPacket(text: string): Uint8Array {
  const bytes = unhex(text);
  const reason = 'one VISCA packet in hex: 81 … FF, 3 to 16 bytes, FF at its end only';
  if (bytes === null || bytes.length < 3 || bytes.length > VISCA_MOST || bytes.indexOf(VISCA_END) !== bytes.length - 1)
    throw new FaultError({ code: 'input.invalid', path: '/text', reason });
  if (((bytes[0] ?? 0) & 0xf0) !== 0x80) throw new FaultError({ code: 'input.invalid', path: '/text', reason });
  return bytes;
}

/** Four nibbles of pan, five on some models, and four of tilt. */
export function readPlace(
  data: readonly number[],
  { pan, tiltUp, tiltDown }: ViscaModel,
): { readonly pan: number; readonly tilt: number } | null {
  const across = signedFromNibbles(data.slice(0, -4));
  const up = signedFromNibbles(data.slice(-4));
  if ((data.length !== 8 && data.length !== 9) || across === null || up === null) return null;
  return { pan: wishOf(across, pan, pan), tilt: wishOf(up, tiltUp, tiltDown) };
}

export function readZoom(data: readonly number[], model: ViscaModel): number | null {
  const place = data.length === 4 ? fromNibbles(data) : null;
  return place === null ? null : zoomOf(place, model.zoom);
}
