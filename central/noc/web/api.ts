/** Central's HTTP API as functions, typed by protocol/api.ts. Every change carries the CSRF token and a key that makes repeating it harmless. */
import type { Static } from 'typebox';
import type {
  AuditEntry,
  ChangeDeviceBody,
  ChangeSiteBody,
  ChangeUserBody,
  DevicesView,
  LayoutBody,
  LogEntry,
  LoginBody,
  Me,
  MeetingView,
  NewDeviceBody,
  NewHubBody,
  NewMeetingBody,
  NewSiteBody,
  NewUserBody,
  PanelView,
  PasswordBody,
  Problem,
  SetupBody,
  SetupState,
  UserView,
} from '../../../protocol/api.ts';
import type { DrillView, NewDrillBody, SignOffBody } from '../../../protocol/drill.ts';
import type { RecordingView } from '../../../protocol/recording.ts';
import type { ActResult, DeviceAct } from '../../../protocol/schema/device.ts';
import type { PictureOrder } from '../../../protocol/schema/devices.ts';
import type { Trouble } from '../../../protocol/web/problem.ts';
import type { Ask } from './effects.ts';

/** What was asked for, or what went wrong; null trouble means that nothing came back. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly trouble: Trouble };

export interface ApiOptions {
  readonly ask: Ask;
  readonly key: () => string;
  /** The CSRF token of the session, null when nobody is logged in. */
  readonly csrf: () => string | null;
  /** Called when a request was refused for want of a login: the session may have ended, or a password was wrong. */
  readonly onRefused: () => void;
}

const base = '/api/v1';
const seg = encodeURIComponent;

function problemOf(status: number, body: unknown): Problem {
  const known = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
  const { type = 'about:blank', title = '', detail = '', code = '', path } = known;
  return { type, title, status, detail, code, ...(path === undefined ? {} : { path }) };
}

export type Api = ReturnType<typeof api>;

/** @param options effects; see ApiOptions. */
export function api({ ask, key, csrf, onRefused }: ApiOptions) {
  async function call<T>(method: string, path: string, body?: unknown): Promise<Reply<T>> {
    const token = csrf();
    const headers: Record<string, string> = {};
    if (method !== 'GET') {
      headers['idempotency-key'] = key();
      if (token !== null) headers['x-csrf-token'] = token;
    }
    try {
      const answer = await ask(method, base + path, headers, body);
      if (answer.status >= 200 && answer.status < 300) return { ok: true, value: answer.body as T };
      if (answer.status === 401 && token !== null) onRefused();
      return { ok: false, trouble: problemOf(answer.status, answer.body) };
    } catch {
      // The request never reached central, or the answer never reached us: the caller says so.
      return { ok: false, trouble: null };
    }
  }
  const meeting = (id: string, act: string): string => `/meetings/${seg(id)}/${act}`;
  const room = (site: string, ...more: readonly string[]): string =>
    ['/sites', site, 'devices', ...more].map((part, i) => (i === 0 ? part : seg(part))).join('/');

  return {
    me: () => call<Me>('GET', '/me'),
    setupState: () => call<SetupState>('GET', '/setup'),
    setup: (body: Static<typeof SetupBody>) => call<unknown>('POST', '/setup', body),
    login: (body: Static<typeof LoginBody>) => call<unknown>('POST', '/login', body),
    logout: () => call<unknown>('POST', '/logout', {}),
    password: (body: Static<typeof PasswordBody>) => call<unknown>('POST', '/me/password', body),

    users: () => call<readonly UserView[]>('GET', '/users'),
    addUser: (body: Static<typeof NewUserBody>) => call<unknown>('POST', '/users', body),
    changeUser: (name: string, body: Static<typeof ChangeUserBody>) => call<unknown>('PATCH', `/users/${seg(name)}`, body),
    removeUser: (name: string) => call<unknown>('DELETE', `/users/${seg(name)}`),

    addSite: (body: Static<typeof NewSiteBody>) => call<unknown>('POST', '/sites', body),
    changeSite: (site: string, body: Static<typeof ChangeSiteBody>) => call<unknown>('PATCH', `/sites/${seg(site)}`, body),
    removeSite: (site: string) => call<unknown>('DELETE', `/sites/${seg(site)}`),
    restartMedia: (site: string) => call<unknown>('POST', `/sites/${seg(site)}/restart-media`, {}),
    devices: (site: string) => call<DevicesView>('GET', room(site)),
    adoptDevice: (site: string, body: NewDeviceBody) => call<DevicesView>('POST', room(site), body),
    changeDevice: (site: string, device: string, body: ChangeDeviceBody) => call<DevicesView>('PATCH', room(site, device), body),
    releaseDevice: (site: string, device: string) => call<unknown>('DELETE', room(site, device)),
    actOn: (site: string, device: string, act: DeviceAct) => call<ActResult>('POST', room(site, device, 'act'), act),
    orderPicture: (site: string, device: string, order: PictureOrder) => call<unknown>('POST', room(site, device, 'picture'), { order }),
    rawTo: (site: string, device: string, text: string) => call<ActResult>('POST', room(site, device, 'raw'), { text }),
    addHub: (body: Static<typeof NewHubBody>) => call<unknown>('POST', '/hubs', body),
    removeHub: (hub: string) => call<unknown>('DELETE', `/hubs/${seg(hub)}`),

    addMeeting: (body: Static<typeof NewMeetingBody>) => call<MeetingView>('POST', '/meetings', body),
    start: (id: string) => call<unknown>('POST', meeting(id, 'start'), {}),
    end: (id: string) => call<unknown>('POST', meeting(id, 'end'), {}),
    floor: (id: string, site: string | null) => call<unknown>('POST', meeting(id, 'floor'), { site }),
    back: (id: string) => call<unknown>('POST', meeting(id, 'back'), {}),
    next: (id: string, site: string | null) => call<unknown>('POST', meeting(id, 'next'), { site }),
    invite: (id: string, site: string, invited: boolean) => call<unknown>('POST', meeting(id, 'invite'), { site, invited }),
    panel: (id: string) => call<PanelView>('GET', meeting(id, 'panel')),
    mute: (id: string, site: string, muted: boolean) => call<unknown>('POST', meeting(id, 'mute'), { site, muted }),
    layout: (id: string, body: Static<typeof LayoutBody>) => call<unknown>('POST', meeting(id, 'layout'), body),
    record: (id: string, on: boolean) => call<unknown>('POST', meeting(id, 'record'), { on }),

    drills: () => call<readonly DrillView[]>('GET', '/drills'),
    drill: (id: string) => call<DrillView>('GET', `/drills/${seg(id)}`),
    startDrill: (body: NewDrillBody) => call<DrillView>('POST', '/drills', body),
    abortDrill: (id: string) => call<DrillView>('POST', `/drills/${seg(id)}/abort`, {}),
    signDrill: (id: string, body: SignOffBody) => call<DrillView>('POST', `/drills/${seg(id)}/sign-off`, body),

    recordings: () => call<readonly RecordingView[]>('GET', '/recordings'),
    removeRecording: (id: string) => call<unknown>('DELETE', `/recordings/${seg(id)}`),
    /** Entries older than the id `before`, newest first. */
    log: (before: number | null, limit: number) =>
      call<readonly LogEntry[]>('GET', `/log?limit=${limit}${before === null ? '' : `&before=${before}`}`),
    audit: (before: number | null, limit: number) =>
      call<readonly AuditEntry[]>('GET', `/audit?limit=${limit}${before === null ? '' : `&before=${before}`}`),
  };
}
