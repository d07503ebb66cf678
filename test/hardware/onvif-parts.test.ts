/** What cameras say and mean, as pure tables: XML in every spelling, addresses of nobody, ranges, events, answers to a probe. */
import t from 'tap';
import { hostPort, pathOf, rehosted } from '../../hardware/onvif/address.ts';
import { AlarmBook, alarms } from '../../hardware/onvif/alarms.ts';
import { deviceInformation, mediaUri, presets, profiles, services, subscription } from '../../hardware/onvif/answers.ts';
import { matches, probe, way } from '../../hardware/onvif/probe.ts';
import { head, into, intoUnit, position, speed } from '../../hardware/onvif/ptz.ts';
import { type Element, escaped, find, findAll, readXml } from '../../hardware/onvif/xml.ts';
import { seeded } from '../support/device.ts';

const read = (xml: string): Element => {
  const found = readXml(xml);
  if (found === null) throw new Error(`not read: ${xml.slice(0, 80)}`);
  return found;
};

t.test('XML is read in every spelling that cameras have', async (t) => {
  const spellings = [
    '<tt:Uri>rtsp://a/b?c=1&amp;d=2</tt:Uri>',
    '<Uri>rtsp://a/b?c=1&#38;d=2</Uri>',
    '<nowhere:URI>\n  rtsp://a/b?c=1&#x26;d=2\n</nowhere:URI>',
    '<uri><![CDATA[rtsp://a/b?c=1&d=2]]></uri>',
    '<?xml version="1.0"?><!DOCTYPE x><!-- <Uri>no</Uri> --><a><b x="1>2"/><Uri >rtsp://a/b?c=1&amp;d=2</Uri ></a>',
    '<a><b><Uri>rtsp://a/b?c=1&amp;d=2</Uri></a>',
  ];
  for (const xml of spellings) t.equal(find(read(xml), 'uri')?.text, 'rtsp://a/b?c=1&d=2', xml);
  const preset = find(read(`<P:Preset a:Token='1' fixed = "true" x=y empty=""/>`), 'preset');
  t.strictSame(
    [...(preset?.attributes ?? [])],
    [
      ['token', '1'],
      ['fixed', 'true'],
      ['x', 'y'],
      ['empty', ''],
    ],
  );
  t.equal(findAll(read('<a><p><p/></p><p/></a>'), 'p').length, 2);
});

t.test('what is no XML, or too much of it, is nothing', async (t) => {
  for (const xml of [
    '',
    'lollipop',
    '<',
    '<a',
    '<a b="',
    '\u0000',
    '<a>'.repeat(65),
    '<a/>'.repeat(20_001),
    `<a>${'x'.repeat(1_048_576)}</a>`,
  ])
    t.equal(readXml(xml), null, xml.slice(0, 20));
  const dice = seeded(5);
  const sample = '<a:Envelope x="1"><b c=\'2\'>text &amp; more<![CDATA[d]]></b><!-- e --></a:Envelope>';
  let chars = 0;
  while (chars < 1_000_000) {
    const from = Math.floor(dice() * sample.length);
    const mutated = Array.from(sample, (char) => (dice() < 0.05 ? String.fromCharCode(Math.floor(dice() * 128)) : char)).join('');
    const piece = dice() < 0.5 ? mutated : mutated.slice(from) + mutated.slice(0, from);
    chars += piece.length;
    readXml(piece);
    matches(Buffer.from(piece));
  }
  t.pass('a million characters of nonsense');
});

t.test('text of people stays text', async (t) => {
  t.equal(escaped(`Bục <phát> "biểu" & 'họp'\u0000`), 'Bục &lt;phát&gt; &quot;biểu&quot; &amp; &apos;họp&apos;');
});

