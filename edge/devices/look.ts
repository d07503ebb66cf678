/** A device as the site's picture sees it, whatever it is made of. */
import type { PictureTrouble } from '../../hardware/wire/device.ts';
import type { DeviceState, LinkState } from '../../protocol/schema/device.ts';

export interface DeviceLook {
  readonly link: LinkState;
  /** Of the link. */
  readonly because: string;
  readonly state: DeviceState;
  /** Why the device itself says that its picture is not to be shown. */
  readonly pictureTrouble: PictureTrouble | null;
  /** Wall clock of the last word from it; null: never. */
  readonly seen: number | null;
}
