/** `diemcau provision issue`: the folder of certificates that a box or server needs, to be copied to it. */
import { parseArgs } from 'node:util';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Role } from '../../protocol/ids.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { ensureCa } from '../pki/authority.ts';
import { issue } from '../pki/issue.ts';

const usage = `usage: diemcau provision issue --ca DIR --node ID --role central|hub|edge [--host NAME-OR-ADDRESS]… --out DIR
  --ca     the authority's folder; made when it holds none. Keep it on one machine and back it up: its key signs every box
  --node   the id of the node: lower-case letters, digits, hyphens
  --host   a name or address by which others reach it; may be repeated
  --out    where ca.pem, cert.pem and key.pem go; copy this folder to the machine`;

function read(): { ca: string; node: string; role: string; host: string[]; out: string } {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { ca: text, node: text, role: text, out: text, host: { type: 'string', multiple: true, default: [] } },
  });
  const { ca, node, role, out, host } = values;
  if (positionals[0] !== 'issue' || ca === undefined || node === undefined || role === undefined || out === undefined)
    throw new Error('an option is missing');
  return { ca, node, role, out, host };
}

try {
  const clock = systemClock();
  const { ca, node, role, host, out } = read();
  const issued = await issue(await ensureCa(ca, clock), out, { node, role: role as Role, hosts: host }, clock);
  console.log(issued ? `issued ${node} (${role}) in ${out}` : `${out} holds a good certificate of ${node} already`);
} catch (error) {
  console.error(error instanceof FaultError ? `diemcau provision: ${brief(error.fault)}` : `${(error as Error).message}\n${usage}`);
  process.exit(64);
}
