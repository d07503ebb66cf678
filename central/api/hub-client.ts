/** Central's HTTP to hubs, over their TLS port with central's certificate: pictures, previews, recordings. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { type ClientOptions, WebSocket } from 'ws';
import { type Fault, FaultError } from '../../protocol/fault.ts';
import { clientTls, type Identity } from '../../protocol/node/tls.ts';

export interface HubAddress {
  readonly host: string;
  readonly port: number;
}

export interface HubRequest {
  readonly method?: 'GET' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the request, for example when the browser has gone. */
  readonly signal?: AbortSignal;
  /** Of `read`: a longer answer is refused. Default 8 MiB. */
  readonly maxBytes?: number;
}

/** Waiting for the head of an answer; bodies may take as long as they flow. */
const answerMs = 5_000;
/** A manifest list; never a file. */
const jsonBytes = 8 * 1024 * 1024;

export class HubClient {
  readonly #identity: Identity;
  readonly #addressOf: (hub: string) => HubAddress | null;
  readonly #agents = new Map<string, Agent>();

  constructor(identity: Identity, addressOf: (hub: string) => HubAddress | null) {
    this.#identity = identity;
    this.#addressOf = addressOf;
  }

  /**
   * The head of an answer; the caller reads or destroys the body.
   * @throws FaultError `unreachable` when the hub is not there, or is somebody else.
   */
  async open(hub: string, path: string, { method = 'GET', headers = {}, signal }: HubRequest = {}): Promise<IncomingMessage> {
    const address = this.#address(hub);
    return new Promise((resolve, reject) => {
      const fail = (because: string): void => reject(new FaultError(this.#unreachable(hub, because)));
      const asked = request(
        {
          ...address,
          path,
          method,
          headers: { ...headers, host: hub },
          agent: this.#agent(hub),
          ...(signal === undefined ? {} : { signal }),
        },
        (answer) => {
          asked.setTimeout(0);
          resolve(answer);
        },
      );
      asked.setTimeout(answerMs, () => asked.destroy(new Error(`no answer within ${answerMs / 1000} s`)));
      asked.on('error', (error) => fail(error.message));
      asked.end();
    });
  }

  /** The body of a small answer. @throws FaultError `unreachable`, or `not-found` when the hub says 404. */
  async read(hub: string, path: string, options: HubRequest = {}): Promise<Buffer> {
    const answer = await this.open(hub, path, options);
    const chunks: Buffer[] = [];
    const max = options.maxBytes ?? jsonBytes;
    let size = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > max) throw new FaultError({ code: 'input.too-large', limit: `answer of ${hub}`, size, max });
        chunks.push(chunk);
      }
    } catch (error) {
      answer.destroy();
      throw error instanceof FaultError
        ? error
        : new FaultError(this.#unreachable(hub, error instanceof Error ? error.message : String(error)));
    }
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) throw new FaultError(refusalOf(hub, path, status));
    return Buffer.concat(chunks);
  }

  /** A WebSocket to the hub, connecting. @throws FaultError `unreachable` when it has no address. */
  socket(hub: string, path: string): WebSocket {
    const { host, port } = this.#address(hub);
    const at = host.includes(':') ? `[${host}]` : host;
    // The library hands what it does not know itself to tls.connect.
    const options: ClientOptions & ConnectionOptions = {
      ...clientTls(this.#identity, hub),
      ALPNProtocols: ['http/1.1'],
      headers: { host: hub },
      perMessageDeflate: false,
      handshakeTimeout: answerMs,
      maxPayload: 16 * 1024 * 1024,
    };
    return new WebSocket(`wss://${at}:${port}${path}`, options);
  }

  stop(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #address(hub: string): HubAddress {
    const address = this.#addressOf(hub);
    if (address === null) throw new FaultError(this.#unreachable(hub, 'it has not reported an address'));
    return { host: address.host, port: address.port };
  }

  #agent(hub: string): Agent {
    const known = this.#agents.get(hub);
    if (known !== undefined) return known;
    const tls = clientTls(this.#identity, hub);
    const agent = new Agent({ ...tls, ALPNProtocols: ['http/1.1'], keepAlive: true, maxSockets: 64, maxFreeSockets: 8 });
    this.#agents.set(hub, agent);
    return agent;
  }

  #unreachable(hub: string, because: string): Fault {
    return { code: 'unreachable', what: hub, because: because.slice(0, 300) };
  }
}

/** What a hub's status means for whoever asked central. */
export function refusalOf(hub: string, path: string, status: number): Fault {
  if (status === 404) return { code: 'not-found', what: `resource of ${hub}`, id: path };
  if (status === 409) return { code: 'conflict', what: path, reason: `${hub} says that it is in use` };
  if (status === 507) return { code: 'exhausted', what: hub, because: 'it has no room for that now' };
  return { code: 'unreachable', what: hub, because: `it answered ${status}` };
}
