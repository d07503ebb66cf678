/** VISCA over a serial line, or bare over TCP: the chain is addressed first, and anew whenever a camera was plugged in or out. */

import { FaultError } from '../../protocol/fault.ts';
import type { Capability, DeviceAct } from '../../protocol/schema/device.ts';
import type { DriverSettings } from '../wire/driver.ts';
import { type Question, Superseded } from '../wire/exchange.ts';
import type { Did, Protocol, Talk } from '../wire/protocol.ts';
import { ViscaCamera } from './camera.ts';
import { type ViscaMessage, viscaFramer, viscaPacket } from './codec.ts';
import { addressSet, interfaceClear } from './commands.ts';

/** Cameras with a fixed address, and servers of bare VISCA, answer no broadcast. */
const BROADCAST_MS = 250;

const cameras: Question<ViscaMessage, number | null> = {
  name: 'address set',
  bytes: viscaPacket(null, addressSet),
  timeoutMs: BROADCAST_MS,
  again: 1,
  silence: { value: null },
  // None counted: our own packet came back, from a cable without a camera.
  match: (message) => (message.kind === 'addressed' && message.cameras > 0 ? { is: 'answer', value: message.cameras } : null),
};

const clear: Question<ViscaMessage, null> = {
  name: 'interface clear',
  bytes: viscaPacket(null, interfaceClear),
  timeoutMs: BROADCAST_MS,
  silence: { value: null },
  match: (message) => (message.kind === 'cleared' ? { is: 'answer', value: null } : null),
};

export class ViscaProtocol implements Protocol<ViscaMessage> {
  readonly framer = viscaFramer();
  readonly #camera: ViscaCamera;
  #addressing = false;

  constructor({ address, model }: DriverSettings) {
    this.#camera = new ViscaCamera(address, model);
  }

  get capabilities(): readonly Capability[] {
    return this.#camera.capabilities;
  }

  async begin(talk: Talk<ViscaMessage>): Promise<void> {
    this.#addressing = true;
    try {
      await talk.ask(cameras);
      await talk.ask(clear);
      await this.#camera.start(talk);
    } finally {
      this.#addressing = false;
    }
  }

  act(talk: Talk<ViscaMessage>, act: DeviceAct): Promise<Did> {
    return this.#camera.act(talk, act);
  }

  poll(talk: Talk<ViscaMessage>): Promise<void> {
    return this.#camera.poll(talk);
  }

  heard(talk: Talk<ViscaMessage>, message: ViscaMessage): void {
    if (message.kind !== 'joined') this.#camera.heard(talk, message);
    else if (!this.#addressing) this.#joined(talk, message.from);
  }

  #joined(talk: Talk<ViscaMessage>, from: number): void {
    talk.log.info({ address: from }, 'the chain of cameras has changed: addressed anew');
    this.#camera.forget();
    this.begin(talk).catch((error: unknown) => {
      // A camera that does not answer now is found by the next poll.
      if (!(error instanceof FaultError) && !(error instanceof Superseded)) throw error;
    });
  }

  halt = (talk: Talk<ViscaMessage>): Promise<void> => this.#camera.halt(talk);
}
