/** Live pictures for looking at the page without a hub: ffmpeg test patterns as fragmented MP4 in the frames of a preview socket, and still pictures. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { WebSocket } from 'ws';
import type { PreviewNote } from '../../protocol/api.ts';

const run = promisify(execFile);

/** Splits MP4 into the initialisation segment (ftyp + moov) and fragments (moof + mdat). */
export class Boxes {
  #rest: Buffer = Buffer.alloc(0);
  #init: Buffer[] = [];
  #moof: Buffer | null = null;
  readonly #onInit: (bytes: Buffer) => void;
  readonly #onFragment: (bytes: Buffer) => void;

  constructor(onInit: (bytes: Buffer) => void, onFragment: (bytes: Buffer) => void) {
    this.#onInit = onInit;
    this.#onFragment = onFragment;
  }

  push(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= 8) {
      const size = this.#rest.readUInt32BE(0);
      if (size < 8 || this.#rest.length < size) return;
      const box = this.#rest.subarray(0, size);
      this.#rest = this.#rest.subarray(size);
      const type = box.toString('latin1', 4, 8);
      if (type === 'ftyp') this.#init = [box];
      else if (type === 'moov') this.#onInit(Buffer.concat([...this.#init, box]));
      else if (type === 'moof') this.#moof = box;
      else if (type === 'mdat' && this.#moof !== null) this.#onFragment(Buffer.concat([this.#moof, box]));
    }
  }
}

/** The codec of an initialisation segment: profile, constraints and level from its avcC box (RFC 6381 §3.3). */
function mimeOf(init: Buffer, sound: boolean): string {
  const at = init.indexOf('avcC') + 5;
  return `video/mp4; codecs="avc1.${init.toString('hex', at, at + 3)}${sound ? ', mp4a.40.2' : ''}"`;
}

const escaped = (text: string): string => text.replace(/[\\:']/g, '\\$&');

/** One live picture; its clients get an init note and segment first, then fragments that begin with a keyframe. */
export class FakePicture {
  readonly #sound: boolean;
  #source: { readonly text: string; readonly site: string | null } | null = null;
  readonly #clients = new Set<WebSocket>();
  #again: NodeJS.Timeout | undefined;
  #child: ChildProcess | null = null;
  #note: PreviewNote | null = null;
  #init: Buffer | null = null;

  constructor({ sound }: { readonly sound: boolean }) {
    this.#sound = sound;
  }

  /** Starts anew with another picture; everybody who watches gets a new initialisation segment. Nothing is encoded for nobody. */
  show(source: string, site: string | null): void {
    this.stop();
    this.#source = { text: source, site };
    this.#note = null;
    this.#init = null;
    if (this.#clients.size > 0) this.#encode(source, site);
  }

  #encode(source: string, site: string | null): void {
    const sound = this.#sound
      ? ['-f', 'lavfi', '-i', 'sine=frequency=220:sample_rate=48000', '-c:a', 'aac', '-ac', '1', '-b:a', '48k']
      : ['-an'];
    const video = [
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-tune',
      'zerolatency',
      '-profile:v',
      'baseline',
      '-pix_fmt',
      'yuv420p',
      '-g',
      '5',
      '-b:v',
      '600k',
    ];
    const child = spawn(
      'ffmpeg',
      [
        '-v',
        'error',
        '-nostdin',
        '-re',
        '-f',
        'lavfi',
        '-i',
        source,
        ...sound,
        ...video,
        '-threads',
        '1',
        '-movflags',
        'empty_moov+default_base_moof+frag_keyframe',
        '-f',
        'mp4',
        'pipe:1',
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#child = child;
    const boxes = new Boxes(
      (init) => {
        this.#init = init;
        this.#note = { type: 'init', mime: mimeOf(init, this.#sound), site };
        this.#greetAll();
      },
      (fragment) => {
        for (const client of this.#clients) client.send(fragment);
      },
    );
    child.stdout?.on('data', (bytes: Buffer) => {
      if (this.#child === child) boxes.push(bytes);
    });
  }

  /** How many watch. */
  get clients(): number {
    return this.#clients.size;
  }

  /**
   * Stops the picture and says why.
   * @param again as a hub does, every four seconds; false: a line that dies without a word.
   */
  wait(because: string, again = true): void {
    this.stop();
    if (again) this.#again = setInterval(() => this.#greetAll(), 4000).unref();
    this.#source = null;
    this.#init = null;
    this.#note = { type: 'waiting', because };
    this.#greetAll();
  }

  /** Sends what no decoder can read, as a broken muxer would. */
  spoil(): void {
    for (const client of this.#clients) client.send(Buffer.alloc(2000, 0x5a));
  }

  add(client: WebSocket): void {
    this.#clients.add(client);
    client.on('close', () => this.#clients.delete(client));
    this.#greet(client);
    if (this.#child === null && this.#source !== null) this.#encode(this.#source.text, this.#source.site);
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
    clearInterval(this.#again);
  }

  #greetAll(): void {
    for (const client of this.#clients) this.#greet(client);
  }

  #greet(client: WebSocket): void {
    if (this.#note !== null) client.send(JSON.stringify(this.#note));
    if (this.#init !== null) client.send(this.#init);
  }
}

const palette = ['0x1d4e6b', '0x35546b', '0x4b3b57', '0x2f5d50', '0x5a4632', '0x3d4f7a', '0x58404a'] as const;
const colour = (index: number): string => palette[index % palette.length] ?? palette[0];

/** ffmpeg source: a room with its name and a running clock. */
export function room(name: string, index: number, size: string, fps: number): string {
  const text = `drawtext=text='${escaped(name)}':x=(w-tw)/2:y=h*0.72:fontsize=h*0.085:fontcolor=white:box=1:boxcolor=black@0.5:boxborderw=12`;
  const clock = "drawtext=text='%{localtime\\:%T}':x=w*0.03:y=h*0.04:fontsize=h*0.06:fontcolor=white";
  const head =
    'drawbox=x=iw*0.42:y=ih*0.2:w=iw*0.16:h=ih*0.24:color=0xd9b38c:t=fill,drawbox=x=iw*0.34:y=ih*0.44:w=iw*0.32:h=ih*0.26:color=0x22303c:t=fill';
  return `color=c=${colour(index)}:s=${size}:r=${fps},${head},${text},${clock}`;
}

/** ffmpeg source: a grid of rooms; `scale` 1 is 1280 by 720. */
export function grid(names: readonly string[], scale: number): string {
  const [width, height] = [320 * scale, 180 * scale];
  const cells = names.map((name, index) => {
    const [x, y] = [(index % 4) * width, Math.floor(index / 4) * height];
    return `drawbox=x=${x + 1}:y=${y + 1}:w=${width - 2}:h=${height - 2}:color=${colour(index)}:t=fill,drawtext=text='${escaped(name)}':x=${x + width * 0.04}:y=${y + height * 0.81}:fontsize=${height * 0.11}:fontcolor=white`;
  });
  return `color=c=0x101010:s=${width * 4}x${height * 4}:r=15,${cells.join(',')},drawtext=text='%{localtime\\:%T}':x=w*0.9:y=h*0.95:fontsize=h*0.033:fontcolor=white`;
}

/** A still picture of a room. */
export async function still(name: string, index: number): Promise<Buffer> {
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', room(name, index, '320x180', 1), '-frames:v', '1', '-f', 'mjpeg', 'pipe:1'],
    {
      encoding: 'buffer',
      maxBuffer: 1 << 22,
    },
  );
  return stdout;
}

/** Two seconds of a room as one fragmented MP4 file, in the place of a recording. */
export async function clip(name: string, index: number): Promise<Buffer> {
  const { stdout } = await run(
    'ffmpeg',
    [
      '-v',
      'error',
      '-nostdin',
      '-f',
      'lavfi',
      '-i',
      room(name, index, '640x360', 15),
      '-t',
      '2',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-pix_fmt',
      'yuv420p',
      '-movflags',
      'empty_moov+default_base_moof+frag_keyframe',
      '-f',
      'mp4',
      'pipe:1',
    ],
    { encoding: 'buffer', maxBuffer: 1 << 24 },
  );
  return stdout;
}
