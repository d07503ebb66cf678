/** Audit rows of the API: who asked for what, from where, and what became of it. Reading is not audited; being refused is. */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../protocol/clock.ts';
import type { Log } from '../../protocol/log.ts';
import { masked } from '../../protocol/node/log.ts';
import type { History } from './contract.ts';

const detailBytes = 4_000;

export interface Auditor {
  done(request: FastifyRequest): Promise<void>;
  /** Never fails: the refusal itself has been decided. */
  refused(request: FastifyRequest, code: string): void;
}

export function auditor(history: Pick<History, 'addAudit'>, clock: Clock, log: Log): Auditor {
  const add = (request: FastifyRequest, outcome: string): Promise<void> => {
    const { route } = request.routeOptions.config;
    // What is said at login and about one's own password is nobody's business, whatever the fields are called.
    const isPersonal = route?.act.startsWith('session.') === true || route?.act.startsWith('me.') === true;
    // A refused body may be anything: what is done has been checked. Where the route chooses what is kept, of a refused one nothing is.
    const chooses = route?.audited;
    const kept = chooses === undefined ? request.body : outcome === 'done' ? chooses(request.body as never) : null;
    if (outcome === 'done' && chooses !== undefined && kept === null) return Promise.resolve();
    const detail = isPersonal ? null : masked(kept ?? null);
    return history.addAudit({
      at: clock.now(),
      by: nameOf(request),
      from: request.ip,
      act: route?.act ?? request.method,
      target: targetOf(request),
      outcome,
      detail: JSON.stringify(detail).length > detailBytes ? { tooLong: true } : detail,
    });
  };
  return {
    done: (request) => add(request, 'done'),
    refused(request, code) {
      const { route } = request.routeOptions.config;
      if (route === undefined || route.audit === 'none') return;
      // Strangers who knock at doors, and floods that are throttled, would only bury what matters.
      const isLogin = route.action === 'session.login' || route.action === 'session.setup';
      if (code === 'throttled' || (request.who === null && !isLogin)) return;
      add(request, code).catch((error: unknown) => log.error({ error, code }, 'could not write an audit row'));
    },
  };
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value.slice(0, 120) : null);

function nameOf(request: FastifyRequest): string {
  if (request.who !== null) return request.who.name;
  return text((request.body as { name?: unknown } | null | undefined)?.name) ?? 'nobody';
}

/** What it was about: the path's parameters, or the id in the body of something new. */
function targetOf(request: FastifyRequest): string {
  const params = Object.values((request.params ?? {}) as Record<string, unknown>).map(String);
  if (params.length > 0) return params.join('/').slice(0, 200);
  const body = request.body;
  if (typeof body !== 'object' || body === null) return '';
  const { site, hub, name, title } = body as Record<string, unknown>;
  return text(site) ?? text(hub) ?? text(name) ?? text(title) ?? '';
}
