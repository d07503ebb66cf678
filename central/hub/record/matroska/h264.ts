/** H.264 as Matroska holds it: units behind their lengths, parameter sets apart (ISO/IEC 14496-15 §5.3). Pure. */
import { MatroskaError } from './parse.ts';

const IDR = 5;
const SPS = 7;

/** Types of the units of one picture. */
function* unitTypes(picture: Buffer): Generator<number> {
  for (let at = 0; at + 5 <= picture.length; at += 4 + picture.readUInt32BE(at)) yield (picture[at + 4] ?? 0) & 31;
}

/** Whether a decoder can begin here. */
export function isKey(picture: Buffer): boolean {
  for (const type of unitTypes(picture)) if (type === IDR) return true;
  return false;
}

/**
 * The parameter sets of a decoder configuration record, as units behind their lengths.
 * @throws MatroskaError when it is none, or its units have other lengths than ours.
 */
export function parameterSets(record: Buffer): Buffer {
  const bad = (): MatroskaError => new MatroskaError('it has no usable decoder configuration');
  if (record.length < 7 || record[0] !== 1 || ((record[4] ?? 0) & 3) !== 3) throw bad();
  const units: Buffer[] = [];
  let at = 6;
  const take = (count: number): void => {
    for (let n = 0; n < count; n++) {
      if (at + 2 > record.length) throw bad();
      const length = record.readUInt16BE(at);
      const prefix = Buffer.alloc(4);
      prefix.writeUInt32BE(length);
      units.push(prefix, record.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  };
  take((record[5] ?? 0) & 31);
  at += 1;
  take(record[at - 1] ?? 0);
  if (at > record.length || units.length === 0) throw bad();
  return Buffer.concat(units);
}

/** The picture with its parameter sets in front, unless it brings some: then any decoder can go on from a stream with others. */
export function withSets(picture: Buffer, sets: Buffer): Buffer {
  for (const type of unitTypes(picture)) if (type === SPS) return picture;
  return Buffer.concat([sets, picture]);
}
