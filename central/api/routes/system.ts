/** For machines: is it alive, how is it, what does it speak. No login. */
import { Type } from 'typebox';
import { type Metric, render } from '../metrics.ts';
import { openApi } from '../openapi.ts';
import { type Route, route } from '../route.ts';

export interface SystemParts {
  readonly version: string;
  /** What is wrong though central is alive; one short text each. */
  readonly problems: () => readonly string[];
  readonly uptimeS: () => number;
  readonly metrics: () => readonly Metric[];
}

const Health = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
    version: Type.String(),
    uptimeS: Type.Number(),
    problems: Type.Array(Type.String()),
  },
  { additionalProperties: false },
);

/** @param others all routes beside these: the document describes them too. */
export function systemRoutes({ version, problems, uptimeS, metrics }: SystemParts, others: readonly Route[]): readonly Route[] {
  let document: object | null = null;
  const routes: Route[] = [
    route('GET /healthz', {
      action: 'health.read',
      summary: 'Alive, and what is wrong',
      gives: Health,
      run: () => {
        const wrong = problems();
        return { status: wrong.length === 0 ? 'ok' : 'degraded', version, uptimeS: uptimeS(), problems: wrong };
      },
    }),
    route('GET /metrics', {
      action: 'metrics.read',
      summary: 'Numbers for Prometheus',
      gives: 'text/plain; version=0.0.4; charset=utf-8',
      run: ({ reply }) => reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(render(metrics())),
    }),
    route('GET /api/v1/openapi.json', {
      action: 'openapi.read',
      summary: 'This API as an OpenAPI document',
      gives: Type.Record(Type.String(), Type.Unknown()),
      run: () => {
        document ??= openApi([...routes, ...others], version);
        return document;
      },
    }),
  ];
  return routes;
}
