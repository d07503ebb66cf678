/** `down/cmd` and `up/result`: acts done once. A command names the process start it is meant for and expires; twice delivered it acts once. */
import { type Static, Type } from 'typebox';
import { FaultMs, NodeFault } from '../drill.ts';
import { At, envelope } from '../envelope.ts';
import { BootId, MeetingId, RecordingId } from '../ids.ts';
import { ActResult, DeviceCommand, PictureCommand } from './devices.ts';

const closed = { additionalProperties: false } as const;
const CommandId = Type.String({ pattern: '^[a-f0-9-]{8,64}$' });

export const Act = Type.Union([
  /** Edge: kill and respawn the media processes of the box. */
  Type.Object({ do: Type.Literal('restart-media') }, closed),
  /** Edge: one act on one device of the room. A move is stopped by its own limit, whatever becomes of later commands. */
  DeviceCommand,
  /** Edge: the picture of a codec whose call was lost. */
  PictureCommand,
  /** Hub: delete a recording from its disk. */
  Type.Object({ do: Type.Literal('delete-recording'), recording: RecordingId }, closed),
  /** A drill: the node breaks this part of itself. What does not heal by itself is healed after `ms`. Only for what serves `meeting`. */
  Type.Object({ do: Type.Literal('drill'), fault: NodeFault, meeting: MeetingId, ms: FaultMs }, closed),
  /** A drill is called off: whatever has not healed yet does so now. */
  Type.Object({ do: Type.Literal('heal') }, closed),
]);
export type Act = Static<typeof Act>;

export const Command = envelope(Type.Object({ id: CommandId, session: BootId, expires: At, act: Act }, closed));
export type Command = Static<typeof Command>;

export const CommandResult = envelope(
  Type.Object(
    {
      id: CommandId,
      outcome: Type.Union([Type.Literal('done'), Type.Literal('failed'), Type.Literal('refused')]),
      because: Type.String({ maxLength: 300 }),
      /** Of an act on a device, else absent. */
      device: Type.Optional(ActResult),
    },
    closed,
  ),
);
export type CommandResult = Static<typeof CommandResult>;
