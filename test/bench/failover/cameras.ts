/** Two simulated network cameras in the machine of the speaking site, one on the air and one that stands by: killed, frozen, blinded. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../../protocol/node/root.ts';
import { eventually } from '../../support/eventually.ts';
import type { Lab } from '../../support/lab.ts';
import { patient } from '../../support/lab-story.ts';
import { movingClip } from '../../support/simulated-camera.ts';

const sites = ['site-a', 'site-b', 'site-c'] as const;
export const [speaker, ...viewers] = sites;
const port = { camera: 8554, backup: 8556 } as const;
const url = (which: keyof typeof port): string => `rtsp://127.0.0.1:${port[which]}/camera`;
export const withCameras = { sites: { [speaker]: { source: url('camera'), backup: url('backup') }, 'site-b': {}, 'site-c': {} } };

class Camera {
  readonly #lab: Lab;
  readonly #port: number;
  #child: ChildProcess | null = null;

  constructor(lab: Lab, which: keyof typeof port) {
    this.#lab = lab;
    this.#port = port[which];
  }

  async start(): Promise<void> {
    const program = join(packageRoot(), 'dist', 'hardware', 'camera', 'main.js');
    const args = [
      program,
      '--clip',
      join(this.#lab.folder, 'camera.h264'),
      '--port',
      String(this.#port),
      '--orders',
      String(this.#port + 1),
    ];
    const child = this.#lab.machine(speaker).spawn(process.execPath, args, { input: 'pipe' });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the camera ended with ${code}`)));
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        if (line.includes('"started"')) resolve();
      });
    });
  }

  kill(): void {
    this.#child?.removeAllListeners('exit');
    this.#child?.kill('SIGKILL');
  }

  order(what: 'live' | 'freeze' | 'black'): void {
    const talk = `exec 3<>/dev/tcp/127.0.0.1/${this.#port + 1}; echo ${what} >&3; head -n 1 <&3`;
    const said = this.#lab.machine(speaker).run('bash', ['-c', talk]);
    if (said.trim() !== what) throw new Error(`the camera says ${said}`);
  }
}

/** A meeting whose speaker has two cameras, the first on the air. */
export async function filmed(lab: Lab): Promise<Camera> {
  movingClip(lab.folder);
  const [camera, backup] = [new Camera(lab, 'camera'), new Camera(lab, 'backup')];
  await camera.start();
  await backup.start();
  await lab.meet({ floor: speaker });
  await eventually(() => {
    const source = lab.watch(speaker).seen.last?.source;
    const ready = source?.which === 0 && source.standby?.some((each) => each.ready);
    return ready ? undefined : `on the air: ${JSON.stringify(source)}`;
  }, patient);
  return camera;
}
