/** Sites and hubs: the registry, and acts on a box. */
import { Type } from 'typebox';
import { ChangeSiteBody, HubView, NewHubBody, NewSiteBody, SiteView } from '../../../protocol/api.ts';
import { FaultError } from '../../../protocol/fault.ts';
import { NodeId } from '../../../protocol/ids.ts';
import type { Meetings } from '../../meetings/service.ts';
import type { Board } from '../board.ts';
import type { HubRegistry, SiteRegistry } from '../contract.ts';
import { orThrow } from '../problem.ts';
import { type Route, route } from '../route.ts';

export interface NetworkParts {
  readonly registry: SiteRegistry & HubRegistry;
  readonly meetings: Pick<Meetings, 'inUse'>;
  readonly board: Pick<Board, 'sites' | 'hubs' | 'touch'>;
  /** Has the box kill and respawn its media processes. @throws FaultError */
  readonly restartMedia: (site: string) => Promise<void>;
}

const siteParam = Type.Object({ site: NodeId }, { additionalProperties: false });
const hubParam = Type.Object({ hub: NodeId }, { additionalProperties: false });

export function networkRoutes({ registry, meetings, board, restartMedia }: NetworkParts): readonly Route[] {
  const siteView = (site: string): SiteView =>
    found(
      board.sites().find((each) => each.site === site),
      'site',
      site,
    );
  const hubView = (hub: string): HubView =>
    found(
      board.hubs().find((each) => each.hub === hub),
      'hub',
      hub,
    );
  const refuseInUse = (node: string): void => {
    const fault = meetings.inUse(node);
    if (fault !== null) throw new FaultError(fault);
  };
  return [
    route('GET /api/v1/sites', {
      action: 'sites.read',
      summary: 'All sites and how they are',
      gives: Type.Array(SiteView),
      run: () => board.sites(),
    }),
    route('POST /api/v1/sites', {
      action: 'sites.write',
      act: 'site.add',
      summary: 'Register a site: its box may connect from now on',
      body: NewSiteBody,
      audit: 'done',
      gives: SiteView,
      status: 201,
      run: async ({ body }) => {
        orThrow(await registry.addSite({ ...body, order: body.order ?? null }));
        board.touch();
        return siteView(body.site);
      },
    }),
    route('PATCH /api/v1/sites/{site}', {
      action: 'sites.write',
      act: 'site.change',
      summary: 'Rename a site or move it in lists',
      params: siteParam,
      body: ChangeSiteBody,
      audit: 'done',
      gives: SiteView,
      run: async ({ params, body }) => {
        orThrow(await registry.changeSite(params.site, body));
        board.touch();
        return siteView(params.site);
      },
    }),
    route('DELETE /api/v1/sites/{site}', {
      action: 'sites.write',
      act: 'site.remove',
      summary: 'Remove a site: its box is disconnected',
      params: siteParam,
      audit: 'done',
      gives: null,
      run: async ({ params }) => {
        refuseInUse(params.site);
        orThrow(await registry.removeSite(params.site));
        board.touch();
      },
    }),
    route('POST /api/v1/sites/{site}/restart-media', {
      action: 'sites.restart-media',
      act: 'site.restart-media',
      summary: 'Kill and respawn the media processes of a box',
      params: siteParam,
      audit: 'done',
      gives: null,
      status: 202,
      run: async ({ params }) => {
        siteView(params.site);
        await restartMedia(params.site);
      },
    }),
    route('GET /api/v1/hubs', {
      action: 'hubs.read',
      summary: 'All hubs and how they are',
      gives: Type.Array(HubView),
      run: () => board.hubs(),
    }),
    route('POST /api/v1/hubs', {
      action: 'hubs.write',
      act: 'hub.add',
      summary: 'Register a media hub: it may connect from now on',
      body: NewHubBody,
      audit: 'done',
      gives: HubView,
      status: 201,
      run: async ({ body }) => {
        orThrow(await registry.addHub(body));
        board.touch();
        return hubView(body.hub);
      },
    }),
    route('DELETE /api/v1/hubs/{hub}', {
      action: 'hubs.write',
      act: 'hub.remove',
      summary: 'Remove a hub: it is disconnected',
      params: hubParam,
      audit: 'done',
      gives: null,
      run: async ({ params }) => {
        refuseInUse(params.hub);
        orThrow(await registry.removeHub(params.hub));
        board.touch();
      },
    }),
  ];
}

function found<T>(value: T | undefined, what: string, id: string): T {
  if (value === undefined) throw new FaultError({ code: 'not-found', what, id });
  return value;
}
