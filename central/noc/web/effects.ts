/** What the page asks of its browser, in narrow pieces; browser.ts has the real ones, tests bring their own. */

/** What is remembered on this computer. */
export interface Memory {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON, or null when the body is empty or no JSON. */
  readonly body: unknown;
}

/** One request to central; rejects when nothing came back. */
export type Ask = (method: string, path: string, headers: Readonly<Record<string, string>>, body: unknown) => Promise<Answer>;

/** A picture that stands. */
export interface Still {
  /** An address that an element may show until `drop` is called. */
  readonly url: string;
  /** How old it was when it came. */
  readonly ageMs: number;
  readonly drop: () => void;
}

/** Null when there is none, or nothing came back. */
export type AskStill = (path: string) => Promise<Still | null>;
