/** What hubs and boxes have of floors, without media: real channels over real TLS, grants on real disks. */
import { join } from 'node:path';
import type { Test } from 'tap';
import { ControlServer } from '../../central/hub/control/server.ts';
import { Floors } from '../../central/hub/grants/floors.ts';
import { Floor } from '../../edge/floor/floor.ts';
import type { Grant } from '../../protocol/grant.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { Controls } from '../../protocol/node/controls.ts';
import { silentLog } from '../../protocol/node/log.ts';
import type { EventBody } from '../../protocol/schema/event.ts';
import type { Plan } from '../../protocol/schema/plan.ts';
import { freePort } from '../../provisioning/demo/ports.ts';
import { eventually } from './eventually.ts';
import { identities } from './hub.ts';
import { plan as makePlan, testBoot } from './plan.ts';
import { tempFolder } from './temp-folder.ts';

const clock = systemClock();
const log = silentLog();
const shared = { clock, log, boot: testBoot, random: Math.random };

export interface Net {
  readonly folder: string;
  readonly identity: Awaited<ReturnType<typeof identities>>;
  readonly plan: Plan;
}

export interface HubSide {
  readonly floors: Floors;
  readonly notes: EventBody[];
  /** Who has sent a grant, whatever became of it. */
  readonly heard: string[];
  readonly stop: () => Promise<void>;
}

export interface Box {
  readonly floor: Floor;
  /** Why grants could not be kept, and null when they could again. */
  readonly troubles: (string | null)[];
  readonly controls: Controls;
  readonly stop: () => Promise<void>;
}

export const meeting = 'm-abcdefgh';

/** Two hubs, three sites; site-1 has the chair. */
export async function net(t: Test): Promise<Net> {
  const folder = tempFolder(t);
  const hubs = [
    { hub: 'hub-1', port: await freePort() },
    { hub: 'hub-2', port: await freePort() },
  ];
  return { folder, identity: await identities(folder), plan: makePlan({ hubs, chair: 'site-1' }) };
}

/** What a hub has of floors, without media. */
export async function hub(
  t: Test,
  { folder, identity, plan }: Net,
  node: string,
  options: { readonly path?: string } = {},
): Promise<HubSide> {
  const notes: EventBody[] = [];
  const heard: string[] = [];
  const me = await identity(node, 'hub');
  const floors: Floors = new Floors({
    ...shared,
    node,
    identity: me,
    path: options.path ?? join(folder, `${node}.json`),
    note: (body) => notes.push(body),
    say: (to, message) => server.send(to, message),
    raised: () => {},
    changed: () => {},
  });
  const server: ControlServer = new ControlServer({
    clock,
    log,
    identity: me,
    heard: (from, message) => {
      if (message.type !== 'grant') return;
      heard.push(from.node);
      floors.heard(from, message.meeting, message.grant);
    },
    opened: (from) => floors.opened(from),
    changed: () => {},
    http: (_request, response) => response.end(),
    upgrade: () => {},
  });
  const stop = async (): Promise<void> => {
    await floors.stop();
    await server.stop();
  };
  t.teardown(stop);
  await floors.start();
  await server.start('127.0.0.1', plan.hubs.find((each) => each.hub === node)?.port ?? 0);
  return { floors, notes, heard, stop };
}

/** What a box has of floors, with channels to `hubs`. */
export async function box(
  t: Test,
  { folder, identity, plan }: Net,
  me: string,
  hubs: readonly string[],
  options: { readonly path?: string } = {},
): Promise<Box> {
  const troubles: (string | null)[] = [];
  const controls = new Controls({ ...shared, identity: await identity(me, 'edge'), addressOn: () => undefined });
  const floor = new Floor({
    me,
    path: options.path ?? join(folder, `${me}.json`),
    clock,
    log,
    controls,
    tell: () => {},
    changed: () => {},
    trouble: (because) => troubles.push(because),
  });
  await floor.start();
  controls.apply(
    plan.hubs.filter((each) => hubs.includes(each.hub)).map(({ hub: name, host, port }) => ({ hub: name, path: null, host, port })),
  );
  floor.follow(plan);
  const stop = async (): Promise<void> => {
    controls.stop();
    await floor.stop();
  };
  t.teardown(stop);
  return { floor, controls, troubles, stop };
}

export const knows = (side: { readonly of: (meeting: string) => Grant | null } | Floor, want: Partial<Grant>): Promise<void> =>
  eventually(() => {
    const grant = 'grant' in side ? side.grant : side.of(meeting);
    return grant !== null &&
      Object.entries(want).every(([key, value]) => JSON.stringify(grant[key as keyof Grant]) === JSON.stringify(value))
      ? undefined
      : `knows ${JSON.stringify(grant)}`;
  });
export const confirmed = (of: Box, hubs: readonly string[]): Promise<void> =>
  eventually(() => (JSON.stringify(of.floor.confirmed) === JSON.stringify(hubs) ? undefined : `confirmed by ${of.floor.confirmed}`));
