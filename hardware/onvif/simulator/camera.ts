/** What the services of one simulated camera share: who it is, where it looks, what it was told, what happens before it. */
import type { Clock } from '../../../protocol/clock.ts';
import type { Log } from '../../../protocol/log.ts';
import { createHead, type Head, type Position } from './head.ts';
import { Notices } from './notices.ts';
import { byTheBook, cameraTime, type OnvifQuirks } from './quirks.ts';
import type { Answer, Call } from './soap.ts';

export interface OnvifOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Shown in its discovery scopes: `Phòng họp A`. */
  readonly name: string;
  readonly make: string;
  readonly model: string;
  readonly firmware: string;
  readonly serial: string;
  readonly username: string;
  /** Empty: it asks for no login. */
  readonly password: string;
  /** What GetStreamUri says, of every profile: whoever simulates a camera decides where its picture is. */
  readonly streamUri: string;
  /** 0 takes a free one and keeps it. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Answers WS-Discovery on the interface with this address; the usual port is 3702, 0 takes a free one and keeps it. */
  readonly discovery: { readonly address: string; readonly port: number } | null;
  readonly quirks: Partial<OnvifQuirks>;
}

export const LOOPBACK = '127.0.0.1';

export interface Preset {
  readonly id: number;
  readonly name: string;
  readonly position: Position;
}

export interface ImagingSettings {
  brightness: number;
  colorSaturation: number;
  contrast: number;
  sharpness: number;
  irCut: string;
  backlight: string;
  exposure: string;
  focus: string;
  whiteBalance: string;
}

export interface Camera {
  readonly options: OnvifOptions;
  quirks: OnvifQuirks;
  readonly head: Head;
  home: Position;
  readonly presets: Preset[];
  /** The last preset it was sent to. */
  recalled: number | null;
  readonly imaging: ImagingSettings;
  hostname: string;
  readonly notices: Notices;
  /** Where its services are found: `http://127.0.0.1:8080`. */
  base: string;
  startedMs: number;
  /** Its own clock, ms since 1970. */
  time(): number;
  /** Asked for by SystemReboot; the server does it after the answer. */
  reboot: () => void;
}

/** One request of a service; what comes back is its answer or a fault. */
export type Operation = (camera: Camera, call: Call, path: string) => Answer | Promise<Answer>;
export type Service = Readonly<Record<string, Operation>>;

const HOME: Position = { pan: 0, tilt: 0, zoom: 0 };
const PRESETS: readonly Preset[] = [
  { id: 1, name: 'Toàn cảnh', position: { pan: 0, tilt: 0, zoom: 0 } },
  { id: 2, name: 'Chủ toạ', position: { pan: 0.1, tilt: -0.05, zoom: 0.6 } },
  { id: 3, name: 'Bục phát biểu', position: { pan: -0.4, tilt: -0.1, zoom: 0.5 } },
];

export function createCamera(options: OnvifOptions): Camera {
  const { clock, model, serial } = options;
  const camera: Camera = {
    options,
    quirks: { ...byTheBook, ...options.quirks },
    head: createHead(clock, HOME),
    home: HOME,
    presets: [...PRESETS],
    recalled: null,
    imaging: {
      ...{ brightness: 50, colorSaturation: 50, contrast: 50, sharpness: 50 },
      ...{ irCut: 'AUTO', backlight: 'OFF', exposure: 'AUTO', focus: 'AUTO', whiteBalance: 'AUTO' },
    },
    hostname: `${model}-${serial}`
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 60),
    notices: new Notices({ clock, time: () => camera.time(), renews: () => !camera.quirks.needsRenew }),
    base: '',
    startedMs: clock.mono(),
    time: () => cameraTime(camera.quirks, clock.now(), clock.mono() - camera.startedMs),
    reboot: () => {},
  };
  return camera;
}

/** Where the service `name` says it is, right or wrong. */
export function addressOf({ quirks, base, options }: Camera, name: string): string {
  const path = `/onvif/${name}_service`;
  const port = Number(base.split(':')[2]);
  switch (quirks.addresses) {
    case 'right':
      return `${base}${path}`;
    case 'internal':
      return `http://192.168.1.108${path}`;
    case 'zero':
      return `http://0.0.0.0:${port}${path}`;
    case 'hostname':
      return `http://${options.model.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.local${path}`;
    case 'no-host':
      return `http://${path}`;
    case 'other-port':
      return `http://${options.host ?? LOOPBACK}:${port === 65_535 ? 1 : port + 1}${path}`;
    default:
      return quirks.addresses satisfies never;
  }
}
