/** Payloads of VISCA commands and inquiries: what stands between header and FF. Source: Sony technical manuals, command lists. Pure. */
import { nibbles } from './codec.ts';
import { placeOf, speedOf, type ViscaModel } from './model.ts';

type Payload = readonly number[];

export const addressSet: Payload = [0x30, 0x01];
export const interfaceClear: Payload = [0x01, 0x00, 0x01];

export const powerInquiry: Payload = [0x09, 0x04, 0x00];
export const zoomInquiry: Payload = [0x09, 0x04, 0x47];
export const focusModeInquiry: Payload = [0x09, 0x04, 0x38];
export const panTiltInquiry: Payload = [0x09, 0x06, 0x12];
export const versionInquiry: Payload = [0x09, 0x00, 0x02];

export const panTiltHome: Payload = [0x01, 0x06, 0x04];
export const zoomStop: Payload = [0x01, 0x04, 0x07, 0x00];

export const power = (on: boolean): Payload => [0x01, 0x04, 0x00, on ? 0x02 : 0x03];

/** Ends the command in `socket`. */
export const cancel = (socket: number): Payload => [0x20 | socket];

export type PresetAct = 'reset' | 'set' | 'recall';
const presetCodes: { readonly [Act in PresetAct]: number } = { reset: 0x00, set: 0x01, recall: 0x02 };

/** @param number from 0 on. */
export const preset = (act: PresetAct, number: number): Payload => [0x01, 0x04, 0x3f, presetCodes[act], number & 0x7f];

export type FocusAct = 'auto' | 'manual' | 'stop' | 'far' | 'near';
const focusCodes: { readonly [Act in FocusAct]: Payload } = {
  auto: [0x38, 0x02],
  manual: [0x38, 0x03],
  stop: [0x08, 0x00],
  far: [0x08, 0x02],
  near: [0x08, 0x03],
};
export const focus = (act: FocusAct): Payload => [0x01, 0x04, ...focusCodes[act]];

/** @param speed -1 (wide, fast) … 1 (tele, fast); 0 stops. */
export function zoom(speed: number): Payload {
  if (speed === 0) return zoomStop;
  return [0x01, 0x04, 0x07, (speed > 0 ? 0x20 : 0x30) | (speedOf(speed, 8) - 1)];
}

/** @param place in the camera's units. */
export const zoomDirect = (place: number): Payload => [0x01, 0x04, 0x47, ...nibbles(place, 4)];

const STILL = 0x03;
const SLOWEST = 0x01;

/** @param pan -1 (left) … 1 (right); @param tilt -1 (down) … 1 (up); 0 and 0 stop. */
export function drive(pan: number, tilt: number, model: ViscaModel): Payload {
  const panSpeed = speedOf(pan, model.panSpeed) || SLOWEST;
  const tiltSpeed = speedOf(tilt, model.tiltSpeed) || SLOWEST;
  const panWay = pan === 0 ? STILL : pan < 0 ? 0x01 : 0x02;
  const tiltWay = tilt === 0 ? STILL : tilt > 0 ? 0x01 : 0x02;
  return [0x01, 0x06, 0x01, panSpeed, tiltSpeed, panWay, tiltWay];
}

/** To a place, at full speed. @param pan @param tilt as `drive` has them. */
export function absolute(pan: number, tilt: number, model: ViscaModel): Payload {
  const across = nibbles(placeOf(pan, model.pan, model.pan), model.wide ? 5 : 4);
  const up = nibbles(placeOf(tilt, model.tiltUp, model.tiltDown), 4);
  return [0x01, 0x06, 0x02, model.panSpeed, model.wide ? 0x00 : model.tiltSpeed, ...across, ...up];
}

/** By so many of the camera's own steps: done twice it goes twice as far. */
export function relative(pan: number, tilt: number, model: ViscaModel): Payload {
  const speeds = [model.panSpeed, model.wide ? 0x00 : model.tiltSpeed];
  return [0x01, 0x06, 0x03, ...speeds, ...nibbles(pan, model.wide ? 5 : 4), ...nibbles(tilt, 4)];
}
