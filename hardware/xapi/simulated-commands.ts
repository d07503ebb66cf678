/** What a simulated codec does on `xCommand …`, and what it calls the result: not always what the command is called, and not the same in TC and CE. */
import {
  DND,
  INPUT,
  LAYOUT,
  MIC,
  type News,
  PRESENTATION,
  SHARED,
  type SimulatedCall,
  type SimulatedCodec,
  standbyPath,
  VOLUME,
  VOLUME_MUTE,
} from './simulated-codec.ts';
import type { Leaf } from './simulated-text.ts';

export type Done =
  | { readonly status: 'OK'; readonly fields?: readonly Leaf[]; readonly news?: readonly News[]; readonly boots?: true }
  | { readonly status: 'Error' | 'ParameterError'; readonly reason: string };

type Values = ReadonlyMap<string, string>;
type Run = (codec: SimulatedCodec, values: Values) => Done;

interface Known {
  /** Result names, without the word Result; null: that software does not know the command. */
  readonly tc: string | null;
  readonly ce: string | null;
  readonly run: Run;
}

const did = (news: readonly News[] = []): Done => ({ status: 'OK', news });
const error = (reason: string): Done => ({ status: 'Error', reason });
const wrong = (reason: string): Done => ({ status: 'ParameterError', reason });

/** A whole number within bounds; null when it is none. */
function whole(text: string | undefined, min: number, max: number): number | null {
  const value = Number(text);
  return text !== undefined && /^-?\d+$/.test(text) && value >= min && value <= max ? value : null;
}

const toggled = (now: string): 'On' | 'Off' => (now === 'On' ? 'Off' : 'On');
const set =
  (path: string, value: (now: string) => string): Run =>
  (codec) =>
    did(codec.set(path, value(codec.value(path))));

/** On the call that is named, or the latest. */
const onCall =
  (run: (codec: SimulatedCodec, call: SimulatedCall, values: Values) => Done): Run =>
  (codec, values) => {
    const call = codec.find(values.get('callid'));
    return call === undefined ? error('No such call') : run(codec, call, values);
  };

const dial: Run = (codec, values) => {
  const number = values.get('number') ?? '';
  if (number === '') return wrong('Missing or invalid parameter(s): Number');
  const rate = whole(values.get('callrate') ?? '1920', 64, 6000);
  if (rate === null) return wrong('Missing or invalid parameter(s): CallRate');
  const call = codec.dial(number, (values.get('protocol') ?? 'sip').toLowerCase(), rate);
  if (call === null) return error('No free call');
  const fields: readonly Leaf[] = [
    ['CallId', String(call.id)],
    ['ConferenceId', '1'],
  ];
  return { status: 'OK', fields, news: call.news };
};

const accept = onCall((codec, call) =>
  call.incoming && call.status === 'Ringing' ? did(codec.connect(call)) : error('Call is not ringing'),
);
const reject = onCall((codec, call) =>
  call.incoming && call.status === 'Ringing' ? did(codec.end(call, 'LocalReject')) : error('Call is not ringing'),
);
const disconnect = onCall((codec, call) => did(codec.end(call, 'LocalDisconnect')));
const disconnectAll: Run = (codec) => did(codec.calls.flatMap((call) => codec.end(call, 'LocalDisconnect')));
const hold = (on: boolean): Run =>
  onCall((codec, call) => (call.status === 'Ringing' ? error('Call is not connected') : did(codec.hold(call, on))));
