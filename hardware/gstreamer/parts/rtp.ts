/** RTP on loopback: the only way in which media enters and leaves a worker. The relay carries the packets between machines. */
import { type Caps, type Chain, caps, chain, element, filter, reflexed, shielded } from '../pipeline.ts';

/** Payload types of the common profile. */
export const VIDEO_PT = 96;
export const AUDIO_PT = 111;
/** Wall-clock capture time in every first packet of a frame; readers find it under this extension id. */
export const NTP64_EXTENSION_ID = 1;
const NTP64 = { [`extmap-${NTP64_EXTENSION_ID}`]: 'urn:ietf:params:rtp-hdrext:ntp-64' } as const;
/** Loudness of each packet of a voice (RFC 6464), so that a hub knows which voices are worth decoding. Three texts: direction, URI, attributes. */
export const LEVEL_EXTENSION_ID = 2;
const LEVEL = { [`extmap-${LEVEL_EXTENSION_ID}`]: ['', 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', 'vad=off'] } as const;
/**
 * Packets of at most 1200 bytes: small enough for any path with SRT, IP and tunnel headers around it. The payloaders (1.22) do not count the
 * 16 bytes of the header extension for a unit that fits into one packet.
 */
const MTU = 1200 - 16;
const LOOPBACK = '127.0.0.1';
/** One keyframe of 1080p and more; the kernel cuts it to net.core.rmem_max. */
const RECEIVE_BYTES = 1_048_576;

export interface RtpOut {
  /** Names the payloader `<id>-pay`. */
  readonly id: string;
  /** UDP port of loopback, usually an input of the relay. */
  readonly port: number;
  readonly ssrc: number;
  readonly pt?: number;
  /** First sequence number and timestamp; random when left out, as RTP wants it for a new stream. */
  readonly seqnumOffset?: number;
  readonly timestampOffset?: number;
}

export interface RtpAudioOut extends RtpOut {
  readonly level?: boolean;
}

/** H.264 access units to RTP packets on a port. */
export function rtpVideoOut({ id, port, ssrc, pt = VIDEO_PT, seqnumOffset, timestampOffset }: RtpOut): Chain {
  const pay = element(
    'rtph264pay',
    {
      mtu: MTU,
      pt,
      ssrc,
      'aggregate-mode': 'zero-latency',
      'config-interval': -1,
      'seqnum-offset': seqnumOffset,
      'timestamp-offset': timestampOffset,
    },
    `${id}-pay`,
  );
  return chain(reflexed(pay, { do: 'capture-time', element: `${id}-pay`, pad: 'sink' }), filter('application/x-rtp', NTP64), udpOut(port));
}

/** Opus packets to RTP packets on a port. `level`: with their loudness, which `opusEncode({ level: true })` has found. */
export function rtpAudioOut({ id, port, ssrc, pt = AUDIO_PT, seqnumOffset, timestampOffset, level = false }: RtpAudioOut): Chain {
  const pay = element(
    'rtpopuspay',
    { mtu: MTU, pt, ssrc, 'seqnum-offset': seqnumOffset, 'timestamp-offset': timestampOffset },
    `${id}-pay`,
  );
  const said = level ? { ...NTP64, ...LEVEL } : NTP64;
  return chain(reflexed(pay, { do: 'capture-time', element: `${id}-pay`, pad: 'sink' }), filter('application/x-rtp', said), udpOut(port));
}

/** Sends at once what comes: whoever is in front has the right pace already. Without `async=false` a live pipeline can wait for ever to preroll. */
function udpOut(port: number): Chain {
  return chain(element('udpsink', { host: LOOPBACK, port, sync: false, async: false }));
}

export interface RtpIn {
  readonly port: number;
  readonly pt?: number;
  /** The only SSRC that is taken; any when left out, which a port needs whose relay switches between streams. */
  readonly ssrc?: number;
  /** Names the udpsrc `<id>-udp` and what is behind it. */
  readonly id: string;
  /** Puts packets in order and paces them, at the price of this delay. `null`: packets are taken as they come, which is right behind a relay. */
  readonly jitterMs: number | null;
}

/** RTP packets from a port to H.264 access units (byte-stream, parameter sets with each IDR). Damage shows as DISCONT. */
export function rtpVideoIn({ port, pt = VIDEO_PT, ssrc, id, jitterMs }: RtpIn): Chain {
  const type = caps('application/x-rtp', { media: 'video', 'clock-rate': 90_000, 'encoding-name': 'H264', payload: pt, ...NTP64 });
  return chain(
    udpIn({ id, port, pt, type, ssrc }),
    jitter(id, jitterMs),
    shielded('rtph264depay', {}, `${id}-depay`),
    shielded('h264parse', { 'config-interval': -1 }, `${id}-parse`),
    filter('video/x-h264', { 'stream-format': 'byte-stream', alignment: 'au' }),
  );
}

/** RTP packets from a port to Opus packets. With a jitter buffer, losses are told to the decoder, which conceals them. */
export function rtpAudioIn({ port, pt = AUDIO_PT, ssrc, id, jitterMs }: RtpIn): Chain {
  const type = caps('application/x-rtp', { media: 'audio', 'clock-rate': 48_000, 'encoding-name': 'OPUS', payload: pt, ...NTP64 });
  return chain(udpIn({ id, port, pt, type, ssrc }), jitter(id, jitterMs), shielded('rtpopusdepay', {}, `${id}-depay`));
}

interface UdpIn {
  readonly id: string;
  readonly port: number;
  readonly pt: number;
  readonly type: Caps;
  readonly ssrc: number | undefined;
}

function udpIn({ id, port, pt, type, ssrc }: UdpIn): Chain {
  // Never shared (`reuse`): asked for any free port, the system may else give one that another worker has, which then hears nothing for ever.
  const source = element('udpsrc', { address: LOOPBACK, port, reuse: false, 'buffer-size': RECEIVE_BYTES, caps: type }, `${id}-udp`);
  const guard = { do: 'rtp-guard', element: `${id}-udp`, pad: 'src', name: id, pt } as const;
  return chain(reflexed(source, ssrc === undefined ? guard : { ...guard, ssrc }));
}

function jitter(id: string, jitterMs: number | null): Chain {
  return jitterMs === null ? [] : chain(element('rtpjitterbuffer', { latency: jitterMs, 'do-lost': true }, `${id}-jitter`));
}
