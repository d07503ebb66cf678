/** Sites and hubs in the database. Order is the registry's business (central/sites). */
import type { PathHost } from '../../protocol/schema/reported.ts';
import type { Hub, Site } from '../sites/contract.ts';
import { isDuplicate } from './connection.ts';
import type { Db } from './store.ts';

export async function listSites(db: Db): Promise<readonly Site[]> {
  const rows = await db.selectFrom('sites').selectAll().execute();
  return rows.map(({ site, name, position, seen_at, protection }) => ({ site, name, order: position, seenAt: seen_at, protection }));
}

/** False when the site exists. */
export async function insertSite(db: Db, site: Pick<Site, 'site' | 'name' | 'order' | 'protection'>, at: number): Promise<boolean> {
  const row = { site: site.site, name: site.name, position: site.order, created_at: at, seen_at: null, protection: site.protection };
  return inserted(() => db.insertInto('sites').values(row).execute());
}

export async function updateSite(
  db: Db,
  site: string,
  { name, order, protection }: Pick<Site, 'name' | 'order' | 'protection'>,
): Promise<void> {
  await db.updateTable('sites').set({ name, position: order, protection }).where('site', '=', site).execute();
}

export async function removeSite(db: Db, site: string): Promise<void> {
  await db.deleteFrom('sites').where('site', '=', site).execute();
}

export async function listHubs(db: Db): Promise<readonly Hub[]> {
  const rows = await db.selectFrom('hubs').selectAll().execute();
  return rows.map(({ hub, name, seen_at, host, port, paths }) => ({
    hub,
    name,
    seenAt: seen_at,
    address: host === null || port === null ? null : { host, port, paths: paths === null ? [] : (JSON.parse(paths) as PathHost[]) },
  }));
}

/** False when the hub exists. */
export async function insertHub(db: Db, { hub, name }: Pick<Hub, 'hub' | 'name'>, at: number): Promise<boolean> {
  const row = { hub, name, created_at: at, seen_at: null, host: null, port: null, paths: null };
  return inserted(() => db.insertInto('hubs').values(row).execute());
}

export async function setHubAddress(db: Db, hub: string, { host, port, paths }: NonNullable<Hub['address']>): Promise<void> {
  await db
    .updateTable('hubs')
    .set({ host, port, paths: JSON.stringify(paths) })
    .where('hub', '=', hub)
    .execute();
}

export async function removeHub(db: Db, hub: string): Promise<void> {
  await db.deleteFrom('hubs').where('hub', '=', hub).execute();
}

/** Notes when a node was last connected. */
export async function nodeSeen(db: Db, node: { readonly role: 'edge' | 'hub'; readonly node: string }, at: number): Promise<void> {
  if (node.role === 'hub') await db.updateTable('hubs').set({ seen_at: at }).where('hub', '=', node.node).execute();
  else await db.updateTable('sites').set({ seen_at: at }).where('site', '=', node.node).execute();
}

async function inserted(insert: () => Promise<unknown>): Promise<boolean> {
  try {
    await insert();
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
