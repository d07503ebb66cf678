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
