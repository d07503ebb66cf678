/** Devices of rooms in the database. Holds their passwords: the database file is a secret. */
import type { DeviceWish } from '../../protocol/schema/devices.ts';
import type { Db } from './store.ts';

export interface KeptDevice {
  readonly site: string;
  readonly wish: DeviceWish;
}

/** In the order in which they were adopted. */
export async function listDevices(db: Db): Promise<readonly KeptDevice[]> {
  const rows = await db.selectFrom('devices').selectAll().orderBy('created_at').orderBy('device').execute();
  return rows.map(({ site, wish }) => ({ site, wish: JSON.parse(wish) as DeviceWish }));
}

/** Adds a device or changes it. */
export async function saveDevice(db: Db, { site, wish }: KeptDevice, at: number): Promise<void> {
  const row = { site, device: wish.id, wish: JSON.stringify(wish), created_at: at };
  await db
    .insertInto('devices')
    .values(row)
    .onConflict((conflict) => conflict.columns(['site', 'device']).doUpdateSet({ wish: row.wish }))
    .execute();
}

export async function removeDevice(db: Db, site: string, device: string): Promise<void> {
  await db.deleteFrom('devices').where('site', '=', site).where('device', '=', device).execute();
}
