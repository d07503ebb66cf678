/** The media service of Profile T (ver20): the same camera, told in the words that know H.265. */
import type { Camera, Service } from './camera.ts';
import {
  encoder2,
  encoder2Attributes,
  media2Profiles,
  type Profile,
  PTZ,
  ptzConfiguration,
  SOURCE,
  snapshotUri,
  sourceConfiguration,
} from './profiles.ts';
import { type Element, textAt } from './read.ts';
import { badArgument, noProfile, refuse } from './soap.ts';
import { type Xml, x, xa } from './write.ts';

/** Asked for by `Type` elements, each or `All`; without one the profiles come bare. */
function configurations(body: Element, profile: Profile, { quirks }: Camera): readonly Xml[] {
  const wanted = body.children.filter(({ name }) => name === 'Type').map(({ text }) => text);
  const wants = (type: string): boolean => wanted.includes('All') || wanted.includes(type);
  const uses = media2Profiles(quirks).length;
  const all: readonly Xml[] = [
    ...(wants('VideoSource') ? [xa('tr2:VideoSource', { token: SOURCE.configuration }, sourceConfiguration(uses))] : []),
    ...(wants('VideoEncoder') ? [xa('tr2:VideoEncoder', encoder2Attributes(profile), encoder2(profile))] : []),
    ...(wants('PTZ') && quirks.ptz ? [xa('tr2:PTZ', { token: PTZ.configuration }, ptzConfiguration(uses))] : []),
  ];
  return all.length === 0 ? [] : [x('tr2:Configurations', all)];
}

const profileOf = ({ quirks }: Camera, body: Element): Profile | undefined =>
  media2Profiles(quirks).find(({ token }) => token === textAt(body, 'ProfileToken'));

const PROTOCOLS = ['RtspUnicast', 'RtspMulticast', 'RTSP', 'RtspOverHttp', 'RtspsUnicast'];

export const media2: Service = {
  GetProfiles(camera, { body }) {
    if (camera.quirks.media2 === 'broken') return refuse('Receiver', ['ter:Action'], 'Internal error');
    const token = textAt(body, 'Token');
    const found = media2Profiles(camera.quirks).filter((each) => token === null || each.token === token);
    if (token !== null && found.length === 0) return noProfile;
    return x(
      'tr2:GetProfilesResponse',
      found.map((each) =>
        xa('tr2:Profiles', { token: each.token, fixed: 'true' }, x('tr2:Name', each.name), configurations(body, each, camera)),
      ),
    );
  },
  GetStreamUri(camera, { body }) {
    const protocol = textAt(body, 'Protocol') ?? '';
    if (!PROTOCOLS.includes(protocol)) return badArgument(`Protocol ${protocol} is not known`);
    if (profileOf(camera, body) === undefined) return noProfile;
    return x('tr2:GetStreamUriResponse', x('tr2:Uri', camera.options.streamUri));
  },
  GetSnapshotUri(camera, { body }) {
    const profile = profileOf(camera, body);
    return profile === undefined ? noProfile : x('tr2:GetSnapshotUriResponse', x('tr2:Uri', snapshotUri(camera, profile)));
  },
  GetVideoSourceConfigurations: ({ quirks }) =>
    x(
      'tr2:GetVideoSourceConfigurationsResponse',
      xa('tr2:Configurations', { token: SOURCE.configuration }, sourceConfiguration(media2Profiles(quirks).length)),
    ),
  GetVideoEncoderConfigurations({ quirks }, { body }) {
    const token = textAt(body, 'ConfigurationToken');
    const found = media2Profiles(quirks).filter(({ encoder }) => token === null || encoder === token);
    return x(
      'tr2:GetVideoEncoderConfigurationsResponse',
      found.map((each) => xa('tr2:Configurations', encoder2Attributes(each), encoder2(each))),
    );
  },
  GetVideoEncoderConfigurationOptions: ({ quirks }) =>
    x(
      'tr2:GetVideoEncoderConfigurationOptionsResponse',
      [...new Set(media2Profiles(quirks).map(({ codec }) => codec))].map((codec) =>
        xa(
          'tr2:Options',
          { GovLengthRange: '1 250', FrameRatesSupported: '25 20 15 10 5', ProfilesSupported: codec === 'H264' ? 'Main High' : 'Main' },
          x('tt:Encoding', codec),
          x('tt:QualityRange', x('tt:Min', 1), x('tt:Max', 6)),
          x('tt:ResolutionsAvailable', x('tt:Width', 1920), x('tt:Height', 1080)),
          x('tt:ResolutionsAvailable', x('tt:Width', 640), x('tt:Height', 360)),
          x('tt:BitrateRange', x('tt:Min', 64), x('tt:Max', 8192)),
        ),
      ),
    ),
  GetServiceCapabilities: ({ quirks }) =>
    x(
      'tr2:GetServiceCapabilitiesResponse',
      xa(
        'tr2:Capabilities',
        { SnapshotUri: 'true', Rotation: 'false', OSD: 'false' },
        xa('tr2:ProfileCapabilities', {
          MaximumNumberOfProfiles: String(media2Profiles(quirks).length),
          ConfigurationsSupported: 'VideoSource VideoEncoder PTZ',
        }),
        xa('tr2:StreamingCapabilities', { RTSPStreaming: 'true', RTPMulticast: 'false', RTP_RTSP_TCP: 'true' }),
      ),
    ),
};
