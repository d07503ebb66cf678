/** From the bytes of a publication to a checked message whose sender is who it says. Pure but for its compiled schemas. */
import { Type } from 'typebox';
import { type Decoder, decoder } from '../../protocol/decode.ts';
import { envelope } from '../../protocol/envelope.ts';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import { CommandResult } from '../../protocol/schema/command.ts';
import { Devices } from '../../protocol/schema/devices.ts';
import { Event } from '../../protocol/schema/event.ts';
import { Reported, Status } from '../../protocol/schema/reported.ts';
import { Telemetry } from '../../protocol/schema/telemetry.ts';
import type { Uplink } from '../broker/contract.ts';

const small = { maxBytes: 64 * 1024, maxDepth: 8 };
/** A hub's numbers of a meeting of 512 sites take about 250 kB. */
const large = { maxBytes: 512 * 1024, maxDepth: 10 };

const statuses = decoder(Status, small);
const reports = decoder(Reported, small);
const rooms = decoder(Devices, large);
const samples = decoder(Telemetry, large);
const events = decoder(Event, small);
const results = decoder(CommandResult, small);
/** Of an event whose body is wrong: enough to count it as arrived, or its sender would send it for ever. */
const headers = decoder(envelope(Type.Unknown()), small);

export type UpMessage =
  | { readonly kind: 'status'; readonly message: Status }
  | { readonly kind: 'reported'; readonly message: Reported }
  | { readonly kind: 'devices'; readonly message: Devices }
  | { readonly kind: 'telemetry'; readonly message: Telemetry }
  | { readonly kind: 'event'; readonly message: Event }
  | { readonly kind: 'result'; readonly message: CommandResult };

type From = Pick<Uplink, 'node' | 'role'>;

function check<T extends { readonly node: string; readonly body: object }>(
  bytes: Uint8Array,
  schema: Decoder<T>,
  { node, role }: From,
): Result<T> {
  const read = schema.decode(bytes);
  if (!read.ok) return read;
  if (read.value.node !== node) return failed({ code: 'input.invalid', path: '/node', reason: `must be ${node}` });
  const { body } = read.value;
  if ('role' in body && body.role !== role) return failed({ code: 'input.invalid', path: '/body/role', reason: `must be ${role}` });
  return read;
}

/** Reads a publication, or says what is wrong with it. */
export function read(uplink: Uplink): Result<UpMessage> {
  const { kind, payload } = uplink;
  const as = <K extends UpMessage['kind'], T>(name: K, result: Result<T>): Result<{ readonly kind: K; readonly message: T }> =>
    result.ok ? ok({ kind: name, message: result.value }) : result;
  switch (kind) {
    case 'status':
      return as(kind, check(payload, statuses, uplink));
    case 'reported':
      return as(kind, check(payload, reports, uplink));
    case 'devices':
      return as(kind, check(payload, rooms, uplink));
    case 'telemetry':
      return as(kind, check(payload, samples, uplink));
    case 'event':
      return as(kind, check(payload, events, uplink));
    case 'result':
      return as(kind, check(payload, results, uplink));
    default:
      return kind satisfies never;
  }
}

/** Process start, number and time of an event whose body does not fit; null when not even that can be read. */
export function readHeader({ node, payload }: Uplink): { readonly boot: string; readonly seq: number; readonly at: number } | null {
  const header = headers.decode(payload);
  return header.ok && header.value.node === node ? header.value : null;
}
