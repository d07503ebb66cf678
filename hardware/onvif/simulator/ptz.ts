/** The PTZ service (ver20): moves, presets, status. */
import type { Camera, Operation, Preset, Service } from './camera.ts';
import { AXES, type Position } from './head.ts';
import { node, spaces, statusXml } from './node.ts';
import { media2Profiles, PTZ, ptzConfiguration, SPACES } from './profiles.ts';
import { at, type Element, textAt } from './read.ts';
import { badArgument, noProfile, notImplemented, type Refusal, refuse } from './soap.ts';
import { duration } from './time.ts';
import { x, xa } from './write.ts';

/** Without a timeout a move goes on for so long, as the configuration says. */
const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_PRESETS = 100;

const badPosition = refuse('Sender', ['ter:InvalidArgVal', 'ter:InvalidPosition'], 'The requested position is out of bounds');
const badTranslation = refuse('Sender', ['ter:InvalidArgVal', 'ter:InvalidTranslation'], 'The requested translation is out of bounds');
const badVelocity = refuse('Sender', ['ter:InvalidArgVal', 'ter:InvalidVelocity'], 'The requested velocity is out of bounds');
const noPreset = refuse('Sender', ['ter:InvalidArgVal', 'ter:NoToken'], 'The requested preset token does not exist');

/** Of `PanTilt x y` and `Zoom x`; what is not there is not asked for. */
function vector(element: Element | null, least: Position, wrong: Refusal): Partial<Position> | Refusal {
  const [panTilt, zoom] = [at(element, 'PanTilt'), at(element, 'Zoom')];
  const said: Partial<Position> = {
    ...(panTilt === null ? {} : { pan: number(panTilt.attributes.x), tilt: number(panTilt.attributes.y) }),
    ...(zoom === null ? {} : { zoom: number(zoom.attributes.x) }),
  };
  const fits = AXES.every((axis) => {
    const value = said[axis];
    return value === undefined || (value >= least[axis] && value <= 1);
  });
  return fits ? said : wrong;
}

/** NaN, which fits nowhere, of what is no number. */
const number = (text: string | undefined): number =>
  text !== undefined && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;

const SIGNED: Position = { pan: -1, tilt: -1, zoom: -1 };
const PLACES: Position = { pan: -1, tilt: -1, zoom: 0 };

/** The refusal of a camera that does one after the other. */
const together = ({ quirks }: Camera, asked: Partial<Position>): boolean =>
  quirks.ptzApart && asked.pan !== undefined && asked.zoom !== undefined;
const apart = badArgument('PanTilt and Zoom cannot be moved together');

const tokenOf = ({ quirks }: Camera, { id }: Preset): string => (quirks.presets === 'numeric-tokens' ? String(id) : `Preset_${id}`);

function nameOf({ quirks, presets }: Camera, preset: Preset): string {
  if (quirks.presets === 'empty-names') return '';
  return quirks.presets === 'duplicate-names' ? (presets[0]?.name ?? preset.name) : preset.name;
}

const presetOf = (camera: Camera, token: string | null): Preset | undefined =>
  camera.presets.find((each) => tokenOf(camera, each) === token);

const speedOf = (body: Element): number => {
  const { x: pan = '1', y: tilt = '1' } = at(body, 'Speed', 'PanTilt')?.attributes ?? {};
  const speed = Math.max(Math.abs(Number(pan)), Math.abs(Number(tilt)));
  return Number.isFinite(speed) ? Math.min(1, speed) : 1;
};

