/** The edge's configuration: schema, defaults, and the checks that a schema cannot say. */
import { type Static, Type } from 'typebox';
import { decoder } from '../protocol/decode.ts';
import { failed, ok, type Result } from '../protocol/fault.ts';
import { NodeId } from '../protocol/ids.ts';
import { loadConfig } from '../protocol/node/config.ts';
import { LOG_LEVELS } from '../protocol/node/log.ts';
import { displayKinds } from './media/display/choose.ts';
import { inputPattern, outputPattern } from './media/sound/choose.ts';
import { parseSource, type Source, sourceSchemas } from './media/source.ts';

const closed = { additionalProperties: false } as const;
const nested = { additionalProperties: false, default: {} } as const;
const Path = Type.String({ minLength: 1, maxLength: 4096 });
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });

export const EdgeConfigSchema = Type.Object(
  {
    node: NodeId,
    /** The folder of everything this node remembers. */
    data: Path,
    /** Holds ca.pem, cert.pem and key.pem. */
    identity: Type.Object({ dir: Path }, closed),
    /** Broker addresses, tried in order. */
    central: Type.Array(Type.Object({ host: Type.String({ minLength: 1, maxLength: 253 }), port: Port }, closed), { minItems: 1, maxItems: 8 }),
    /** Short form (`pattern`, `/dev/video0`, `rtsp://…`, a path) or an object with `kind`. */
    source: Type.Unsafe<string | Readonly<Record<string, unknown>>>({ type: ['string', 'object'], default: 'pattern' }),
    audio: Type.Object(
      {
        input: Type.String({ pattern: inputPattern, default: 'auto' }),
        output: Type.String({ pattern: outputPattern, default: 'auto' }),
      },
      nested,
    ),
    display: Type.Object(
      {
        kind: Type.Union(
          displayKinds.map((kind) => Type.Literal(kind)),
          { default: 'auto' },
        ),
        /** Where the mosaic goes while somebody has the floor. */
        mosaic: Type.Union([Type.Literal('inset'), Type.Literal('none')], { default: 'inset' }),
        width: Type.Integer({ minimum: 320, maximum: 3840, multipleOf: 2, default: 1280 }),
        height: Type.Integer({ minimum: 180, maximum: 2160, multipleOf: 2, default: 720 }),
      },
      nested,
    ),
    /** `auto` takes the best that the machine has; a GStreamer element name insists. */
    encoder: Type.String({ pattern: '^[a-z0-9]{1,40}$', default: 'auto' }),
    /** Of the screen between meetings; a meeting brings its own. */
    language: Type.Union([Type.Literal('vi'), Type.Literal('en')], { default: 'vi' }),
    /** Burns measuring stamps into the picture. For benchmarks only. */
    stamps: Type.Boolean({ default: false }),
    log: Type.Object(
      {
        level: Type.Union(
          LOG_LEVELS.map((level) => Type.Literal(level)),
          { default: 'info' },
        ),
      },
      nested,
    ),
  },
  closed,
);

export type EdgeConfig = Omit<Static<typeof EdgeConfigSchema>, 'source'> & { readonly source: Source };

const decoders = {
  pattern: decoder(sourceSchemas.pattern),
  v4l2: decoder(sourceSchemas.v4l2),
  rtsp: decoder(sourceSchemas.rtsp),
  file: decoder(sourceSchemas.file),
  clip: decoder(sourceSchemas.clip),
} as const;

/** The source from either form; faults are `config.invalid` with the key as in `source.device`. */
export function readSource(value: unknown): Result<Source> {
  const refuse = (key: string, reason: string) => failed({ code: 'config.invalid', key, reason });
  if (typeof value === 'string') {
    const parsed = parseSource(value);
    if (parsed.ok) return parsed;
    return refuse('source', parsed.fault.code === 'input.invalid' ? parsed.fault.reason : parsed.fault.code);
  }
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(decoders, kind)) return refuse('source.kind', `must be one of ${Object.keys(decoders).join(', ')}`);
  const checked = decoders[kind as keyof typeof decoders].check(value);
  if (checked.ok) return checked;
  if (checked.fault.code !== 'input.invalid') return checked;
  return refuse(['source', ...checked.fault.path.split('/').filter(Boolean)].join('.'), checked.fault.reason);
}

export interface LoadedEdgeConfig {
  readonly config: EdgeConfig;
  /** See loadConfig. */
  readonly print: string | null;
}

/** Reads and checks the edge's configuration. Opens nothing but the file itself. */
export async function loadEdgeConfig(argv: readonly string[]): Promise<Result<LoadedEdgeConfig>> {
  const loaded = await loadConfig({ schema: EdgeConfigSchema, argv, env: {}, overrides: {}, defaultFile: null });
  if (!loaded.ok) return loaded;
  const source = readSource(loaded.value.config.source);
  if (!source.ok) return source;
  return ok({ config: { ...loaded.value.config, source: source.value }, print: loaded.value.print });
}
