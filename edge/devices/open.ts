/** From a wish to a device that is driven: which driver, over which line. The only file that knows both the catalogue and the wishes. */
import { type AnyDriver, onvif, type WiredName, wired } from '../../hardware/catalogue.ts';
import { OnvifDevice } from '../../hardware/onvif/device.ts';
import { type Handle, WiredDevice } from '../../hardware/wire/device.ts';
import type { Port } from '../../hardware/wire/port.ts';
import { serialPort } from '../../hardware/wire/serial.ts';
import { tcpPort } from '../../hardware/wire/tcp.ts';
import { udpPort } from '../../hardware/wire/udp.ts';
import type { Clock } from '../../protocol/clock.ts';
import { type DriverName, driverLabels } from '../../protocol/drivers.ts';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { DeviceKind } from '../../protocol/schema/device.ts';
import type { DeviceAt, DeviceWish } from '../../protocol/schema/devices.ts';

export interface Opened {
  readonly kind: DeviceKind;
  readonly handle: Handle;
}

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
const misfit = (reason: string) => failed({ code: 'input.invalid', path: '/at', reason });

/** What a driver of this name drives; for a wish that cannot be opened. */
export const kindOf = (driver: DriverName): DeviceKind => (driver === 'onvif' ? onvif.kind : wired[driver].kind);

/** Opens nothing yet: `handle.start()` does. A fault `input.invalid` when a device of this make is not reached that way. */
export function openDevice(wish: DeviceWish, clock: Clock, log: Log): Result<Opened> {
  const { driver: name, at } = wish;
  if (name === 'onvif') return openCamera(wish, clock, log);
  const driver: AnyDriver = wired[name];
  const port = portOf(name, at, clock);
  if (!port.ok) return port;
  const settings = { address: wish.address, username: wish.username, password: wish.password, model: wish.model };
  const handle = new WiredDevice({
    name: wish.id,
    port: port.value,
    protocol: () => driver.protocol(settings),
    manners: driver.manners,
    clock,
    log: log.child({ device: wish.id }),
  });
  return ok({ kind: driver.kind, handle });
}

function openCamera({ id, at, username, password }: DeviceWish, clock: Clock, log: Log): Result<Opened> {
  if (at.via !== 'http') return misfit(`${driverLabels.onvif} is spoken over HTTP, not by ${at.via}`);
  const port = at.port ?? (at.secure === true ? HTTPS_PORT : HTTP_PORT);
  const handle = new OnvifDevice({
    ...{ name: id, host: at.host, port, secure: at.secure ?? port === HTTPS_PORT, username, password, path: at.path ?? '' },
    clock,
    log: log.child({ device: id }),
  });
  return ok({ kind: onvif.kind, handle });
}

function portOf(name: WiredName, at: DeviceAt, clock: Clock): Result<Port> {
  const driver: AnyDriver = wired[name];
  const label = driverLabels[name];
  if (at.via === 'http') return misfit(`${label} is not spoken over HTTP`);
  if (!driver.reach.includes(at.via)) return misfit(`${label} is reached by ${driver.reach.join(' or ')}, not by ${at.via}`);
  if (at.via === 'serial') return ok(serialPort({ path: at.path, baud: at.baud ?? driver.bauds[0] }));
  const port = at.port ?? driver.port;
  if (port === null) return misfit(`${label} has no usual port: name one`);
  return ok(at.via === 'tcp' ? tcpPort(at.host, port, clock) : udpPort(at.host, port));
}
