/** Central's configuration file. Read once, in main.ts. */
import { type Static, Type } from 'typebox';
import { LOG_LEVELS } from '../protocol/node/log.ts';

const closed = { additionalProperties: false } as const;
const Host = Type.String({ minLength: 1, maxLength: 253 });
const Path = Type.String({ minLength: 1, maxLength: 4096 });
/** 0: any free one, named in the `started` line. */
const Port = Type.Integer({ minimum: 0, maximum: 65_535 });

export const CentralConfigSchema = Type.Object(
  {
    /** The folder of everything that central remembers: the database and the service token. */
    data: Path,
    /** Holds ca.pem, cert.pem and key.pem of central. */
    identity: Type.Object({ dir: Path }, closed),
    http: Type.Object(
      {
        host: Type.String({ ...Host, default: '127.0.0.1' }),
        port: Type.Integer({ ...Port, default: 8080 }),
        /** A proxy in front sets X-Forwarded-For and -Proto, and nobody else can reach the port. */
        trustProxy: Type.Boolean({ default: false }),
        /** The page's certificate (with its chain) and key, PEM files that the browsers of the house trust; null: no TLS. */
        tls: Type.Union([Type.Object({ cert: Path, key: Path }, closed), Type.Null()], { default: null }),
      },
      { ...closed, default: {} },
    ),
    mqtt: Type.Object(
      { host: Type.String({ ...Host, default: '0.0.0.0' }), port: Type.Integer({ ...Port, default: 8883 }) },
      { ...closed, default: {} },
    ),
    media: Type.Object(
      {
        /** SRT latency of both directions, ms. At least 2.4 round trips, 5 where packets are lost. */
        latencyMs: Type.Integer({ minimum: 20, maximum: 8000, default: 40 }),
        /** 40 halves the packets of small machines, 20 halves the delay. */
        audioFrameMs: Type.Union([Type.Literal(20), Type.Literal(40)], { default: 40 }),
        /** Kilobits per second of the speaker's picture (720p, 25 pictures a second) and of the mosaic (720p, 15): what thin lines can be spared. A running meeting keeps what it began with. */
        mainKbps: Type.Integer({ minimum: 300, maximum: 4000, default: 1500 }),
        mosaicKbps: Type.Integer({ minimum: 300, maximum: 4000, default: 1500 }),
      },
      { ...closed, default: {} },
    ),
    recordings: Type.Object(
      {
        /** Days after which a recording is deleted; null keeps them until somebody deletes them, or a hub is full (`recordings.maxGb` there). */
        keepDays: Type.Union([Type.Integer({ minimum: 1, maximum: 36_500 }), Type.Null()], { default: null }),
      },
      { ...closed, default: {} },
    ),
    log: Type.Object({ level: Type.Enum([...LOG_LEVELS], { default: 'info' }) }, { ...closed, default: {} }),
  },
  closed,
);
export type CentralConfig = Static<typeof CentralConfigSchema>;
