/** What a hub asks another hub for: its manifest of a recording, and its segments, over TLS with its own certificate. */
import { createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { pipeline as pump } from 'node:stream/promises';
import type { ConnectionOptions } from 'node:tls';
import { decoder } from '../../../../protocol/decode.ts';
import { type Fault, failed, ok, type Result } from '../../../../protocol/fault.ts';
import { clientTls, type Identity } from '../../../../protocol/node/tls.ts';
import { type RecordingHub, RecordingOnHub } from '../../../../protocol/recording.ts';
import { because } from '../../report/because.ts';

const answerMs = 5_000;
const manifestBytes = 32 * 1024 * 1024;
const manifests = decoder(RecordingOnHub, { maxBytes: manifestBytes, maxDepth: 10 });

export class Peers {
  readonly #identity: Identity;
  readonly #gone = new AbortController();

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** Breaks off what is under way. */
  stop(): void {
    this.#gone.abort();
  }

  /** What `peer` has of a recording; `not-found` when it has nothing, `unreachable` when it is away. */
  async manifest(peer: RecordingHub, recording: string): Promise<Result<RecordingOnHub>> {
    try {
      const answer = await this.#open(peer, `/v1/recordings/${recording}`);
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > manifestBytes) return failed({ code: 'input.too-large', limit: `manifest of ${peer.hub}`, size, max: manifestBytes });
        chunks.push(chunk);
      }
      if (answer.statusCode === 404) return failed({ code: 'not-found', what: `recording on ${peer.hub}`, id: recording });
      if (answer.statusCode !== 200) return failed(away(peer, `it answered ${answer.statusCode}`));
      return manifests.decode(Buffer.concat(chunks));
    } catch (error) {
      return failed(away(peer, because(error)));
    }
  }

  /** Copies a segment to `path`, going on where an earlier try ended. Its contents are not judged here. */
  async fetch(peer: RecordingHub, recording: string, file: string, path: string): Promise<Result<void>> {
    const half = `${path}.part`;
    try {
      const have = await sizeOf(half);
      const answer = await this.#open(peer, `/v1/recordings/${recording}/${file}`, have > 0 ? { range: `bytes=${have}-` } : {});
      const { statusCode } = answer;
      if (statusCode === 416) answer.resume();
      else if (statusCode === 200 || statusCode === 206)
        await pump(answer, createWriteStream(half, { flags: statusCode === 206 ? 'a' : 'w', mode: 0o640 }), { signal: this.#gone.signal });
      else {
        answer.resume();
        return failed(away(peer, `it answered ${statusCode} for ${file}`));
      }
      await rename(half, path);
      return ok(undefined);
    } catch (error) {
      return failed(away(peer, because(error)));
    }
  }

  #open({ hub, host, port }: RecordingHub, path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      // What the request does not know itself it hands to tls.connect.
      const options: RequestOptions & ConnectionOptions = {
        ...clientTls(this.#identity, hub),
        ALPNProtocols: ['http/1.1'],
        host,
        port,
        path,
        headers: { ...headers, host: hub },
        agent: false,
        signal: this.#gone.signal,
      };
      const asked = request(options, resolve);
      // Of the socket: also an answer that stands still in the middle ends.
      asked.setTimeout(answerMs, () => asked.destroy(new Error(`no answer within ${answerMs / 1000} s`)));
      asked.on('error', reject);
      asked.end();
    });
  }
}

const away = ({ hub }: RecordingHub, why: string): Fault => ({ code: 'unreachable', what: hub, because: why.slice(0, 300) });

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
