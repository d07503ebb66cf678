/** The edge's configuration: schema, defaults, and the short forms that a schema cannot say. */
import { type Static, type TObject, Type } from 'typebox';
import { Value } from 'typebox/value';
import { ENCODERS } from '../hardware/gstreamer/encoder.ts';
import { decoder } from '../protocol/decode.ts';
import { failed, ok, type Result } from '../protocol/fault.ts';
import { Name, NodeId, PathName } from '../protocol/ids.ts';
import { loadConfig } from '../protocol/node/config.ts';
import { LOG_LEVELS } from '../protocol/node/log.ts';
import { displayKinds } from './media/display/choose.ts';
import { backupPattern, inputPattern, outputPattern } from './media/sound/choose.ts';
import { type Camera, isCamera, parseSource, type Source, sourceSchemas } from './media/source.ts';

const closed = { additionalProperties: false } as const;
const Path = Type.String({ minLength: 1, maxLength: 4096 });
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
/** A value with a short form: a text, or an object whose main key the text stands for. */
const Short = (shortForm: string) => Type.Unsafe<unknown>({ type: ['string', 'object'], default: shortForm });
const oneOf = <const T extends readonly string[]>(names: T, standard: T[number]) =>
  Type.Enum([...names] as T[number][], { default: standard });

const Audio = Type.Object(
  {
    input: Type.String({ pattern: inputPattern, default: 'auto' }),
    /** The microphone that takes the place of one that has failed. */
    backup: Type.Union([Type.String({ pattern: backupPattern }), Type.Null()], { default: null }),
    output: Type.String({ pattern: outputPattern, default: 'auto' }),
  },
  closed,
);

const Display = Type.Object(
  {
    kind: oneOf(displayKinds, 'auto'),
    /** Where the mosaic goes while somebody has the floor. */
    mosaic: oneOf(['inset', 'none'], 'inset'),
    width: Type.Integer({ minimum: 320, maximum: 3840, multipleOf: 2, default: 1280 }),
    height: Type.Integer({ minimum: 180, maximum: 2160, multipleOf: 2, default: 720 }),
  },
  closed,
);

export const EdgeConfigSchema = Type.Object(
  {
    node: NodeId,
    /** Of the room, on its screen before central has sent one. */
    name: Type.Union([Name, Type.Null()], { default: null }),
    /** The folder of everything that this node remembers. */
    data: Path,
    /** Holds ca.pem, cert.pem and key.pem. */
    identity: Type.Object({ dir: Path }, closed),
    /** Broker addresses, tried in order. */
    central: Type.Array(
      // `node`: whom the broker's certificate must name.
      Type.Object(
        { host: Type.String({ minLength: 1, maxLength: 253 }), port: Port, node: Type.String({ ...NodeId, default: 'central' }) },
        closed,
      ),
      { minItems: 1, maxItems: 8 },
    ),
    /**
     * The box's WAN links, the best first; none: whatever way the system takes. With an interface it is used whatever its address is, with an
     * address alone the system's routes have to lead it out there.
     */
    paths: Type.Array(
      Type.Object(
        {
          name: PathName,
          interface: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._:@-]{1,15}$' })),
          address: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F.:]{2,45}$' })),
        },
        closed,
      ),
      { maxItems: 4, default: [] },
    ),
    /** `pattern`, `/dev/video0`, `rtsp://…`, a path; or an object with `kind`, see media/source.ts. */
    source: Short('pattern'),
    /** The camera that takes the place of one that has failed; the same forms. Null: the slate does. */
    backup: Type.Unsafe<unknown>({ type: ['string', 'object', 'null'], default: null }),
    /** The input (`auto`, `synthetic`, `silence`, `alsa:hw:0`, `pulse`); or an object with `input` and `output`. */
    audio: Short('auto'),
    /** `auto`, `headless`, `count`, `kms`, `x11`, `wayland`; or an object with `kind`, `mosaic`, `width`, `height`. */
    display: Short('auto'),
    /** `auto` takes the best that the machine has; a GStreamer element name insists. */
    encoder: oneOf(['auto', ...ENCODERS], 'auto'),
    /** Folders of serial ports to look for devices in, besides the system's own. */
    ports: Type.Array(Path, { maxItems: 8, default: [] }),
    /** Where to look for network cameras: `multicast` on the room's networks, or `host:port` that answers WS-Discovery. Empty: nowhere. */
    cameras: Type.Array(Type.String({ pattern: '^(multicast|[A-Za-z0-9._-]{1,253}:\\d{1,5})$' }), { maxItems: 8, default: [] }),
    /** Of the screen between meetings; a meeting brings its own. */
    language: oneOf(['vi', 'en'], 'vi'),
    /** Burns measuring stamps into the picture. For benchmarks only. */
    stamps: Type.Boolean({ default: false }),
    /** The chair's panel in this room's network; null: none. On loopback plain HTTP, for a browser on the box; elsewhere HTTPS. */
    panel: Type.Union(
      [
        Type.Object(
          { host: Type.String({ minLength: 1, maxLength: 64, default: '127.0.0.1' }), port: Type.Integer({ minimum: 0, maximum: 65_535 }) },
          closed,
        ),
        Type.Null(),
      ],
      { default: null },
    ),
    log: Type.Object({ level: oneOf(LOG_LEVELS, 'info') }, { ...closed, default: {} }),
  },
  closed,
);

