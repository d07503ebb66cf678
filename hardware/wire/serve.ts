/** Puts a simulator where a driver can reach it: on a pty, that looks like a serial line, or on a TCP or UDP port of this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Clock } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Said, Simulator } from './simulator.ts';
import { noTroubles, type Troubles, troubled } from './trouble.ts';

export interface Served {
  /** `/path/of/the/pty` or `127.0.0.1:PORT`. */
  readonly at: string;
  /** From now on. */
  trouble(troubles: Partial<Troubles>): void;
  /** The cable is pulled. */
  vanish(): Promise<void>;
  /** And put back, at the same place. */
  restore(): Promise<void>;
  /** Something happens at the device: see Simulator.happen. */
  happen(what: string): void;
  /** The device loses its power and gets it again. */
  restart(): void;
  stop(): Promise<void>;
}

interface Speaker {
  readonly say: (said: readonly Said[]) => void;
  readonly trouble: (troubles: Partial<Troubles>) => void;
}

/** Says what a simulator says, spoiled as wanted, when it is time. */
function speaker(clock: Clock, dice: () => number, write: (bytes: Uint8Array) => void): Speaker {
  let troubles = noTroubles;
  return {
    say(said) {
      for (const { bytes, afterMs } of troubled(said, troubles, dice)) {
        if (afterMs <= 0) write(bytes);
        else clock.after(afterMs, 'simulator speaks', () => write(bytes));
      }
    },
    trouble(change) {
      troubles = { ...troubles, ...change };
    },
  };
}

/** What whoever started it may do with a simulator that is served; pulling its cable is the end of it too. */
function handle(at: string, simulator: Simulator, speaking: Speaker, cable: Pick<Served, 'vanish' | 'restore'>): Served {
  return {
    at,
    ...cable,
    trouble: speaking.trouble,
    happen: (what) => speaking.say(simulator.happen(what)),
    restart: () => speaking.say(simulator.restart()),
    stop: cable.vanish,
  };
}

/**
 * On a pty behind the link `path`.
 * @throws FaultError `unreachable` when there is no socat.
 */
export async function servePty(simulator: Simulator, path: string, clock: Clock, dice: () => number): Promise<Served> {
  let socat: ChildProcess | null = null;
  /** The far end is held open by us: otherwise the pty ends when the driver closes it, and no cable does that. */
  let held: number | null = null;
  const speaking = speaker(clock, dice, (bytes) => socat?.stdin?.write(bytes));
  const restore = async (): Promise<void> => {
    const child = spawn('socat', ['-d', '-d', `pty,raw,echo=0,link=${path}`, 'stdio'], { stdio: ['pipe', 'pipe', 'pipe'] });
    await new Promise<void>((resolve, reject) => {
      const failed = (because: string): void => reject(new FaultError({ code: 'unreachable', what: path, because }));
      child.once('error', (error) => failed(`socat: ${error.message}`));
      child.once('exit', (code) => failed(`socat ended with ${code}`));
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (line.includes('starting data transfer loop')) resolve();
      });
    });
    held = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    // What is written to a pty that is just going is lost, as on a cable.
    child.stdin.on('error', () => {});
    child.stdout.on('data', (bytes: Buffer) => speaking.say(simulator.feed(bytes)));
    socat = child;
    speaking.say(simulator.opened());
  };
  const vanish = async (): Promise<void> => {
    const child = socat;
    socat = null;
    if (held !== null) closeSync(held);
    held = null;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    await rm(path, { force: true });
    simulator.closed();
  };
  await restore();
  return handle(path, simulator, speaking, { vanish, restore });
}

/** On a TCP port of this machine; 0 takes a free one and keeps it. One connection at a time, as devices have it. */
export async function serveTcp(simulator: Simulator, port: number, clock: Clock, dice: () => number): Promise<Served> {
  let peer: Socket | null = null;
  let kept = port;
  const speaking = speaker(clock, dice, (bytes) => peer?.write(bytes));
  const server = createServer((socket) => {
    peer?.destroy();
    peer = socket;
    socket.setNoDelay(true);
    // A peer that resets the connection has left, as one that closes it.
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => speaking.say(simulator.feed(bytes)));
    socket.on('close', () => {
      if (peer !== socket) return;
      peer = null;
      simulator.closed();
    });
    speaking.say(simulator.opened());
  });
  const restore = async (): Promise<void> => {
    server.listen(kept, '127.0.0.1');
    await once(server, 'listening');
    kept = (server.address() as AddressInfo).port;
  };
  const vanish = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    peer?.destroy();
    await closed;
  };
  await restore();
  return {
    ...handle(`127.0.0.1:${kept}`, simulator, speaking, { vanish, restore }),
    restart() {
      speaking.say(simulator.restart());
      peer?.destroy();
    },
  };
}

/** On a UDP port of this machine: answers whoever spoke last. */
export async function serveUdp(simulator: Simulator, port: number, clock: Clock, dice: () => number): Promise<Served> {
  let socket = createSocket('udp4');
  let kept = port;
  let peer: { readonly port: number; readonly address: string } | null = null;
  const speaking = speaker(clock, dice, (bytes) => {
    if (peer !== null) socket.send(bytes, peer.port, peer.address);
  });
  const restore = async (): Promise<void> => {
    socket = createSocket('udp4');
    socket.on('message', (bytes, from) => {
      peer = from;
      speaking.say(simulator.feed(bytes));
    });
    socket.bind(kept, '127.0.0.1');
    await once(socket, 'listening');
    kept = socket.address().port;
    speaking.say(simulator.opened());
  };
  const vanish = async (): Promise<void> => {
    const closed = once(socket, 'close');
    socket.close();
    await closed;
    peer = null;
    simulator.closed();
  };
  socket.close();
  await restore();
  return handle(`127.0.0.1:${kept}`, simulator, speaking, { vanish, restore });
}