const book: Service = {
  ContinuousMove(camera, { body }) {
    const speeds = vector(at(body, 'Velocity'), SIGNED, badVelocity);
    if ('refuse' in speeds) return speeds;
    const said = textAt(body, 'Timeout');
    const timeout = said === null ? DEFAULT_TIMEOUT_MS : duration(said);
    if (timeout === null) return badArgument('Timeout is no duration');
    if (together(camera, speeds)) return apart;
    camera.head.drive(speeds, camera.quirks.ptzTimeout ? timeout : null);
    camera.recalled = null;
    return x('tptz:ContinuousMoveResponse');
  },
  AbsoluteMove(camera, { body }) {
    const place = vector(at(body, 'Position'), PLACES, badPosition);
    if ('refuse' in place) return place;
    if (together(camera, place)) return apart;
    camera.head.goTo(place, speedOf(body));
    camera.recalled = null;
    return x('tptz:AbsoluteMoveResponse');
  },
  RelativeMove(camera, { body }) {
    const by = vector(at(body, 'Translation'), SIGNED, badTranslation);
    if ('refuse' in by) return by;
    if (together(camera, by)) return apart;
    const { position } = camera.head;
    const target = Object.fromEntries(AXES.flatMap((axis) => (by[axis] === undefined ? [] : [[axis, position[axis] + by[axis]]])));
    camera.head.goTo(target, speedOf(body));
    camera.recalled = null;
    return x('tptz:RelativeMoveResponse');
  },
  Stop({ head }, { body }) {
    const not = (name: string): boolean => ['false', '0'].includes(textAt(body, name) ?? '');
    head.stop([...(not('PanTilt') ? [] : (['pan', 'tilt'] as const)), ...(not('Zoom') ? [] : (['zoom'] as const))]);
    return x('tptz:StopResponse');
  },
  GetStatus: (camera) => x('tptz:GetStatusResponse', statusXml(camera)),
  GetPresets: (camera) =>
    x(
      'tptz:GetPresetsResponse',
      camera.presets.map((preset) =>
        xa(
          'tptz:Preset',
          { token: tokenOf(camera, preset) },
          x('tt:Name', nameOf(camera, preset)),
          x(
            'tt:PTZPosition',
            xa('tt:PanTilt', { x: String(preset.position.pan), y: String(preset.position.tilt), space: SPACES.position }),
            xa('tt:Zoom', { x: String(preset.position.zoom), space: SPACES.zoomPosition }),
          ),
        ),
      ),
    ),
  GotoPreset(camera, { body }) {
    const preset = presetOf(camera, textAt(body, 'PresetToken'));
    if (preset === undefined) return noPreset;
    camera.head.goTo(preset.position, speedOf(body));
    camera.recalled = preset.id;
    return x('tptz:GotoPresetResponse');
  },
  SetPreset(camera, { body }) {
    const token = textAt(body, 'PresetToken');
    const name = textAt(body, 'PresetName');
    const { position } = camera.head;
    const known = presetOf(camera, token);
    if (token !== null && token !== '' && known === undefined) return noPreset;
    if (known === undefined && camera.presets.length >= MAX_PRESETS)
      return refuse('Receiver', ['ter:Action', 'ter:TooManyPresets'], 'Maximum number of presets reached');
    const id = known?.id ?? Math.max(0, ...camera.presets.map((each) => each.id)) + 1;
    const preset: Preset = { id, name: name ?? known?.name ?? `Preset ${id}`, position };
    if (known === undefined) camera.presets.push(preset);
    else camera.presets[camera.presets.indexOf(known)] = preset;
    return x('tptz:SetPresetResponse', x('tptz:PresetToken', tokenOf(camera, preset)));
  },
  RemovePreset(camera, { body }) {
    const preset = presetOf(camera, textAt(body, 'PresetToken'));
    if (preset === undefined) return noPreset;
    camera.presets.splice(camera.presets.indexOf(preset), 1);
    return x('tptz:RemovePresetResponse');
  },
  GotoHomePosition(camera, { body }) {
    camera.head.goTo(camera.home, speedOf(body));
    camera.recalled = null;
    return x('tptz:GotoHomePositionResponse');
  },
  SetHomePosition(camera) {
    camera.home = camera.head.position;
    return x('tptz:SetHomePositionResponse');
  },
};

const withProfile =
  (operation: Operation): Operation =>
  (camera, call, path) => {
    const token = textAt(call.body, 'ProfileToken');
    const known = media2Profiles(camera.quirks).some((profile) => profile.token === token);
    return known ? operation(camera, call, path) : noProfile;
  };

const configuration = ({ quirks }: Camera) => ptzConfiguration(media2Profiles(quirks).length);

const plain: Service = {
  GetNodes: () => x('tptz:GetNodesResponse', node),
  GetNode: (_camera, { body }) =>
    textAt(body, 'NodeToken') === PTZ.node
      ? x('tptz:GetNodeResponse', node)
      : refuse('Sender', ['ter:InvalidArgVal', 'ter:NoEntity'], 'No such PTZ node on the device'),
  GetConfigurations: (camera) =>
    x('tptz:GetConfigurationsResponse', xa('tptz:PTZConfiguration', { token: PTZ.configuration }, configuration(camera))),
  GetConfiguration: (camera) =>
    x('tptz:GetConfigurationResponse', xa('tptz:PTZConfiguration', { token: PTZ.configuration }, configuration(camera))),
  GetCompatibleConfigurations: (camera) =>
    x('tptz:GetCompatibleConfigurationsResponse', xa('tptz:PTZConfiguration', { token: PTZ.configuration }, configuration(camera))),
  GetConfigurationOptions: () =>
    x(
      'tptz:GetConfigurationOptionsResponse',
      x('tptz:PTZConfigurationOptions', x('tt:Spaces', spaces), x('tt:PTZTimeout', x('tt:Min', 'PT0.1S'), x('tt:Max', 'PT60S'))),
    ),
  GetServiceCapabilities: () =>
    x(
      'tptz:GetServiceCapabilitiesResponse',
      xa('tptz:Capabilities', {
        EFlip: 'false',
        Reverse: 'false',
        GetCompatibleConfigurations: 'true',
        MoveStatus: 'true',
        StatusPosition: 'true',
      }),
    ),
};

const onlyWithHead =
  (operation: Operation): Operation =>
  (camera, call, path) =>
    camera.quirks.ptz ? operation(camera, call, path) : notImplemented;

export const ptz: Service = {
  ...Object.fromEntries(Object.entries(plain).map(([name, operation]) => [name, onlyWithHead(operation)])),
  ...Object.fromEntries(Object.entries(book).map(([name, operation]) => [name, onlyWithHead(withProfile(operation))])),
};
