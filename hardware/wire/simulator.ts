/**
 * What every simulator of a device is: a pure state machine that takes bytes and says bytes, now or after a while. Served on a pty or a
 * port by serve.ts; spoiled on purpose by trouble.ts.
 */

/** `afterMs` counts from the call that caused it. What is said later may depend on nothing that happens in between. */
export interface Said {
  readonly bytes: Uint8Array;
  readonly afterMs: number;
}

export interface Simulator {
  /** Somebody has opened the line. */
  opened(): readonly Said[];
  /** The line was closed: sessions end, calls go on. */
  closed(): void;
  feed(bytes: Uint8Array): readonly Said[];
  /** Something happens at the device itself: `incoming 2001`, `front-panel mute`. @throws Error naming what it knows. */
  happen(what: string): readonly Said[];
  /** It lost its power and got it again. */
  restart(): readonly Said[];
  /** For tests and for whoever watches: what it is doing now. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export const now = (...all: readonly (Uint8Array | string)[]): readonly Said[] =>
  all.map((bytes) => ({ bytes: typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, afterMs: 0 }));

export const later = (afterMs: number, bytes: Uint8Array | string): Said => ({
  bytes: typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes,
  afterMs,
});
