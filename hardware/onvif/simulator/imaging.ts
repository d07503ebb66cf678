/** The imaging service (ver20): brightness and its like, focus. */
import type { Camera, ImagingSettings, Operation, Service } from './camera.ts';
import { SOURCE } from './profiles.ts';
import { at, textAt } from './read.ts';
import { badArgument, refuse } from './soap.ts';
import { type QName, type Xml, x } from './write.ts';

const LEVELS = ['brightness', 'colorSaturation', 'contrast', 'sharpness'] as const;
const ELEMENTS: Readonly<Record<(typeof LEVELS)[number], string>> = {
  brightness: 'Brightness',
  colorSaturation: 'ColorSaturation',
  contrast: 'Contrast',
  sharpness: 'Sharpness',
};

/** Where the words of a setting stand, and which there are. */
const CHOICES = {
  backlight: { path: ['BacklightCompensation', 'Mode'], of: ['ON', 'OFF'] },
  exposure: { path: ['Exposure', 'Mode'], of: ['AUTO', 'MANUAL'] },
  focus: { path: ['Focus', 'AutoFocusMode'], of: ['AUTO', 'MANUAL'] },
  irCut: { path: ['IrCutFilter'], of: ['ON', 'OFF', 'AUTO'] },
  whiteBalance: { path: ['WhiteBalance', 'Mode'], of: ['AUTO', 'MANUAL'] },
} as const;
const CHOSEN = Object.keys(CHOICES) as readonly (keyof typeof CHOICES)[];

const level = (name: QName, min: number, max: number): Xml => x(name, x('tt:Min', min), x('tt:Max', max));

function settings(now: ImagingSettings): readonly Xml[] {
  return [
    x('tt:BacklightCompensation', x('tt:Mode', now.backlight)),
    x('tt:Brightness', now.brightness),
    x('tt:ColorSaturation', now.colorSaturation),
    x('tt:Contrast', now.contrast),
    x('tt:Exposure', x('tt:Mode', now.exposure)),
    x('tt:Focus', x('tt:AutoFocusMode', now.focus)),
    x('tt:IrCutFilter', now.irCut),
    x('tt:Sharpness', now.sharpness),
    x('tt:WhiteBalance', x('tt:Mode', now.whiteBalance)),
  ];
}

const several = (name: QName, all: readonly string[]): readonly Xml[] => all.map((each) => x(name, each));

const book: Service = {
  GetImagingSettings: ({ imaging }) => x('timg:GetImagingSettingsResponse', x('timg:ImagingSettings', settings(imaging))),
  SetImagingSettings(camera: Camera, { body }) {
    const wanted = at(body, 'ImagingSettings');
    const change: Partial<ImagingSettings> = {};
    for (const name of LEVELS) {
      const text = textAt(wanted, ELEMENTS[name]);
      if (text === null) continue;
      const value = Number(text);
      if (text === '' || !(value >= 0 && value <= 100))
        return refuse('Sender', ['ter:InvalidArgVal', 'ter:SettingsInvalid'], `${ELEMENTS[name]} must be 0 to 100`);
      change[name] = value;
    }
    for (const name of CHOSEN) {
      const { path, of } = CHOICES[name];
      const text = textAt(wanted, ...path);
      if (text === null) continue;
      if (!of.some((each) => each === text))
        return refuse('Sender', ['ter:InvalidArgVal', 'ter:SettingsInvalid'], `${path.join('/')} cannot be ${text}`);
      change[name] = text;
    }
    Object.assign(camera.imaging, change);
    return x('timg:SetImagingSettingsResponse');
  },
  GetOptions: () =>
    x(
      'timg:GetOptionsResponse',
      x(
        'timg:ImagingOptions',
        x('tt:BacklightCompensation', several('tt:Mode', CHOICES.backlight.of)),
        level('tt:Brightness', 0, 100),
        level('tt:ColorSaturation', 0, 100),
        level('tt:Contrast', 0, 100),
        x('tt:Exposure', several('tt:Mode', CHOICES.exposure.of)),
        x('tt:Focus', several('tt:AutoFocusModes', CHOICES.focus.of)),
        several('tt:IrCutFilterModes', CHOICES.irCut.of),
        level('tt:Sharpness', 0, 100),
        x('tt:WhiteBalance', several('tt:Mode', CHOICES.whiteBalance.of)),
      ),
    ),
  GetMoveOptions: () => x('timg:GetMoveOptionsResponse', x('timg:MoveOptions', x('tt:Continuous', level('tt:Speed', -1, 1)))),
  Move: (_camera, { body }) =>
    at(body, 'Focus', 'Continuous') === null ? badArgument('Only continuous focus moves are known') : x('timg:MoveResponse'),
  Stop: () => x('timg:StopResponse'),
  GetStatus: () => x('timg:GetStatusResponse', x('timg:Status', x('tt:FocusStatus20', x('tt:Position', 0), x('tt:MoveStatus', 'IDLE')))),
};

const noSource = refuse('Sender', ['ter:InvalidArgVal', 'ter:NoSource'], 'The requested VideoSource does not exist');
const withSource =
  (operation: Operation): Operation =>
  (camera, call, path) =>
    textAt(call.body, 'VideoSourceToken') === SOURCE.token ? operation(camera, call, path) : noSource;

export const imaging: Service = {
  ...Object.fromEntries(Object.entries(book).map(([name, operation]) => [name, withSource(operation)])),
  GetServiceCapabilities: () => x('timg:GetServiceCapabilitiesResponse', x('timg:Capabilities')),
};
