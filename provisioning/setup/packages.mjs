// What the machine must have from Debian, and how it gets it. Plain JavaScript: it runs before anything is installed.
import { spawnSync } from 'node:child_process';

/** Needed to run any part: media elements, libsrt, a compiler for the two native programs, fonts with Vietnamese. */
const runtime = [
  'build-essential',
  'pkg-config',
  'python3', // node-gyp, for better-sqlite3
  'libgstreamer1.0-dev',
  'libgstreamer-plugins-base1.0-dev',
  'gstreamer1.0-tools',
  'gstreamer1.0-plugins-base',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-ugly',
  'gstreamer1.0-libav',
  'gstreamer1.0-x', // textoverlay's pango
  'libsrt-gnutls-dev',
  'libudev-dev',
  'socat', // ptys for simulated serial devices
  'fonts-dejavu-core',
];

/** Needed by the tests only: independent peers and judges written by others. */
const tests = [
  'clang',
  'libclang-rt-14-dev', // sanitizer and fuzzer runtimes
  'srt-tools',
  'onvif-tools', // a client against the simulated camera
  'ffmpeg', // ffprobe judges recordings
  'chromium',
  'iproute2',
  'procps',
  'python3-gi',
  'gir1.2-gst-rtsp-server-1.0', // an RTSP camera
];

const run = (command, args, options = {}) => spawnSync(command, args, { encoding: 'utf8', ...options });

function missing(wanted) {
  const found = run('dpkg-query', ['-W', '-f=$' + '{db:Status-Status} $' + '{Package}\n', ...wanted]);
  if (found.error) return null;
  const installed = new Set(
    found.stdout
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.slice('installed '.length)),
  );
  return wanted.filter((name) => !installed.has(name));
}

/** Installs what is missing, or says the one command to run. Returns true when all is there. */
export function ensurePackages({ forTests }) {
  const wanted = forTests ? [...runtime, ...tests] : runtime;
  const absent = missing(wanted);
  if (absent === null) {
    console.error('diemcau: this is not a Debian machine (no dpkg-query). Install by hand what these packages hold:', wanted.join(' '));
    return false;
  }
  if (absent.length === 0) return true;
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...absent];
  const prefix = process.getuid() === 0 ? [] : run('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : null;
  if (prefix === null) {
    console.error(
      `diemcau: ${absent.length} Debian packages are missing. Run this once, then start again:\n  sudo apt-get update && sudo ${install.join(' ')}`,
    );
    return false;
  }
  console.error(`diemcau: installing ${absent.length} Debian packages: ${absent.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const act = (args) => run([...prefix, ...args][0], [...prefix, ...args].slice(1), { env, stdio: ['ignore', 2, 2] }).status === 0;
  // An outdated list is the usual reason for a failed install: read it anew first.
  if (act(['apt-get', 'update', '-qq']) && act([...install, '-qq']) && missing(wanted).length === 0) return true;
  console.error(`diemcau: apt could not install ${missing(wanted).join(' ')}; its own words are above.`);
  return false;
}
