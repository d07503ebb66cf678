/** Failover drills: what can be made to fail, how a drill stands, and its report. Central, nodes and the page read the same schemas. */
import { type Static, Type } from 'typebox';
import { At } from './envelope.ts';
import { MeetingId, NodeId } from './ids.ts';
import { Protection } from './schema/plan.ts';

const closed = { additionalProperties: false } as const;
const orNull = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()]);
const Because = Type.String({ maxLength: 300 });

/** Inflicted by a site's box on itself. */
export const siteFaults = ['camera', 'worker', 'relay', 'path', 'onlyPath'] as const;
/** Inflicted by a hub on itself. */
export const hubFaults = ['hub', 'mosaic', 'mixer', 'recorder'] as const;
/** `broker` is central's own. */
export const drillFaults = [...siteFaults, ...hubFaults, 'broker'] as const;

export const NodeFault = Type.Enum([...siteFaults, ...hubFaults]);
export type NodeFault = Static<typeof NodeFault>;
export const DrillFault = Type.Enum([...drillFaults]);
export type DrillFault = Static<typeof DrillFault>;

export const isSiteFault = (fault: DrillFault): boolean => siteFaults.some((each) => each === fault);
export const isHubFault = (fault: DrillFault): boolean => hubFaults.some((each) => each === fault);

/** How long a fault may last that heals by itself, in ms. */
export const FaultMs = Type.Integer({ minimum: 500, maximum: 30_000 });

export const DrillId = Type.String({ pattern: '^d-[a-z0-9]{6,26}$', maxLength: 28, description: 'drill id' });

/** Who of a running meeting has agreed, and how it is known. */
export const Consent = Type.Object(
  { by: Type.String({ minLength: 1, maxLength: 120 }), how: Type.String({ minLength: 1, maxLength: 200 }) },
  closed,
);
export type Consent = Static<typeof Consent>;

/** What central is asked for. With `meeting` the drill is held inside it, which needs `consent`; else in a meeting of its own among `sites`. */
export const NewDrillBody = Type.Object(
  {
    faults: Type.Array(DrillFault, { minItems: 1, maxItems: 20, uniqueItems: true }),
    /** Who takes part; of a running meeting, all its sites do. */
    sites: Type.Optional(Type.Array(NodeId, { minItems: 2, maxItems: 64, uniqueItems: true })),
    /** The sites at which the faults of a site are inflicted, one after the other; the first site when absent. */
    targets: Type.Optional(Type.Array(NodeId, { minItems: 1, maxItems: 16, uniqueItems: true })),
    meeting: Type.Optional(MeetingId),
    consent: Type.Optional(Consent),
    language: Type.Optional(Type.Union([Type.Literal('vi'), Type.Literal('en')])),
    /** How long cameras, paths and the broker stay away. Default 5000. */
    ms: Type.Optional(FaultMs),
  },
  closed,
);
export type NewDrillBody = Static<typeof NewDrillBody>;

export const figureNames = [
  'sourceGapMs',
  'outageMs',
  'floorLost',
  'floorGapMs',
  'audioGapMs',
  'mosaicGapMs',
  'backMs',
  'recordGapMs',
  'eventsLost',
] as const;
export const FigureName = Type.Enum([...figureNames]);
export type FigureName = Static<typeof FigureName>;

/** Of whom a figure is taken: viewers by how they are protected, all viewers, or the part that failed. */
export const Whom = Type.Union([Type.Literal('hot'), Type.Literal('warm'), Type.Literal('viewers'), Type.Literal('part')]);
export type Whom = Static<typeof Whom>;

/** One figure against its goal; all but the goal null where nobody could measure it. */
export const Figure = Type.Object(
  {
    name: FigureName,
    of: Whom,
    /** The figure may be as much as this. */
    goal: Type.Number(),
    /** How many measured it. */
    n: Type.Integer({ minimum: 0 }),
    p50: orNull(Type.Number()),
    p95: orNull(Type.Number()),
    max: orNull(Type.Number()),
    /** Null: nothing was measured. */
    passed: orNull(Type.Boolean()),
  },
  closed,
);
export type Figure = Static<typeof Figure>;

/** What one room saw while a fault lasted. */
export const Room = Type.Object(
  {
    site: NodeId,
    protection: Protection,
    /** Seconds of telemetry. */
    samples: Type.Integer({ minimum: 0 }),
    /** As all that follow: null where nothing of it came. */
    floorLost: orNull(Type.Number()),
    floorGapMs: orNull(Type.Number()),
    mosaicGapMs: orNull(Type.Number()),
    audioGapMs: orNull(Type.Number()),
  },
  closed,
);
export type Room = Static<typeof Room>;

