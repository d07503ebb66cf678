/** What stands in the demo's rooms: a believable mix of makes, on ptys in place of serial lines, and how it shall stand while people meet. Pure. */
import { join } from 'node:path';
import { socketPath } from './network.ts';

/** Of every codec here. */
export const codecId = 'codec';

interface SampleDevice {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly model?: string;
  readonly password?: string;
  readonly on: Scene;
  readonly off: Scene;
}

type Scene = Partial<Record<'power' | 'micMuted', boolean> & Record<'input' | 'preset', string>>;
const asItIs = { power: null, input: null, preset: null, micMuted: null, volume: null, layout: null };

const awake: Pick<SampleDevice, 'on' | 'off'> = { on: { power: true, micMuted: false }, off: { power: false } };
const cisco: SampleDevice = { id: codecId, name: 'Cisco TelePresence C40', driver: 'xapi', model: 'tc7', ...awake };
const sx20: SampleDevice = { id: codecId, name: 'Cisco SX20', driver: 'xapi', model: 'ce9', ...awake };
const hdx: SampleDevice = { id: codecId, name: 'Polycom HDX 8000', driver: 'polycom', model: 'HDX 8000', ...awake };
const mxp: SampleDevice = { id: codecId, name: 'TANDBERG 990 MXP', driver: 'xacli', on: {}, off: {} };
const sony: SampleDevice = {
  id: 'camera',
  name: 'Camera Sony EVI-D100',
  driver: 'visca',
  on: { power: true, preset: '0' },
  off: { power: false },
};
const dome: SampleDevice = { id: 'camera-2', name: 'Camera quay hội trường', driver: 'pelco', on: { preset: '1' }, off: {} };
const samsung: SampleDevice = {
  id: 'display',
  name: 'Màn hình Samsung',
  driver: 'mdc',
  on: { power: true, input: 'HDMI1' },
  off: { power: false },
};
const lg: SampleDevice = { id: 'display', name: 'Màn hình LG', driver: 'lg', on: { power: true, input: 'HDMI1' }, off: { power: false } };
const matrix: SampleDevice = { id: 'switcher', name: 'Ma trận Extron', driver: 'extron', on: {}, off: {} };

/** By site. */
const rooms: Readonly<Record<string, readonly SampleDevice[]>> = {
  'ubnd-tinh': [cisco, sony, samsung, matrix],
  'long-xuyen': [hdx, sony, lg],
  'chau-doc': [sx20, samsung],
  'tan-chau': [sony, lg],
  'an-phu': [mxp],
  'chau-phu': [hdx, samsung],
  'chau-thanh': [sony],
  'cho-moi': [cisco, lg],
  'phu-tan': [dome, samsung],
  'thoai-son': [sx20],
  'tinh-bien': [mxp, sony],
  'tri-ton': [sony, lg],
};

/** The room of those who run the network has no device of its own: visitors plug theirs in there. */
export const isWorkbench = (site: string): boolean => site === 'so-tttt';

/** The folder whose entries are the serial ports of a site: a simulator that is put there is found, as a cable that is plugged in. */
export const portsFolder = (data: string, site: string): string => join(data, 'rooms', site);

const pty = (data: string, site: string, { id }: SampleDevice): string => join(portsFolder(data, site), id);

/** The name of the process that plays them all, and where it takes orders. */
export const roomsName = 'rooms';
export const roomsSocket = (data: string): string => socketPath(data, roomsName);

/** The serial port of a site's codec; null: it has none. */
export function codecPort(data: string, site: string): string | null {
  const codec = rooms[site]?.find(({ id }) => id === codecId);
  return codec === undefined ? null : pty(data, site, codec);
}

/** The configuration of that process. */
export const roomsConfig = (data: string, sites: readonly string[]): object => ({
  socket: roomsSocket(data),
  devices: sites.flatMap((site) =>
    (rooms[site] ?? []).map((device) => ({
      driver: device.driver,
      pty: pty(data, site, device),
      ...(device.model === undefined ? {} : { model: device.model }),
      ...(device.password === undefined ? {} : { password: device.password }),
    })),
  ),
});

/** What the site's box is asked to drive, as bodies of `POST /sites/{site}/devices`. */
export const wishesOf = (data: string, site: string): readonly object[] =>
  (rooms[site] ?? []).map((device) => ({
    id: device.id,
    name: device.name,
    driver: device.driver,
    at: { via: 'serial', path: pty(data, site, device), baud: null },
    address: 1,
    username: device.password === undefined ? '' : 'admin',
    password: device.password ?? '',
    model: '',
    scenes: { on: { ...asItIs, ...device.on }, off: { ...asItIs, ...device.off } },
  }));
