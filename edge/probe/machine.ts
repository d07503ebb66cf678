/** What this machine has for what the configuration wants: encoder, display, sound, camera credentials. Looked at once, before anything opens. */
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EncoderChoice, Encoders } from '../../hardware/gstreamer/encoders.ts';
import { Worker } from '../../hardware/gstreamer/worker.ts';
import type { Clock } from '../../protocol/clock.ts';
import { FaultError, failed, ok, type Result } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import type { EdgeConfig } from '../config.ts';
import type { Credentials } from '../media/capture.ts';
import { chooseDisplay, type Display, type DisplayFacts } from '../media/display/choose.ts';
import type { CameraFeed } from '../media/picture.ts';
import { chooseInput, chooseOutput, type SoundFacts, type SoundIn, type SoundOut } from '../media/sound/choose.ts';
import type { Camera, Source } from '../media/source.ts';

/** What was found. */
export interface Machine {
  /** Null when the source is a clip. */
  readonly encoder: EncoderChoice | null;
  readonly display: Display;
  readonly input: SoundIn;
  /** Null: none is configured. */
  readonly backupInput: SoundIn | null;
  readonly output: SoundOut;
  /** Of an RTSP camera. */
  readonly credentials: Credentials | null;
  /** What takes the place of the source. */
  readonly backups: readonly CameraFeed[];
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Everything chosen, or the first key of the configuration that cannot be met. */
export async function probeMachine(config: EdgeConfig, { env, clock, log }: Surroundings): Promise<Result<Machine>> {
  const missing =
    (await missingFile('source', config.source)) ?? (config.backup === null ? null : await missingFile('backup', config.backup));
  if (missing !== null) return failed({ code: 'config.invalid', ...missing });
  const credentials = await readCredentials('source', config.source);
  if (!credentials.ok) return credentials;
  const backups = await readBackup(config.backup);
  if (!backups.ok) return backups;
  const display = chooseDisplay(config.display.kind, await displayFacts(env));
  // Who decodes nothing has no loudspeaker either, unless one is named.
  const wantedOutput = config.audio.output === 'auto' && display.kind === 'count' ? 'off' : config.audio.output;
  const { backup: wantedBackup } = config.audio;
  const facts = await soundFacts([config.audio.input, wantedBackup ?? 'silence', wantedOutput], env, clock, log);
  const input = chooseInput(config.audio.input, facts);
  if (!input.ok) return input;
  const backupInput = wantedBackup === null ? ok(null) : chooseInput(wantedBackup, facts, 'audio.backup');
  if (!backupInput.ok) return backupInput;
  const output = chooseOutput(wantedOutput, facts);
  if (!output.ok) return output;
  const encoder = config.source.kind === 'clip' ? ok(null) : await chooseEncoder(config, clock, log);
  if (!encoder.ok) return encoder;
  return ok({
    encoder: encoder.value,
    display,
    input: input.value,
    backupInput: backupInput.value,
    output: output.value,
    credentials: credentials.value,
    backups: backups.value,
  });
}

/** Clips and files are part of the installation; a camera may come later, and is waited for. */
async function missingFile(key: string, source: Source): Promise<{ readonly key: string; readonly reason: string } | null> {
  const paths = source.kind === 'clip' ? { main: source.main, tile: source.tile } : source.kind === 'file' ? { path: source.path } : {};
  for (const [member, path] of Object.entries(paths)) {
    try {
      await access(path);
    } catch (error) {
      return { key: `${key}.${member}`, reason: (error as Error).message };
    }
  }
  return null;
}

async function readBackup(camera: Camera | null): Promise<Result<readonly CameraFeed[]>> {
  if (camera === null) return ok([]);
  const credentials = await readCredentials('backup', camera);
  return credentials.ok ? ok([{ source: camera, credentials: credentials.value }]) : credentials;
}

async function readCredentials(owner: string, source: Source): Promise<Result<Credentials | null>> {
  if (source.kind !== 'rtsp' || source.credentials === undefined) return ok(null);
  const bad = (reason: string) => failed({ code: 'config.invalid', key: `${owner}.credentials`, reason });
  try {
    const line = (await readFile(source.credentials, 'utf8')).trim();
    const colon = line.indexOf(':');
    if (colon < 1) return bad('the file must hold one line user:password');
    return ok({ user: line.slice(0, colon), password: line.slice(colon + 1) });
  } catch (error) {
    return bad((error as Error).message);
  }
}

async function displayFacts(env: Surroundings['env']): Promise<DisplayFacts> {
  return { wayland: env.WAYLAND_DISPLAY || null, x11: env.DISPLAY || null, kms: await connectedOutput() };
}

/** The first output of a graphics card that has a screen, as the kernel says in /sys/class/drm/CARD-OUTPUT/status. */
async function connectedOutput(): Promise<string | null> {
  const folder = '/sys/class/drm';
  for (const output of (await listed(folder)).filter((name) => /^card\d+-/.test(name)).sort()) {
    const status = await readFile(join(folder, output, 'status'), 'utf8').catch(() => '');
    if (status.trim() === 'connected') return output;
  }
  return null;
}

async function soundFacts(wanted: readonly string[], env: Surroundings['env'], clock: Clock, log: Log): Promise<SoundFacts> {
  const nothing: SoundFacts = { pipewire: false, pulse: false, alsaIn: false, alsaOut: false, elements: new Set() };
  if (wanted.every((each) => ['synthetic', 'silence', 'count', 'off'].includes(each))) return nothing;
  const runtime = env.XDG_RUNTIME_DIR ?? '/run/user/0';
  const alsa = (await listed('/dev/snd')).filter((name) => name.startsWith('pcm'));
  const elements = ['alsasrc', 'alsasink', 'pulsesrc', 'pulsesink', 'pipewiresrc', 'pipewiresink'];
  const worker = new Worker({ name: 'sound probe', clock, log });
  try {
    const missing = await worker.missing(elements);
    return {
      pipewire: await exists(join(runtime, 'pipewire-0')),
      pulse: env.PULSE_SERVER !== undefined || (await exists(join(runtime, 'pulse', 'native'))),
      alsaIn: alsa.some((name) => name.endsWith('c')),
      alsaOut: alsa.some((name) => name.endsWith('p')),
      elements: new Set(elements.filter((name) => !missing.includes(name))),
    };
  } finally {
    await worker.stop();
  }
}

/** What this machine encodes a camera's picture with. */
export async function chooseEncoder(config: EdgeConfig, clock: Clock, log: Log): Promise<Result<Machine['encoder']>> {
  if (config.encoder !== 'auto') return ok({ element: config.encoder, because: 'set in the configuration' });
  try {
    return ok(await new Encoders(clock, log).choose());
  } catch (error) {
    if (error instanceof FaultError) return failed(error.fault);
    throw error;
  }
}

const listed = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
