/** One byte range of a request (RFC 9110 §14.2). Pure. Several ranges, or another unit, are answered with the whole file, as allowed. */

export interface ByteRange {
  readonly from: number;
  /** Last byte, included. */
  readonly to: number;
}

export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | null {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return null;
  if (first === '') {
    const suffix = Math.min(size, Number(last));
    return suffix === 0 ? 'unsatisfiable' : { from: size - suffix, to: size - 1 };
  }
  const from = Number(first);
  const to = last === '' ? size - 1 : Math.min(size - 1, Number(last));
  if (from >= size) return 'unsatisfiable';
  return from > to ? null : { from, to };
}
