/** `diemcau provision`: what a machine needs before it runs its part: certificates (`issue`), systemd units (`units`); and who signed a report (`verify-report`). */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { brief, FaultError } from '../../protocol/fault.ts';
import type { Role } from '../../protocol/ids.ts';
import { systemClock } from '../../protocol/node/clock.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { ensureCa } from '../pki/authority.ts';
import { issue } from '../pki/issue.ts';
import { verifyReport } from './report.ts';
import { unitsOf, writeUnits } from './units.ts';

const usage = `usage: diemcau provision issue --ca DIR --node ID --role central|hub|edge [--host NAME-OR-ADDRESS]… --out DIR
  --ca     the authority's folder; made when it holds none. Keep it on one machine and back it up: its key signs every box
  --node   the id of the node: lower-case letters, digits, hyphens
  --host   a name or address by which others reach it; may be repeated
  --out    where ca.pem, cert.pem and key.pem go; copy this folder to the machine
       diemcau provision units --role central|hub|edge [--config FILE] [--user NAME] [--out DIR]
  --config the configuration file; default /etc/diemcau/ROLE.json
  --user   whom the process runs as; default diemcau
  --out    where the units go, as /etc/systemd/system; without it they are printed
       diemcau provision verify-report FILE --ca FILE
  FILE     a signed report of a failover drill
  --ca     the certificate of the authority that you trust: ca.pem`;

const text = { type: 'string' } as const;
const roles: readonly string[] = ['central', 'hub', 'edge'] satisfies readonly Role[];

function need<T>(value: T | undefined, option: string): T {
  if (value === undefined) throw new Error(`--${option} is missing`);
  return value;
}

function roleOf(value: string | undefined): Role {
  const role = need(value, 'role');
  if (!roles.includes(role)) throw new Error(`--role must be one of ${roles.join(', ')}`);
  return role as Role;
}

async function certificates(args: readonly string[]): Promise<string> {
  const { values } = parseArgs({
    args: [...args],
    options: { ca: text, node: text, role: text, out: text, host: { type: 'string', multiple: true, default: [] } },
  });
  const [ca, node, out, role] = [need(values.ca, 'ca'), need(values.node, 'node'), need(values.out, 'out'), roleOf(values.role)];
  const clock = systemClock();
  const issued = await issue(await ensureCa(ca, clock), out, { node, role, hosts: values.host }, clock);
  return issued ? `issued ${node} (${role}) in ${out}` : `${out} holds a good certificate of ${node} already`;
}

function units(args: readonly string[]): string {
  const { values } = parseArgs({ args: [...args], options: { role: text, config: text, user: text, out: text } });
  const role = roleOf(values.role);
  const { config = `/etc/diemcau/${role}.json`, user = 'diemcau', out } = values;
  const made = unitsOf(role, { node: process.execPath, root: packageRoot(), config: resolve(config), user });
  if (!made.ok) throw new FaultError(made.fault);
  if (out === undefined) return made.value.map(([name, unit]) => `# --- ${name}\n${unit}`).join('\n');
  return writeUnits(out, role, made.value, user);
}

async function report(args: readonly string[]): Promise<string> {
  const { values, positionals } = parseArgs({ args: [...args], options: { ca: text }, allowPositionals: true });
  const [file] = positionals;
  if (file === undefined) throw new Error('say which report');
  return verifyReport(file, need(values.ca, 'ca'));
}

const deeds: Readonly<Record<string, (args: readonly string[]) => Promise<string> | string>> = {
  issue: certificates,
  units,
  'verify-report': report,
};

try {
  const [what = '', ...args] = process.argv.slice(2);
  const deed = Object.hasOwn(deeds, what) ? deeds[what] : undefined;
  if (deed === undefined) throw new Error('say what to provision');
  console.log(await deed(args));
} catch (error) {
  console.error(error instanceof FaultError ? `diemcau provision: ${brief(error.fault)}` : `${(error as Error).message}\n${usage}`);
  process.exit(64);
}
