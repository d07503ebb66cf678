/** The device service (ver10): who it is, what time it has, where its services are. */
import { addressOf, type Camera, LOOPBACK, type Service } from './camera.ts';
import { type Element, textAt } from './read.ts';
import { badArgument } from './soap.ts';
import { dateTime, fromIso } from './time.ts';
import { NAMESPACES, type QName, type Xml, x, xa } from './write.ts';

const ZONE = '<+07>-7';
const ZONE_MS = 7 * 3_600_000;

/** Its services by the names in their addresses, and whether this camera has them. */
const services = ({
  quirks,
}: Camera): readonly { readonly prefix: keyof typeof NAMESPACES; readonly name: string; readonly version: readonly [number, number] }[] => [
  { prefix: 'tds', name: 'device', version: [16, 12] },
  { prefix: 'trt', name: 'media', version: [16, 12] },
  ...(quirks.media2 === 'absent' ? [] : [{ prefix: 'tr2', name: 'media2', version: [16, 12] } as const]),
  ...(quirks.ptz ? [{ prefix: 'tptz', name: 'ptz', version: [16, 12] } as const] : []),
  { prefix: 'timg', name: 'imaging', version: [16, 6] },
  { prefix: 'tev', name: 'event', version: [16, 12] },
];

const flags = (name: QName, all: Readonly<Record<string, boolean | number>>): Xml =>
  xa(name, Object.fromEntries(Object.entries(all).map(([key, value]) => [key, String(value)])));
const address = (camera: Camera, name: string): Xml => x('tt:XAddr', addressOf(camera, name));

const deviceCapabilities: readonly Xml[] = [
  x('tt:Network', x('tt:IPFilter', false), x('tt:ZeroConfiguration', false), x('tt:IPVersion6', false), x('tt:DynDNS', false)),
  x(
    'tt:System',
    x('tt:DiscoveryResolve', true),
    x('tt:DiscoveryBye', true),
    x('tt:RemoteDiscovery', false),
    x('tt:SystemBackup', false),
    x('tt:SystemLogging', false),
    x('tt:FirmwareUpgrade', false),
    x('tt:SupportedVersions', x('tt:Major', 16), x('tt:Minor', 12)),
  ),
  x('tt:IO', x('tt:InputConnectors', 1), x('tt:RelayOutputs', 0)),
  x(
    'tt:Security',
    ...(
      ['TLS1.1', 'TLS1.2', 'OnboardKeyGeneration', 'AccessPolicyConfig', 'X.509Token', 'SAMLToken', 'KerberosToken', 'RELToken'] as const
    ).map((name) => x(`tt:${name}`, false)),
  ),
];

function capabilities(camera: Camera, wanted: (category: string) => boolean): Xml {
  const all: readonly (readonly [string, Xml])[] = [
    ['Device', x('tt:Device', address(camera, 'device'), deviceCapabilities)],
    [
      'Events',
      x(
        'tt:Events',
        address(camera, 'event'),
        x('tt:WSSubscriptionPolicySupport', false),
        x('tt:WSPullPointSupport', true),
        x('tt:WSPausableSubscriptionManagerInterfaceSupport', false),
      ),
    ],
    ['Imaging', x('tt:Imaging', address(camera, 'imaging'))],
    [
      'Media',
      x(
        'tt:Media',
        address(camera, 'media'),
        x('tt:StreamingCapabilities', x('tt:RTPMulticast', false), x('tt:RTP_TCP', true), x('tt:RTP_RTSP_TCP', true)),
      ),
    ],
    ...(camera.quirks.ptz ? [['PTZ', x('tt:PTZ', address(camera, 'ptz'))] as const] : []),
  ];
  return x(
    'tds:Capabilities',
    all.filter(([category]) => wanted(category)).map(([, xml]) => xml),
  );
}

/** The time in a `tt:DateTime`; null when it is none. */
function timeIn(body: Element): number | null {
  const part = (...path: readonly string[]): string => (textAt(body, 'UTCDateTime', ...path) ?? '').padStart(2, '0');
  const date = `${part('Date', 'Year')}-${part('Date', 'Month')}-${part('Date', 'Day')}`;
  return fromIso(`${date}T${part('Time', 'Hour')}:${part('Time', 'Minute')}:${part('Time', 'Second')}Z`);
}

const scope = (category: string, value: string): string => `onvif://www.onvif.org/${category}/${encodeURIComponent(value)}`;

export function scopes({ options, quirks }: Camera): readonly string[] {
  return [
    'onvif://www.onvif.org/type/video_encoder',
    ...(quirks.ptz ? ['onvif://www.onvif.org/type/ptz'] : []),
    'onvif://www.onvif.org/Profile/Streaming',
    ...(quirks.media2 === 'absent' ? [] : ['onvif://www.onvif.org/Profile/T']),
    scope('hardware', options.model),
    scope('name', options.name),
    scope('location/country', 'vietnam'),
  ];
}

