/** Failover drills: order one, watch it, call it off, sign its report, read it. */
import { Type } from 'typebox';
import { DrillId, DrillView, NewDrillBody, SealedReport, SignOffBody } from '../../../protocol/drill.ts';
import type { Drills } from '../../drill/service.ts';
import { orThrow } from '../problem.ts';
import { type Route, route } from '../route.ts';

export interface DrillRouteParts {
  readonly drills: Pick<Drills, 'list' | 'find' | 'begin' | 'abort' | 'signOff' | 'report'>;
}

const idParam = Type.Object({ id: DrillId }, { additionalProperties: false });

export function drillRoutes({ drills }: DrillRouteParts): readonly Route[] {
  return [
    route('GET /api/v1/drills', {
      action: 'drills.read',
      summary: 'The last hundred failover drills, newest first',
      gives: Type.Array(DrillView),
      run: () => drills.list(),
    }),
    route('POST /api/v1/drills', {
      action: 'drills.run',
      act: 'drill.start',
      summary: 'Begin a failover drill, in a meeting of its own or, with the consent of its chair, in a running one',
      body: NewDrillBody,
      audit: 'done',
      gives: DrillView,
      status: 202,
      run: async ({ body, actor }) => orThrow(await drills.begin(body, actor)),
    }),
    route('GET /api/v1/drills/{id}', {
      action: 'drills.read',
      summary: 'One drill: how far it is, and its figures against the goals',
      params: idParam,
      gives: DrillView,
      run: ({ params }) => drills.find(params.id),
    }),
    route('POST /api/v1/drills/{id}/abort', {
      action: 'drills.run',
      act: 'drill.abort',
      summary: 'Call a drill off: everything that was broken heals',
      params: idParam,
      audit: 'done',
      gives: DrillView,
      run: async ({ params, actor }) => orThrow(await drills.abort(params.id, actor)),
    }),
    route('POST /api/v1/drills/{id}/sign-off', {
      action: 'drills.sign',
      act: 'drill.sign-off',
      summary: 'Confirm the report with name and remark; central signs it, and nobody can change it afterwards',
      params: idParam,
      body: SignOffBody,
      audit: 'done',
      gives: DrillView,
      run: async ({ params, body, actor, who }) => orThrow(await drills.signOff(params.id, body, actor, who?.role ?? 'operator')),
    }),
    route('GET /api/v1/drills/{id}/report.json', {
      action: 'drills.read',
      summary: 'The signed report with its signature and certificates; diemcau provision verify-report checks it',
      params: idParam,
      gives: SealedReport,
      run: async ({ params, reply }) => {
        const sealed = await drills.report(params.id);
        void reply.header('content-disposition', `attachment; filename="${params.id}.json"`);
        return sealed;
      },
    }),
  ];
}
