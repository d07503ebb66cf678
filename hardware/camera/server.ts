/** A camera on the network: an RTSP server that replays one clip for ever to everybody who looks, all at the same place, as a live picture is. */
import { randomBytes, randomInt } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { Clip } from './clip.ts';
import { Loop } from './loop.ts';
import { describe, formatResponse } from './response.ts';
import { packetise, type RtpStream, senderReport } from './rtp.ts';
import { SESSION_SECONDS } from './session.ts';
import { type UdpPair, udpPair } from './udp.ts';
import { Burst, Viewer } from './viewer.ts';

export interface CameraOptions {
  readonly clip: Clip;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
}

const PATH = '/camera';
/** More are turned away with 503. */
const MAX_VIEWERS = 64;
const REPORT_MS = 5000;

export class CameraServer {
  readonly #options: CameraOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #server: Server;
  readonly #stream: RtpStream = { ssrc: randomInt(1, 2 ** 32), sequence: randomInt(2 ** 16) };
  readonly #loop: Loop;
  readonly #sent = { packets: 0, bytes: 0 };
  #udp: UdpPair | null = null;
  #picture: Timer | null = null;
  #timers: readonly Timer[] = [];

  constructor(options: CameraOptions) {
    this.#options = options;
    this.#loop = new Loop(options.clip, randomInt(2 ** 32), options.clock.mono());
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Opens the ports; returns the camera's URL. @throws FaultError conflict when the port is taken. */
  async start(): Promise<string> {
    const { host, port, clock, log } = this.#options;
    this.#udp = await udpPair(host);
    const taken = await new Promise<Error | null>((resolve) => {
      this.#server.once('error', resolve);
      this.#server.listen(port, host, () => resolve(null));
    });
    if (taken !== null) {
      this.#udp.close();
      this.#udp = null;
      throw new FaultError({ code: 'conflict', what: `port ${port}`, reason: taken.message });
    }
    this.#server.on('error', (error) => log.warn({ err: error }, 'a viewer could not be let in'));
    this.#timers = [
      clock.every(REPORT_MS, 'camera reports', () => this.#report()),
      clock.every(SESSION_SECONDS * 1000, 'silent viewers leave', () => this.#sweep()),
    ];
    const address = this.#server.address();
    const bound = typeof address === 'object' && address !== null ? address.port : port;
    return `rtsp://${host.includes(':') ? `[${host}]` : host}:${bound}${PATH}`;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
    for (const viewer of this.#viewers) viewer.end('the camera stops');
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#picture?.cancel();
    this.#picture = null;
    this.#udp?.close();
    this.#udp = null;
  }

  /** What is in front of the lens from now on: the clip, its last key picture for ever, or these. */
  show(pictures: 'live' | 'frozen' | Clip): void {
    if (pictures === 'frozen') this.#loop.freeze();
    else this.#loop.show(pictures === 'live' ? null : pictures.units);
  }

  #accept(socket: Socket): void {
    const { clip, host, log } = this.#options;
    const udp = this.#udp;
    if (udp === null || this.#viewers.size >= MAX_VIEWERS) {
      socket.on('error', () => {}); // it may be gone before the answer
      socket.end(formatResponse({ status: 503, cseq: null }));
      return;
    }
    const viewer: Viewer = new Viewer({
      socket,
      udp,
      log,
      camera: {
        path: PATH,
        sdp: describe(clip, socket.localAddress ?? host),
        ports: udp,
        ssrc: this.#stream.ssrc,
        newId: () => randomBytes(8).toString('hex'),
      },
      changed: () => {
        if (socket.destroyed) this.#viewers.delete(viewer);
        this.#await();
      },
    });
    this.#viewers.add(viewer);
  }

  get #watched(): boolean {
    return [...this.#viewers].some(({ playing }) => playing);
  }

  /** Waits for the next picture, while somebody looks. */
  #await(): void {
    if (this.#picture !== null || !this.#watched) return;
    const { clock } = this.#options;
    const inMs = Math.max(0, this.#loop.dueMs - clock.mono());
    this.#picture = clock.after(inMs, 'next picture', () => {
      this.#picture = null;
      this.#show();
      this.#await();
    });
  }

  #show(): void {
    for (let next = this.#loop.take(this.#options.clock.mono()); next !== null; next = this.#loop.take(this.#options.clock.mono())) {
      const packets = packetise(next.unit.nals, next.time, this.#stream);
      this.#sent.packets += packets.length;
      this.#sent.bytes += packets.reduce((sum, { length }) => sum + length - 12, 0);
      const burst = new Burst(packets);
      for (const viewer of this.#viewers) viewer.send('rtp', burst, next.unit.key);
    }
  }

  #report(): void {
    if (!this.#watched) return;
    const { clock } = this.#options;
    const report = new Burst([senderReport(this.#stream, this.#loop.timeAt(clock.mono()), clock.now(), this.#sent)]);
    for (const viewer of this.#viewers) viewer.send('rtcp', report, false);
  }

  /** A viewer whose network vanished says nothing, not even goodbye. */
  #sweep(): void {
    for (const viewer of this.#viewers) if (!viewer.heardSince()) viewer.end(`silent for ${SESSION_SECONDS} s`);
  }
}
