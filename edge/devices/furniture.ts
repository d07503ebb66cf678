/** All that stands in the room: devices that are driven, the call of the codec that is the picture, and what is plugged in and not adopted yet. */
import type { Clock } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import type { ActResult, DeviceAct } from '../../protocol/schema/device.ts';
import type { DevicesBody, DeviceWish, FoundDevice, PictureOrder, RoomScene } from '../../protocol/schema/devices.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import { Caller, type CallSays } from './caller.ts';
import { Cameras } from './discover/cameras.ts';
import { Watch } from './discover/watch.ts';
import type { DeviceLook } from './look.ts';
import { placeOf, Rack } from './rack.ts';
import { withoutPassword } from './report.ts';

export interface FurnitureOptions {
  /** Where to look for network cameras, and folders of serial ports. */
  readonly cameras: readonly string[];
  readonly ports: readonly string[];
  /** Whether the capture that a codec is plugged into delivers a picture. */
  readonly delivers: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (event: EventBody) => void;
  /** A device, or the call of a codec, has changed: the picture may have to come from elsewhere. */
  readonly changed: () => void;
  /** Something was plugged in or out. */
  readonly found: () => void;
}

export class Furniture {
  readonly #rack: Rack;
  readonly #caller: Caller;
  readonly #watch: Watch;
  readonly #cameras: Cameras;
  #wishes: readonly DeviceWish[] = [];

  constructor({ cameras, ports, delivers, clock, log, tell, changed, found }: FurnitureOptions) {
    const plugged = (): readonly FoundDevice[] => {
      const taken = this.#rack.taken();
      return [...this.#watch.found, ...this.#cameras.found].filter(({ at }) => !taken.has(placeOf(at)));
    };
    const deviceChanged = (): void => {
      this.#caller.consider();
      changed();
    };
    this.#rack = new Rack({ clock, log, changed: deviceChanged, found: plugged });
    this.#caller = new Caller({ clock, log, rack: this.#rack, delivers, tell, changed });
    this.#cameras = new Cameras({ where: cameras, changed: found, clock, log });
    this.#watch = new Watch({ folders: ports, taken: () => this.#rack.taken(), changed: found, clock, log });
  }

  start(): void {
    this.#watch.start();
    this.#cameras.start();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await Promise.all([this.#watch.stop(), this.#cameras.stop()]);
    await this.#rack.stop();
  }

  /** Which devices shall be driven, and how they shall stand. Not waited for: one that is slow to let go of its line must not hold up a plan. */
  apply(devices: readonly DeviceWish[], scene: RoomScene, meeting: string | null): void {
    this.#wishes = devices;
    // Which of them is the picture is no matter of its line, which would be opened anew.
    void this.#rack.apply(
      devices.map(({ source, ...wish }) => wish),
      scene,
    );
    this.#caller.wish(devices, scene, meeting);
  }

  /** To be called once a second. */
  consider(): void {
    this.#caller.consider();
  }

  /** How a device stands; null: there is none of that id. */
  look(device: string): DeviceLook | null {
    return this.#rack.look(device);
  }

  /** What is known of the call of the codec that is the picture. */
  get call(): CallSays | null {
    return this.#caller.says;
  }

  report(): DevicesBody {
    const { devices, found } = this.#rack.report();
    const secret = (id: string): string => this.#wishes.find((each) => each.id === id)?.password ?? '';
    return {
      devices: devices.map((device) => {
        const picture = this.#caller.report(device.id);
        return { ...device, state: withoutPassword(device.state, secret(device.id)), ...(picture === null ? {} : { picture }) };
      }),
      found,
    };
  }

  /** One act on one device; never throws for what a device or its line can cause. */
  act(device: string, act: DeviceAct): Promise<ActResult> {
    return this.#caller.act(device, act);
  }

  /** What a person decides about the picture of a codec: why not, or null when it is done. */
  order(device: string, order: PictureOrder): string | null {
    return this.#caller.order(device, order);
  }
}
