/**
 * WS-Discovery (2005) as cameras answer it: probes by multicast or straight to it, each answered to where it came from; hello when it comes,
 * bye when it goes. On a loopback address it answers this machine only.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { FaultError } from '../../../protocol/fault.ts';
import { addressOf, type Camera } from './camera.ts';
import { scopes } from './device.ts';
import { at, readXml, textAt } from './read.ts';
import { envelope, ref } from './soap.ts';
import { NAMESPACES, type Ref, writeXml, type Xml, x } from './write.ts';

const GROUP = '239.255.255.250';
const ANYBODY = 'urn:schemas-xmlsoap-org:ws:2005:04:discovery';
const ANONYMOUS = 'http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous';
const LARGEST = 16_384;

/** Stable for one camera, whatever its address: made of its make and serial number. */
export function identity({ options }: Camera): string {
  const hash = createHash('sha1').update(`${options.make} ${options.model} ${options.serial}`).digest('hex');
  return `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

function self(camera: Camera): readonly Xml[] {
  const right = addressOf(camera, 'device');
  const port = camera.base.split(':')[2];
  const others = [`http://169.254.17.4:${port}/onvif/device_service`, `http://[fe80::1]:${port}/onvif/device_service`];
  const types: readonly (Ref | string)[] = [ref('dn:NetworkVideoTransmitter'), ' ', ref('tds:Device')];
  return [
    x('wsa:EndpointReference', x('wsa:Address', identity(camera))),
    x('d:Types', ...types),
    x('d:Scopes', scopes(camera).join(' ')),
    x('d:XAddrs', [...(camera.quirks.probeAddresses === 'several' ? others : []), right].join(' ')),
    x('d:MetadataVersion', 1),
  ];
}

const header = (action: string, to: string, relatesTo: string | null): readonly Xml[] => [
  x('wsa:MessageID', `urn:uuid:${randomUUID()}`),
  ...(relatesTo === null ? [] : [x('wsa:RelatesTo', relatesTo)]),
  x('wsa:To', to),
  x('wsa:Action', `${NAMESPACES.d}/${action}`),
];

/** What is answered to a datagram; null: it is not for us. Pure but for the new message id. */
export function discoveryAnswer(camera: Camera, datagram: Uint8Array): string | null {
  if (datagram.length > LARGEST) return null;
  const asked = readXml(Buffer.from(datagram).toString('utf8'));
  const id = textAt(asked, 'Header', 'MessageID');
  const probe = at(asked, 'Body', 'Probe');
  const resolve = at(asked, 'Body', 'Resolve');
  const { quirks } = camera;
  if (id === null || (probe === null && resolve === null)) return null;
  if (probe !== null && !(quirks.probeMatch === 'any-type' || isOurs(camera, textAt(probe, 'Types'), textAt(probe, 'Scopes')))) return null;
  if (resolve !== null && textAt(resolve, 'EndpointReference', 'Address') !== identity(camera)) return null;
  if (quirks.probeMatch === 'broken') return '<?xml version="1.0"?><s:Envelope><s:Body><d:ProbeMatches>';
  const [action, body] =
    probe !== null
      ? (['ProbeMatches', x('d:ProbeMatches', x('d:ProbeMatch', self(camera)))] as const)
      : (['ResolveMatches', x('d:ResolveMatches', x('d:ResolveMatch', self(camera)))] as const);
  return writeXml(envelope(body, header(action, ANONYMOUS, id)), quirks.spelling);
}

/** By local names: prefixes of types are declared in as many ways as there are programs. */
function isOurs(camera: Camera, types: string | null, wanted: string | null): boolean {
  const asked = (types ?? '').split(/\s+/).filter((each) => each !== '');
  const names = asked.map((each) => each.slice(each.indexOf(':') + 1));
  const mine = scopes(camera);
  const places = (wanted ?? '').split(/\s+/).filter((each) => each !== '');
  return (
    names.every((name) => name === 'NetworkVideoTransmitter' || name === 'Device') &&
    places.every((place) => mine.some((scope) => scope === place || scope.startsWith(`${place.replace(/\/$/, '')}/`)))
  );
}

export class Discovery {
  readonly #camera: Camera;
  readonly #where: { readonly address: string; readonly port: number };
  #port: number;
  /** The first is the one that it speaks from. */
  #sockets: readonly Socket[] = [];

  constructor(camera: Camera, where: { readonly address: string; readonly port: number }) {
    this.#camera = camera;
    this.#where = where;
    this.#port = where.port;
  }

  /** Where it answers, once it was started: `127.0.0.1:3702`. */
  get at(): string {
    return `${this.#where.address}:${this.#port}`;
  }

  async start(): Promise<void> {
    const { address } = this.#where;
    // One for what is sent to everybody, one for what is sent to us: a socket bound to all addresses would hear the whole network.
    const own = await this.#open(address, this.#port);
    this.#port = own.address().port;
    this.#sockets = [own];
    const group = await this.#open(GROUP, this.#port);
    this.#sockets = [own, group];
    group.addMembership(GROUP, address);
    own.setMulticastInterface(address);
    void this.#announce('Hello', self(this.#camera));
  }

  /** @param politely says good-bye; a camera that lost its power does not. */
  async stop(politely: boolean): Promise<void> {
    const sockets = this.#sockets;
    if (politely && sockets.length > 0) await this.#announce('Bye', self(this.#camera).slice(0, 1));
    this.#sockets = [];
    await Promise.all(
      sockets.map((socket) => {
        const closed = once(socket, 'close');
        socket.close();
        return closed;
      }),
    );
  }

  async #open(address: string, port: number): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.on('message', (bytes, from) => this.#heard(bytes, from));
    socket.bind(port, address);
    try {
      await once(socket, 'listening');
    } catch (error) {
      socket.close();
      throw new FaultError({ code: 'conflict', what: `UDP port ${port} of ${address}`, reason: (error as Error).message });
    }
    // Such as "port unreachable" from one who has left.
    socket.on('error', (error) => this.#camera.options.log.warn({ err: error }, 'discovery socket failed'));
    return socket;
  }

  #heard(bytes: Uint8Array, { address, port }: RemoteInfo): void {
    if (this.#where.address.startsWith('127.') && !address.startsWith('127.')) return;
    const answer = discoveryAnswer(this.#camera, bytes);
    if (answer === null) return;
    for (let times = 0; times < this.#camera.quirks.probeAnswers; times++) this.#sockets[0]?.send(answer, port, address);
  }

  #announce(what: 'Hello' | 'Bye', content: readonly Xml[]): Promise<void> {
    const text = writeXml(envelope(x(`d:${what}`, content), header(what, ANYBODY, null)), this.#camera.quirks.spelling);
    return new Promise((resolve) => {
      const own = this.#sockets[0];
      if (own === undefined) return resolve();
      own.send(text, this.#port, GROUP, (error) => {
        // Where there is no multicast, nobody listens for it either.
        if (error !== null) this.#camera.options.log.debug({ err: error }, 'discovery could not be announced');
        resolve();
      });
    });
  }
}
