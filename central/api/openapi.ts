/** The OpenAPI 3.1 document, made from the route table: TypeBox schemas are JSON Schema 2020-12 already. */
import type { TObject } from 'typebox';
import { Problem } from '../../protocol/api.ts';
import { permissions } from '../auth/permissions.ts';
import type { Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

const problem = {
  description: 'Problem document (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
} as const;

function parameters(schema: TObject | undefined, place: 'path' | 'query'): readonly Json[] {
  if (schema === undefined) return [];
  const required = new Set<string>(schema.required ?? []);
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.has(name),
    schema: property,
  }));
}

function answer(route: Route): Json {
  switch (route.answer.is) {
    case 'json':
      return { description: 'Done', content: { 'application/json': { schema: route.answer.schema } } };
    case 'raw':
      return { description: 'Done', content: { [route.answer.media]: {} } };
    case 'empty':
      return { description: 'Done' };
    default:
      return route.answer satisfies never;
  }
}

function operation(route: Route): Json {
  const need = permissions[route.action];
  const all = [...parameters(route.params, 'path'), ...parameters(route.query, 'query')];
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replace('/api/v1', '').replaceAll(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '')}`,
    summary: route.summary,
    description: need === 'anyone' ? 'Needs no login.' : `Needs the role ${need} (action ${route.action}).`,
    tags: [route.action.split('.')[0]],
    ...(all.length > 0 ? { parameters: all } : {}),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    responses: { [route.status]: answer(route), default: problem },
    security: need === 'anyone' ? [] : [{ session: [], ...(route.method === 'GET' ? {} : { csrf: [] }) }, { service: [] }],
  };
}

/** @param version of the program. */
export function openApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const each of routes) paths[each.path] = { ...paths[each.path], [each.method.toLowerCase()]: operation(each) };
  return {
    openapi: '3.1.0',
    info: { title: 'Điểm Cầu: central', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    paths,
    components: {
      schemas: { Problem },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'diemcau_session' },
        csrf: { type: 'apiKey', in: 'header', name: 'x-csrf-token', description: 'the `csrf` of GET /api/v1/me' },
        service: { type: 'http', scheme: 'bearer', description: 'the service token of tools on the same machine' },
      },
    },
  };
}
