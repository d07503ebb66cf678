/** What the main thread and the database thread say to each other. */

export interface OpenOptions {
  readonly file: string;
  readonly readonly: boolean;
}

/** Rows for one prepared statement. */
export interface Group {
  readonly sql: string;
  readonly rows: readonly (readonly unknown[])[];
}

export type ThreadRequest =
  | { readonly do: 'query'; readonly sql: string; readonly parameters: readonly unknown[] }
  /** All groups in one transaction; `rows` of the result are [changes, row id], one for each row. */
  | { readonly do: 'batch'; readonly groups: readonly Group[] }
  | { readonly do: 'close' };

export interface ThreadResult {
  readonly rows: readonly unknown[];
  readonly changes: number;
  readonly id: number;
}

/** `id` 0 answers the opening of the file. */
export type ThreadReply =
  | { readonly id: number; readonly ok: true; readonly result: ThreadResult }
  | { readonly id: number; readonly ok: false; readonly error: { readonly code: string; readonly message: string } };
