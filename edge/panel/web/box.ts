/** What the page asks of the box. */
import type { Problem } from '../../../protocol/api.ts';
import type { PanelAct, PanelDone, PanelState } from '../../../protocol/panel.ts';

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem | null };

async function call<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer<T>> {
  try {
    const answer = await fetch(path, {
      method,
      headers: { 'x-panel': '1', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(5000),
    });
    const value: unknown = await answer.json();
    return answer.ok ? { ok: true, value: value as T } : { ok: false, problem: value as Problem };
  } catch (error) {
    // Whatever it is, the box gave no answer: the page says so and asks again.
    if (error instanceof Error) return { ok: false, problem: null };
    throw error;
  }
}

export const box = {
  state: () => call<PanelState>('GET', '/api/state'),
  open: (pin: string) => call<PanelState>('POST', '/api/open', { pin }),
  close: () => call<PanelState>('POST', '/api/close', {}),
  act: (act: PanelAct) => call<PanelDone>('POST', '/api/act', act),
};
