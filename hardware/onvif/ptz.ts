/** Ranges of a camera's head and our -1…1 (zoom 0…1). Pure. Source: ONVIF PTZ service specification. */
import type { DeviceState } from '../../protocol/schema/device.ts';
import { numeral } from './answers.ts';
import { below, type Element, find, findAll, textBelow } from './xml.ts';

export interface Range {
  readonly min: number;
  readonly max: number;
}
export interface Plane {
  readonly x: Range;
  readonly y: Range;
}

/** What the head can do; null: not that. */
export interface Head {
  readonly position: Plane | null;
  readonly positionZoom: Range | null;
  readonly velocity: Plane | null;
  readonly velocityZoom: Range | null;
}

const SIGNED: Range = { min: -1, max: 1 };
const UNIT: Range = { min: 0, max: 1 };
/** When the camera does not tell: the generic spaces, that every one must have. */
export const genericHead: Head = {
  position: null,
  positionZoom: null,
  velocity: { x: SIGNED, y: SIGNED },
  velocityZoom: SIGNED,
};

/** Of GetNodesResponse: the first node. */
export function head(answer: Element): Head {
  const spaces = find(find(answer, 'ptznode'), 'supportedptzspaces');
  if (spaces === null) return genericHead;
  const plane = (name: string): Plane | null => {
    const space = chosen(spaces, name);
    return space === null ? null : { x: range(below(space, 'xrange'), SIGNED), y: range(below(space, 'yrange'), SIGNED) };
  };
  const line = (name: string, otherwise: Range): Range | null => {
    const space = chosen(spaces, name);
    return space === null ? null : range(below(space, 'xrange'), otherwise);
  };
  return {
    position: plane('absolutepantiltpositionspace'),
    positionZoom: line('absolutezoompositionspace', UNIT),
    velocity: plane('continuouspantiltvelocityspace'),
    velocityZoom: line('continuouszoomvelocityspace', SIGNED),
  };
}

/** A head may offer degrees and field-of-view spaces beside the generic one: without naming a space, the generic one is meant. */
function chosen(spaces: Element, name: string): Element | null {
  const all = findAll(spaces, name);
  return all.find((each) => /generic/i.test(textBelow(each, 'uri'))) ?? all[0] ?? null;
}

function range(element: Element | null, otherwise: Range): Range {
  const min = numeral(textBelow(element, 'min'));
  const max = numeral(textBelow(element, 'max'));
  return min !== null && max !== null && min < max ? { min, max } : otherwise;
}

const clamped = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

/** 0…1 into the range. */
export const intoUnit = (value: number, { min, max }: Range): number => min + clamped(value, 0, 1) * (max - min);
/** -1…1 into the range. */
export const into = (value: number, range: Range): number => intoUnit((value + 1) / 2, range);
/** A speed: 0 is always rest, whatever the range. */
export const speed = (value: number, { min, max }: Range): number => (value < 0 ? -value * min : value * max);
const outOfUnit = (value: number, { min, max }: Range): number => clamped((value - min) / (max - min), 0, 1);

/** Of GetStatusResponse; null when it does not tell where it looks. */
export function position(answer: Element, { position: plane, positionZoom }: Head): DeviceState['position'] {
  const where = find(find(answer, 'ptzstatus'), 'position');
  const angle = below(where, 'pantilt');
  const [x, y] = [numeral(angle?.attributes.get('x')), numeral(angle?.attributes.get('y'))];
  if (x === null || y === null) return null;
  return {
    pan: outOfUnit(x, plane?.x ?? SIGNED) * 2 - 1,
    tilt: outOfUnit(y, plane?.y ?? SIGNED) * 2 - 1,
    zoom: outOfUnit(numeral(below(where, 'zoom')?.attributes.get('x')) ?? 0, positionZoom ?? UNIT),
  };
}
