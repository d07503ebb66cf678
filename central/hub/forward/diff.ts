/** The shortest way from what the relay does to what it shall do, as commands in a safe order. Pure. */
import type { Entry, Kind, Table, Target, View } from './table.ts';

export type RelayStep =
  | ({ readonly do: 'allow'; readonly node: string } & Entry)
  | { readonly do: 'deny'; readonly node: string }
  | { readonly do: 'route'; readonly ssrc: number; readonly kind: Kind; readonly from: readonly string[]; readonly to: readonly Target[] }
  | { readonly do: 'unroute'; readonly ssrc: number }
  | {
      readonly do: 'view';
      readonly view: string;
      readonly to: Target;
      readonly ssrc: number | null;
      readonly kind: Kind;
      readonly as?: number;
    }
  | { readonly do: 'unview'; readonly view: string };

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

const show = (view: string, { to, ssrc, kind, as }: View): RelayStep => ({
  do: 'view',
  view,
  to,
  ssrc,
  kind,
  ...(as === null ? {} : { as }),
});

/** A table without what a step was to set, so that the next difference has it again. */
export function without(table: Table, step: RelayStep): Table {
  const { allow, routes, views } = { allow: new Map(table.allow), routes: new Map(table.routes), views: new Map(table.views) };
  if (step.do === 'allow') allow.delete(step.node);
  else if (step.do === 'route') routes.delete(step.ssrc);
  else if (step.do === 'view') views.delete(step.view);
  return { allow, routes, views };
}

/** Whether a table still wants what this step was to set. */
export const wants = (table: Table, step: RelayStep): boolean => difference(without(table, step), table).some((each) => same(each, step));

/**
 * Who may enter comes first, then where streams go, then who is shown what; what is no longer wanted goes last, so that a change never
 * leaves a gap. A view that only shows another stream keeps its old picture until the new one's IDR; a changed target needs a new view.
 */
export function difference(have: Table, want: Table): readonly RelayStep[] {
  const steps: RelayStep[] = [];
  for (const [node, entry] of want.allow) if (!same(have.allow.get(node), entry)) steps.push({ do: 'allow', node, ...entry });
  for (const [ssrc, route] of want.routes) if (!same(have.routes.get(ssrc), route)) steps.push({ do: 'route', ssrc, ...route });
  for (const [name, view] of want.views) {
    const before = have.views.get(name);
    if (same(before, view)) continue;
    if (before !== undefined && !same([before.to, before.kind], [view.to, view.kind])) steps.push({ do: 'unview', view: name });
    steps.push(show(name, view));
  }
  for (const name of have.views.keys()) if (!want.views.has(name)) steps.push({ do: 'unview', view: name });
  for (const ssrc of have.routes.keys()) if (!want.routes.has(ssrc)) steps.push({ do: 'unroute', ssrc });
  for (const node of have.allow.keys()) if (!want.allow.has(node)) steps.push({ do: 'deny', node });
  return steps;
}
