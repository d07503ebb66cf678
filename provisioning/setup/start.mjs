// `npm start`: installs what is missing, builds what changed, then runs the demo: a province of thirteen sites on this machine.
import { spawn } from 'node:child_process';
import { ensure, root } from './build.mjs';

ensure({ forTests: false });
const demo = spawn(process.execPath, ['--enable-source-maps', 'dist/provisioning/cli.js', 'demo', ...process.argv.slice(2)], {
  cwd: root,
  // The channel carries nothing; its end tells the demo that this process is gone.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
// npm hands a SIGTERM to its shell alone, and that dies without a word to us.
const parent = process.ppid;
if (process.env.npm_lifecycle_event === 'start')
  setInterval(() => {
    if (process.ppid !== parent) demo.kill('SIGTERM');
  }, 500).unref();
// The terminal sends Ctrl-C to both of us; a service manager only to this process.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => demo.kill(signal));
demo.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));
