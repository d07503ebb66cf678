/** The media profiles of the camera, and how the two media services tell of them. Pure. */

import type { Camera } from './camera.ts';
import type { OnvifQuirks } from './quirks.ts';
import { type QName, type Xml, x, xa } from './write.ts';

export const SOURCE = { token: 'VideoSource_1', configuration: 'VideoSourceConfig_1', width: 1920, height: 1080, fps: 25 } as const;
export const PTZ = { node: 'PTZNode_1', configuration: 'PTZConfig_1' } as const;

export interface Profile {
  readonly token: string;
  readonly name: string;
  /** Of its encoder. */
  readonly encoder: string;
  readonly codec: 'H264' | 'H265';
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly kbps: number;
}

export const PROFILES: readonly Profile[] = [
  { token: 'Profile_1', name: 'MainStream', encoder: 'VideoEncoder_1', codec: 'H264', width: 1920, height: 1080, fps: 25, kbps: 4096 },
  { token: 'Profile_2', name: 'SubStream', encoder: 'VideoEncoder_2', codec: 'H264', width: 640, height: 360, fps: 25, kbps: 768 },
  { token: 'Profile_3', name: 'HevcStream', encoder: 'VideoEncoder_3', codec: 'H265', width: 1920, height: 1080, fps: 25, kbps: 2048 },
];

/** Media1 has no word for H.265, so a profile with it is not there. */
export const media1Profiles = (): readonly Profile[] => PROFILES.filter(({ codec }) => codec === 'H264');
export const media2Profiles = ({ h265 }: OnvifQuirks): readonly Profile[] => PROFILES.filter(({ codec }) => h265 || codec === 'H264');

const bounds = xa('tt:Bounds', { x: '0', y: '0', width: String(SOURCE.width), height: String(SOURCE.height) });
const multicast = x(
  'tt:Multicast',
  x('tt:Address', x('tt:Type', 'IPv4'), x('tt:IPv4Address', '0.0.0.0')),
  x('tt:Port', 0),
  x('tt:TTL', 1),
  x('tt:AutoStart', false),
);

/** The content of a `tt:VideoSourceConfiguration`. */
export const sourceConfiguration = (uses: number): readonly Xml[] => [
  x('tt:Name', 'VideoSourceConfig'),
  x('tt:UseCount', uses),
  x('tt:SourceToken', SOURCE.token),
  bounds,
];

const resolution = ({ width, height }: Profile): Xml => x('tt:Resolution', x('tt:Width', width), x('tt:Height', height));

/** The content of a `tt:VideoEncoderConfiguration` of Media1. */
export const encoder1 = (profile: Profile): readonly Xml[] => [
  x('tt:Name', profile.encoder),
  x('tt:UseCount', 1),
  x('tt:Encoding', profile.codec),
  resolution(profile),
  x('tt:Quality', 5),
  x('tt:RateControl', x('tt:FrameRateLimit', profile.fps), x('tt:EncodingInterval', 1), x('tt:BitrateLimit', profile.kbps)),
  x('tt:H264', x('tt:GovLength', profile.fps * 2), x('tt:H264Profile', 'High')),
  multicast,
  x('tt:SessionTimeout', 'PT60S'),
];

/** The content and the attributes of a `tt:VideoEncoder2Configuration` of Media2. */
export const encoder2 = (profile: Profile): readonly Xml[] => [
  x('tt:Name', profile.encoder),
  x('tt:UseCount', 1),
  x('tt:Encoding', profile.codec),
  resolution(profile),
  xa('tt:RateControl', { ConstantBitRate: 'false' }, x('tt:FrameRateLimit', profile.fps), x('tt:BitrateLimit', profile.kbps)),
  multicast,
  x('tt:Quality', 5),
];
export const encoder2Attributes = ({ encoder, codec, fps }: Profile): Readonly<Record<string, string>> => ({
  token: encoder,
  GovLength: String(fps * 2),
  Profile: codec === 'H264' ? 'High' : 'Main',
});

const space = (of: string): string => `http://www.onvif.org/ver10/tptz/${of}`;
export const SPACES = {
  position: space('PanTiltSpaces/PositionGenericSpace'),
  translation: space('PanTiltSpaces/TranslationGenericSpace'),
  velocity: space('PanTiltSpaces/VelocityGenericSpace'),
  speed: space('PanTiltSpaces/GenericSpeedSpace'),
  zoomPosition: space('ZoomSpaces/PositionGenericSpace'),
  zoomTranslation: space('ZoomSpaces/TranslationGenericSpace'),
  zoomVelocity: space('ZoomSpaces/VelocityGenericSpace'),
  zoomSpeed: space('ZoomSpaces/ZoomGenericSpeedSpace'),
} as const;

const range = (name: 'tt:XRange' | 'tt:YRange', min: number, max: number): Xml => x(name, x('tt:Min', min), x('tt:Max', max));
export const plane = (name: QName, uri: string): Xml => x(name, x('tt:URI', uri), range('tt:XRange', -1, 1), range('tt:YRange', -1, 1));
export const line = (name: QName, uri: string, min: number): Xml => x(name, x('tt:URI', uri), range('tt:XRange', min, 1));

/** The content of a `tt:PTZConfiguration`. */
export const ptzConfiguration = (uses: number): readonly Xml[] => [
  x('tt:Name', 'PTZConfig'),
  x('tt:UseCount', uses),
  x('tt:NodeToken', PTZ.node),
  x('tt:DefaultAbsolutePantTiltPositionSpace', SPACES.position),
  x('tt:DefaultAbsoluteZoomPositionSpace', SPACES.zoomPosition),
  x('tt:DefaultRelativePanTiltTranslationSpace', SPACES.translation),
  x('tt:DefaultRelativeZoomTranslationSpace', SPACES.zoomTranslation),
  x('tt:DefaultContinuousPanTiltVelocitySpace', SPACES.velocity),
  x('tt:DefaultContinuousZoomVelocitySpace', SPACES.zoomVelocity),
  x('tt:DefaultPTZSpeed', xa('tt:PanTilt', { x: '1', y: '1', space: SPACES.speed }), xa('tt:Zoom', { x: '1', space: SPACES.zoomSpeed })),
  x('tt:DefaultPTZTimeout', 'PT10S'),
  x('tt:PanTiltLimits', plane('tt:Range', SPACES.position)),
  x('tt:ZoomLimits', line('tt:Range', SPACES.zoomPosition, 0)),
];

/** Of the picture of a profile, over HTTP. */
export const snapshotUri = ({ base }: Camera, { token }: Profile): string => `${base}/snapshot/${token}.jpg`;
