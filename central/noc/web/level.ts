/** Loudness in bars. Pure. Steps of speech levels below full scale: room noise, quiet speech, normal speech. */
const steps = [-55, -40, -25] as const;

/** 0 to 3; 0 also when the level is not known. */
export const levelBars = (db: number | null): number => (db === null ? 0 : steps.filter((step) => db >= step).length);
