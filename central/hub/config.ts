/** The hub's configuration: one schema with its defaults. */
import { type Static, Type } from 'typebox';
import { NodeId } from '../../protocol/ids.ts';
import { LOG_LEVELS } from '../../protocol/node/log.ts';
import { PathHost } from '../../protocol/schema/reported.ts';

const closed = { additionalProperties: false } as const;
const Host = Type.String({ minLength: 1, maxLength: 253 });
const Path = Type.String({ minLength: 1, maxLength: 4096 });

export const HubConfigSchema = Type.Object(
  {
    node: NodeId,
    /** The folder of everything that this node remembers. */
    data: Path,
    /** Holds ca.pem, cert.pem and key.pem. */
    identity: Type.Object({ dir: Path }, closed),
    /** Broker addresses, tried in order. */
    central: Type.Array(Type.Object({ host: Host, port: Type.Integer({ minimum: 1, maximum: 65_535 }) }, closed), {
      minItems: 1,
      maxItems: 8,
    }),
    /** SRT (UDP) and control channel (TCP) on the same number. 0 takes a free one. */
    listen: Type.Object(
      { host: Type.String({ default: '0.0.0.0', maxLength: 64 }), port: Type.Integer({ minimum: 0, maximum: 32_767, default: 9710 }) },
      { ...closed, default: {} },
    ),
    /** How others reach this hub. */
    advertise: Type.Object(
      {
        host: Host,
        /** The addresses at which sites reach it over their WAN links of these names, where that is not `host`. */
        paths: Type.Array(PathHost, { maxItems: 8, default: [] }),
      },
      closed,
    ),
    recordings: Type.Object(
      {
        dir: Path,
        /** All recordings together; the oldest go first. After how many days they go is central's to say (`recordings.keepDays` there). */
        maxGb: Type.Number({ exclusiveMinimum: 0, default: 200 }),
        /** Below this much free space nothing is recorded. */
        minFreeMb: Type.Number({ minimum: 0, default: 1024 }),
      },
      closed,
    ),
    log: Type.Object(
      { level: Type.Enum([...LOG_LEVELS] as (typeof LOG_LEVELS)[number][], { default: 'info' }) },
      { ...closed, default: {} },
    ),
    /** Allows drills that crash the workers. Tests only. */
    faults: Type.Boolean({ default: false }),
  },
  closed,
);
export type HubConfig = Static<typeof HubConfigSchema>;
