/** One RTSP connection: requests in, answers and packets out. A viewer that does not read is dropped, so that it costs no memory. */
import type { Socket } from 'node:net';
import type { Log } from '../../protocol/log.ts';
import { RequestReader } from './reader.ts';
import { formatResponse } from './response.ts';
import { interleave } from './rtp.ts';
import { answer, type Camera, type Session } from './session.ts';
import type { UdpPair } from './udp.ts';

/** Bytes that may wait for a viewer: some five seconds of a usual picture. */
const MAX_WAITING = 1024 * 1024;

/** What goes out at once, to all viewers alike; put into frames once for each channel. */
export class Burst {
  readonly packets: readonly Buffer[];
  readonly #framed = new Map<number, Buffer>();

  constructor(packets: readonly Buffer[]) {
    this.packets = packets;
  }

  framed(channel: number): Buffer {
    const known = this.#framed.get(channel) ?? interleave(this.packets, channel);
    this.#framed.set(channel, known);
    return known;
  }
}

export interface ViewerOptions {
  readonly socket: Socket;
  readonly camera: Camera;
  readonly udp: UdpPair;
  readonly log: Log;
  /** Called whenever the session may have changed, and at the end. */
  readonly changed: () => void;
}

export class Viewer {
  readonly #options: ViewerOptions;
  readonly #reader = new RequestReader();
  readonly #address: string;
  #session: Session | null = null;
  /** The first picture must be one a decoder can begin with. */
  #waitsForKey = true;
  #heard = true;
  /** What it says is no RTSP: it was told so, and is not listened to while it goes. */
  #refused = false;

  constructor(options: ViewerOptions) {
    const { socket } = options;
    this.#options = options;
    this.#address = socket.remoteAddress ?? '';
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#take(bytes));
    // The other side closed or died: `close` follows, which is all that matters.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#session = null;
      options.changed();
    });
  }

  get playing(): boolean {
    return this.#session?.playing === true;
  }

  /** Whether anything came since this was last asked. */
  heardSince(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return heard;
  }

  /** One picture's packets, or a report. */
  send(kind: 'rtp' | 'rtcp', burst: Burst, key: boolean): void {
    const { socket, udp } = this.#options;
    if (this.#session === null || !this.#session.playing) return;
    if (kind === 'rtp') {
      if (this.#waitsForKey && !key) return;
      this.#waitsForKey = false;
    }
    const { transport } = this.#session;
    if (transport.kind === 'udp') {
      for (const packet of burst.packets) udp.send(kind, packet, transport[kind], this.#address);
      return;
    }
    if (socket.writableLength > MAX_WAITING) this.end('it does not read');
    else socket.write(burst.framed(transport[kind]));
  }

  end(because: string): void {
    this.#options.log.info({ viewer: this.#address, because }, 'viewer dropped');
    this.#options.socket.destroy();
  }

  #take(bytes: Buffer): void {
    const { socket, camera, changed } = this.#options;
    if (this.#refused) return;
    this.#heard = true;
    if (socket.writableLength > MAX_WAITING) {
      this.end('it asks and does not read');
      return;
    }
    for (const read of this.#reader.push(bytes)) {
      if (read.kind === 'refused') {
        this.#options.log.info({ viewer: this.#address, because: read.refusal.reason }, 'viewer refused');
        socket.end(formatResponse({ status: read.refusal.status, cseq: null }));
        this.#session = null;
        this.#refused = true;
        break;
      }
      const was = this.playing;
      const { response, session } = answer(this.#session, read.request, camera);
      this.#session = session;
      socket.write(formatResponse(response));
      if (this.playing && !was) this.#waitsForKey = true;
    }
    changed();
  }
}
