/**
 * A camera that speaks VISCA over IP: each datagram is a header of eight bytes and one packet. A number that is not larger than the last is
 * an error: whoever sends again because the answer was lost learns so that the command was carried out. Source: Sony, "VISCA over IP" in the
 * technical manuals of the SRG and BRC series.
 */
import type { DriverSettings } from '../wire/driver.ts';
import { now, type Said, type Simulator } from '../wire/simulator.ts';
import { events, SimulatedCamera } from './simulated-camera.ts';

const HEADER = 8;
const COMMAND = 0x0100;
const INQUIRY = 0x0110;
const REPLY = 0x0111;
const SETTING = 0x0120;
const CONTROL = 0x0200;
const CONTROL_REPLY = 0x0201;
const SEQUENCE_ABNORMAL = [0x0f, 0x01] as const;
const MESSAGE_ABNORMAL = [0x0f, 0x02] as const;
/** A camera with a cable of its own is always the first. */
const ADDRESS = 1;

/**
 * `model`: see SimulatedCamera. `happen`: its events, `lose command` (the next datagram does not arrive) and `lose answer` (what is said to the
 * next one does not).
 */
export function simulateViscaIp({ model }: DriverSettings): Simulator {
  const camera = new SimulatedCamera(ADDRESS, model);
  /** Null: it has been started and takes any. */
  let last: number | null = null;
  let lose: 'command' | 'answer' | null = null;
  let sequenceErrors = 0;

  const received = (datagram: Uint8Array): readonly Said[] => {
    const view = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    if (view.length < HEADER) return [];
    const type = view.readUInt16BE(0);
    const sequence = view.readUInt32BE(4);
    const payload = view.subarray(HEADER);
    if (payload.length !== view.readUInt16BE(2) || payload.length < 1 || payload.length > 16) return control(sequence, MESSAGE_ABNORMAL);
    switch (type) {
      case CONTROL:
        if (payload.length !== 1 || payload[0] !== 0x01) return control(sequence, MESSAGE_ABNORMAL);
        last = 0;
        return control(sequence, [0x01]);
      case COMMAND:
      case INQUIRY:
      case SETTING:
        break;
      default:
        return control(sequence, MESSAGE_ABNORMAL);
    }
    if (last !== null && !after(sequence, last)) {
      sequenceErrors++;
      return control(sequence, SEQUENCE_ABNORMAL);
    }
    last = sequence;
    const forUs = payload.at(-1) === 0xff && (payload[0] === (0x80 | ADDRESS) || payload[0] === 0x88);
    return forUs ? camera.hear(payload, (packet) => framed(REPLY, sequence, packet)) : control(sequence, MESSAGE_ABNORMAL);
  };

  return {
    opened: () => [],
    closed: () => {},
    feed(bytes) {
      const losing = lose;
      lose = null;
      if (losing === 'command') return [];
      const said = received(bytes);
      return losing === 'answer' ? [] : said;
    },
    happen(what) {
      if (what === 'lose command' || what === 'lose answer') {
        lose = what === 'lose command' ? 'command' : 'answer';
        return [];
      }
      const said = camera.happen(what);
      if (said === null) throw new Error(`${what}: it knows lose command, lose answer, ${events.join(', ')}`);
      return said;
    },
    restart() {
      last = null;
      lose = null;
      camera.restart();
      return [];
    },
    get facts() {
      return { ...camera.facts, sequence: last, sequenceErrors };
    },
  };
}

const control = (sequence: number, payload: readonly number[]): readonly Said[] =>
  now(framed(CONTROL_REPLY, sequence, Uint8Array.from(payload)));

function framed(type: number, sequence: number, payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(payload.length, 2);
  header.writeUInt32BE(sequence, 4);
  return Uint8Array.of(...header, ...payload);
}

/** Numbers go round. */
function after(sequence: number, last: number): boolean {
  const ahead = (sequence - last) >>> 0;
  return ahead > 0 && ahead < 0x8000_0000;
}
