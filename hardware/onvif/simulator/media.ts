/** The media service of Profile S (ver10): profiles, sources, encoders, where the picture is. */
import type { Camera, Operation, Service } from './camera.ts';
import { encoder1, media1Profiles, type Profile, PTZ, ptzConfiguration, SOURCE, snapshotUri, sourceConfiguration } from './profiles.ts';
import { textAt } from './read.ts';
import { badArgument, noProfile, notImplemented, refuse } from './soap.ts';
import { type QName, type Xml, x, xa } from './write.ts';

const profileXml = (name: QName, profile: Profile, { quirks }: Camera): Xml =>
  xa(
    name,
    { token: profile.token, fixed: 'true' },
    x('tt:Name', profile.name),
    xa('tt:VideoSourceConfiguration', { token: SOURCE.configuration }, sourceConfiguration(media1Profiles().length)),
    xa('tt:VideoEncoderConfiguration', { token: profile.encoder }, encoder1(profile)),
    quirks.ptz ? [xa('tt:PTZConfiguration', { token: PTZ.configuration }, ptzConfiguration(media1Profiles().length))] : [],
  );

const profileOf = (token: string | null): Profile | undefined => media1Profiles().find((each) => each.token === token);
const encoderOf = (token: string | null): Profile | undefined => media1Profiles().find((each) => each.encoder === token);
const noConfiguration = refuse('Sender', ['ter:InvalidArgVal', 'ter:NoConfig'], 'The requested configuration does not exist');

const uri = (name: QName, at: string): Xml =>
  x(
    name,
    x('trt:MediaUri', x('tt:Uri', at), x('tt:InvalidAfterConnect', false), x('tt:InvalidAfterReboot', false), x('tt:Timeout', 'PT0S')),
  );

const range = (name: QName, min: number, max: number): Xml => x(name, x('tt:Min', min), x('tt:Max', max));
const size = (width: number, height: number): Xml => x('tt:ResolutionsAvailable', x('tt:Width', width), x('tt:Height', height));

const book: Service = {
  GetProfiles: (camera) =>
    x(
      'trt:GetProfilesResponse',
      media1Profiles().map((each) => profileXml('trt:Profiles', each, camera)),
    ),
  GetProfile(camera, { body }) {
    const profile = profileOf(textAt(body, 'ProfileToken'));
    return profile === undefined ? noProfile : x('trt:GetProfileResponse', profileXml('trt:Profile', profile, camera));
  },
  GetVideoSources: ({ imaging }) =>
    x(
      'trt:GetVideoSourcesResponse',
      xa(
        'trt:VideoSources',
        { token: SOURCE.token },
        x('tt:Framerate', SOURCE.fps),
        x('tt:Resolution', x('tt:Width', SOURCE.width), x('tt:Height', SOURCE.height)),
        x(
          'tt:Imaging',
          x('tt:Brightness', imaging.brightness),
          x('tt:ColorSaturation', imaging.colorSaturation),
          x('tt:Contrast', imaging.contrast),
        ),
      ),
    ),
  GetVideoSourceConfigurations: () =>
    x(
      'trt:GetVideoSourceConfigurationsResponse',
      xa('trt:Configurations', { token: SOURCE.configuration }, sourceConfiguration(media1Profiles().length)),
    ),
  GetVideoEncoderConfigurations: () =>
    x(
      'trt:GetVideoEncoderConfigurationsResponse',
      media1Profiles().map((each) => xa('trt:Configurations', { token: each.encoder }, encoder1(each))),
    ),
  GetVideoEncoderConfiguration(_camera, { body }) {
    const profile = encoderOf(textAt(body, 'ConfigurationToken'));
    if (profile === undefined) return noConfiguration;
    return x('trt:GetVideoEncoderConfigurationResponse', xa('trt:Configuration', { token: profile.encoder }, encoder1(profile)));
  },
  GetVideoEncoderConfigurationOptions: () =>
    x(
      'trt:GetVideoEncoderConfigurationOptionsResponse',
      x(
        'trt:Options',
        range('tt:QualityRange', 1, 6),
        x(
          'tt:H264',
          size(1920, 1080),
          size(1280, 720),
          size(640, 360),
          range('tt:GovLengthRange', 1, 250),
          range('tt:FrameRateRange', 1, 25),
          range('tt:EncodingIntervalRange', 1, 1),
          x('tt:H264ProfilesSupported', 'Main'),
          x('tt:H264ProfilesSupported', 'High'),
        ),
      ),
    ),
  GetStreamUri({ options }, { body }) {
    const protocol = textAt(body, 'StreamSetup', 'Transport', 'Protocol');
    if (protocol !== null && !['UDP', 'TCP', 'RTSP', 'HTTP'].includes(protocol)) return badArgument(`Transport ${protocol} is not known`);
    if (profileOf(textAt(body, 'ProfileToken')) === undefined) return noProfile;
    return uri('trt:GetStreamUriResponse', options.streamUri);
  },
  GetSnapshotUri(camera, { body }) {
    const profile = profileOf(textAt(body, 'ProfileToken'));
    return profile === undefined ? noProfile : uri('trt:GetSnapshotUriResponse', snapshotUri(camera, profile));
  },
  GetServiceCapabilities: () =>
    x(
      'trt:GetServiceCapabilitiesResponse',
      xa(
        'trt:Capabilities',
        { SnapshotUri: 'true', Rotation: 'false', VideoSourceMode: 'false', OSD: 'false' },
        xa('trt:ProfileCapabilities', { MaximumNumberOfProfiles: String(media1Profiles().length) }),
        xa('trt:StreamingCapabilities', { RTPMulticast: 'false', RTP_TCP: 'true', RTP_RTSP_TCP: 'true' }),
      ),
    ),
};

/** Door stations advertise the service and have none of it. */
const unless =
  (operation: Operation): Operation =>
  (camera, call, path) =>
    camera.quirks.media === 'unimplemented' ? notImplemented : operation(camera, call, path);

export const media: Service = Object.fromEntries(Object.entries(book).map(([name, operation]) => [name, unless(operation)]));
