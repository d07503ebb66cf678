/** What central asks a hub for: pictures, recordings, previews; and what another hub may: its segments. The caller has checked who asks. */
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline as pump } from 'node:stream/promises';
import { Value } from 'typebox/value';
import { type WebSocket, WebSocketServer } from 'ws';
import { Worker } from '../../../hardware/gstreamer/worker.ts';
import { PreviewView, type Problem } from '../../../protocol/api.ts';
import type { Clock } from '../../../protocol/clock.ts';
import { brief, type Fault, httpStatus, type Result } from '../../../protocol/fault.ts';
import type { Log } from '../../../protocol/log.ts';
import type { RecordingManifest, RecordingOnHub, RecordingSegment, StitchedManifest, TrackTimes } from '../../../protocol/recording.ts';
import type { Still } from '../mosaic/service.ts';
import { playPipeline } from '../preview/pipeline.ts';
import type { Viewer, Watchable } from '../preview/service.ts';
import type { Disk } from '../record/disk.ts';
import type { Shelf } from '../record/shelf.ts';
import { because } from '../report/because.ts';
import { parseRange } from './range.ts';

export interface HttpOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly shelf: Shelf;
  readonly thumb: (meeting: string, site: string) => Still | null;
  readonly preview: (meeting: string, view: PreviewView) => Watchable | undefined;
  /** One site's picture. */
  readonly single: (meeting: string, site: string) => Watchable | undefined;
  /** Deletes a recording, unless it is in use. */
  readonly remove: (id: string) => Promise<Result<void>>;
}

/** Players at the same time: each is a worker that decodes sound. */
const maxPlaying = 4;

/** What another hub may ask for: what it needs to make one file of two hubs' segments. */
const forHubs = [/^\/v1\/recordings\/[^/]+$/, /^\/v1\/recordings\/[^/]+\/[0-9]{4}\.mkv$/];

type Run = (request: IncomingMessage, response: ServerResponse, parts: readonly string[]) => Promise<void>;

