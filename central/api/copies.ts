/** One recording, several hubs that hold parts of it: which of them is shown, and what is known of all. Pure. */
import type { RecordingCopy, RecordingView } from '../../protocol/recording.ts';

/** The copy that is worth the most: with the one file of all hubs' segments (the fewer hubs it lacks the better), then closed, then longest. */
export function best(copies: readonly RecordingCopy[]): RecordingCopy | null {
  const worth = ({ stitched, manifest, bytes }: RecordingCopy): readonly number[] => [
    stitched === null ? 0 : 100 - stitched.missing.length,
    manifest.endedAt === null ? 0 : 1,
    bytes,
  ];
  const more = (a: RecordingCopy, b: RecordingCopy): number => {
    const [x, y] = [worth(a), worth(b)];
    const at = x.findIndex((each, index) => each !== y[index]);
    return at < 0 ? 0 : (y[at] ?? 0) - (x[at] ?? 0);
  };
  return [...copies].sort(more)[0] ?? null;
}

/** What a hub says now takes the place of what it said before. */
export function withCopy(copies: readonly RecordingCopy[], copy: RecordingCopy): readonly RecordingCopy[] {
  return [...copies.filter(({ hub }) => hub !== copy.hub), copy].sort((a, b) => (a.hub < b.hub ? -1 : 1)).slice(0, 8);
}

export const bytesOf = (copies: readonly RecordingCopy[]): number => copies.reduce((sum, { bytes }) => sum + bytes, 0);

/** The stitched file, and where it is; null while there is none. */
export function stitchedOf(copies: readonly RecordingCopy[]): NonNullable<RecordingView['stitched']> | null {
  const found = best(copies);
  return found === null || found.stitched === null ? null : { hub: found.hub, manifest: found.stitched };
}
