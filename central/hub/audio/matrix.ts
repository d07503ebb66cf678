/** The mixing matrix: which input channels each output carries. Pure. */

/** Loudness of one voice in the mix; three at once stay below full scale most of the time, and the conversion to 16 bit saturates. */
export const voiceGain = 0.8;

/**
 * Rows are outputs: one for each slot with everybody in a slot but its own speaker, and a last one with all of them.
 * @param channels number of input channels, the silent last one included.
 * @param slots input channel of each slot's speaker, null for an empty slot.
 */
export function mixMatrix(channels: number, slots: readonly (number | null)[]): readonly (readonly number[])[] {
  const row = (without: number | null): readonly number[] =>
    Array.from({ length: channels }, (_, channel) =>
      slots.some((speaker, slot) => speaker === channel && slot !== without) ? voiceGain : 0,
    );
  return [...slots.map((_, slot) => row(slot)), row(null)];
}

/** The matrix in GStreamer's notation for the property `matrix` of audiomixmatrix. */
export const matrixText = (matrix: readonly (readonly number[])[]): string =>
  `<${matrix.map((row) => `<${row.map((gain) => `(double)${gain}`).join(',')}>`).join(',')}>`;
