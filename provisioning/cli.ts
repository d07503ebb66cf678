/** The `diemcau` command: a table from name to the composition root that it runs. */
import { brief, FaultError } from '../protocol/fault.ts';

interface Command {
  readonly root: string;
  readonly about: string;
}

const commands: Readonly<Record<string, Command>> = {
  central: { root: '../central/main.js', about: 'broker, store, API and page:  diemcau central --config FILE' },
  hub: { root: '../central/hub/main.js', about: 'media hub:                    diemcau hub --config FILE' },
  edge: { root: '../edge/main.js', about: 'site box:                     diemcau edge --config FILE' },
  provision: {
    root: './provision/main.js',
    about: 'certificates, units, reports: diemcau provision issue|units|verify-report …',
  },
  demo: { root: './demo/main.js', about: 'a province on this machine:   diemcau demo (also: npm start)' },
  simulate: { root: './simulate/main.js', about: 'a device that is not there:   diemcau simulate DEVICE …' },
  fault: { root: './fault/main.js', about: 'break a running demo:         diemcau fault NAME [SITE]' },
};

const [name = ''] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) {
  const table = Object.entries(commands).map(([each, { about }]) => `  ${each.padEnd(10)} ${about}`);
  console.error(`usage: diemcau COMMAND …\n${table.join('\n')}`);
  process.exit(name === '' || name === 'help' || name === '--help' ? 0 : 64);
}
// Each root reads process.argv.slice(2) as its own arguments, exactly as when it is run by its path.
process.argv.splice(1, 2, new URL(command.root, import.meta.url).pathname);
try {
  await import(command.root);
} catch (error) {
  console.error(error instanceof FaultError ? `diemcau ${name}: ${brief(error.fault)}` : error);
  process.exit(error instanceof FaultError && error.fault.code === 'config.invalid' ? 78 : 1);
}