t.test('addresses are put to the host that was reached, without the names and passwords in them', async (t) => {
  const table: readonly (readonly [string, string | null])[] = [
    ['rtsp://192.168.68.111/h264main', 'rtsp://10.0.0.9/h264main'],
    ['rtsp://0.0.0.0:8554/a?b=c', 'rtsp://10.0.0.9:8554/a?b=c'],
    ['rtsp://admin:secret@cam.local:554/x', 'rtsp://10.0.0.9:554/x'],
    ['rtsp://[fe80::1]:554/x', 'rtsp://10.0.0.9:554/x'],
    ['rtsp:///x', 'rtsp://10.0.0.9/x'],
    ['/x', 'rtsp://10.0.0.9/x'],
    ['', null],
    ['a b', null],
    ['x', null],
  ];
  for (const [uri, put] of table) t.equal(rehosted(uri, '10.0.0.9', 'rtsp'), put, uri);
  t.equal(rehosted('rtsp://a/b', 'fd00::5', 'rtsp'), 'rtsp://[fd00::5]/b');
  for (const [uri, path] of [
    ['http://a:80/onvif/media?x=1', '/onvif/media?x=1'],
    ['http:///onvif/media', '/onvif/media'],
    ['/onvif/media', '/onvif/media'],
    ['http://a', '/'],
    ['media', null],
  ] as const)
    t.equal(pathOf(uri), path, uri);
  t.strictSame(hostPort('https://[fd00::5]/x'), { host: 'fd00::5', port: 443, secure: true });
  t.equal(hostPort('rtsp://a'), null);
});

t.test('firmware, serial numbers and tokens are what the camera wrote', async (t) => {
  const answer = read(
    '<R><Manufacturer>Vivotek</Manufacturer><Model>1.0</Model><FirmwareVersion>2.10</FirmwareVersion><SerialNumber>0002340000000000001234567890</SerialNumber></R>',
  ).children[0];
  t.strictSame(answer && deviceInformation(answer), {
    make: 'Vivotek',
    model: '1.0',
    firmware: '2.10',
    serial: '0002340000000000001234567890',
  });
  const two = read(
    '<R><Preset token="1"><Name>Bàn</Name></Preset><Preset token="2"><Name>Bàn</Name></Preset><Preset token="03"/><Preset/></R>',
  );
  t.strictSame(presets(two), [
    { id: '1', name: 'Bàn' },
    { id: '2', name: 'Bàn' },
    { id: '03', name: '03' },
  ]);
});

t.test('services are known by their namespace, with any address', async (t) => {
  const one = (namespace: string, address: string) =>
    `<S:Service><S:Namespace>${namespace}</S:Namespace><S:XAddr>${address}</S:XAddr></S:Service>`;
  const all = [
    one('http://www.onvif.org/ver10/device/wsdl', 'http://0.0.0.0/d'),
    one('http://www.onvif.org/ver20/media/wsdl', 'http:///m2'),
    one('http://www.onvif.org/ver10/media/wsdl/', 'http://10.1.1.1:8080/m1'),
    one('http://www.axis.com/vapix/ws/action1', 'http://x/vapix'),
  ].join('');
  t.strictSame(
    [...services(read(all))],
    [
      ['device', '/d'],
      ['media2', '/m2'],
      ['media', '/m1'],
    ],
  );
  const old =
    '<Capabilities><Media><XAddr>http://a/m</XAddr></Media><PTZ><XAddr>http://a/p</XAddr></PTZ><Events><XAddr/></Events></Capabilities>';
  t.strictSame(
    [...services(read(old))],
    [
      ['media', '/m'],
      ['ptz', '/p'],
    ],
  );
});

t.test('profiles of both media services', async (t) => {
  const first = `<Profiles token="main"><VideoSourceConfiguration token="v"><SourceToken>src</SourceToken></VideoSourceConfiguration>
    <VideoEncoderConfiguration token="e"><Encoding>H264</Encoding><Resolution><Width>1920</Width><Height>1080</Height></Resolution></VideoEncoderConfiguration>
    <PTZConfiguration token="p"/></Profiles><Profiles token="sound"/>`;
  t.strictSame(profiles(read(first)), [
    { token: 'main', encoding: 'H264', width: 1920, height: 1080, source: 'src', ptz: true },
    { token: 'sound', encoding: '', width: 0, height: 0, source: '', ptz: false },
  ]);
  const second = `<tr2:Profiles token="1"><tr2:Configurations><tr2:VideoSource token="v"><tt:SourceToken>src</tt:SourceToken></tr2:VideoSource>
    <tr2:VideoEncoder token="e"><tt:Encoding>h265</tt:Encoding><tt:Resolution><tt:Width>3840</tt:Width><tt:Height>2160</tt:Height></tt:Resolution></tr2:VideoEncoder></tr2:Configurations></tr2:Profiles>`;
  t.strictSame(profiles(read(second)), [{ token: '1', encoding: 'H265', width: 3840, height: 2160, source: 'src', ptz: false }]);
  t.equal(mediaUri(read('<MediaUri><Uri>rtsp://a/b</Uri></MediaUri>')), 'rtsp://a/b');
});

