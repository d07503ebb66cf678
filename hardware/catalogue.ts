/**
 * Every make that can be driven. The type makes a forgotten driver a compile error; adding one is a folder and a row here.
 * ONVIF is the one that speaks no bytes over a line: its row says what it is, OnvifDevice how.
 */

import { type DriverName, driverNames } from '../protocol/drivers.ts';
import type { DeviceKind } from '../protocol/schema/device.ts';
import { extron } from './extron/driver.ts';
import { lg } from './lg/driver.ts';
import { mdc } from './mdc/driver.ts';
import { pelco } from './pelco/driver.ts';
import { pjlink } from './pjlink/driver.ts';
import { polycom } from './polycom/driver.ts';
import { visca, viscaIp } from './visca/driver.ts';
import type { WiredDriver } from './wire/driver.ts';
import { xacli } from './xacli/driver.ts';
import { xapi } from './xapi/driver.ts';

export type WiredName = Exclude<DriverName, 'onvif'>;
export const wiredNames = driverNames.filter((name): name is WiredName => name !== 'onvif');

/** Messages are a matter between a driver's own codec and protocol. */
// biome-ignore lint/suspicious/noExplicitAny: a table of different messages; each row is consistent in itself
export type AnyDriver = WiredDriver<any>;

export const wired: { readonly [Name in WiredName]: AnyDriver } = {
  visca,
  'visca-ip': viscaIp,
  pelco,
  xapi,
  polycom,
  xacli,
  pjlink,
  mdc,
  lg,
  extron,
};

export const onvif: { readonly kind: DeviceKind } = { kind: 'camera' };
