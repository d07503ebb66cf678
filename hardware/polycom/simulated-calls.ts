/**
 * The commands of a simulated Polycom that have to do with calls. Source: Polycom "Integrator's Reference Manual" for HDX and for RealPresence
 * Group; what real ones were seen to answer.
 */
import type { Room, Row, Say, SimulatedCall } from './simulated-room.ts';

const IDLE = 'system is not in a call';

export const book: readonly { readonly name: string; readonly kbps: number; readonly h323: string; readonly sip: string }[] = [
  { name: 'Ha Noi', kbps: 1024, h323: '10.1.0.10', sip: 'hanoi@example.org' },
  { name: 'Da Nang', kbps: 768, h323: '10.2.0.10', sip: 'danang@example.org' },
];

const ADDRESS = '"?([^"\\s]+)"?';

export const calls: readonly Row[] = [
  [
    new RegExp(`^dial manual (auto|\\d+) ${ADDRESS}(?: (\\w+))?$`, 'i'),
    (room, say, [kbps, address, kind]) => dial(room, say, kbps, address, kind),
  ],
  [new RegExp(`^dial (auto) (?:\\d+ )?${ADDRESS}$`, 'i'), (room, say, [kbps, address]) => dial(room, say, kbps, address, '')],
  [
    new RegExp(`^dial phone (\\w+) ${ADDRESS}$`, 'i'),
    (room, say, [kind = '', number = '']) => {
      if (kind === 'sip' && !room.sip) return say('info: IP line (SIP) not enabled.');
      say(`dialing voice_${kind}`);
      room.dial(number, '', 64, 'voice');
    },
  ],
  [
    /^dial addressbook "([^"]*)"$/i,
    (room, say, [name = '']) => {
      const entry = book.find((each) => each.name.toLowerCase() === name.toLowerCase());
      if (entry === undefined) return say('info: no match(s) found');
      say(`dialing addressbook "${entry.name}"`);
      room.dial(entry.h323, entry.name, entry.kbps, 'videocall');
    },
  ],
  [
    /^hangup (?:all|video)$/i,
    (room, say) => {
      if (room.calls.length === 0) return say(IDLE);
      say(room.model.hdx ? 'hanging up video' : 'hanging up all', room.model.hangupMs);
      room.end(ids(room), room.model.hangupMs);
    },
  ],
  [
    /^hangup video "?(\d+)"?$/i,
    (room, say, [id]) => {
      if (room.calls.length === 0) return say(IDLE);
      if (!ids(room).includes(Number(id))) return say(`error: connection ${id} is not active`);
      say('hanging up video', room.model.hangupMs);
      room.end([Number(id)], room.model.hangupMs);
    },
  ],
  [
    /^answer video$/i,
    (room, say) => {
      const call = room.calls.find(({ status, direction }) => status === 'ringing' && direction === 'incoming');
      say(`answer incoming video call ${call === undefined ? 'failed' : 'passed'}`);
      if (call !== undefined) room.connect(call.id);
    },
  ],
  [
    /^callinfo all$/i,
    (room, say) => {
      if (room.calls.length === 0) return say(IDLE);
      say('callinfo begin');
      for (const call of room.calls) say(info(room, call));
      say('callinfo end');
    },
  ],
  [
    /^getcallstate$/i,
    (room, say) => {
      for (const { id, kbps, number, status } of room.calls) say(`cs: call[${id}] speed[${kbps}] dialstr[${number}] state[${status}]`);
      for (let slot = 1; slot <= 3; slot++) say(`cs: call[${slot}] inactive`);
    },
  ],
  [
    /^gendial ([0-9*#])$/i,
    (room, say, [digit = '']) => {
      room.dtmf += digit;
      say(`gendial ${digit}`);
    },
  ],
  [
    /^addrbook all$/i,
    (_room, say) => {
      for (const [at, { name, kbps, h323, sip }] of book.entries())
        say(`addrbook ${at}. "${name}" h323_spd:${kbps} h323_num:${h323} h323_ext: sip_spd:${kbps} sip_num:${sip}`);
      say('addrbook all done');
    },
  ],
  [
    /^autoanswer (yes|no|donotdisturb)$/i,
    (room, say, [mode = 'no']) => {
      const wanted = mode.toLowerCase();
      room.autoanswer = wanted === 'yes' || wanted === 'donotdisturb' ? wanted : 'no';
      say(`autoanswer ${room.autoanswer}`);
    },
  ],
  [/^autoanswer get$/i, (room, say) => say(`autoanswer ${room.autoanswer}`)],
];

const ids = ({ calls }: Room): number[] => calls.map(({ id }) => id);

function dial(room: Room, say: Say, speed = 'auto', address = '', kind = ''): void {
  if (kind.toLowerCase() === 'sip' && !room.sip) {
    say('info: IP line (SIP) not enabled.');
    return;
  }
  const kbps = speed === 'auto' ? 384 : Number(speed);
  // Before the news of the call.
  say(room.model.dialAddress ? `dialing manual "${address}"` : 'dialing manual');
  const entry = book.find(({ h323, sip }) => h323 === address || sip === address);
  if (!room.dial(address, entry?.name ?? '', kbps, 'videocall')) say('dial manual failed');
}

/** The name is told, left empty, or left out with its colon, as firmware has it. */
function info({ model, micMuted }: Room, { id, name, number, kbps, status, direction, type }: SimulatedCall): string {
  const far = { told: `${name}:`, empty: ':', missing: '' }[model.name];
  return `callinfo:${id}:${far}${number}:${kbps}:${status}:${micMuted ? 'muted' : 'notmuted'}:${direction}:${type}`;
}
