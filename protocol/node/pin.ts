/** The PIN of a meeting's panel: hashed where it is made, checked in the box that has the chair. */
import { createHash, scrypt, timingSafeEqual } from 'node:crypto';
import type { PanelKey } from '../schema/desired.ts';

/** About 50 ms and 16 MB for each try. */
const cost = { N: 16_384, r: 8, p: 1 };

const hashed = (pin: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(pin, salt, 32, cost, (error, key) => (error === null ? resolve(key) : reject(error)));
  });

/** The key of a meeting's panel. The salt is the meeting's, so that the same PIN looks different in every meeting. */
export async function panelKey(meeting: string, pin: string): Promise<PanelKey> {
  const salt = createHash('sha256').update(`diemcau panel ${meeting}`).digest().subarray(0, 16);
  return { meeting, salt: salt.toString('hex'), hash: (await hashed(pin, salt)).toString('hex') };
}

/** Whether `pin` opens the panel. Takes as long for a wrong one. */
export async function opens({ salt, hash }: PanelKey, pin: string): Promise<boolean> {
  return timingSafeEqual(await hashed(pin, Buffer.from(salt, 'hex')), Buffer.from(hash, 'hex'));
}