const dtmf = onCall((_codec, call, values) => {
  if (call.status !== 'Connected') return error('Call is not connected');
  return /^[0-9*#]+$/.test(values.get('dtmfstring') ?? '') ? did() : wrong('Missing or invalid parameter(s): DTMFString');
});

const volume: Run = (codec, values) => {
  const level = whole(values.get('level'), 0, 100);
  return level === null ? wrong('Missing or invalid parameter(s): Level') : did(codec.set(VOLUME, String(level)));
};
const step = (by: number): Run => set(VOLUME, (now) => String(Math.min(100, Math.max(0, Number(now) + by))));

const standby =
  (era: 'tc' | 'ce', on: boolean): Run =>
  (codec) => {
    const path = standbyPath(era);
    if (era === 'tc') return did(codec.set(path, on ? 'On' : 'Off'));
    const first = on && codec.value(path) === 'Off' ? codec.set(path, 'EnteringStandby') : [];
    return did([...first, ...codec.set(path, on ? 'Standby' : 'Off', on ? 200 : 0)]);
  };

const share: Run = (codec, values) => {
  const mode = values.get('sendingmode') ?? (codec.calls.length > 0 ? 'LocalRemote' : 'LocalOnly');
  return did([
    ...codec.set(`${SHARED} SendingMode`, mode),
    ...codec.set(`${SHARED} Source`, values.get('presentationsource') ?? '2'),
    ...codec.set(PRESENTATION, mode === 'LocalRemote' ? 'Sending' : 'Off'),
  ]);
};
const unshare: Run = (codec) => {
  const shared = codec.value(`${SHARED} SendingMode`) !== '';
  codec.set(`${SHARED} SendingMode`, '');
  codec.set(`${SHARED} Source`, '');
  return did([...(shared ? [{ kind: 'ghost', afterMs: 0, path: SHARED } as const] : []), ...codec.set(PRESENTATION, 'Off')]);
};

const preset =
  (most: number): Run =>
  (codec, values) => {
    const id = whole(values.get('presetid'), 1, most);
    if (id === null) return wrong('Missing or invalid parameter(s): PresetId');
    codec.recalled = id;
    return did([...codec.set('Camera 1 Position Pan', String(id * 100)), ...codec.set('Camera 1 Position Tilt', String(id * -10))]);
  };
const store =
  (most: number): Run =>
  (codec, values) => {
    const id = whole(values.get('presetid'), 1, most);
    if (id === null) return wrong('Missing or invalid parameter(s): PresetId');
    codec.stored = id;
    return did();
  };

const ways = { pan: ['left', 'right', 'stop'], tilt: ['up', 'down', 'stop'], zoom: ['in', 'out', 'stop'] } as const;

/** Which way an axis shall go: as it did, when nothing is said of it; null when that is none. */
function wayOf<Way extends string>(axis: string, all: readonly Way[], now: Way, values: Values): Way | null {
  const said = values.get(axis)?.toLowerCase();
  const speed = values.get(`${axis}speed`);
  if (speed !== undefined && whole(speed, 1, 15) === null) return null;
  return said === undefined ? now : (all.find((way) => way === said) ?? null);
}

const ramp: Run = (codec, values) => {
  const pan = wayOf('pan', ways.pan, codec.moving.pan, values);
  const tilt = wayOf('tilt', ways.tilt, codec.moving.tilt, values);
  const zoom = wayOf('zoom', ways.zoom, codec.moving.zoom, values);
  if (pan === null || tilt === null || zoom === null) return wrong('Missing or invalid parameter(s): Pan, Tilt or Zoom');
  codec.moving = { pan, tilt, zoom };
  return did();
};

const position: Run = (codec, values) =>
  did(
    (['Pan', 'Tilt', 'Zoom'] as const).flatMap((axis) => {
      const place = whole(values.get(axis.toLowerCase()), -100_000, 100_000);
      return place === null ? [] : codec.set(`Camera 1 Position ${axis}`, String(place));
    }),
  );

const input: Run = (codec, values) => {
  const id = values.get('connectorid') ?? values.get('sourceid') ?? '';
  return whole(id, 1, 5) === null ? error('No such connector') : did(codec.set(INPUT, id));
};

const families = ['auto', 'equal', 'prominent', 'overlay', 'single'];
const layout: Run = (codec, values) => {
  const family = (values.get('layoutfamily') ?? '').toLowerCase();
  return families.includes(family) ? did(codec.set(LAYOUT, family)) : wrong('Missing or invalid parameter(s): LayoutFamily');
};

const connectPeripheral: Run = (codec, values) => {
  const id = values.get('id') ?? '';
  if (id === '') return wrong('Missing or invalid parameter(s): ID');
  codec.peripheral = id;
  return did();
};
const heartBeat: Run = (codec, values) =>
  codec.peripheral !== '' && values.get('id') === codec.peripheral ? did() : error('No such peripheral');

const boot: Run = () => ({ status: 'OK', boots: true });

const same = (name: string, run: Run): Known => ({ tc: name, ce: name, run });
const volumes = (name: string, run: Run): Known => ({ tc: `Volume${name}`, ce: `AudioVolume${name}`, run });

/** By the words of the command, in lower case. */
export const commands: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['dial', same('Dial', dial)],
  ['call accept', same('CallAccept', accept)],
  ['call reject', same('CallReject', reject)],
  ['call disconnect', { tc: 'DisconnectCall', ce: 'CallDisconnect', run: disconnect }],
  ['call disconnectall', { tc: 'DisconnectAll', ce: null, run: disconnectAll }],
  ['call hold', same('CallHold', hold(true))],
  ['call resume', same('CallResume', hold(false))],
  ['call dtmfsend', { tc: null, ce: 'CallDTMFSend', run: dtmf }],
  ['dtmfsend', { tc: 'DTMFSend', ce: null, run: dtmf }],
  [
    'audio microphones mute',
    same(
      'MicrophonesMute',
      set(MIC, () => 'On'),
    ),
  ],
  [
    'audio microphones unmute',
    same(
      'MicrophonesUnmute',
      set(MIC, () => 'Off'),
    ),
  ],
  ['audio microphones togglemute', same('MicrophonesToggleMute', set(MIC, toggled))],
  ['audio volume set', volumes('Set', volume)],
  ['audio volume increase', volumes('Increase', step(1))],
  ['audio volume decrease', volumes('Decrease', step(-1))],
  [
    'audio volume mute',
    volumes(
      'Mute',
      set(VOLUME_MUTE, () => 'On'),
    ),
  ],
  [
    'audio volume unmute',
    volumes(
      'Unmute',
      set(VOLUME_MUTE, () => 'Off'),
    ),
  ],
  ['audio volume togglemute', volumes('ToggleMute', set(VOLUME_MUTE, toggled))],
  ['presentation start', same('PresentationStart', share)],
  ['presentation stop', same('PresentationStop', unshare)],
  ['preset activate', { tc: 'PresetActivate', ce: null, run: preset(15) }],
  ['preset store', { tc: 'PresetStore', ce: null, run: store(15) }],
  ['camera preset activate', { tc: null, ce: 'CameraPresetActivate', run: preset(35) }],
  ['camera preset store', same('CameraPresetStore', store(35))],
  ['camera ramp', same('CameraRamp', ramp)],
  ['camera positionset', same('CameraPositionSet', position)],
  ['video input setmainvideosource', { tc: 'InputSetMainVideoSource', ce: 'VideoInputSetMainVideoSource', run: input }],
  ['video layout layoutfamily set', { tc: 'LayoutFamilySet', ce: 'VideoLayoutLayoutFamilySet', run: layout }],
  ['video picturelayoutset', { tc: 'PictureLayoutSet', ce: null, run: layout }],
  [
    'conference donotdisturb activate',
    same(
      'DoNotDisturbActivate',
      set(DND, () => 'Active'),
    ),
  ],
  [
    'conference donotdisturb deactivate',
    same(
      'DoNotDisturbDeactivate',
      set(DND, () => 'Inactive'),
    ),
  ],
  ['systemunit boot', same('Boot', boot)],
  ['boot', { tc: 'Boot', ce: null, run: boot }],
  ['peripherals connect', same('PeripheralsConnect', connectPeripheral)],
  ['peripherals heartbeat', same('PeripheralsHeartBeat', heartBeat)],
]);

/** What differs by the software in more than its name. */
export function knownCommand(words: readonly string[], era: 'tc' | 'ce'): { readonly name: string; readonly run: Run } | null {
  const path = words.join(' ');
  if (path === 'standby activate') return { name: 'StandbyActivate', run: standby(era, true) };
  if (path === 'standby deactivate') return { name: 'StandbyDeactivate', run: standby(era, false) };
  const known = commands.get(path);
  const name = known?.[era] ?? null;
  return known === undefined || name === null ? null : { name, run: known.run };
}
