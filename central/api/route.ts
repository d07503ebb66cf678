/** A route as data: what it is called, who may, what it takes and gives. The server, the OpenAPI document and the tests read the same table. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TObject, TSchema } from 'typebox';
import type { WebSocket } from 'ws';
import type { Action } from '../auth/permissions.ts';
import type { Actor, Principal } from '../auth/principal.ts';

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Null only where the action is open to anyone. */
  readonly who: Principal | null;
  readonly actor: Actor;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

type Infer<S extends TSchema | undefined> = S extends TSchema ? Static<S> : undefined;

/** How an answer looks: JSON with a schema, nothing, or bytes that the handler sends itself. */
export type Answer =
  | { readonly is: 'json'; readonly schema: TSchema }
  | { readonly is: 'empty' }
  | { readonly is: 'raw'; readonly media: string };

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** OpenAPI form: /api/v1/meetings/{id}. */
  readonly path: string;
  readonly action: Action;
  /** What the audit calls it. */
  readonly act: string;
  readonly summary: string;
  readonly params?: TObject;
  readonly query?: TObject;
  readonly body?: TSchema;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer: Answer;
  /** `done`: the API writes the audit row of a success; `stored`: it is in the intent's own transaction. Refusals are always written. */
  readonly audit: 'none' | 'done' | 'stored';
  /** What the audit row keeps of the body; null: no row. Absent: the body, secrets masked by name. */
  readonly audited?: (body: never) => unknown;
  readonly run: (call: Call<never, never, never>) => unknown;
  /** Takes a WebSocket on the same path. */
  readonly upgrade?: (socket: WebSocket, call: Call<never, never, never>) => void;
}

interface Spec<P extends TObject | undefined, Q extends TObject | undefined, B extends TSchema | undefined> {
  readonly action: Action;
  /** The action when absent. */
  readonly act?: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly audit?: Route['audit'];
  readonly audited?: (body: Infer<B>) => unknown;
  /** JSON schema of the answer, null for none, or a media type for bytes. */
  readonly gives: TSchema | null | string;
  readonly status?: Route['status'];
  readonly run: (call: Call<Infer<P>, Infer<Q>, Infer<B>>) => unknown;
  readonly upgrade?: (socket: WebSocket, call: Call<Infer<P>, Infer<Q>, Infer<B>>) => void;
}

/** Writes down one route; the handler sees the types of its schemas. `at` is 'METHOD /path'. */
export function route<
  P extends TObject | undefined = undefined,
  Q extends TObject | undefined = undefined,
  B extends TSchema | undefined = undefined,
>(at: `${Route['method']} /${string}`, spec: Spec<P, Q, B>): Route {
  const [method, path] = at.split(' ') as [Route['method'], string];
  const { gives } = spec;
  const answer: Answer =
    gives === null ? { is: 'empty' } : typeof gives === 'string' ? { is: 'raw', media: gives } : { is: 'json', schema: gives };
  return {
    method,
    path,
    action: spec.action,
    act: spec.act ?? spec.action,
    summary: spec.summary,
    ...(spec.params === undefined ? {} : { params: spec.params }),
    ...(spec.query === undefined ? {} : { query: spec.query }),
    ...(spec.body === undefined ? {} : { body: spec.body }),
    status: spec.status ?? (gives === null ? 204 : 200),
    answer,
    audit: spec.audit ?? 'none',
    ...(spec.audited === undefined ? {} : { audited: spec.audited }),
    run: spec.run,
    ...(spec.upgrade === undefined ? {} : { upgrade: spec.upgrade }),
  };
}

/** The fastify form of a path. */
export const urlOf = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');
