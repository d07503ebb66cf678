/**
 * A stand-in for central's HTTP API, only to look at the page and to drive it alone: schema-true rows, server-sent events, live test
 * pictures. It remembers every request that changes something. The real central has its own tests.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import type { MeetingView, Patch, Problem, SiteView, UserRole } from '../../protocol/api.ts';
import { fakeDrill } from './fake-drill.ts';
import { clip, FakePicture, grid, room, still } from './fake-media.ts';
import { auditRows, hubRow, logRows, meetingRow, recordingRow, siteRows } from './fake-province.ts';
import { fakeRoom } from './fake-room.ts';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly csrf: string | undefined;
  readonly key: string | undefined;
}

/** Password of every made-up user. */
export const fakePassword = 'mat khau rat dai';
const roles: Readonly<Record<string, UserRole>> = { admin: 'admin', 'thu-ky': 'operator', khach: 'viewer' };
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
/** The same policy as central's: the page must live with it. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; connect-src 'self'";

type Act = (body: Record<string, unknown>) => Problem | undefined;

export class FakeCentral {
  readonly seen: Seen[] = [];
  sites: SiteView[];
  meeting: MeetingView;
  /** The first administrator is still to be made. */
  setupNeeded = false;
  /** Pictures of the meeting; they run while somebody has looked at them. */
  readonly program = new FakePicture({ sound: true });
  readonly mosaic = new FakePicture({ sound: false });
  /** Pictures of single sites that somebody has looked at, by site. */
  readonly singles = new Map<string, FakePicture>();
  /** No more single pictures are given. */
  singlesFull = false;
  readonly #web: string;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #streams = new Set<ServerResponse>();
  readonly #users = new Map(Object.entries(roles));
  readonly #stills: Map<string, Promise<Buffer>>;
  readonly #scale: number;
  #seq = 1;
  #alive = true;
  #ticks: NodeJS.Timeout[] = [];

  constructor(web: string, { count = 13, scale = 1, stills = new Map<string, Promise<Buffer>>() } = {}) {
    this.#web = web;
    this.#scale = scale;
    this.#stills = stills;
    this.sites = siteRows(count);
    this.meeting = meetingRow(this.sites, Date.now());
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      const [, view, site] = /preview\/(mosaic|program|site\/([a-z0-9-]+))$/.exec(request.url ?? '') ?? [];
      if (view === undefined || !this.#alive) {
        socket.destroy();
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (client) => {
        if (site !== undefined) this.#single(site, client);
        else (view === 'program' ? this.program : this.mosaic).add(client);
      });
    });
  }

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    this.#show();
    this.mosaic.show(grid(this.sites.map((each) => each.name).slice(0, 16), this.#scale), null);
    this.#ticks = [setInterval(() => this.#second(), 1000)];
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const tick of this.#ticks) clearInterval(tick);
    for (const each of [this.program, this.mosaic, ...this.singles.values()]) each.stop();
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** The line goes dead without being closed, as when a cable is pulled. */
  silent(alive: boolean): void {
    this.#alive = alive;
    if (!alive) return;
    for (const stream of this.#streams) stream.destroy();
  }

  patch(change: Omit<Patch, 'seq' | 'at'>): void {
    this.#seq += 1;
    this.#say('patch', { seq: this.#seq, at: Date.now(), ...change });
  }

  #say(event: string, data: object): void {
    if (!this.#alive) return;
    for (const stream of this.#streams) stream.write(`event: ${event}\nid: fake.${this.#seq}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #second(): void {
    const wave = Math.sin(Date.now() / 2000);
    this.sites = this.sites.map((each, index) =>
      each.rttMs === null ? each : { ...each, rttMs: Math.max(5, 18 + index * 3 + wave * 4 + (index === 7 ? 400 : 0)) },
    );
    this.patch({ sites: this.sites });
  }

  #show(): void {
    const [speaker] = this.meeting.grant.slots;
    const index = this.sites.findIndex((each) => each.site === speaker);
    if (speaker === undefined) this.program.wait('nobody has the floor');
    else this.program.show(room(this.sites[index]?.name ?? speaker, index, `${1280 * this.#scale}x${720 * this.#scale}`, 15), speaker);
  }

  #single(site: string, client: WebSocket): void {
    if (this.singlesFull) {
      client.send(JSON.stringify({ type: 'waiting', because: 'Đang mở quá nhiều hình xem riêng' }));
      client.close(1013, 'too many single pictures');
      return;
    }
    const index = this.sites.findIndex((each) => each.site === site);
    const picture = this.singles.get(site) ?? new FakePicture({ sound: false });
    this.singles.set(site, picture);
    if (picture.clients === 0) picture.show(room(this.sites[index]?.name ?? site, index, '320x180', 15), site);
    picture.add(client);
    client.on('close', () => {
      if (picture.clients === 0) picture.stop();
    });
  }

  #change(change: Partial<MeetingView>): void {
    this.meeting = { ...this.meeting, ...change };
    this.patch({ meetings: [this.meeting] });
  }

  #acts: Readonly<Record<string, Act>> = {
    floor: ({ site }) => {
      const { grant } = this.meeting;
      const slots = typeof site === 'string' ? [site] : [];
      this.#change({
        grant: {
          ...grant,
          n: grant.n + 1,
          slots,
          next: grant.next === site ? null : grant.next,
          previous: grant.slots[0] ?? grant.previous,
        },
        floorSince: slots.length > 0 ? Date.now() : null,
      });
      this.#show();
      return undefined;
    },
    back: () => this.#acts['floor']?.({ site: this.meeting.grant.previous }),
    next: ({ site }) => {
      if (site === this.meeting.grant.slots[0]) return problem(409, 'conflict', `next: ${String(site)} has the floor`);
      this.#change({ grant: { ...this.meeting.grant, n: this.meeting.grant.n + 1, next: site as string | null } });
      return undefined;
    },
    mute: ({ site, muted }) => {
      this.#change({ sites: this.meeting.sites.map((each) => (each.site === site ? { ...each, muted: muted === true } : each)) });
      return undefined;
    },
    invite: ({ site, invited }) => {
      const others = this.meeting.sites.filter((each) => each.site !== site);
      this.#change({ sites: invited === true ? [...others, { site: String(site), muted: false }] : others });
      return undefined;
    },
    record: ({ on }) => {
      this.#change({ recording: on === true ? { id: 'r-abcdef2345', state: 'running', bytes: 1_000_000, because: '' } : null });
      return undefined;
    },
    layout: (body) => {
      this.#change({ layout: body as MeetingView['layout'] });
      return undefined;
    },
    start: () => {
      this.#change({ state: 'running', startedAt: Date.now() });
      return undefined;
    },
    end: () => {
      this.#change({ state: 'ended', endedAt: Date.now() });
      return undefined;
    },
  };

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    if (!path.startsWith('/api/v1/')) return this.#file(path, response);
    if (!this.#alive) return void response.destroy();
    const at = path.slice('/api/v1'.length);
    const method = request.method ?? 'GET';
    const body = await bodyOf(request);
    if (method !== 'GET')
      this.seen.push({ method, path: at, body, csrf: header(request, 'x-csrf-token'), key: header(request, 'idempotency-key') });
    if (method === 'GET' && at === '/setup') return json(response, 200, { needed: this.setupNeeded });
    if (at === '/login' || at === '/setup') return this.#login(at, body, response);
    const who = /fake=([a-z-]+)/.exec(request.headers.cookie ?? '')?.[1];
    const role = who === undefined ? undefined : this.#users.get(who);
    if (who === undefined || role === undefined) return json(response, 401, problem(401, 'auth.required', 'log in first'));
    const room = /^\/sites\/([^/]+)\/devices$/.exec(at)?.[1];
    if (method === 'GET' && room !== undefined) return json(response, 200, fakeRoom(room));
    if (method === 'GET') return this.#read(at, { name: who, role, csrf: 'fake-csrf' }, response);
    if (header(request, 'x-csrf-token') !== 'fake-csrf') return json(response, 403, problem(403, 'auth.forbidden', 'this needs the token'));
    const act = /^\/meetings\/[^/]+\/(\w+)$/.exec(at)?.[1];
    const wrong = act === undefined ? this.#write(method, at, body) : this.#acts[act]?.(body);
    if (at === '/logout') response.setHeader('set-cookie', 'fake=; Max-Age=0; Path=/');
    const made = at === '/meetings' ? this.meeting : at === '/drills' ? fakeDrill(Date.now()) : null;
    json(response, wrong?.status ?? 200, wrong ?? made);
  }

  #login(at: string, body: Record<string, unknown>, response: ServerResponse): void {
    const name = String(body['name']);
    const refuse = (detail: string): void => json(response, 401, problem(401, 'auth.required', detail));
    if (at === '/setup' ? body['token'] !== 'MA-KHOI-TAO' : !this.#users.has(name) || body['password'] !== fakePassword) {
      refuse(at === '/setup' ? 'wrong setup token' : 'wrong name or password');
      return;
    }
    if (at === '/setup') this.#users.set(name, 'admin');
    response.setHeader('set-cookie', `fake=${name}; Path=/; HttpOnly; SameSite=Strict`);
    json(response, 200, { name, role: this.#users.get(name), csrf: 'fake-csrf' });
  }

  /** Writes outside of meetings. */
  #write(method: string, at: string, body: Record<string, unknown>): Problem | undefined {
    if (at === '/users' && String(body['password']).length < 12)
      return { ...problem(422, 'input.invalid', '/password: must not have fewer than 12 characters'), path: '/password' };
    if (method === 'POST' && at === '/sites') {
      const site = {
        ...siteRows(1)[0],
        site: String(body['site']),
        name: String(body['name']),
        order: this.sites.length,
        state: 'never',
        since: null,
      } as SiteView;
      this.sites = [...this.sites, site];
      this.patch({ sites: [site] });
    }
    return undefined;
  }

  async #read(
    at: string,
    me: { readonly name: string; readonly role: UserRole; readonly csrf: string },
    response: ServerResponse,
  ): Promise<void> {
    const now = Date.now();
    const thumb = /thumbs\/([a-z0-9-]+)\.jpg$/.exec(at)?.[1];
    if (thumb !== undefined) return this.#thumb(thumb, response);
    if (/\/recordings\/.*\/play$/.test(at)) return bytes(response, 'video/mp4', await clip('TP. Long Xuyên', 1));
    switch (at) {
      case '/me':
        return json(response, 200, me);
      case '/users':
        return json(
          response,
          200,
          [...this.#users].map(([name, role]) => ({ name, role, createdAt: now - 9e9, lastLoginAt: name === 'khach' ? null : now })),
        );
      case '/recordings':
        return json(response, 200, [recordingRow(now)]);
      case '/drills':
        return json(response, 200, [fakeDrill(now)]);
      case '/drills/d-abcdefghjk':
        return json(response, 200, fakeDrill(now));
      case '/log':
        return json(response, 200, logRows(now));
      case '/audit':
        return json(response, 200, auditRows(now));
      case '/stream': {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
        this.#streams.add(response);
        response.on('close', () => this.#streams.delete(response));
        const snapshot = {
          seq: this.#seq,
          at: now,
          sites: this.sites,
          hubs: [hubRow],
          meetings: [this.meeting, ended(now)],
          log: logRows(now),
        };
        return void response.write(`retry: 500\n\nevent: snapshot\nid: fake.${this.#seq}\ndata: ${JSON.stringify(snapshot)}\n\n`);
      }
      default:
        return json(response, 404, problem(404, 'not-found', `there is no page ${at}`));
    }
  }

  async #thumb(site: string, response: ServerResponse): Promise<void> {
    const index = this.sites.findIndex((each) => each.site === site);
    const picture = this.#stills.get(site) ?? still(this.sites[index]?.name ?? site, index);
    this.#stills.set(site, picture);
    response.setHeader('age', '3');
    bytes(response, 'image/jpeg', await picture);
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const name = path === '/' ? '/index.html' : path;
    const content = await readFile(join(this.#web, name)).catch(() => null);
    if (content === null) return void response.writeHead(404).end();
    response
      .writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream', 'content-security-policy': policy })
      .end(content);
  }
}

const ended = (now: number): MeetingView => ({
  ...meetingRow(siteRows(), now, { id: 'm-phienhop12', title: 'Phiên họp UBND tỉnh tháng 2', state: 'ended', recording: null }),
  startedAt: now - 172_800_000,
  endedAt: now - 165_600_000,
});

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
};

function problem(status: number, code: string, detail: string): Problem {
  return { type: `urn:diemcau:problem:${code}`, title: code, status, detail, code };
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function bytes(response: ServerResponse, type: string, content: Buffer): void {
  response.writeHead(200, { 'content-type': type, 'content-length': content.length }).end(content);
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
}
