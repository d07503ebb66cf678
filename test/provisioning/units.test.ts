/** The systemd units that a machine gets: right paths, and what systemd itself says of them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Role } from '../../protocol/ids.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { placeUnit, unitsOf, writeUnits } from '../../provisioning/provision/units.ts';
import { rootArgs } from '../support/root.ts';
import { tempFolder } from '../support/temp-folder.ts';

const roles: Readonly<Record<Role, string>> = { edge: 'edge/main', hub: 'central/hub/main', central: 'central/main' };
const places = { node: process.execPath, root: packageRoot(), config: '/etc/diemcau-test/config.json', user: 'root' };

/** Sections and their lines; a line that is none fails. */
function sections(text: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const found: Record<string, Record<string, string>> = {};
  let open: Record<string, string> = {};
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const section = /^\[([A-Z][a-z]+)\]$/.exec(line)?.[1];
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (section !== undefined) {
      open = {};
      found[section] = open;
    } else if (key !== undefined && value !== undefined) open[key] = value;
    else throw new Error(`no line of a unit: ${line}`);
  }
  return found;
}

for (const [role, program] of Object.entries(roles) as [Role, string][])
  t.test(`the unit of ${role} starts what is there, is watched, and never gives up`, (t) => {
    const units = unitsOf(role, places);
    if (!units.ok) throw new Error(JSON.stringify(units.fault));
    t.strictSame(
      units.value.map(([name]) => name),
      ['diemcau.slice', `diemcau-${role}.service`],
    );
    const { Unit, Service, Install } = sections(units.value[1]?.[1] ?? '');
    const [node, flag, script, option, config] = Service?.['ExecStart']?.split(' ') ?? [];
    t.strictSame([node, flag, option, config], [process.execPath, '--enable-source-maps', '--config', places.config]);
    t.equal(script, join(packageRoot(), 'dist', `${program}.js`));
    t.ok(existsSync(join(packageRoot(), `${program}.ts`)), 'its source is where the unit says');
    t.match(Service, { Type: 'notify', NotifyAccess: 'all', Restart: 'always', KillMode: 'mixed', OOMPolicy: 'continue', User: 'root' });
    t.ok(Number(Service?.['WatchdogSec']) >= 10, 'a busy machine has time to answer');
    t.equal(Unit?.['StartLimitIntervalSec'], '0');
    t.equal(Install?.['WantedBy'], 'multi-user.target');
    const folder = tempFolder(t);
    t.match(writeUnits(folder, role, units.value, 'diemcau'), `systemctl enable --now diemcau-${role}`);
    t.equal(readFileSync(join(folder, `diemcau-${role}.service`), 'utf8'), units.value[1]?.[1]);
    const verified = spawnSync('systemd-analyze', ['verify', ...units.value.map(([name]) => join(folder, name))], { encoding: 'utf8' });
    if (verified.error) t.comment('systemd-analyze is not installed here: only parsed');
    // It complains of a program that is not compiled yet, when tests run from their sources.
    else
      t.equal(
        verified.stderr
          .split('\n')
          .filter((line) => line.includes('diemcau'))
          .join('\n'),
        '',
        'systemd has no complaint',
      );
    t.end();
  });

t.test('a place that systemd would misread is refused by name', (t) => {
  for (const [change, path] of [
    [{ root: '/srv/with blank' }, '/root'],
    [{ config: 'relative.json' }, '/config'],
    [{ config: '/etc/100%.json' }, '/config'],
    [{ user: 'root\nExecStartPre=/bin/true' }, '/user'],
  ] as const)
    t.match(placeUnit('', 'edge', { ...places, ...change }), { ok: false, fault: { code: 'input.invalid', path } });
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [...rootArgs('provisioning/cli.ts'), 'provision', ...args], { encoding: 'utf8' });
  t.match(run('units', '--role', 'hub'), { status: 0, stdout: /# --- diemcau-hub\.service\n[\s\S]*ExecStart=/ });
  t.match(run('units', '--role', 'king'), { status: 64, stderr: /--role must be one of/ });
  t.match(run('units', '--role', 'hub', '--config', '/a b'), { status: 64, stderr: /config/ });
  t.end();
});