/** What was switched, as its node told it. */
export const Switched = Type.Object(
  { at: At, node: NodeId, kind: Type.String(), what: Type.String(), because: Because, ms: orNull(Type.Number()) },
  closed,
);
export type Switched = Static<typeof Switched>;

export const StepState = Type.Union([
  Type.Literal('waiting'),
  /** Waits until the meeting is whole before the fault. */
  Type.Literal('settling'),
  /** The node has been asked. */
  Type.Literal('asked'),
  /** The fault is there, or its consequences are. */
  Type.Literal('running'),
  Type.Literal('passed'),
  Type.Literal('failed'),
  /** A condition was not met: nothing was broken. */
  Type.Literal('refused'),
  /** The drill ended before. */
  Type.Literal('skipped'),
]);
export type StepState = Static<typeof StepState>;

export const DrillStep = Type.Object(
  {
    fault: DrillFault,
    /** Who inflicts it on itself; null: the hub that the meeting has when its turn comes. */
    node: orNull(NodeId),
    ms: FaultMs,
    state: StepState,
    startedAt: orNull(At),
    /** When the meeting was whole again. */
    wholeAt: orNull(At),
    because: Because,
    figures: Type.Array(Figure, { maxItems: 20 }),
    rooms: Type.Array(Room, { maxItems: 512 }),
    switched: Type.Array(Switched, { maxItems: 100 }),
  },
  closed,
);
export type DrillStep = Static<typeof DrillStep>;

export const DrillState = Type.Union([
  Type.Literal('opening'),
  Type.Literal('running'),
  Type.Literal('done'),
  /** It did not become whole again, or not in the first place. */
  Type.Literal('stopped'),
  Type.Literal('aborted'),
]);
export type DrillState = Static<typeof DrillState>;

/** `incomplete`: nothing failed, but not everything was tried. */
export const Verdict = Type.Union([Type.Literal('passed'), Type.Literal('failed'), Type.Literal('incomplete')]);
export type Verdict = Static<typeof Verdict>;

export const Drill = Type.Object(
  {
    id: DrillId,
    by: Type.String({ maxLength: 120 }),
    orderedAt: At,
    endedAt: orNull(At),
    state: DrillState,
    because: Because,
    meeting: orNull(MeetingId),
    /** Central opened the meeting for the drill alone. */
    own: Type.Boolean(),
    consent: orNull(Consent),
    sites: Type.Array(NodeId, { maxItems: 512 }),
    steps: Type.Array(DrillStep, { maxItems: 200 }),
    /** Null until the end. */
    verdict: orNull(Verdict),
  },
  closed,
);
export type Drill = Static<typeof Drill>;

export const SignOffBody = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 120 }), remark: Type.String({ maxLength: 1000 }) },
  closed,
);
export type SignOffBody = Static<typeof SignOffBody>;

export const SignOff = Type.Object(
  {
    /** The login that confirmed it. */
    by: Type.String({ maxLength: 120 }),
    role: Type.String({ maxLength: 20 }),
    /** As the person signs. */
    name: Type.String({ maxLength: 120 }),
    remark: Type.String({ maxLength: 1000 }),
    at: At,
  },
  closed,
);
export type SignOff = Static<typeof SignOff>;

/** How names stood when it was signed: ids may be given to others later. */
export const DrillReport = Type.Object(
  { drill: Drill, title: Type.String(), names: Type.Record(Type.String(), Type.String()), signOff: SignOff },
  closed,
);
export type DrillReport = Static<typeof DrillReport>;

/** The report with central's signature over its canonical bytes (protocol/canonical.ts). */
export const SealedReport = Type.Object(
  {
    report: DrillReport,
    seal: Type.Object(
      {
        /** Digest and kind of the key: `SHA256 ec`. */
        algorithm: Type.String({ maxLength: 40 }),
        /** Base64. */
        signature: Type.String({ maxLength: 2000 }),
        /** PEM: central's certificate and the authority's. */
        certificate: Type.String({ maxLength: 20_000 }),
        authority: Type.String({ maxLength: 20_000 }),
      },
      closed,
    ),
  },
  closed,
);
export type SealedReport = Static<typeof SealedReport>;

export const DrillView = Type.Object({ drill: Drill, signOff: orNull(SignOff) }, closed);
export type DrillView = Static<typeof DrillView>;
