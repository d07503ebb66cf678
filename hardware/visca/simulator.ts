/**
 * A camera on a serial line, or behind a serial server. It is the `address`th of a chain: addresses are given out when the controller asks,
 * and it answers at its own from the beginning, as cameras with a switch do.
 */
import type { DriverSettings } from '../wire/driver.ts';
import { now, type Said, type Simulator } from '../wire/simulator.ts';
import { events, SimulatedCamera } from './simulated-camera.ts';

const END = 0xff;
const TO_ALL = 0x88;
/** The longest packet; what goes on is still swallowed up to its end, and complained of. */
const LONGEST = 16;

/** `model`: see SimulatedCamera. `happen`: its events, and `network change`: a camera came or went. */
export function simulateVisca({ address, model }: DriverSettings): Simulator {
  const camera = new SimulatedCamera(address, model);
  let packet: number[] = [];

  const heard = (bytes: Uint8Array): readonly Said[] => {
    const [header = 0] = bytes;
    if (header === (0x80 | address)) return camera.hear(bytes, (reply) => reply);
    if (header !== TO_ALL || camera.deaf) return [];
    const text = Buffer.from(bytes).toString('hex');
    const first = /^88300([1-8])ff$/.exec(text)?.[1];
    if (first !== undefined) return now(Uint8Array.of(TO_ALL, 0x30, Math.min(8, Number(first) + address), END));
    const replies = camera.hear(bytes, (reply) => reply);
    return text === '88010001ff' ? now(bytes) : replies;
  };

  /** A header begins a packet wherever it comes: what was before it is noise. */
  const take = (byte: number): readonly Said[] => {
    if (byte === END) {
      const whole = Uint8Array.of(...packet, END);
      packet = [];
      return whole.length > 1 ? heard(whole) : [];
    }
    if (byte > 0x80 && byte <= TO_ALL) packet = [byte];
    else if (packet.length > 0 && packet.length <= LONGEST) packet.push(byte);
    return [];
  };

  const added = (): readonly Said[] => now(Uint8Array.of(0x80 | (address << 4), 0x38, END));

  return {
    opened: () => [],
    closed: () => {},
    feed: (bytes) => Array.from(bytes, take).flat(),
    happen(what) {
      if (what === 'network change') return added();
      const said = camera.happen(what);
      if (said === null) throw new Error(`${what}: it knows network change, ${events.join(', ')}`);
      return said;
    },
    restart() {
      packet = [];
      camera.restart();
      return added();
    },
    get facts() {
      return camera.facts;
    },
  };
}
