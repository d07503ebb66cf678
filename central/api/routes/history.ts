/** What happened (the log), who did what (the audit), and the live stream of both and everything else. */
import { type Static, Type } from 'typebox';
import { AuditEntry, LogEntry } from '../../../protocol/api.ts';
import { FaultError } from '../../../protocol/fault.ts';
import type { Sessions } from '../../auth/sessions.ts';
import type { History } from '../contract.ts';
import { type Route, route } from '../route.ts';
import type { Stream } from '../stream.ts';

/** Query strings are text; numbers in them are digits. */
const digits = (description: string) => Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,14}$', description }));
const page = Type.Object(
  {
    before: digits('entries older than this id'),
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', description: '1 to 1000; 100 when absent' })),
  },
  { additionalProperties: false },
);

const range = ({ before, limit }: Static<typeof page>): readonly [number | null, number] => [
  before === undefined ? null : Number(before),
  Number(limit ?? 100),
];

export function historyRoutes({
  history,
  stream,
  sessions,
}: {
  readonly history: History;
  readonly stream: Stream;
  readonly sessions: Pick<Sessions, 'alive'>;
}): readonly Route[] {
  return [
    route('GET /api/v1/log', {
      action: 'log.read',
      summary: 'Events of the network, newest first',
      query: page,
      gives: Type.Array(LogEntry),
      run: ({ query }) => history.log(...range(query)),
    }),
    route('GET /api/v1/audit', {
      action: 'audit.read',
      summary: 'Who did what, newest first',
      query: page,
      gives: Type.Array(AuditEntry),
      run: ({ query }) => history.audit(...range(query)),
    }),
    route('GET /api/v1/stream', {
      action: 'stream.read',
      summary: 'Server-sent events: `snapshot`, then `patch` and `beat`; takes Last-Event-ID',
      gives: 'text/event-stream',
      run: ({ who, request, reply }) => {
        if (stream.full) throw new FaultError({ code: 'exhausted', what: 'stream', because: 'too many pages are open' });
        const id = request.headers['last-event-id'];
        for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value);
        reply.hijack();
        stream.attach(reply.raw, typeof id === 'string' ? id : undefined, async () => who !== null && (await sessions.alive(who)));
      },
    }),
  ];
}