t.test('a head has its own ranges, and rest is rest in all of them', async (t) => {
  const space = (name: string, uri: string, min: number, max: number, y = true) =>
    `<${name}><URI>${uri}</URI><XRange><Min>${min}</Min><Max>${max}</Max></XRange>${y ? `<YRange><Min>${min}</Min><Max>${max}</Max></YRange>` : ''}</${name}>`;
  const told = head(
    read(
      `<PTZNode><SupportedPTZSpaces>${space('AbsolutePanTiltPositionSpace', 'http://x/SphericalPositionSpaceDegrees', -180, 180)}${space('AbsolutePanTiltPositionSpace', 'http://x/PositionGenericSpace', 0, 1)}${space('ContinuousZoomVelocitySpace', 'http://x/VelocityGenericSpace', -5, 5, false)}</SupportedPTZSpaces></PTZNode>`,
    ),
  );
  t.strictSame(told, {
    position: { x: { min: 0, max: 1 }, y: { min: 0, max: 1 } },
    positionZoom: null,
    velocity: null,
    velocityZoom: { min: -5, max: 5 },
  });
  t.equal(into(-1, { min: 0, max: 1 }), 0);
  t.equal(into(0, { min: 0, max: 1 }), 0.5);
  t.equal(intoUnit(0.5, { min: 10, max: 20 }), 15);
  t.equal(speed(0, { min: -1, max: 3 }), 0);
  t.equal(speed(-0.5, { min: -1, max: 3 }), -0.5);
  t.equal(speed(0.5, { min: -1, max: 3 }), 1.5);
  const status = read('<PTZStatus><Position><PanTilt x="0.25" y="1"/><Zoom x="0.5"/></Position></PTZStatus>');
  t.strictSame(position(status, told), { pan: -0.5, tilt: 1, zoom: 0.5 });
  t.equal(position(read('<PTZStatus><MoveStatus/></PTZStatus>'), told), null);
});

t.test('a subscription has an address in some spelling, and may have a number to be given back', async (t) => {
  t.strictSame(subscription(read('<SubscriptionReference><a:Address xmlns:a="x">http://a/s</a:Address></SubscriptionReference>')), {
    address: 'http://a/s',
    id: null,
  });
  const axis =
    '<SubscriptionReference><Address>/s</Address><ReferenceParameters><d:SubscriptionId xmlns:d="http://www.axis.com/2009/event">007</d:SubscriptionId></ReferenceParameters></SubscriptionReference>';
  t.strictSame(subscription(read(axis)), { address: '/s', id: '007' });
});

const event = (topic: string, name: string, value: string, operation = 'Changed', source = 'vs0') =>
  `<w:NotificationMessage><w:Topic Dialect="x">\n ${topic}\n</w:Topic><w:Message><tt:Message UtcTime="x" PropertyOperation="${operation}">
  <tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="${source}"/></tt:Source><tt:Data><tt:SimpleItem Name="${name}" Value="${value}"/></tt:Data></tt:Message></w:Message></w:NotificationMessage>`;

