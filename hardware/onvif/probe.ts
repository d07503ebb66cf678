/** WS-Discovery in datagrams: what we ask, and what the answers say. Pure. Source: WS-Discovery (April 2005), ONVIF Core specification chapter 7. */
import { type HostPort, hostPort, pathOf } from './address.ts';
import { escaped, find, findAll, readXml, textBelow } from './xml.ts';

/** What a device says of itself without being logged in to. */
export interface Match {
  /** Its own name for ever: `urn:uuid:…`; empty when it does not give one. */
  readonly id: string;
  /** As it says, in its order; often of a network that is not ours. */
  readonly addresses: readonly string[];
  /** Of its scopes, decoded; empty where it has none. */
  readonly name: string;
  readonly hardware: string;
  readonly location: string;
  /** `Streaming` (S), `T`, `G`… */
  readonly profiles: readonly string[];
}

/** A larger datagram is no answer to a probe. */
const BYTES_MAX = 32_768;
const MATCHES_MAX = 16;
const TYPES = {
  transmitter: '<d:Types xmlns:dn="http://www.onvif.org/ver10/network/wsdl">dn:NetworkVideoTransmitter</d:Types>',
  // Some cameras only say that they are a device.
  device: '<d:Types xmlns:tds="http://www.onvif.org/ver10/device/wsdl">tds:Device</d:Types>',
} as const;

/** @param id a UUID, new for each question. */
export function probe(id: string, of: keyof typeof TYPES): Uint8Array {
  return Buffer.from(
    '<?xml version="1.0" encoding="UTF-8"?>' +
      '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"' +
      ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">' +
      `<e:Header><w:MessageID>urn:uuid:${escaped(id)}</w:MessageID>` +
      '<w:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>' +
      '<w:Action e:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>' +
      `<e:Body><d:Probe>${TYPES[of]}</d:Probe></e:Body></e:Envelope>`,
    'utf8',
  );
}

/** Of a ProbeMatches; nothing of anything else. Whose question it answers is not looked at: cameras spell that in every way. */
export function matches(datagram: Uint8Array): readonly Match[] {
  if (datagram.length > BYTES_MAX) return [];
  const envelope = readXml(Buffer.from(datagram).toString('utf8'));
  return findAll(envelope, 'probematch')
    .slice(0, MATCHES_MAX)
    .map((each) => {
      const scopes = words(find(each, 'scopes')?.text ?? '');
      return {
        id: (find(find(each, 'endpointreference'), 'address')?.text ?? '').slice(0, 200),
        addresses: words(textOf(each)).slice(0, 16),
        name: scope(scopes, 'name'),
        hardware: scope(scopes, 'hardware'),
        location: scope(scopes, 'location'),
        profiles: scopes.flatMap((text) => /^onvif:\/\/www\.onvif\.org\/profile\/([\w-]{1,20})$/i.exec(text)?.[1] ?? []),
      };
    });
}

const textOf = (match: Parameters<typeof find>[0]): string => textBelow(match, 'xaddrs') || (find(match, 'xaddrs')?.text ?? '');
const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '' && word.length <= 400);

function scope(scopes: readonly string[], name: string): string {
  const start = `onvif://www.onvif.org/${name}/`;
  const found = scopes.find((text) => text.toLowerCase().startsWith(start))?.slice(start.length) ?? '';
  return decoded(found).slice(0, 200);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    // Not percent-encoded after all, but a name with a percent sign.
    if (error instanceof URIError) return text;
    throw error;
  }
}

export interface Way extends HostPort {
  readonly path: string;
}

/**
 * How to reach it: at the host its answer came from, which is one that answers, with the port and path it names for that host or else the
 * first it names at all. Null: it named no address.
 */
export function way({ addresses }: Match, from: string): Way | null {
  const ways = addresses.flatMap((address) => {
    const at = hostPort(address);
    const path = pathOf(address);
    return at === null || path === null ? [] : [{ ...at, path }];
  });
  const best = ways.find(({ host, secure }) => host === from && !secure) ?? ways.find(({ host }) => host === from) ?? ways[0];
  return best === undefined ? null : { ...best, host: from };
}
