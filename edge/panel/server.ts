/**
 * The chair's panel over HTTP: the page and its five requests. HTTPS with the box's certificate, plain HTTP on loopback only (a browser on the box
 * itself). Asks neither central nor broker.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../protocol/clock.ts';
import { type Decoder, decoder } from '../../protocol/decode.ts';
import { brief, type Fault, failed, httpStatus, ok, type Result } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { pageHeaders } from '../../protocol/node/page-headers.ts';
import type { Identity } from '../../protocol/node/tls.ts';
import { OpenBody, PanelAct, type PanelDone, type PanelState } from '../../protocol/panel.ts';
import type { PanelKey } from '../../protocol/schema/desired.ts';
import type { Floor } from '../floor/floor.ts';
import { loopback, panelUrl } from './address.ts';
import { type PageFile, pageFiles } from './files.ts';
import { type Caller, Lock } from './lock.ts';

export interface PanelOptions {
  readonly host: string;
  readonly port: number;
  readonly identity: Identity;
  /** Folder of the built page. */
  readonly page: string;
  readonly floor: Floor;
  readonly name: () => string;
  /** Null while this box does not have the chair. */
  readonly key: () => PanelKey | null;
  readonly central: () => boolean;
  /** Of this box in its networks. */
  readonly addresses: () => readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

const cookieName = 'panel';
const maxBody = 1024;
/** How long an answer waits for a hub. */
const confirmMs = 1500;

const limits = { maxBytes: maxBody, maxDepth: 2 };
const openBody = decoder(OpenBody, limits);
const act = decoder(PanelAct, limits);

const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  ...pageHeaders,
} as const;

export class Panel {
  readonly #options: PanelOptions;
  readonly #log: Log;
  readonly #lock: Lock;
  readonly #tls: boolean;
  readonly #server: Server;
  #files: ReadonlyMap<string, PageFile> = new Map();

  constructor(options: PanelOptions) {
    const { clock, log, host, identity } = options;
    this.#options = options;
    this.#log = log.child({ part: 'panel' });
    this.#lock = new Lock(clock);
    this.#tls = !loopback.has(host);
    const patience = { requestTimeout: 10_000, headersTimeout: 5000, maxHeaderSize: 8192 };
    const answer = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    this.#server = this.#tls
      ? createTls({ ...patience, cert: identity.cert, key: identity.key, minVersion: 'TLSv1.2' }, answer)
      : createServer(patience, answer);
    this.#server.maxConnections = 64;
  }

