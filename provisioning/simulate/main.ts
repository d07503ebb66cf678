/** `diemcau simulate DEVICE …`: starts a stand-in for a device of a room, by name, as `diemcau` starts a program. */

interface Simulator {
  readonly root: string;
  readonly about: string;
}

const simulators: Readonly<Record<string, Simulator>> = {
  camera: { root: '../../hardware/camera/main.js', about: 'a network camera (RTSP) that replays an H.264 file:  --clip FILE [--port N]' },
};

const [name = ''] = process.argv.slice(2);
const simulator = Object.hasOwn(simulators, name) ? simulators[name] : undefined;
if (simulator === undefined) {
  const table = Object.entries(simulators).map(([each, { about }]) => `  ${each.padEnd(10)} ${about}`);
  console.error(`usage: diemcau simulate DEVICE …\n${table.join('\n')}`);
  process.exit(name === '' || name === 'help' || name === '--help' ? 0 : 64);
}
// The simulator reads process.argv.slice(2) as its own arguments.
process.argv.splice(1, 2, new URL(simulator.root, import.meta.url).pathname);
await import(simulator.root);
