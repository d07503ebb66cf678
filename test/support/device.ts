/** A driver and its simulator, joined by a real pty or a real socket; and what every driver must do, whatever it speaks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { WiredDevice } from '../../hardware/wire/device.ts';
import { type DriverSettings, plainSettings, type Reach, type WiredDriver } from '../../hardware/wire/driver.ts';
import type { Framer } from '../../hardware/wire/framing.ts';
import type { Port } from '../../hardware/wire/port.ts';
import { serialPort } from '../../hardware/wire/serial.ts';
import { type Served, servePty, serveTcp, serveUdp } from '../../hardware/wire/serve.ts';
import { now, type Said, type Simulator } from '../../hardware/wire/simulator.ts';
import { tcpPort } from '../../hardware/wire/tcp.ts';
import { udpPort } from '../../hardware/wire/udp.ts';
import { FaultError } from '../../protocol/fault.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { silentLog } from '../../protocol/node/log.ts';
import { eventually } from './eventually.ts';

export const clock = systemClock();

/** Numbers that repeat with the seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface DeviceRig<M> {
  readonly device: WiredDevice<M>;
  readonly served: Served;
  readonly simulator: Simulator;
  /** Everything the simulator was told, since the last call. */
  readonly told: () => Buffer;
  readonly ready: () => Promise<void>;
}

export interface RigOptions {
  readonly settings?: Partial<DriverSettings>;
  readonly simulated?: Partial<DriverSettings>;
  /** Default: the driver's usual one. */
  readonly reach?: Reach;
  readonly begin?: boolean;
}

/** Joins them and, unless told otherwise, waits until the driver says that all is well. */
export async function deviceRig<M>(t: Test, driver: WiredDriver<M>, options: RigOptions = {}): Promise<DeviceRig<M>> {
  const settings = { ...plainSettings, ...options.settings };
  const heard: Uint8Array[] = [];
  const inner = driver.simulator({ ...settings, ...options.simulated });
  const simulator: Simulator = {
    opened: () => inner.opened(),
    closed: () => inner.closed(),
    feed(bytes) {
      heard.push(Uint8Array.from(bytes));
      return inner.feed(bytes);
    },
    happen: (what) => inner.happen(what),
    restart: () => inner.restart(),
    get facts() {
      return inner.facts;
    },
  };
  const { served, port } = await serve(t, simulator, options.reach ?? driver.reach[0], driver.bauds[0]);
  const device = new WiredDevice<M>({
    name: 'device under test',
    port,
    protocol: () => driver.protocol(settings),
    manners: driver.manners,
    clock,
    log: silentLog(),
  });
  t.teardown(async () => {
    await device.stop();
    await served.stop();
  });
  const ready = () => eventually(() => (device.standing.link === 'ok' ? undefined : `${device.standing.link}: ${device.standing.because}`));
  device.start();
  if (options.begin !== false) await ready();
  const told = (): Buffer => Buffer.concat(heard.splice(0));
  return { device, served, simulator, told, ready };
}

async function serve(t: Test, simulator: Simulator, reach: Reach, baud: number): Promise<{ readonly served: Served; readonly port: Port }> {
  const dice = seeded(1);
  switch (reach) {
    case 'serial': {
      const folder = await mkdtemp(join(tmpdir(), 'diemcau-pty-'));
      t.teardown(() => rm(folder, { recursive: true, force: true }));
      const served = await servePty(simulator, join(folder, 'tty'), clock, dice);
      return { served, port: serialPort({ path: served.at, baud }) };
    }
    case 'tcp': {
      const served = await serveTcp(simulator, 0, clock, dice);
      return { served, port: tcpPort('127.0.0.1', Number(served.at.split(':')[1]), clock) };
    }
    case 'udp': {
      const served = await serveUdp(simulator, 0, clock, dice);
      return { served, port: udpPort('127.0.0.1', Number(served.at.split(':')[1])) };
    }
    default:
      return reach satisfies never;
  }
}

/** The code of the fault that `run` ends with; null when it ends well. */
export async function faultCode(run: Promise<unknown>): Promise<string | null> {
  try {
    await run;
    return null;
  } catch (error) {
    if (error instanceof FaultError) return error.fault.code;
    throw error;
  }
}

/** Every message that `framer` makes of `bytes`, whole, and given byte by byte: the two must be the same. */
export function framed<M>(t: Test, make: () => Framer<M>, bytes: Uint8Array): readonly M[] {
  const whole = make().push(bytes);
  const slow = make();
  const single = Array.from(bytes, (byte) => slow.push(Uint8Array.of(byte))).flat();
  t.same(single, whole, 'byte by byte it is the same');
  return whole;
}

/**
 * A million bytes of nonsense, half of it random, half valid frames with bytes changed, lost and added. The framer must throw nothing, hold
 * little, and understand the next valid frames: `valid` is one frame that makes the messages `means`; a few may be eaten by what came before.
 */
export function fuzzFramer<M>(t: Test, make: () => Framer<M>, valid: Uint8Array, limit: number, bytes = 1_000_000): void {
  const dice = seeded(20_261_122);
  const [means] = make().push(valid);
  t.ok(means !== undefined, 'the sample is valid');
  const framer = make();
  let most = 0;
  let lost = 0;
  for (let done = 0; done < bytes; ) {
    const piece = dice() < 0.5 ? nonsense(dice) : mutated(valid, dice);
    done += piece.length;
    framer.push(piece);
    most = Math.max(most, framer.held);
    if (dice() > 0.02) continue;
    // However the nonsense ended, one of the next frames gets through.
    const tries = 1 + Math.ceil(limit / valid.length) * 2;
    const found = Array.from({ length: tries }, () => framer.push(valid)).some((messages) =>
      messages.some((message) => JSON.stringify(message) === JSON.stringify(means)),
    );
    if (!found) lost++;
  }
  t.equal(lost, 0, 'it always finds the next valid frame');
  t.ok(most <= limit, `it held ${most} bytes at most, of ${limit} allowed`);
}

function nonsense(dice: () => number): Uint8Array {
  return Uint8Array.from({ length: 1 + Math.floor(dice() * 60) }, () => Math.floor(dice() * 256));
}

function mutated(valid: Uint8Array, dice: () => number): Uint8Array {
  const bytes = Array.from(valid);
  for (let changes = 1 + Math.floor(dice() * 3); changes > 0; changes--) {
    const at = Math.floor(dice() * bytes.length);
    const kind = dice();
    if (kind < 0.4) bytes[at] = Math.floor(dice() * 256);
    else if (kind < 0.7) bytes.splice(at, 1);
    else bytes.splice(at, 0, Math.floor(dice() * 256));
  }
  return Uint8Array.from(bytes);
}

/** A device that is spoken to in lines ended by CR and answers each as `answer` says; `greeting` is what it says when the line is opened. */
export function scriptedLines(greeting: string, answer: (line: string) => readonly Said[]): Simulator {
  let held = '';
  return {
    opened: () => (greeting === '' ? [] : now(greeting)),
    closed: () => {},
    feed(bytes) {
      const lines = `${held}${Buffer.from(bytes).toString('latin1')}`.split('\r');
      held = lines.pop() ?? '';
      return lines.flatMap(answer);
    },
    happen: () => [],
    restart: () => [],
    facts: {},
  };
}
