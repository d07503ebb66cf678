/** From the tables a relay has to the tables it shall have: the fewest commands, in an order that never sends into nothing. Pure. */
import type { Connection, LocalRoute, LocalView, Tables, ViewName } from './tables.ts';

/** One command for the relay. */
export type RelayStep =
  | { readonly do: 'connect'; readonly connection: Connection }
  | { readonly do: 'disconnect'; readonly link: string }
  | { readonly do: 'route'; readonly route: LocalRoute }
  | { readonly do: 'unroute'; readonly ssrc: number }
  | { readonly do: 'view'; readonly view: LocalView }
  | { readonly do: 'unview'; readonly view: ViewName };

/** True when both hold the same facts. Tables are plain data made by one function, so their text compares. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function changed<T>(
  have: readonly T[],
  want: readonly T[],
  name: (each: T) => string | number,
): { readonly gone: T[]; readonly fresh: T[] } {
  const before = new Map(have.map((each) => [name(each), each]));
  const after = new Set(want.map(name));
  return {
    gone: have.filter((each) => !after.has(name(each))),
    fresh: want.filter((each) => !same(before.get(name(each)), each)),
  };
}

/** Tables without what a step was to set, so that the next commands have it again. */
export function without(tables: Tables, step: RelayStep): Tables {
  switch (step.do) {
    case 'connect':
      return { ...tables, connections: tables.connections.filter(({ link }) => link !== step.connection.link) };
    case 'route':
      return { ...tables, routes: tables.routes.filter(({ ssrc }) => ssrc !== step.route.ssrc) };
    case 'view':
      return { ...tables, views: tables.views.filter(({ view }) => view !== step.view.view) };
    default:
      return tables;
  }
}

/**
 * The commands that turn `have` into `want`: what is gone goes first, views before the routes that feed them; then routes, so that no
 * packet of a fresh connection finds no place; then connections, and views at last. A connection that changed (address, key) is cut
 * before it is made anew.
 */
export function relaySteps(have: Tables, want: Tables): readonly RelayStep[] {
  const connections = changed(have.connections, want.connections, ({ link }) => link);
  const routes = changed(have.routes, want.routes, ({ ssrc }) => ssrc);
  const views = changed(have.views, want.views, ({ view }) => view);
  const known = new Set(have.connections.map(({ link }) => link));
  return [
    ...views.gone.map(({ view }): RelayStep => ({ do: 'unview', view })),
    ...routes.gone.map(({ ssrc }): RelayStep => ({ do: 'unroute', ssrc })),
    ...connections.gone.map(({ link }): RelayStep => ({ do: 'disconnect', link })),
    ...routes.fresh.map((route): RelayStep => ({ do: 'route', route })),
    ...connections.fresh.flatMap((connection): RelayStep[] => [
      ...(known.has(connection.link) ? [{ do: 'disconnect', link: connection.link } as const] : []),
      { do: 'connect', connection },
    ]),
    ...views.fresh.map((view): RelayStep => ({ do: 'view', view })),
  ];
}
