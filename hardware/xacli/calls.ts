/** What an XACLI codec tells of its calls. Pure. */
import type { Call, CallState } from '../../protocol/schema/device.ts';
import type { Block } from './codec.ts';

/** Only `Synced` is a call that stands. A state that is not in the table is `unknown`, never "in a call". */
const STATES: Readonly<Record<string, CallState>> = {
  synced: 'connected',
  dialling: 'dialling',
  alerting: 'ringing',
  ringing: 'ringing',
  awaitincnf: 'ringing',
  proceed: 'connecting',
  proceeding: 'connecting',
  establin: 'connecting',
  establout: 'connecting',
  connecting: 'connecting',
  clearin: 'disconnecting',
  clearout: 'disconnecting',
  disconnecting: 'disconnecting',
};
const OVER = new Set(['disconnected', 'idle', 'na', 'none']);
const DIRECTIONS: Readonly<Record<string, Call['direction']>> = { outgoing: 'out', incoming: 'in' };

/** The number of the call a status block tells of; null: it tells of something else. */
export const callOf = ({ of, path }: Block): string | null => (of === 's' ? (/^Call (\d+)$/i.exec(path)?.[1] ?? null) : null);

/** @returns null when the block says that there is no such call any more. */
export function call(id: string, { attributes, fields }: Block): Call | null {
  const status = (attributes.status ?? '').toLowerCase();
  if (OVER.has(status)) return null;
  const leaf = (name: string): string => Object.entries(fields).find(([key]) => key === name || key.endsWith(` ${name}`))?.[1] ?? '';
  const kbps = Number(leaf('callrate'));
  const protocol = attributes.protocol ?? '';
  return {
    id,
    state: STATES[status] ?? 'unknown',
    direction: DIRECTIONS[(attributes.direction ?? '').toLowerCase()] ?? 'unknown',
    number: leaf('remotenumber').slice(0, 200),
    name: (leaf('displayname') || leaf('remotename')).slice(0, 200),
    protocol: protocol === 'NA' ? '' : protocol.slice(0, 20),
    kbps: Number.isInteger(kbps) && kbps > 0 ? kbps : null,
  };
}
