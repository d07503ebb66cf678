/** The chair's panel as its page asks it: opened with the PIN, then acting. */
import type { PanelAct, PanelDone, PanelState } from '../../protocol/panel.ts';

export interface PanelClient {
  act(act: PanelAct): Promise<PanelDone>;
  state(): Promise<PanelState>;
}

/** Opens the panel at `url`. @throws Error when it stays locked, and later for everything that is refused. */
export async function openPanel(url: string, pin: string): Promise<PanelClient> {
  let cookie = '';
  const ask = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { 'x-panel': '1', cookie },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  await ask('POST', '/api/open', { pin });
  return { act: (act) => ask('POST', '/api/act', act), state: () => ask('GET', '/api/state') };
}
