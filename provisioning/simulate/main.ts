/** `diemcau simulate DEVICE …`: starts a stand-in for a device of a room, by name, as `diemcau` starts a program. */

interface Simulator {
  readonly root: string;
  readonly about: string;
  /** One root for many makes: it is told which. */
  readonly named?: true;
}

const make = (about: string): Simulator => ({ root: '../../hardware/simulate/main.js', about, named: true });

const simulators: Readonly<Record<string, Simulator>> = {
  camera: {
    root: '../../hardware/camera/main.js',
    about: 'a network camera (RTSP) that replays an H.264 file:  --clip FILE [--port N] [--orders PORT]',
  },
  rooms: { root: '../../hardware/simulate/rooms/main.js', about: 'the devices of many rooms in one process:  --config FILE' },
  network: {
    root: '../../hardware/simulate/network/main.js',
    about: 'paths between sites and hubs on one machine, to be cut and narrowed:  --config FILE',
  },
  visca: make('a camera on a serial line (Sony VISCA):  --pty PATH [--address N] [--model M]'),
  'visca-ip': make('the same over the network:  --port N'),
  pelco: make('a camera that never answers (Pelco-D):  --pty PATH'),
  xapi: make('a Cisco or TANDBERG codec:  --pty PATH | --port N [--model tc7|ce9] [--password P]'),
  polycom: make('a Polycom codec:  --pty PATH | --port N [--model M] [--password P]'),
  xacli: make('an older TANDBERG codec:  --pty PATH | --port N'),
  pjlink: make('a projector (PJLink):  --port N [--password P]'),
  mdc: make('a Samsung display:  --pty PATH | --port N'),
  lg: make('an LG display:  --pty PATH | --port N'),
  onvif: {
    root: '../../hardware/onvif/simulator/main.js',
    about: 'a network camera (ONVIF):  --port N [--discovery PORT] [--username U --password P] [--stream URI]',
  },
  extron: make('a matrix switcher (Extron SIS):  --pty PATH | --port N'),
};

const [name = ''] = process.argv.slice(2);
const simulator = Object.hasOwn(simulators, name) ? simulators[name] : undefined;
if (simulator === undefined) {
  const table = Object.entries(simulators).map(([each, { about }]) => `  ${each.padEnd(10)} ${about}`);
  console.error(`usage: diemcau simulate DEVICE …\n${table.join('\n')}`);
  process.exit(name === '' || name === 'help' || name === '--help' ? 0 : 64);
}
// The simulator reads process.argv.slice(2) as its own arguments.
const root = new URL(simulator.root, import.meta.url).pathname;
process.argv.splice(1, 2, ...(simulator.named === true ? [root, name] : [root]));
await import(simulator.root);
