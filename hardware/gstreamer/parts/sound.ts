/** Sound: Opus in and out, levels, tones, and the format between. 48 kHz everywhere: Opus knows no better. */
import { type Chain, chain, element, filter, reflexed, shielded } from '../pipeline.ts';

/** Mono by default: rooms have one voice at a time, and half the samples cost half. */
export function rawAudio(channels = 1, format: 'S16LE' | 'F32LE' = 'S16LE'): Chain {
  return chain(filter('audio/x-raw', { format, rate: 48_000, channels, layout: 'interleaved' }));
}

export interface OpusEncode {
  /** Names the encoder. */
  readonly id: string;
  /** Default 32. */
  readonly kbps?: number;
  /** Packet length: 20 in a meeting; 40 halves the packets of a demo. */
  readonly frameMs?: 20 | 40;
  /** 0 (a quarter of the CPU) … 10. Default 5. */
  readonly complexity?: number;
  /** Each packet says how loud it is, to be written into RTP by `rtpAudioOut({ level: true })`. Takes 16-bit sound. */
  readonly level?: boolean;
}

export function opusEncode({ id, kbps = 32, frameMs = 20, complexity = 5, level = false }: OpusEncode): Chain {
  const encoder = element(
    'opusenc',
    {
      bitrate: kbps * 1000,
      'frame-size': String(frameMs),
      complexity,
      'audio-type': 'voice',
      'inband-fec': true,
      'packet-loss-percentage': 5,
    },
    id,
  );
  return level ? chain(rawAudio(), reflexed(encoder, { do: 'loudness', element: id, pad: 'sink' })) : chain(encoder);
}

/** Opus packets to sound; gaps that a jitter buffer reports are concealed. */
export function opusDecode(id: string): Chain {
  return chain(shielded('opusdec', { plc: true, 'use-inband-fec': true }, id));
}

/** Whatever comes becomes 48 kHz. */
export function normaliseSound(channels = 1): Chain {
  return chain(element('audioconvert'), element('audioresample'), rawAudio(channels));
}

/** Measures: events `level` from element `<id>`, ten a second. */
export function measured(id: string): Chain {
  return chain(reflexed(element('level', { interval: 100_000_000, 'post-messages': true }, id), { do: 'levels', element: id }));
}

/** A live sine tone for tests and line-ups; volume 0…1. */
export function tone(id: string, { hz = 440, volume = 0.3 }: { readonly hz?: number; readonly volume?: number } = {}): Chain {
  return chain(element('audiotestsrc', { 'is-live': true, wave: 'sine', freq: hz, volume, samplesperbuffer: 960 }, id), rawAudio());
}

/** Live silence: keeps mixers and clocks going. */
export function silence(id: string): Chain {
  return chain(element('audiotestsrc', { 'is-live': true, wave: 'silence', samplesperbuffer: 960 }, id), rawAudio());
}
