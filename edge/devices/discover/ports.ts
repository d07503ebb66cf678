/** Which serial ports there are now, by names that stay the same when cables are put in in another order. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Made by udev: the name tells adapter and serial number. */
export const BY_ID = '/dev/serial/by-id';
const ADAPTER = /^tty(?:USB|ACM)\d+$/;

/** Where to look besides: folders whose entries are ports. Without udev the adapters' own names are taken. */
export async function serialPorts(folders: readonly string[]): Promise<readonly string[]> {
  const stable = await entries(BY_ID);
  const adapters = stable.length > 0 ? [] : (await entries('/dev')).filter((name) => ADAPTER.test(name)).map((name) => join('/dev', name));
  const more = await Promise.all(folders.map(async (folder) => (await entries(folder)).map((name) => join(folder, name))));
  return [...stable.map((name) => join(BY_ID, name)), ...adapters, ...more.flat()].toSorted();
}

async function entries(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    // No such folder means no such port; so does one that we may not read.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return [];
    throw error;
  }
}
