/** What the moving part says of itself: what it can do, and where it is. Pure but for the time. */
import type { Camera } from './camera.ts';
import { line, PTZ, plane, SPACES } from './profiles.ts';
import { iso } from './time.ts';
import { type QName, type Xml, x, xa } from './write.ts';

const speed = (name: QName, uri: string): Xml => x(name, x('tt:URI', uri), x('tt:XRange', x('tt:Min', 0), x('tt:Max', 1)));

export const spaces: readonly Xml[] = [
  plane('tt:AbsolutePanTiltPositionSpace', SPACES.position),
  line('tt:AbsoluteZoomPositionSpace', SPACES.zoomPosition, 0),
  plane('tt:RelativePanTiltTranslationSpace', SPACES.translation),
  line('tt:RelativeZoomTranslationSpace', SPACES.zoomTranslation, -1),
  plane('tt:ContinuousPanTiltVelocitySpace', SPACES.velocity),
  line('tt:ContinuousZoomVelocitySpace', SPACES.zoomVelocity, -1),
  speed('tt:PanTiltSpeedSpace', SPACES.speed),
  speed('tt:ZoomSpeedSpace', SPACES.zoomSpeed),
];

export const node: Xml = xa(
  'tptz:PTZNode',
  { token: PTZ.node, FixedHomePosition: 'false' },
  x('tt:Name', 'PTZNode'),
  x('tt:SupportedPTZSpaces', spaces),
  x('tt:MaximumNumberOfPresets', 100),
  x('tt:HomeSupported', true),
);

export function statusXml({ head, quirks, time }: Camera): Xml {
  const { pan, tilt, zoom } = head.position;
  const state = (moving: boolean): string => (moving ? 'MOVING' : 'IDLE');
  const told = (value: number): string => String(Math.round(value * 10_000) / 10_000);
  return x(
    'tptz:PTZStatus',
    quirks.ptzPosition
      ? [
          x(
            'tt:Position',
            xa('tt:PanTilt', { x: told(pan), y: told(tilt), space: SPACES.position }),
            xa('tt:Zoom', { x: told(zoom), space: SPACES.zoomPosition }),
          ),
        ]
      : [],
    x('tt:MoveStatus', x('tt:PanTilt', state(head.moving('pan') || head.moving('tilt'))), x('tt:Zoom', state(head.moving('zoom')))),
    x('tt:UtcTime', iso(time())),
  );
}