export const device: Service = {
  GetDeviceInformation: ({ options }) =>
    x(
      'tds:GetDeviceInformationResponse',
      x('tds:Manufacturer', options.make),
      x('tds:Model', options.model),
      x('tds:FirmwareVersion', options.firmware),
      x('tds:SerialNumber', options.serial),
      x('tds:HardwareId', `${options.model}-1.0`),
    ),
  GetSystemDateAndTime: ({ time, quirks }) =>
    x(
      'tds:GetSystemDateAndTimeResponse',
      x(
        'tds:SystemDateAndTime',
        x('tt:DateTimeType', quirks.clockRightAfterMs === null ? 'Manual' : 'NTP'),
        x('tt:DaylightSavings', false),
        x('tt:TimeZone', x('tt:TZ', ZONE)),
        dateTime('tt:UTCDateTime', time()),
        dateTime('tt:LocalDateTime', quirks.localTimeAsUtc ? time() : time() + ZONE_MS),
      ),
    ),
  SetSystemDateAndTime(camera, { body }) {
    const kind = textAt(body, 'DateTimeType');
    const skew = camera.quirks.clockSkewMs;
    if (kind !== 'NTP' && kind !== 'Manual') return badArgument('DateTimeType must be Manual or NTP');
    const at = kind === 'NTP' ? camera.time() - skew : timeIn(body);
    if (at === null) return badArgument('UTCDateTime is no date and time');
    camera.quirks = { ...camera.quirks, clockSkewMs: kind === 'NTP' ? 0 : skew + at - camera.time() };
    return x('tds:SetSystemDateAndTimeResponse');
  },
  GetServices: (camera) =>
    x(
      'tds:GetServicesResponse',
      services(camera).map(({ prefix, name, version: [major, minor] }) =>
        x(
          'tds:Service',
          x('tds:Namespace', NAMESPACES[prefix]),
          x('tds:XAddr', addressOf(camera, name)),
          x('tds:Version', x('tt:Major', major), x('tt:Minor', minor)),
        ),
      ),
    ),
  GetCapabilities(camera, { body }) {
    const categories = body.children.filter(({ name }) => name === 'Category').map(({ text }) => text);
    const all = categories.length === 0 || categories.includes('All');
    return x(
      'tds:GetCapabilitiesResponse',
      capabilities(camera, (category) => all || categories.includes(category)),
    );
  },
  GetServiceCapabilities: ({ quirks }) =>
    x(
      'tds:GetServiceCapabilitiesResponse',
      x(
        'tds:Capabilities',
        flags('tds:Network', { NTP: 1, HostnameFromDHCP: false, IPVersion6: false }),
        flags('tds:Security', {
          UsernameToken: quirks.login === 'both' || quirks.login === 'wsse',
          HttpDigest: quirks.login === 'both' || quirks.login === 'digest',
        }),
        flags('tds:System', { DiscoveryResolve: true, DiscoveryBye: true, FirmwareUpgrade: false }),
      ),
    ),
  GetHostname: ({ hostname }) =>
    x('tds:GetHostnameResponse', x('tds:HostnameInformation', x('tt:FromDHCP', false), x('tt:Name', hostname))),
  SetHostname(camera, { body }) {
    const name = textAt(body, 'Name') ?? '';
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name)) return badArgument('The hostname cannot be accepted by the device');
    camera.hostname = name;
    return x('tds:SetHostnameResponse');
  },
  GetScopes: (camera) =>
    x(
      'tds:GetScopesResponse',
      scopes(camera).map((each) => x('tds:Scopes', x('tt:ScopeDef', 'Fixed'), x('tt:ScopeItem', each))),
    ),
  GetUsers: ({ options }) =>
    x('tds:GetUsersResponse', x('tds:User', x('tt:Username', options.username), x('tt:UserLevel', 'Administrator'))),
  GetNetworkInterfaces: ({ options }) =>
    x(
      'tds:GetNetworkInterfacesResponse',
      xa(
        'tds:NetworkInterfaces',
        { token: 'eth0' },
        x('tt:Enabled', true),
        x('tt:Info', x('tt:Name', 'eth0'), x('tt:HwAddress', '02:00:00:00:00:01'), x('tt:MTU', 1500)),
        x(
          'tt:IPv4',
          x('tt:Enabled', true),
          x('tt:Config', x('tt:Manual', x('tt:Address', options.host ?? LOOPBACK), x('tt:PrefixLength', 8)), x('tt:DHCP', false)),
        ),
      ),
    ),
  GetNetworkDefaultGateway: () => x('tds:GetNetworkDefaultGatewayResponse', x('tds:NetworkGateway', x('tt:IPv4Address', '127.0.0.1'))),
  GetDNS: () => x('tds:GetDNSResponse', x('tds:DNSInformation', x('tt:FromDHCP', false))),
  GetNTP: () => x('tds:GetNTPResponse', x('tds:NTPInformation', x('tt:FromDHCP', false))),
  GetWsdlUrl: () => x('tds:GetWsdlUrlResponse', x('tds:WsdlUrl', 'http://www.onvif.org/')),
  SystemReboot(camera) {
    camera.reboot();
    return x('tds:SystemRebootResponse', x('tds:Message', 'Rebooting'));
  },
};

/** What may be asked before the login, as ONVIF's core specification has it. */
export const PRE_AUTH: ReadonlySet<string> = new Set([
  'GetSystemDateAndTime',
  'GetServices',
  'GetCapabilities',
  'GetServiceCapabilities',
  'GetHostname',
  'GetWsdlUrl',
  'GetEndpointReference',
]);
