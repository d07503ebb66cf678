/**
 * A picture that takes the whole rate that is planned for it. The test pattern needs a fiftieth (18 of 1500 kbit/s; this one, encoded as a
 * site does it, 1495): nothing that is tried on a bad or a narrow way with the pattern alone says anything of a camera.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const words = (line: string): string[] => line.trim().split(/\s+/);

/** What moves, under the grain of a camera's sensor, as `gst-launch-1.0` takes it; the raw pictures come out of the element `grain`. @param properties of both sources */
export const grain = (width: number, height: number, fps: number, properties: string): string => {
  const format = `video/x-raw,format=I420,width=${width},height=${height},framerate=${fps}/1`;
  const source = (pattern: string): string => `videotestsrc ${properties} pattern=${pattern} ! ${format} ! queue ! grain.`;
  return `${source('ball')} ${source('snow')} compositor name=grain sink_1::alpha=0.03 ! ${format}`;
};

const SECONDS = 4;

/** Four seconds of it in a file, for a source that is played in a loop. */
export function grainyFilm(folder: string): string {
  const path = join(folder, 'film.mkv');
  const encode = 'x264enc bitrate=6000 speed-preset=ultrafast key-int-max=25 ! h264parse ! matroskamux';
  execFileSync('gst-launch-1.0', [
    '-q',
    ...words(`${grain(1280, 720, 25, `num-buffers=${SECONDS * 25}`)} ! ${encode} ! filesink location=${path}`),
  ]);
  return path;
}