type Long = {
  readonly source: Source;
  readonly backup: Camera | null;
  readonly audio: Static<typeof Audio>;
  readonly display: Static<typeof Display>;
};
export type EdgeConfig = Readonly<Omit<Static<typeof EdgeConfigSchema>, keyof Long> & Long>;

const refuse = (key: string, reason: string) => failed({ code: 'config.invalid', key, reason });

/** A value with a short form as its schema wants it; faults name the key below `key`. */
function readLong<S extends TObject>(schema: S, key: string, main: string, value: unknown): Result<Static<S>> {
  const long = typeof value === 'string' ? { [main]: value } : value;
  const checked = decoder(schema).check(Value.Default(schema, long));
  if (checked.ok || checked.fault.code !== 'input.invalid') return checked;
  return refuse([key, ...checked.fault.path.split('/').filter(Boolean)].join('.'), checked.fault.reason);
}

/** The source from either form; faults are `config.invalid` with the key as in `source.device`. */
export function readSource(value: unknown, key = 'source'): Result<Source> {
  if (typeof value === 'string') {
    const parsed = parseSource(value);
    if (parsed.ok) return parsed;
    return refuse(key, parsed.fault.code === 'input.invalid' ? parsed.fault.reason : parsed.fault.code);
  }
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(sourceSchemas, kind))
    return refuse(`${key}.kind`, `must be one of ${Object.keys(sourceSchemas).join(', ')}`);
  return readLong(sourceSchemas[kind as keyof typeof sourceSchemas], key, 'kind', value) as Result<Source>;
}

/** Only what can be opened beside others can stand by: a made picture says nothing, and a clip takes the place of the encoders. */
export function readBackup(value: unknown): Result<Camera | null> {
  if (value === null) return ok(null);
  const read = readSource(value, 'backup');
  if (!read.ok) return read;
  return isCamera(read.value) ? ok(read.value) : refuse('backup', 'must be a camera: /dev/videoN, rtsp://… or the path of a media file');
}

export interface LoadedEdgeConfig {
  readonly config: EdgeConfig;
  /** See loadConfig. */
  readonly print: string | null;
}

/** Reads and checks the edge's configuration. Opens nothing but the file itself. */
export async function loadEdgeConfig(argv: readonly string[]): Promise<Result<LoadedEdgeConfig>> {
  const loaded = await loadConfig({ schema: EdgeConfigSchema, argv });
  if (!loaded.ok) return loaded;
  const { config, print } = loaded.value;
  const source = readSource(config.source);
  if (!source.ok) return source;
  const backup = readBackup(config.backup);
  if (!backup.ok) return backup;
  const audio = readLong(Audio, 'audio', 'input', config.audio);
  if (!audio.ok) return audio;
  const display = readLong(Display, 'display', 'kind', config.display);
  if (!display.ok) return display;
  return ok({ config: { ...config, source: source.value, backup: backup.value, audio: audio.value, display: display.value }, print });
}
