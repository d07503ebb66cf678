/**
 * The baseline of the hub benchmark: a full MCU built from the same GStreamer elements, from files, as CPU seconds per media second.
 * It decodes every site's 720p picture, composes and encodes one mosaic at the hub's frame rate, and mixes N-1 audio the naive way: one mixer of
 * N-1 inputs and one encoder for each site.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const columns = 4;
const cell = { width: 320, height: 180 };

/** User and system time of a command in seconds, children included. */
function cpuSeconds(args: readonly string[]): number {
  const done = spawnSync('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@"', 'bash', ...args], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 1 << 26,
  });
  const times = /([\d.]+) ([\d.]+)\s*$/.exec(done.stderr);
  if (done.status !== 0 || times === null) throw new Error(`${args.slice(0, 3).join(' ')} failed: ${done.stderr.slice(-500)}`);
  return Number(times[1]) + Number(times[2]);
}

/** `clips`: H.264 byte-stream files of 720p25, `seconds` long. */
export function mcuVideo(clips: readonly string[], seconds: number, fps: number): number {
  const sources = clips.map(
    (file, index) =>
      `filesrc location=${file} ! h264parse ! video/x-h264,framerate=25/1 ! avdec_h264 max-threads=1 ! queue max-size-buffers=3 ! c.sink_${index}`,
  );
  const pads = clips.map((_, index) => {
    const [x, y] = [(index % columns) * cell.width, Math.floor(index / columns) * cell.height];
    return `sink_${index}::xpos=${x} sink_${index}::ypos=${y} sink_${index}::width=${cell.width} sink_${index}::height=${cell.height}`;
  });
  const out = `compositor name=c ${pads.join(' ')} ! video/x-raw,format=I420,width=1280,height=720,framerate=${fps}/1 ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 key-int-max=${fps * 2} ! fakesink sync=false`;
  return cpuSeconds(['gst-launch-1.0', '-q', ...`${out} ${sources.join(' ')}`.split(' ')]) / seconds;
}

/** `folder` takes a temporary file; `sites` voices of `seconds`. */
export function mcuAudio(folder: string, sites: number, seconds: number): number {
  const file = join(folder, 'voice.ogg');
  const make = `audiotestsrc wave=pink-noise volume=0.2 num-buffers=${seconds * 50} samplesperbuffer=960 ! audio/x-raw,rate=48000,channels=1 ! opusenc bitrate=32000 frame-size=20 ! oggmux ! filesink location=${file}`;
  cpuSeconds(['gst-launch-1.0', '-q', ...make.split(' ')]);
  const all = Array.from({ length: sites }, (_, index) => index);
  const parts = [
    ...all.map(
      (site) => `audiomixer name=m${site} ! audioconvert ! opusenc bitrate=32000 complexity=5 frame-size=20 ! fakesink sync=false`,
    ),
    ...all.map(
      (site) =>
        `filesrc location=${file} ! oggdemux ! opusdec ! audioconvert ! audio/x-raw,format=F32LE,rate=48000,channels=1 ! tee name=t${site}`,
    ),
    ...all.flatMap((from) => all.filter((to) => to !== from).map((to) => `t${from}. ! queue ! m${to}.`)),
  ];
  return cpuSeconds(['gst-launch-1.0', '-q', ...parts.join(' ').split(' ')]) / seconds;
}
