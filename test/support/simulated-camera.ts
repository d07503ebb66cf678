/** The simulated network camera as a process of its own: to be killed, frozen, blinded and started again where it was. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { freePort } from '../../provisioning/demo/ports.ts';
import { eventually } from './eventually.ts';
import { rootArgs } from './root.ts';

export interface SimulatedCamera {
  readonly url: string;
  /** SIGKILL: it is gone as if its cable were cut. */
  readonly kill: () => void;
  /** Starts it again at the same address. */
  readonly start: () => Promise<void>;
  /** What is in front of its lens from now on. */
  readonly order: (what: 'live' | 'freeze' | 'black') => Promise<void>;
}

/** Two seconds in which something moves in every picture, small: what is tried is where the picture comes from. */
export function movingClip(folder: string): string {
  const path = join(folder, 'camera.h264');
  const made =
    '-v error -y -f lavfi -i testsrc2=size=640x360:rate=25 -frames:v 50 -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -b:v 1M -f h264';
  execFileSync('ffmpeg', [...made.split(' '), path]);
  return path;
}

export async function simulatedCamera(t: Test, clip: string): Promise<SimulatedCamera> {
  const [port, orders] = [await freePort(), await freePort()];
  let child: ChildProcess | null = null;
  const kill = (): void => void child?.kill('SIGKILL');
  t.teardown(kill);
  const start = async (): Promise<void> => {
    const args = [...rootArgs('hardware/camera/main.ts'), '--clip', clip, '--port', String(port), '--orders', String(orders)];
    const started = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    child = started;
    const said: string[] = [];
    createInterface({ input: started.stdout }).on('line', (line) => said.push(line));
    await eventually(() => (said.some((line) => line.includes('"started"')) ? undefined : 'the camera has not started'));
  };
  const order: SimulatedCamera['order'] = async (what) => {
    const socket = connect(orders, '127.0.0.1');
    socket.write(`${what}\n`);
    socket.once('data', () => socket.end());
    const said = (await text(socket)).trim();
    if (said !== what) throw new Error(`the camera says ${said}`);
  };
  await start();
  return { url: `rtsp://127.0.0.1:${port}/camera`, kill, start, order };
}