t.test('events are alarms when they are understood', async (t) => {
  const table: readonly (readonly [string, string | null])[] = [
    [event('tns1:VideoSource/SignalLoss', 'State', 'true'), 'signal on'],
    [event('tns1:VideoSource/tnsvendor:SignalLoss', 'State', '0'), 'signal off'],
    [event('tns1:VideoSource/GlobalSceneChange/ImagingService', 'State', '1'), 'tamper on'],
    [event('tns1:RuleEngine/TamperDetector/Tamper', 'IsTamper', 'false'), 'tamper off'],
    [event('tns1:VideoSource/ImageTooDark/AnalyticsService', 'State', 'TRUE'), 'tamper on'],
    [event('tns1:RuleEngine/CellMotionDetector/Motion', 'IsMotion', 'true'), 'motion on'],
    [event('tns1:VideoSource/MotionAlarm', 'State', 'true', 'Deleted'), 'motion off'],
    [event('tns1:Device/HardwareFailure/StorageFailure', 'Failed', 'true'), 'failure on'],
    [event('tns1:VideoSource/SignalLoss', 'State', 'perhaps'), null],
    [event('tns1:Device/Trigger/DigitalInput', 'LogicalState', 'true'), null],
    ['<NotificationMessage/>', null],
  ];
  for (const [xml, means] of table) {
    const [alarm] = alarms(read(`<PullMessagesResponse>${xml}</PullMessagesResponse>`));
    t.equal(alarm === undefined ? null : `${alarm.kind} ${alarm.active ? 'on' : 'off'}`, means, xml.slice(0, 120));
  }
});

t.test('an alarm is news once; after a new subscription what is not said again is over', async (t) => {
  const book = new AlarmBook();
  const told = (...xml: readonly string[]) => alarms(read(`<R>${xml.join('')}</R>`));
  const loss = (value: string) => event('tns1:VideoSource/SignalLoss', 'State', value);
  const motion = event('tns1:VideoSource/MotionAlarm', 'State', 'true');
  t.equal(book.take(told(loss('false'))).length, 0, 'what is well is no news');
  t.equal(book.take(told(loss('true'), motion)).length, 2);
  t.equal(book.take(told(loss('true'))).length, 0);
  t.strictSame(book.complaints(), ['VideoSource/SignalLoss (vs0)'], 'motion is no complaint');
  t.equal(book.pictureTrouble(), 'signal lost');
  book.renewed();
  t.equal(book.take(told(motion)).length, 0);
  t.strictSame(
    book.settled().map(({ kind, active }) => `${kind} ${active}`),
    ['signal false'],
  );
  t.strictSame(book.complaints(), []);
  t.equal(book.pictureTrouble(), null);
  book.take(told(event('tns1:VideoSource/ImageTooDark/AnalyticsService', 'State', 'true')));
  t.equal(book.pictureTrouble(), null, 'a dark picture is better than none');
  book.take(told(event('tns1:RuleEngine/TamperDetector/Tamper', 'IsTamper', 'true')));
  t.equal(book.pictureTrouble(), 'tampered with');
});

const match = (address: string, addresses: string, scopes = '') =>
  `<s:Envelope><s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>${address}</a:Address></a:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>${scopes}</d:Scopes><d:XAddrs>${addresses}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>`;

t.test('answers to a probe', async (t) => {
  const scopes =
    'onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/Profile/T onvif://www.onvif.org/name/Ph%C3%B2ng%20h%E1%BB%8Dp onvif://www.onvif.org/hardware/IPC-100%';
  const [found] = matches(
    Buffer.from(match('urn:uuid:1', 'http://169.254.1.1/onvif/device_service http://10.0.0.7:8080/onvif/device_service', scopes)),
  );
  t.match(found, { id: 'urn:uuid:1', name: 'Phòng họp', hardware: 'IPC-100%', profiles: ['Streaming', 'T'] });
  t.strictSame(found && way(found, '10.0.0.7'), { host: '10.0.0.7', port: 8080, secure: false, path: '/onvif/device_service' });
  t.strictSame(found && way(found, '10.0.0.8'), { host: '10.0.0.8', port: 80, secure: false, path: '/onvif/device_service' });
  t.equal(found && way({ ...found, addresses: ['nonsense'] }, '10.0.0.8'), null);
  for (const nonsense of ['lollipop', '', '<a/>', match('x', '').slice(0, -30), 'x'.repeat(40_000)]) {
    const all = matches(Buffer.from(nonsense));
    t.ok(all.length === 0 || way(all[0]!, 'h') === null, nonsense.slice(0, 20));
  }
  const asked = read(Buffer.from(probe('1-2', 'transmitter')).toString());
  t.equal(find(asked, 'messageid')?.text, 'urn:uuid:1-2');
  t.equal(find(asked, 'types')?.text, 'dn:NetworkVideoTransmitter');
});
