/** A list that is asked for when a page opens and again after a change. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Trouble } from '../../../protocol/web/problem.ts';
import type { Reply } from './api.ts';

export type Loaded<T> =
  | { readonly is: 'loading' }
  | { readonly is: 'here'; readonly value: T }
  | { readonly is: 'failed'; readonly trouble: Trouble };

/** What `ask` answered, and a function that asks anew. `ask` must be stable. */
export function useLoaded<T>(ask: () => Promise<Reply<T>>): readonly [Loaded<T>, () => Promise<void>] {
  const [state, setState] = useState<Loaded<T>>({ is: 'loading' });
  const load = useCallback(async (): Promise<void> => {
    const reply = await ask();
    setState(reply.ok ? { is: 'here', value: reply.value } : { is: 'failed', trouble: reply.trouble });
  }, [ask]);
  useEffect(() => {
    void load();
  }, [load]);
  return [state, load];
}

export interface Pages<Row> {
  readonly rows: readonly Row[];
  readonly more: boolean;
  readonly loading: boolean;
  readonly trouble: Trouble | undefined;
  readonly next: () => Promise<void>;
}

/** A long list, newest first, by pages of `limit` rows; `ask` takes the id to go on before. */
export function usePages<Row extends { readonly id: number }>(
  ask: (before: number | null, limit: number) => Promise<Reply<readonly Row[]>>,
  limit: number,
): Pages<Row> {
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [more, setMore] = useState(true);
  const [loading, setLoading] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | undefined>(undefined);
  const from = useCallback(
    async (known: readonly Row[]): Promise<void> => {
      setLoading(true);
      const reply = await ask(known.at(-1)?.id ?? null, limit);
      setLoading(false);
      setTrouble(reply.ok ? undefined : reply.trouble);
      if (!reply.ok) return;
      setRows([...known, ...reply.value]);
      setMore(reply.value.length >= limit);
    },
    [ask, limit],
  );
  useEffect(() => {
    void from([]);
  }, [from]);
  return { rows, more, loading, trouble, next: () => from(rows) };
}
