/**
 * What a camera's answers mean. Read from its own words, not from the library's objects: those turn firmware "1.0" into 1, lose digits of
 * serial numbers and presets of the same name. Nothing is trusted to be there. Pure.
 * Source: ONVIF Core, Media, Media2, PTZ and Imaging service specifications.
 */
import type { DeviceInfo, Preset } from '../../protocol/schema/device.ts';
import { pathOf } from './address.ts';
import { below, type Element, find, findAll, textBelow } from './xml.ts';

export type Service = 'device' | 'deviceIO' | 'media' | 'media2' | 'ptz' | 'imaging' | 'events';

const NAMESPACES: readonly (readonly [RegExp, Service])[] = [
  [/ver10\/device\/wsdl/i, 'device'],
  [/ver10\/deviceio\/wsdl/i, 'deviceIO'],
  [/ver10\/media\/wsdl/i, 'media'],
  [/ver20\/media\/wsdl/i, 'media2'],
  [/ver20\/ptz\/wsdl/i, 'ptz'],
  [/ver20\/imaging\/wsdl/i, 'imaging'],
  [/ver10\/events\/wsdl/i, 'events'],
];
const CATEGORIES: readonly Service[] = ['device', 'deviceIO', 'media', 'ptz', 'imaging', 'events'];

/** Of GetServicesResponse or GetCapabilitiesResponse: the path of each service. */
export function services(answer: Element): ReadonlyMap<Service, string> {
  const found = new Map<Service, string>();
  const put = (service: Service | undefined, address: string): void => {
    const path = pathOf(address);
    if (service !== undefined && path !== null && !found.has(service)) found.set(service, path);
  };
  for (const each of findAll(answer, 'service')) {
    const namespace = textBelow(each, 'namespace');
    put(NAMESPACES.find(([pattern]) => pattern.test(namespace))?.[1], textBelow(each, 'xaddr'));
  }
  const capabilities = find(answer, 'capabilities');
  for (const service of CATEGORIES) {
    const category = below(capabilities, service.toLowerCase()) ?? below(capabilities, 'extension', service.toLowerCase());
    put(service, textBelow(category, 'xaddr'));
  }
  return found;
}

export const deviceInformation = (answer: Element): DeviceInfo => ({
  make: textBelow(answer, 'manufacturer').slice(0, 200),
  model: textBelow(answer, 'model').slice(0, 200),
  firmware: textBelow(answer, 'firmwareversion').slice(0, 200),
  serial: textBelow(answer, 'serialnumber').slice(0, 200),
});

export interface Profile {
  readonly token: string;
  /** `H264`, `H265`, `JPEG`; empty when it has no video encoder. */
  readonly encoding: string;
  readonly width: number;
  readonly height: number;
  /** Of the video source, for imaging; empty when not told. */
  readonly source: string;
  readonly ptz: boolean;
}

/** Of Media1 or Media2: the parts have different names and depths, the same meaning. */
export function profiles(answer: Element): readonly Profile[] {
  return findAll(answer, 'profiles').flatMap((each) => {
    const token = each.attributes.get('token') ?? '';
    const parts = below(each, 'configurations') ?? each;
    const encoder = below(parts, 'videoencoder') ?? below(parts, 'videoencoderconfiguration');
    const source = below(parts, 'videosource') ?? below(parts, 'videosourceconfiguration');
    if (token === '' || token.length > 64) return [];
    return {
      token,
      encoding: textBelow(encoder, 'encoding').toUpperCase().slice(0, 20),
      width: whole(textBelow(encoder, 'resolution', 'width')),
      height: whole(textBelow(encoder, 'resolution', 'height')),
      source: textBelow(source, 'sourcetoken').slice(0, 64),
      ptz: (below(parts, 'ptz') ?? below(parts, 'ptzconfiguration')) !== null,
    };
  });
}

const whole = (text: string): number => (/^\d{1,6}$/.test(text) ? Number(text) : 0);

/** Of GetStreamUri and GetSnapshotUri, Media1 and Media2. */
export const mediaUri = (answer: Element): string => (find(answer, 'uri')?.text ?? '').slice(0, 500);

/** By token: names may be missing, or the same for two. */
export function presets(answer: Element): readonly Preset[] {
  const found = findAll(answer, 'preset').flatMap((each) => {
    const id = each.attributes.get('token') ?? '';
    const name = textBelow(each, 'name').slice(0, 200);
    return id === '' || id.length > 64 ? [] : { id, name: name === '' ? id : name };
  });
  return found.filter(({ id }, index) => found.findIndex((each) => each.id === id) === index).slice(0, 256);
}

export interface Imaging {
  readonly brightness: number | null;
  readonly colorSaturation: number | null;
  readonly contrast: number | null;
  readonly sharpness: number | null;
}

/** In the camera's own units. */
export function imaging(answer: Element): Imaging {
  const settings = find(answer, 'imagingsettings');
  const number = (name: string): number | null => numeral(textBelow(settings, name));
  return {
    brightness: number('brightness'),
    colorSaturation: number('colorsaturation'),
    contrast: number('contrast'),
    sharpness: number('sharpness'),
  };
}

/** A number as XML Schema writes it; null when it is none. */
export function numeral(text: string | undefined): number | null {
  const number = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

export interface Subscription {
  readonly address: string;
  /** Axis wants it back in each header; null: it has none. */
  readonly id: string | null;
}

export function subscription(answer: Element): Subscription {
  const reference = find(answer, 'subscriptionreference');
  const id = find(find(reference, 'referenceparameters'), 'subscriptionid')?.text ?? '';
  return { address: textBelow(reference, 'address'), id: id === '' ? null : id.slice(0, 200) };
}
