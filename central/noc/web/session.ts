/** Who is logged in. Asks central at the start, remembers nothing itself: the cookie is the browser's. */
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Me } from '../../../protocol/api.ts';
import type { Trouble } from '../../../protocol/web/problem.ts';
import type { Api, Reply } from './api.ts';

export type Session =
  | { readonly is: 'asking' }
  /** `ended`: somebody was logged in, and the session ran out. */
  | { readonly is: 'out'; readonly ended: boolean }
  | { readonly is: 'in'; readonly me: Me };

export class SessionKeeper {
  readonly #state = signal<Session>({ is: 'asking' });

  get state(): ReadonlySignal<Session> {
    return this.#state;
  }

  csrf(): string | null {
    const state = this.#state.peek();
    return state.is === 'in' ? state.me.csrf : null;
  }

  /** Asks who we are. Returns what went wrong other than "nobody". */
  async ask(api: Pick<Api, 'me'>): Promise<Trouble | undefined> {
    const reply = await api.me();
    if (reply.ok) {
      this.#state.value = { is: 'in', me: reply.value };
      return undefined;
    }
    if (reply.trouble?.status === 401) {
      this.#state.value = { is: 'out', ended: this.#state.peek().is === 'in' };
      return undefined;
    }
    return reply.trouble;
  }

  /** Runs `enter` (a login or the first set-up), then asks who we are. */
  async enter(api: Pick<Api, 'me'>, enter: () => Promise<Reply<unknown>>): Promise<Reply<unknown>> {
    const reply = await enter();
    if (!reply.ok) return reply;
    const trouble = await this.ask(api);
    return trouble === undefined ? reply : { ok: false, trouble };
  }

  left({ ended }: { readonly ended: boolean }): void {
    this.#state.value = { is: 'out', ended };
  }
}
