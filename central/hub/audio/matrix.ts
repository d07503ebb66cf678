/** The mixing matrix: which input channels each output carries. Pure, and the same for ever: who speaks is put into an input by the relay. */

/** Loudness of one voice in the mix; three at once stay below full scale most of the time, and the conversion to 16 bit saturates. */
export const voiceGain = 0.8;

/**
 * Rows are outputs: one for each slot with everybody in a slot but this one, and a last one with all of them. Columns are inputs: the slots
 * and a silent last one.
 */
export function mixMatrix(slots: number): readonly (readonly number[])[] {
  const row = (without: number): readonly number[] =>
    Array.from({ length: slots + 1 }, (_, channel) => (channel < slots && channel !== without ? voiceGain : 0));
  return Array.from({ length: slots + 1 }, (_, output) => row(output));
}

/** The matrix in GStreamer's notation for the property `matrix` of audiomixmatrix. */
export const matrixText = (matrix: readonly (readonly number[])[]): string =>
  `<${matrix.map((row) => `<${row.map((gain) => `(double)${gain}`).join(',')}>`).join(',')}>`;
