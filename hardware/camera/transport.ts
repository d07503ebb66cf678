/** How a viewer wants its packets: the Transport header (RFC 2326 §12.39). Pure. */

/** Where packets go: two channels of the RTSP connection, or two UDP ports of the machine that asked. */
export type Transport =
  | { readonly kind: 'tcp'; readonly rtp: number; readonly rtcp: number }
  | { readonly kind: 'udp'; readonly rtp: number; readonly rtcp: number };

/** The camera's own pair of UDP ports. */
export interface UdpPorts {
  readonly rtp: number;
  readonly rtcp: number;
}

const LAST_CHANNEL = 255;
const LAST_PORT = 65_535;

/** The first of the offered transports that we have; null when there is none. A `destination` is not heeded: packets go to who asked. */
export function chooseTransport(header: string): Transport | null {
  for (const offer of header.split(',').slice(0, 16)) {
    const chosen = one(offer.split(';').map((part) => part.trim()));
    if (chosen !== null) return chosen;
  }
  return null;
}

function one([profile = '', ...parameters]: readonly string[]): Transport | null {
  if (parameters.includes('multicast')) return null;
  const mode = parameters.find((each) => /^mode=/i.test(each));
  if (mode !== undefined && !/^mode="?play"?$/i.test(mode)) return null;
  const given = (name: string): string | undefined => parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  switch (profile.toUpperCase()) {
    case 'RTP/AVP/TCP': {
      const pair = range(given('interleaved') ?? '0-1', 0, LAST_CHANNEL);
      return pair === null ? null : { kind: 'tcp', ...pair };
    }
    case 'RTP/AVP':
    case 'RTP/AVP/UDP': {
      const pair = range(given('client_port') ?? '', 1, LAST_PORT);
      return pair === null ? null : { kind: 'udp', ...pair };
    }
    default:
      return null;
  }
}

/** `a-b`, or `a` for `a` and the one after it. */
function range(text: string, least: number, most: number): { readonly rtp: number; readonly rtcp: number } | null {
  const [, first, second] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  if (first === undefined) return null;
  const rtp = Number(first);
  const rtcp = second === undefined ? rtp + 1 : Number(second);
  return rtp < least || rtcp < least || rtp > most || rtcp > most || rtp === rtcp ? null : { rtp, rtcp };
}

/** The Transport header of the answer. */
export function transportHeader(transport: Transport, ports: UdpPorts, ssrc: number): string {
  const pair = `${transport.rtp}-${transport.rtcp}`;
  const id = ssrc.toString(16).toUpperCase().padStart(8, '0');
  switch (transport.kind) {
    case 'tcp':
      return `RTP/AVP/TCP;unicast;interleaved=${pair};ssrc=${id};mode="PLAY"`;
    case 'udp':
      return `RTP/AVP;unicast;client_port=${pair};server_port=${ports.rtp}-${ports.rtcp};ssrc=${id};mode="PLAY"`;
    default:
      return transport satisfies never;
  }
}
