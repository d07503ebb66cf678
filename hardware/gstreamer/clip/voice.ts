/**
 * A voice-like sound, computed: bursts of about two seconds with pauses of about four, syllables within, a pitch for each site. It gives
 * active-speaker detection work where no microphone is. Pure and deterministic.
 */

export const RATE = 48_000;

export interface Voice {
  /** Pitch of the voice in Hz; speaking people lie between 90 and 250. */
  readonly pitchHz: number;
  /** Length of the round; it loops without a click because it ends in a pause. */
  readonly seconds: number;
  /** Begin and end of each burst within the round, in seconds. */
  readonly bursts: readonly (readonly [number, number])[];
}

/** The voice of the n-th site: on for 2 s, off for 4 s, begun at another moment than its neighbours. */
export function voiceOf(n: number): Voice {
  const phase = (n * 1.7) % 4;
  const bursts = [0, 6].map((round): readonly [number, number] => [round + phase, round + phase + 1.9]);
  return { pitchHz: 95 + ((n * 37) % 120), seconds: 12, bursts };
}

/** Relative strength of the harmonics: a vowel-like envelope that falls off above 1.5 kHz. */
const HARMONICS = [1, 0.8, 0.9, 0.6, 0.45, 0.4, 0.2, 0.12] as const;
const SYLLABLES_PER_SECOND = 4;
const PEAK = 0.35;
const EDGE_SECONDS = 0.03;
const TABLE = 4096;

/** 16-bit mono samples of one round. */
export function sampleVoice({ pitchHz, seconds, bursts }: Voice): Int16Array {
  const samples = new Int16Array(Math.round(seconds * RATE));
  const wave = vowel();
  for (const [from, to] of bursts) {
    let phase = 0;
    for (let i = Math.round(from * RATE); i < Math.round(to * RATE) && i < samples.length; i++) {
      const time = i / RATE;
      const edge = Math.min(1, (time - from) / EDGE_SECONDS, (to - time) / EDGE_SECONDS);
      const syllable = 0.35 + 0.65 * Math.abs(Math.sin(Math.PI * SYLLABLES_PER_SECOND * (time - from)));
      phase += (pitchHz * (1 + 0.06 * Math.sin(2 * Math.PI * 0.9 * time))) / RATE;
      const tone = wave[Math.floor((phase % 1) * TABLE)] ?? 0;
      samples[i] = Math.round(32_767 * PEAK * edge * syllable * tone);
    }
  }
  return samples;
}

/** One period of the vowel, peak 1. */
function vowel(): Float64Array {
  const table = Float64Array.from({ length: TABLE }, (_, i) =>
    HARMONICS.reduce((sum, strength, n) => sum + strength * Math.sin((2 * Math.PI * (n + 1) * i) / TABLE + n), 0),
  );
  const peak = table.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return table.map((value) => value / peak);
}

/** A WAV file of mono 16-bit samples at 48 kHz. */
export function wav(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(44 + samples.byteLength);
  const view = new DataView(bytes.buffer);
  const words = (at: number, ascii: string): void => bytes.set(new TextEncoder().encode(ascii), at);
  words(0, 'RIFF');
  view.setUint32(4, 36 + samples.byteLength, true);
  words(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  words(36, 'data');
  view.setUint32(40, samples.byteLength, true);
  for (const [i, sample] of samples.entries()) view.setInt16(44 + i * 2, sample, true);
  return bytes;
}