  /** Where a browser finds it; null while it is not served. */
  get url(): string | null {
    const address = this.#server.address() as AddressInfo | null;
    if (address === null) return null;
    return panelUrl(this.#options.host, address.port, this.#options.addresses());
  }

  /** @throws Error of the system when the port is taken. */
  async start(): Promise<void> {
    const { host, port, page } = this.#options;
    this.#files = await pageFiles(page);
    if (!this.#files.has('/')) this.#log.warn({ page }, 'the page of the panel was not built');
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#log.error({ because: error.message }, 'the panel failed'));
        resolve();
      });
    });
    this.#log.info({ url: this.url }, 'the panel is served');
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const path = request.url?.split('?')[0] ?? '/';
    try {
      const file = request.method === 'GET' ? this.#files.get(path) : undefined;
      if (file !== undefined) {
        response.setHeader('cache-control', path === '/' ? 'no-cache' : 'public, max-age=31536000, immutable');
        response.writeHead(200, { 'content-type': file.type }).end(file.bytes);
        return;
      }
      response.setHeader('cache-control', 'no-store');
      const done = await this.#route(`${request.method} ${path}`, request, response);
      if (done.ok) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(done.value));
      else problem(response, done.fault);
    } catch (error) {
      this.#log.error({ err: error, path }, 'a request to the panel failed on a bug');
      response.writeHead(500).end();
    }
  }

  async #route(what: string, request: IncomingMessage, response: ServerResponse): Promise<Result<unknown>> {
    const session = cookieOf(request);
    switch (what) {
      case 'GET /api/state':
        return ok(this.#state(session));
      case 'POST /api/open': {
        const body = await this.#read(request, openBody);
        const key = this.#key();
        if (!body.ok) return body;
        if (key === null) return failed({ code: 'conflict', what: 'panel', reason: 'this room does not have the chair' });
        const from = callerOf(request);
        const opened = await this.#lock.open(key, body.value.pin, from);
        if (!opened.ok) this.#log.warn({ from: from.address, because: brief(opened.fault) }, 'the panel stays locked');
        if (!opened.ok) return opened;
        this.#log.info({ from: from.address, meeting: key.meeting }, 'the panel was opened');
        response.setHeader('set-cookie', `${cookieName}=${opened.value}; HttpOnly; SameSite=Strict; Path=/${this.#tls ? '; Secure' : ''}`);
        return ok(this.#state(opened.value));
      }
      case 'POST /api/close': {
        const same = this.#own(request);
        if (!same.ok) return same;
        this.#lock.close(session);
        return ok(this.#state(undefined));
      }
      case 'POST /api/act': {
        const wish = await this.#read(request, act);
        if (!wish.ok) return wish;
        const key = this.#key();
        if (key === null || !this.#lock.holds(session, key.meeting))
          return failed({ code: 'auth.required', reason: 'the panel is locked' });
        const ruled = await this.#options.floor.rule(wish.value);
        if (!ruled.ok) return ruled;
        this.#log.info({ from: request.socket.remoteAddress, act: wish.value, because: ruled.value.because }, 'the chair acted');
        const confirmed = await this.#options.floor.confirmedWithin(confirmMs);
        const { changed, because } = ruled.value;
        return ok({ changed, because, confirmed: [...confirmed], state: this.#state(session) } satisfies PanelDone);
      }
      default:
        return failed({ code: 'not-found', what: 'request', id: what.slice(0, 100) });
    }
  }

  /** The key of the meeting that this box has the chair of, by the grant in force. */
  #key(): PanelKey | null {
    const { floor, key } = this.#options;
    const { plan } = floor;
    const mine = key();
    return mine !== null && plan?.meeting === mine.meeting && floor.ruling ? mine : null;
  }

  #state(session: string | undefined): PanelState {
    const { floor, name, central } = this.#options;
    const { plan } = floor;
    const key = this.#key();
    const common = { name: name(), central: central() };
    if (plan === null || key === null) return { panel: 'none', ...common, meeting: null };
    if (!this.#lock.holds(session, key.meeting)) return { panel: 'locked', ...common, meeting: null };
    const confirmed = floor.confirmed;
    return {
      panel: 'open',
      ...common,
      meeting: {
        meeting: plan.meeting,
        title: plan.title,
        sites: plan.sites.map(({ site, name: called }) => ({ site, name: called })),
        grant: plan.grant,
        hubs: plan.hubs.map(({ hub }) => ({ hub, confirmed: confirmed.includes(hub) })),
      },
    };
  }

  /** Another page in the same browser must not be able to ask: it can set neither this header nor hide its origin. */
  #own(request: IncomingMessage): Result<void> {
    const { origin, host } = request.headers;
    // Some other name that leads to loopback is somebody's trick.
    const named = this.#tls || loopback.has(host?.replace(/:\d+$/, '') ?? '');
    const asked =
      named && request.headers['x-panel'] === '1' && (origin === undefined || origin === `${this.#tls ? 'https' : 'http'}://${host}`);
    return asked ? ok(undefined) : failed({ code: 'auth.forbidden', need: 'a request of the panel page' });
  }

  async #read<T>(request: IncomingMessage, schema: Decoder<T>): Promise<Result<T>> {
    const same = this.#own(request);
    if (!same.ok) return same;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBody) return failed({ code: 'input.too-large', limit: 'body', size, max: maxBody });
      chunks.push(chunk);
    }
    return schema.decode(Buffer.concat(chunks));
  }
}

const cookieOf = ({ headers: { cookie = '' } }: IncomingMessage): string | undefined =>
  cookie
    .split(';')
    .map((each) => each.trim().split('='))
    .find(([name]) => name === cookieName)?.[1];

/** A browser on the box comes from the address that it asks. Without one it has gone meanwhile. */
const callerOf = ({ socket: { remoteAddress = '', localAddress } }: IncomingMessage): Caller => ({
  address: remoteAddress,
  local: remoteAddress === localAddress,
});

function problem(response: ServerResponse, fault: Fault): void {
  const { code, ...facts } = fault;
  const status = httpStatus(fault);
  if (fault.code === 'throttled') response.setHeader('retry-after', Math.ceil(fault.retryAfterMs / 1000));
  const detail = Object.values(facts).map(String).join(': ');
  const body = { type: `urn:diemcau:fault:${code}`, title: code, status, detail, code, ...('path' in fault ? { path: fault.path } : {}) };
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
}