export class Http {
  readonly #options: HttpOptions;
  readonly #log: Log;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false });
  readonly #inUse = new Map<string, number>();
  #playing = 0;
  readonly #routes: readonly (readonly [string, RegExp, Run])[];

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'http' });
    this.#routes = [
      [
        'GET',
        /^\/v1\/meetings\/([^/]+)\/thumbs\/([^/]+)\.jpg$/,
        (_q, response, [meeting = '', site = '']) => this.#thumb(response, meeting, site),
      ],
      ['GET', /^\/v1\/recordings$/, (_q, response) => this.#list(response)],
      ['GET', /^\/v1\/recordings\/([^/]+)$/, (_q, response, [id = '']) => this.#one(response, id)],
      ['GET', /^\/v1\/recordings\/([^/]+)\/([^/]+)$/, (request, response, [id = '', file = '']) => this.#file(request, response, id, file)],
      ['GET', /^\/v1\/recordings\/([^/]+)\/([^/]+)\/play$/, (_q, response, [id = '', file = '']) => this.#play(response, id, file)],
      ['DELETE', /^\/v1\/recordings\/([^/]+)$/, (_q, response, [id = '']) => this.#delete(response, id)],
    ];
  }

  /** A recording that is read must not be deleted. */
  inUse(recording: string): boolean {
    return (this.#inUse.get(recording) ?? 0) > 0;
  }

  /** @param role whose certificate the connection has. */
  handle(request: IncomingMessage, response: ServerResponse, role: 'central' | 'hub'): void {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (role === 'hub' && (request.method !== 'GET' || !forHubs.some((allowed) => allowed.test(path)))) {
      refuse(response, { code: 'auth.forbidden', need: 'the certificate of central' });
      return;
    }
    for (const [method, pattern, run] of this.#routes) {
      const match = pattern.exec(path);
      if (match === null || request.method !== method) continue;
      run(request, response, match.slice(1)).catch((error: unknown) => this.#broken(response, error));
      return;
    }
    refuse(response, { code: 'not-found', what: 'resource', id: path.slice(0, 200) });
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const preview = this.#watched(request.url ?? '');
    if (preview === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#watch(opened, preview));
  }

  #watched(url: string): Watchable | undefined {
    const [, meeting = '', view = '', site] = /^\/v1\/meetings\/([^/]+)\/preview\/([a-z]+)(?:\/([^/]+))?$/.exec(url) ?? [];
    if (site !== undefined) return view === 'site' ? this.#options.single(meeting, site) : undefined;
    return Value.Check(PreviewView, view) ? this.#options.preview(meeting, view) : undefined;
  }

  stop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  #watch(socket: WebSocket, preview: Watchable): void {
    const viewer: Viewer = {
      text: (note) => socket.send(JSON.stringify(note)),
      binary: (bytes) => socket.send(bytes),
      buffered: () => socket.bufferedAmount,
      close: (code, reason) => socket.close(code, reason),
    };
    socket.on('close', () => preview.remove(viewer));
    socket.on('error', (error) => this.#log.debug({ because: error.message }, 'preview socket broke'));
    preview.add(viewer);
  }

  async #thumb(response: ServerResponse, meeting: string, site: string): Promise<void> {
    const still = this.#options.thumb(meeting, site);
    if (still === null) return refuse(response, { code: 'not-found', what: 'picture', id: site });
    const { jpeg, ageMs } = still;
    // Whole seconds since it was made (RFC 9111 §5.1): who shows it can say how old it is.
    const head = {
      'content-type': 'image/jpeg',
      'content-length': jpeg.length,
      'cache-control': 'no-store',
      age: String(Math.floor(ageMs / 1000)),
    };
    response.writeHead(200, head).end(jpeg);
  }

  async #list(response: ServerResponse): Promise<void> {
    const all = await this.#options.shelf.list();
    json(
      response,
      200,
      all.map(({ manifest, bytes, stitched }) => told(brieflyTimed(manifest), bytes, stitched)),
    );
  }

  async #one(response: ServerResponse, id: string): Promise<void> {
    const { shelf } = this.#options;
    const manifest = await shelf.manifest(id);
    if (manifest === null) return refuse(response, { code: 'not-found', what: 'recording', id });
    json(response, 200, told(manifest, await shelf.bytes(id), await shelf.stitched(id)));
  }

  async #file(request: IncomingMessage, response: ServerResponse, id: string, file: string): Promise<void> {
    const { shelf } = this.#options;
    const path = shelf.path(id, file);
    const size = path === null ? null : await sizeOf(shelf.disk, path);
    if (path === null || size === null) return refuse(response, { code: 'not-found', what: 'recording', id: `${id}/${file}` });
    const range = parseRange(request.headers.range, size);
    const common = { 'content-type': 'video/x-matroska', 'accept-ranges': 'bytes' };
    if (range === 'unsatisfiable') {
      response.writeHead(416, { ...common, 'content-range': `bytes */${size}`, 'content-length': 0 }).end();
      return;
    }
    const { from, to } = range ?? { from: 0, to: size - 1 };
    const partial = range === null ? {} : { 'content-range': `bytes ${from}-${to}/${size}` };
    response.writeHead(range === null ? 200 : 206, { ...common, ...partial, 'content-length': Math.max(0, to - from + 1) });
    if (size === 0) {
      response.end();
      return;
    }
    await this.#using(id, () => pump(shelf.read(path, from, to), response));
  }

  async #play(response: ServerResponse, id: string, file: string): Promise<void> {
    const { shelf, clock, log } = this.#options;
    const path = shelf.path(id, file);
    if (path === null || (await sizeOf(shelf.disk, path)) === null)
      return refuse(response, { code: 'not-found', what: 'recording', id: `${id}/${file}` });
    if (this.#playing >= maxPlaying) return refuse(response, { code: 'exhausted', what: 'players', because: `${maxPlaying} are playing` });
    this.#playing += 1;
    const worker = new Worker({ name: `play ${id}/${file}`, clock, log, fds: 1 });
    const end = (): void => void worker.stop();
    // When the file has ended the process goes and its pipe with it; what is still in the pipe is read first.
    worker.on('event', (event) => {
      if (event.event === 'eos' || event.event === 'error') end();
    });
    worker.on('down', end);
    response.on('close', end);
    try {
      await worker.start(playPipeline(path, await hasSound(shelf, path)));
      const pipe = worker.stream(3);
      if (pipe === null) throw new Error('the player has no pipe');
      response.writeHead(200, { 'content-type': 'video/mp4', 'cache-control': 'no-store' });
      await this.#using(id, () => pump(pipe, response));
    } finally {
      this.#playing -= 1;
      await worker.stop();
    }
  }

  async #delete(response: ServerResponse, id: string): Promise<void> {
    const removed = await this.#options.remove(id);
    if (!removed.ok) return refuse(response, removed.fault);
    response.writeHead(204).end();
  }

  async #using<T>(id: string, run: () => Promise<T>): Promise<T> {
    this.#inUse.set(id, (this.#inUse.get(id) ?? 0) + 1);
    try {
      return await run();
    } finally {
      const left = (this.#inUse.get(id) ?? 1) - 1;
      if (left === 0) this.#inUse.delete(id);
      else this.#inUse.set(id, left);
    }
  }

  /** A reader that goes away in the middle is no fault of ours. */
  #broken(response: ServerResponse, error: unknown): void {
    this.#log.debug({ because: because(error) }, 'request ended early');
    if (!response.headersSent) refuse(response, { code: 'unreachable', what: 'recording', because: because(error) });
    else response.destroy();
  }
}

const told = (manifest: RecordingManifest, bytes: number, stitched: StitchedManifest | null): RecordingOnHub => ({
  ...manifest,
  bytes,
  ...(stitched === null ? {} : { stitched }),
});

/** Readings of clocks are for who lays segments over each other; a list of all recordings has no room for them. */
function brieflyTimed(manifest: RecordingManifest): RecordingManifest {
  const brief = (times: TrackTimes | undefined): TrackTimes | undefined => (times === undefined ? undefined : { ...times, readings: [] });
  const segments = manifest.segments.map(({ picture, sound, ...segment }): RecordingSegment => {
    const [seen, heard] = [brief(picture), brief(sound)];
    return { ...segment, ...(seen === undefined ? {} : { picture: seen }), ...(heard === undefined ? {} : { sound: heard }) };
  });
  return { ...manifest, segments };
}

function json(response: ServerResponse, status: number, body: unknown, type = 'application/json'): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' }).end(bytes);
}

function refuse(response: ServerResponse, fault: Fault): void {
  const status = httpStatus(fault);
  const problem: Problem = { type: 'about:blank', title: fault.code, status, detail: brief(fault), code: fault.code };
  json(response, status, problem, 'application/problem+json');
}

async function sizeOf(disk: Disk, path: string): Promise<number | null> {
  try {
    const facts = await disk.run(() => stat(path));
    return facts.isFile() ? facts.size : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Whether a file of ours has a sound track: its codec is named in the header, within the first kilobytes. */
async function hasSound(shelf: Shelf, path: string): Promise<boolean> {
  for await (const header of shelf.read(path, 0, 16_383)) return header.includes('A_OPUS');
  return false;
}
