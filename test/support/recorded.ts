/** Judges a recorded file from outside: ffprobe and ffmpeg, which know nothing of us, and the stamps in its pictures. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { chain, element, padOf, pipeline, reflexed } from '../../hardware/gstreamer/pipeline.ts';
import type { StampReading } from '../../hardware/gstreamer/readings.ts';
import { decoder } from '../../protocol/decode.ts';
import { RecordingManifest, StitchedManifest } from '../../protocol/recording.ts';
import { eventually } from './eventually.ts';
import type { HubRig } from './hub.ts';
import { plainWorker, workerRig } from './worker.ts';

const run = promisify(execFile);

export interface Probe {
  readonly video: number;
  readonly audio: number;
  readonly width: number;
  /** From the first to the last packet. */
  readonly seconds: number;
  /** What the file says of itself; 0 when it does not. */
  readonly told: number;
  /** Times of the pictures and of the sounds, seconds. */
  readonly times: { readonly video: readonly number[]; readonly audio: readonly number[] };
}

/** What ffprobe can read of a file. */
export async function probe(path: string): Promise<Probe> {
  const show = 'stream=codec_type,width,nb_read_packets:packet=codec_type,pts_time:format=duration';
  const args = ['-v', 'error', '-count_packets', '-show_entries', show, '-of', 'json', path];
  const { stdout } = await run('ffprobe', args, { maxBuffer: 64 * 1024 * 1024 });
  const { streams, packets, format } = JSON.parse(stdout) as {
    readonly streams: readonly { readonly codec_type: string; readonly width?: number; readonly nb_read_packets: string }[];
    readonly packets: readonly { readonly codec_type: string; readonly pts_time?: string }[];
    readonly format?: { readonly duration?: string };
  };
  const of = (type: string) => streams.find((stream) => stream.codec_type === type);
  const timesOf = (type: string): readonly number[] =>
    packets
      .filter((packet) => packet.codec_type === type)
      .map(({ pts_time: time }) => Number(time))
      .filter(Number.isFinite);
  const count = (type: string): number => Number(of(type)?.nb_read_packets ?? 0);
  const times = { video: timesOf('video'), audio: timesOf('audio') };
  const all = [...times.video, ...times.audio];
  return {
    video: count('video'),
    audio: count('audio'),
    width: of('video')?.width ?? 0,
    seconds: all.reduce((most, time) => Math.max(most, time), 0) - all.reduce((least, time) => Math.min(least, time), 0),
    told: Number(format?.duration ?? 0),
    times,
  };
}

/** The longest time without a packet, seconds. */
export const longestHole = (times: readonly number[]): number =>
  times.reduce((most, time, index) => Math.max(most, index === 0 ? 0 : time - (times[index - 1] ?? 0)), 0);

/** Every picture of a file decodes; times are judged in the file's own unit, not rounded to a frame rate that a live picture has not. */
export const decodes = async (path: string): Promise<string> =>
  (await run('ffmpeg', ['-v', 'error', '-i', path, '-fps_mode', 'passthrough', '-enc_time_base', '-1', '-f', 'null', '-'])).stderr;

/** Decodes all pictures of a file and reads their stamps: `lost` counts what is missing of one source's sequence. */
export async function stampsIn(t: Test, path: string): Promise<StampReading> {
  const rig = workerRig(t, { binary: plainWorker });
  await rig.worker.start(
    pipeline([
      chain(element('filesrc', { location: path }), element('matroskademux', {}, 'demux')),
      chain(
        padOf('demux', 'video_0'),
        element('queue'),
        element('avdec_h264', { 'max-threads': 1 }),
        reflexed(element('fakesink', { sync: false }, 'end'), { do: 'read-stamp', element: 'end', pad: 'sink', name: 'stamps' }),
      ),
    ]),
  );
  await rig.sees('eos');
  return rig.worker.stamps('stamps');
}

const read = async <T>(
  on: Pick<HubRig, 'recordings'>,
  recording: string,
  name: string,
  check: (value: unknown) => T,
): Promise<T | null> => {
  const text = await readFile(join(on.recordings, recording, name), 'utf8').catch(() => null);
  return text === null ? null : check(JSON.parse(text));
};

const checked =
  <T>(schema: ReturnType<typeof decoder>) =>
  (value: unknown): T => {
    const result = schema.check(value);
    if (!result.ok) throw new Error(JSON.stringify(result.fault));
    return result.value as T;
  };

export const manifestOf = (on: Pick<HubRig, 'recordings'>, recording: string): Promise<RecordingManifest | null> =>
  read(on, recording, 'manifest.json', checked<RecordingManifest>(decoder(RecordingManifest)));

export const stitchedOf = (on: Pick<HubRig, 'recordings'>, recording: string): Promise<StitchedManifest | null> =>
  read(on, recording, 'stitched.json', checked<StitchedManifest>(decoder(StitchedManifest)));

/** Waits until there are `want` segments, all but the last closed. */
export const segments = (on: Pick<HubRig, 'recordings'>, recording: string, want: number): Promise<void> =>
  eventually(async () => {
    const now = (await manifestOf(on, recording))?.segments ?? [];
    const closed = now.slice(0, -1).every(({ endedAt }) => endedAt !== null);
    return now.length >= want && closed ? undefined : `${now.length} segments of ${want}, all but the last closed: ${closed}`;
  });
