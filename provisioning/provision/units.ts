/** The systemd units of a machine: the files of provisioning/units with the paths of this checkout in place of the usual ones. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fault, failed, ok, type Result } from '../../protocol/fault.ts';
import type { Role } from '../../protocol/ids.ts';
import { packageRoot } from '../../protocol/node/root.ts';

export interface UnitPlaces {
  /** Of the program `node`. */
  readonly node: string;
  /** Of the checkout. */
  readonly root: string;
  /** Configuration file of the process. */
  readonly config: string;
  /** Whom it runs as. */
  readonly user: string;
}

/** systemd splits at blanks and reads % and quotes its own way. */
const plainPath = /^\/[A-Za-z0-9._/@+-]+$/;
const plainUser = /^[a-z_][a-z0-9_-]{0,31}$/;

/** Pure: `text` with these places. Fault `input.invalid` names the place that systemd would misread. */
export function placeUnit(text: string, role: Role, places: UnitPlaces): Result<string> {
  const wrong = (path: string, reason: string): Result<never> => failed({ code: 'input.invalid', path, reason } satisfies Fault);
  for (const key of ['node', 'root', 'config'] as const)
    if (!plainPath.test(places[key])) return wrong(`/${key}`, `${places[key]} must be an absolute path of letters, digits and . _ / @ + -`);
  if (!plainUser.test(places.user)) return wrong('/user', `${places.user} is no name of a user`);
  return ok(
    text
      .replaceAll(`/etc/diemcau/${role}.json`, places.config)
      .replaceAll('/usr/bin/node', places.node)
      .replaceAll('/opt/diemcau', places.root)
      .replaceAll('User=diemcau', `User=${places.user}`),
  );
}

/** Name and text of every unit that a machine of this role needs. */
export function unitsOf(role: Role, places: UnitPlaces): Result<readonly (readonly [name: string, text: string])[]> {
  const units: [string, string][] = [];
  for (const name of ['diemcau.slice', `diemcau-${role}.service`]) {
    const placed = placeUnit(readFileSync(join(packageRoot(), 'provisioning', 'units', name), 'utf8'), role, places);
    if (!placed.ok) return placed;
    units.push([name, placed.value]);
  }
  return ok(units);
}

/** Writes them; answers what to do next, for a person. */
export function writeUnits(folder: string, role: Role, units: readonly (readonly [name: string, text: string])[], user: string): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of units) writeFileSync(join(folder, name), text);
  return [
    `wrote ${units.map(([name]) => join(folder, name)).join(' and ')}. Next, as root:`,
    ...(user === 'root' ? [] : [`  id ${user} || useradd --system --home-dir /var/lib/diemcau --shell /usr/sbin/nologin ${user}`]),
    ...(user === 'root' ? [] : [`  chown -R ${user}: /etc/diemcau /var/lib/diemcau`]),
    `  systemctl daemon-reload && systemctl enable --now diemcau-${role}`,
  ].join('\n');
}
