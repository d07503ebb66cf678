/**
 * A simulated ONVIF camera on this machine: a web server that speaks SOAP, an answerer of WS-Discovery beside it, and what can be done to it
 * from outside. Written from ONVIF's core, media, PTZ, imaging and event specifications, and from how cameras were seen to differ from them.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Timer } from '../../../protocol/clock.ts';
import { FaultError } from '../../../protocol/fault.ts';
import { type Answered, answer, type Tally } from './answer.ts';
import { type Camera, createCamera, LOOPBACK, type OnvifOptions } from './camera.ts';
import { Discovery } from './discovery.ts';
import { AXES } from './head.ts';
import { Login } from './login.ts';
import { type PropertyName, propertyNames } from './notices.ts';
import type { OnvifQuirks } from './quirks.ts';

export interface ServedOnvif {
  /** Of its device service. */
  readonly url: string;
  /** Where it answers WS-Discovery, `127.0.0.1:3702`; null: nowhere. */
  readonly discovery: string | null;
  /** For tests and for whoever watches: what it is doing now. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** From now on it differs from the book like this. */
  quirk(change: Partial<OnvifQuirks>): void;
  /** Something happens before it: `motion on`, `tamper off`. @throws Error naming what it knows. */
  happen(what: string): void;
  /** The cable is pulled: it goes on, alone. */
  vanish(): Promise<void>;
  /** And put back, at the same place. */
  restore(): Promise<void>;
  /** It loses its power and gets it again: what is open ends, what moves stands, and it starts as slowly as its quirks say. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const LARGEST = 65_536;
const CONNECTIONS = 64;
/** After SystemReboot: so long for the answer to get out, and so long away. */
const ANSWER_MS = 100;
const REBOOT_MS = 2000;

/** @throws FaultError `conflict` when a port is taken. */
export async function serveOnvif(options: OnvifOptions): Promise<ServedOnvif> {
  const served = new Onvif(options);
  try {
    await served.start();
  } catch (error) {
    await served.stop();
    throw error;
  }
  return served;
}

class Onvif implements ServedOnvif {
  readonly #camera: Camera;
  readonly #login: Login;
  readonly #tally: Tally = { requests: new Map(), refused: 0, lastRefusal: '' };
  readonly #server: Server;
  readonly #discovery: Discovery | null;
  #port: number;
  #later: Timer | null = null;
  #starts = 0;

  constructor(options: OnvifOptions) {
    const { clock, username, password, discovery, port } = options;
    const camera = createCamera(options);
    this.#camera = camera;
    this.#camera.reboot = () => this.#reboot();
    this.#port = port;
    this.#login = new Login({ username, password, quirks: () => camera.quirks, time: () => camera.time(), mono: () => clock.mono() });
    this.#discovery = discovery === null ? null : new Discovery(camera, discovery);
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.maxConnections = CONNECTIONS;
  }

  get url(): string {
    return `${this.#camera.base}/onvif/device_service`;
  }

  get discovery(): string | null {
    return this.#discovery?.at ?? null;
  }

  get facts(): Readonly<Record<string, unknown>> {
    const { head, presets, recalled, imaging, notices, hostname } = this.#camera;
    const { requests, refused, lastRefusal } = this.#tally;
    return {
      reachable: this.#server.listening,
      starts: this.#starts,
      time: this.#camera.time(),
      position: head.position,
      moving: AXES.some((axis) => head.moving(axis)),
      recalled,
      presets: presets.map(({ id, name, position }) => ({ id, name, ...position })),
      imaging: { ...imaging },
      hostname,
      happening: notices.states,
      pullpoints: notices.count,
      requests: Object.fromEntries(requests),
      refused,
      lastRefusal,
    };
  }

  async start(): Promise<void> {
    await this.#listen();
    this.#camera.base = `http://${this.#camera.options.host ?? LOOPBACK}:${this.#port}`;
    await this.#powerOn();
  }

  quirk(change: Partial<OnvifQuirks>): void {
    this.#camera.quirks = { ...this.#camera.quirks, ...change };
  }

  happen(what: string): void {
    const [name = '', state = ''] = what.trim().split(/\s+/);
    const property = propertyNames.find((each): each is PropertyName => each === name);
    if (property === undefined || (state !== 'on' && state !== 'off'))
      throw new Error(`${what || 'nothing'} cannot happen; there are: ${propertyNames.map((each) => `${each} on|off`).join(', ')}`);
    this.#camera.notices.set(property, state === 'on');
  }

  async vanish(): Promise<void> {
    this.#later?.cancel();
    await Promise.all([this.#close(), this.#discovery?.stop(false)]);
  }

  async restore(): Promise<void> {
    this.#later?.cancel();
    await this.#listen();
    await this.#discovery?.start();
  }

  async restart(): Promise<void> {
    await this.#powerOff();
    await this.#listen();
    await this.#powerOn();
  }

  async stop(): Promise<void> {
    this.#later?.cancel();
    this.#camera.notices.clear();
    await Promise.all([this.#close(), this.#discovery?.stop(true)]);
  }

  /** After the port is there. A camera that refuses connections at its start gives it back for a while. */
  async #powerOn(): Promise<void> {
    const { options, quirks } = this.#camera;
    this.#camera.startedMs = options.clock.mono();
    this.#starts++;
    if (quirks.boot?.as === 'refused') {
      await this.#close();
      this.#later = options.clock.after(quirks.boot.ms, 'camera has started', () => this.#quietly(this.restore()));
    } else await this.#discovery?.start();
  }

  async #powerOff(): Promise<void> {
    await this.vanish();
    this.#camera.notices.clear();
    this.#camera.head.stop(AXES);
    this.#camera.recalled = null;
  }

  #reboot(): void {
    const { clock } = this.#camera.options;
    this.#later?.cancel();
    this.#later = clock.after(ANSWER_MS, 'camera reboots', () =>
      this.#quietly(
        this.#powerOff().then(() => {
          this.#later = clock.after(REBOOT_MS, 'camera starts', () => this.#quietly(this.#listen().then(() => this.#powerOn())));
        }),
      ),
    );
  }

  /** What is done by a timer has nobody to tell. */
  #quietly(doing: Promise<void>): void {
    doing.catch((error: Error) => this.#camera.options.log.error({ err: error }, 'simulated camera did not come back'));
  }

  async #listen(): Promise<void> {
    if (this.#server.listening) return;
    const taken = await new Promise<Error | null>((resolve) => {
      this.#server.once('error', resolve);
      this.#server.listen(this.#port, this.#camera.options.host ?? LOOPBACK, () => {
        this.#server.off('error', resolve);
        resolve(null);
      });
    });
    if (taken !== null) throw new FaultError({ code: 'conflict', what: `port ${this.#port}`, reason: taken.message });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    if (body === null) return finish(response, { status: 413, headers: { Connection: 'close' }, body: '' });
    const { method = '', url = '', headers } = request;
    finish(
      response,
      await answer(this.#camera, this.#login, this.#tally, { method, uri: url, authorization: headers.authorization, body }),
    );
  }
}

/** Null: too long, or its sender has left. */
function read(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let length = 0;
    request.on('data', (piece: Buffer) => {
      length += piece.length;
      if (length > LARGEST) resolve(null);
      else pieces.push(piece);
    });
    request.on('end', () => resolve(Buffer.concat(pieces).toString('utf8')));
    request.on('error', () => resolve(null));
  });
}

function finish(response: ServerResponse, { status, headers, body }: Answered): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
