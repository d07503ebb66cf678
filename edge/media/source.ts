/** What a site sends as its picture: the sources a configuration may name, and the short form a person types. Pure. */
import { type Static, Type } from 'typebox';
import { failed, ok, type Result } from '../../protocol/fault.ts';

const closed = { additionalProperties: false } as const;
const Path = Type.String({ minLength: 1, maxLength: 4096 });

/**
 * Whether a picture that stands still to the last bit counts as a failure. A camera's never does, because of the noise of its sensor. What is
 * plugged into a capture device may be a slide, and so may a file.
 */
const Frozen = Type.Optional(Type.Boolean());

/** A made picture: the site's name and a running clock. Never fails. */
const PatternSource = Type.Object({ kind: Type.Literal('pattern') }, closed);
/** A camera or capture card of this box. `frozen`: default false. */
const V4l2Source = Type.Object(
  { kind: Type.Literal('v4l2'), device: Type.String({ pattern: '^/dev/[A-Za-z0-9/_.:-]{1,200}$' }), frozen: Frozen },
  closed,
);
/** A network camera. `frozen`: default true. `credentials` is a file with one line `user:password`, so that no secret stands in the configuration. */
const RtspSource = Type.Object(
  {
    kind: Type.Literal('rtsp'),
    url: Type.String({ pattern: '^rtsps?://[^\\s@/]+(/.*)?$', maxLength: 2000 }),
    credentials: Type.Optional(Path),
    frozen: Frozen,
  },
  closed,
);
/** A media file, played in a loop: decoded, then encoded as a camera would be. `frozen`: default false. */
const FileSource = Type.Object({ kind: Type.Literal('file'), path: Path, frozen: Frozen }, closed);
/** H.264 byte-stream files that already have the plan's formats: sent in a loop as they are, without encoding. */
const ClipSource = Type.Object({ kind: Type.Literal('clip'), main: Path, tile: Path }, closed);

export const sourceSchemas = {
  pattern: PatternSource,
  v4l2: V4l2Source,
  rtsp: RtspSource,
  file: FileSource,
  clip: ClipSource,
} as const;

export const Source = Type.Union([PatternSource, V4l2Source, RtspSource, FileSource, ClipSource]);
export type Source = Static<typeof Source>;

/** A source that can fail, stop or lie, and so is watched and has a slate beside it. */
export type Camera = Extract<Source, { kind: 'v4l2' | 'rtsp' | 'file' }>;

export const isCamera = (source: Source | null): source is Camera =>
  source?.kind === 'v4l2' || source?.kind === 'rtsp' || source?.kind === 'file';

/**
 * Reads the short form: `pattern`, `/dev/video0`, `rtsp://…`, `file:///…` or the path of a media file.
 * A URL with a user or password in it is refused: those belong into a credentials file.
 */
export function parseSource(text: string): Result<Source> {
  const value = text.trim();
  const refuse = (reason: string) => failed({ code: 'input.invalid', path: '/source', reason });
  if (value === 'pattern') return ok({ kind: 'pattern' });
  if (/^rtsps?:/i.test(value)) {
    if (/^rtsps?:\/\/[^/]*@/i.test(value))
      return refuse('a user and password in the URL would be seen by everybody: put user:password into a file and name it as credentials');
    if (!/^rtsps?:\/\/[^\s@/]+(\/\S*)?$/i.test(value)) return refuse(`not an RTSP URL: ${value.slice(0, 80)}`);
    return ok({ kind: 'rtsp', url: value.replace(/^rtsps?/i, (scheme) => scheme.toLowerCase()) });
  }
  if (value.startsWith('/dev/')) {
    if (!/^\/dev\/[A-Za-z0-9/_.:-]{1,200}$/.test(value)) return refuse(`not a device: ${value.slice(0, 80)}`);
    return ok({ kind: 'v4l2', device: value });
  }
  if (value.startsWith('file:///')) return ok({ kind: 'file', path: decodeURIComponent(value.slice('file://'.length)) });
  if (/^[a-z][a-z0-9+.-]*:/i.test(value)) return refuse(`there is no source of the kind ${value.slice(0, value.indexOf(':'))}`);
  if (value.startsWith('/') || value.startsWith('./') || value.startsWith('../') || /\.[A-Za-z0-9]{2,4}$/.test(value))
    return ok({ kind: 'file', path: value });
  return refuse('expected pattern, /dev/videoN, rtsp://… or the path of a media file');
}

/** The source in a few words, for reports and logs. Holds no secret: URLs carry none. */
export function describeSource(source: Source): string {
  switch (source.kind) {
    case 'pattern':
      return 'pattern';
    case 'v4l2':
      return source.device.slice(0, 200);
    case 'rtsp':
      return source.url.replace(/\?.*$/, '').slice(0, 200);
    case 'file':
      return `file ${source.path}`.slice(0, 200);
    case 'clip':
      return `clip ${source.main}`.slice(0, 200);
    default:
      return source satisfies never;
  }
}
