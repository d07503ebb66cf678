/** RTSP responses as text (RFC 2326 §7) and the description of the stream as SDP (RFC 4566, RFC 6184 §8.2.1). Pure. */
import type { Clip } from './clip.ts';
import { CLOCK_RATE, PAYLOAD_TYPE } from './rtp.ts';

/** Status codes in use, with their words (RFC 2326 §7.1.1). */
const REASONS = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  406: 'Not Acceptable',
  413: 'Request Entity Too Large',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'RTSP Version not supported',
} as const;
export type Status = keyof typeof REASONS;

export interface Response {
  readonly status: Status;
  /** Null: the request had none that could be read. */
  readonly cseq: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function formatResponse({ status, cseq, headers = {}, body = '' }: Response): string {
  const all = {
    ...(cseq === null ? {} : { CSeq: cseq }),
    ...headers,
    ...(body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `RTSP/1.0 ${status} ${REASONS[status]}\r\n${lines.join('')}\r\n${body}`;
}

/** Below the stream's URL: what SETUP names. */
export const TRACK = 'track1';

/** One H.264 stream. `host` is the address at which the viewer reached us. */
export function describe({ sps, pps, rate, width, height }: Clip, host: string): string {
  const family = host.includes(':') ? 'IP6' : 'IP4';
  const profile = Buffer.from(sps.subarray(1, 4)).toString('hex').toUpperCase();
  const sets = [sps, pps].map((nal) => Buffer.from(nal).toString('base64')).join(',');
  const lines = [
    'v=0',
    `o=- 1 1 IN ${family} ${host}`,
    's=camera',
    `c=IN ${family} ${family === 'IP6' ? '::' : '0.0.0.0'}`,
    't=0 0',
    'a=type:broadcast',
    'a=control:*',
    'a=range:npt=now-',
    `m=video 0 RTP/AVP ${PAYLOAD_TYPE}`,
    `a=rtpmap:${PAYLOAD_TYPE} H264/${CLOCK_RATE}`,
    `a=fmtp:${PAYLOAD_TYPE} packetization-mode=1;profile-level-id=${profile};sprop-parameter-sets=${sets}`,
    `a=framesize:${PAYLOAD_TYPE} ${width}-${height}`,
    `a=framerate:${Number((rate.num / rate.den).toFixed(3))}`,
    `a=control:${TRACK}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}
