/** Devices of a room: what the box drives and has found, adopting, acting, and their own language for administrators. */
import { Type } from 'typebox';
import {
  ChangeDeviceBody,
  type DevicesView,
  DevicesView as DevicesViewSchema,
  NewDeviceBody,
  PictureBody,
  RawBody,
} from '../../../protocol/api.ts';
import { FaultError } from '../../../protocol/fault.ts';
import { NodeId } from '../../../protocol/ids.ts';
import { asItIs } from '../../../protocol/room.ts';
import type { Act, CommandResult } from '../../../protocol/schema/command.ts';
import { ActResult, DeviceAct, DeviceId } from '../../../protocol/schema/device.ts';
import type { DeviceWish } from '../../../protocol/schema/devices.ts';
import type { Devices } from '../../devices/devices.ts';
import type { Board } from '../board.ts';
import type { FactsOf, SiteRegistry } from '../contract.ts';
import { orThrow } from '../problem.ts';
import { type Route, route } from '../route.ts';

export interface DeviceParts {
  readonly devices: Pick<Devices, 'of' | 'add' | 'change' | 'remove'>;
  readonly registry: Pick<SiteRegistry, 'sites'>;
  readonly facts: FactsOf;
  readonly board: Pick<Board, 'touch'>;
  /** @throws FaultError `unreachable` */
  readonly run: (site: string, act: Act) => Promise<CommandResult['body']>;
}

const siteParam = Type.Object({ site: NodeId }, { additionalProperties: false });
const deviceParam = Type.Object({ site: NodeId, device: DeviceId }, { additionalProperties: false });

/** Secrets stay here: who may change a device sees whether it has a password, not which. */
const shown = ({ password, ...wish }: DeviceWish): DevicesView['devices'][number]['wish'] => ({ ...wish, hasPassword: password !== '' });

/** Whatever follows a word that announces a secret, to the end of the line: which of it is the secret differs from make to make. */
const SECRET =
  /((?:pass(?:word|wd|phrase|code)?|pwd|psk|pin|secret|token|key|community(?:name)?|credentials?)\b["']?(?:\s+(?:set|is|to)\b)?\s*[:=]?)\s*\S[^\r\n]*/gi;

/** A line in a device's language, fit for the audit log. */
export const withoutSecrets = (text: string): string => text.replace(SECRET, (_line, word: string) => `${word.trimEnd()} ***`);

/** What the audit log keeps of an act. Digits that are sent into a call are often the PIN of a conference. */
function auditedAct(act: DeviceAct): object | null {
  // A camera on the move is told to go on several times a second.
  if (act.do === 'move') return null;
  if (act.do === 'raw') return { ...act, text: withoutSecrets(act.text) };
  return act.do === 'dtmf' ? { ...act, digits: '***' } : act;
}

export function deviceRoutes({ devices, registry, facts, board, run }: DeviceParts): readonly Route[] {
  const known = (site: string): void => {
    if (!registry.sites().some((each) => each.site === site)) throw new FaultError({ code: 'not-found', what: 'site', id: site });
  };
  const view = (site: string): DevicesView => {
    known(site);
    const { connected = false, devices: said = null } = facts(site) ?? {};
    const report = (id: string) => said?.devices.find((each) => each.id === id) ?? null;
    return {
      site,
      online: connected,
      devices: devices.of(site).map((wish) => ({ wish: shown(wish), report: report(wish.id) })),
      found: connected ? [...(said?.found ?? [])] : [],
    };
  };
  const act = async (site: string, device: string, what: DeviceAct): Promise<ActResult> => {
    if (!devices.of(site).some(({ id }) => id === device)) throw new FaultError({ code: 'not-found', what: 'device', id: device });
    const { device: result, because } = await run(site, { do: 'device', device, act: what });
    return result ?? { outcome: 'rejected', because };
  };
  return [
    route('GET /api/v1/sites/{site}/devices', {
      action: 'devices.read',
      summary: 'What stands in the room: devices that the box drives, and what it has found',
      params: siteParam,
      gives: DevicesViewSchema,
      run: ({ params }) => view(params.site),
    }),
    route('POST /api/v1/sites/{site}/devices', {
      action: 'devices.write',
      act: 'device.adopt',
      summary: 'Have the box drive a device',
      params: siteParam,
      body: NewDeviceBody,
      audit: 'done',
      gives: DevicesViewSchema,
      status: 201,
      run: async ({ params, body }) => {
        known(params.site);
        const { scenes = { on: asItIs, off: asItIs }, ...wish } = body;
        orThrow(await devices.add(params.site, { ...wish, scenes }));
        board.touch();
        return view(params.site);
      },
    }),
    route('PATCH /api/v1/sites/{site}/devices/{device}', {
      action: 'devices.write',
      act: 'device.change',
      summary: 'Change how a device is called, reached or placed in the scenes of the room',
      params: deviceParam,
      body: ChangeDeviceBody,
      audit: 'done',
      gives: DevicesViewSchema,
      run: async ({ params, body }) => {
        known(params.site);
        orThrow(await devices.change(params.site, params.device, body as Partial<DeviceWish>));
        board.touch();
        return view(params.site);
      },
    }),
    route('DELETE /api/v1/sites/{site}/devices/{device}', {
      action: 'devices.write',
      act: 'device.release',
      summary: 'Have the box let go of a device',
      params: deviceParam,
      audit: 'done',
      gives: null,
      run: async ({ params }) => {
        known(params.site);
        orThrow(await devices.remove(params.site, params.device));
        board.touch();
      },
    }),
    route('POST /api/v1/sites/{site}/devices/{device}/act', {
      action: 'devices.act',
      act: 'device.act',
      summary: 'One act on a device: move, dial, mute, switch on…; its own language has a route of its own',
      params: deviceParam,
      body: DeviceAct,
      audit: 'done',
      audited: auditedAct,
      gives: ActResult,
      run: async ({ params, body }) => {
        if (body.do === 'raw') throw new FaultError({ code: 'auth.forbidden', need: 'the route for raw commands' });
        return act(params.site, params.device, body);
      },
    }),
    route('POST /api/v1/sites/{site}/devices/{device}/picture', {
      action: 'devices.act',
      act: 'device.picture',
      summary: 'Bring back the picture of a codec whose call was lost, have the box call the far end again now, or have it call no more',
      params: deviceParam,
      body: PictureBody,
      audit: 'done',
      gives: null,
      run: async ({ params: { site, device }, body: { order } }) => {
        if (!devices.of(site).some(({ id }) => id === device)) throw new FaultError({ code: 'not-found', what: 'device', id: device });
        const { outcome, because } = await run(site, { do: 'picture', device, order });
        if (outcome !== 'done') throw new FaultError({ code: 'conflict', what: 'picture', reason: because });
      },
    }),
    route('POST /api/v1/sites/{site}/devices/{device}/raw', {
      action: 'devices.raw',
      act: 'device.raw',
      summary: 'Say something to a device in its own language; passwords in it are not kept in the audit log',
      params: deviceParam,
      body: RawBody,
      audit: 'done',
      audited: ({ text }) => ({ text: withoutSecrets(text) }),
      gives: ActResult,
      run: async ({ params, body }) => act(params.site, params.device, { do: 'raw', text: body.text }),
    }),
  ];
}
