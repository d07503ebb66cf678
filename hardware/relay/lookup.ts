/** From a host name to an address, because the relay takes numeric addresses only: a look-up may block, and nothing in it may. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** The address of `host`, or null when it cannot be found now. */
export type Lookup = (host: string) => Promise<string | null>;

/** By the system's resolver; a numeric address is its own answer. */
export const systemLookup: Lookup = async (host) => {
  if (isIP(host) !== 0) return host;
  return lookup(host).then(
    ({ address }) => address,
    () => null,
  );
};
