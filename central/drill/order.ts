/** From what somebody asked for to a drill, or why there will be none. Pure. */
import { type Drill, type DrillFault, type DrillStep, isSiteFault, type NewDrillBody } from '../../protocol/drill.ts';
import { failed, ok, type Result } from '../../protocol/fault.ts';
import type { Meeting } from '../meetings/reduce.ts';

/** How long a fault stays that heals by order of time, unless said otherwise. */
const USUAL_MS = 5000;
/** Of faults that heal by themselves as fast as they can. */
const NO_TIME_MS = 500;
const lasting: ReadonlySet<DrillFault> = new Set(['camera', 'path', 'onlyPath', 'broker']);

export interface Around {
  readonly id: string;
  readonly by: string;
  readonly at: number;
  /** Of central. */
  readonly self: string;
  readonly known: (site: string) => boolean;
  /** The running meeting that was named, if one was and it runs. */
  readonly meeting: Meeting | null;
}

export function order(body: NewDrillBody, { id, by, at, self, known, meeting }: Around): Result<Drill> {
  const invalid = (path: string, reason: string): Result<never> => failed({ code: 'input.invalid', path, reason });
  if (body.meeting !== undefined) {
    if (meeting === null) return failed({ code: 'not-found', what: 'running meeting', id: body.meeting });
    if (body.consent === undefined) return invalid('/consent', 'a drill inside a meeting needs the consent of its chair');
    if (body.sites !== undefined) return invalid('/sites', 'a drill inside a meeting is held with its sites');
  } else if (body.sites === undefined) return invalid('/sites', 'say who takes part');
  const sites = meeting?.sites ?? body.sites ?? [];
  const strange = sites.findIndex((site) => !known(site));
  if (strange >= 0) return invalid(`/sites/${strange}`, `there is no site ${sites[strange]}`);
  const targets = body.targets ?? sites.slice(0, 1);
  const absent = targets.findIndex((site) => !sites.includes(site));
  if (absent >= 0) return invalid(`/targets/${absent}`, `${targets[absent]} does not take part`);
  const step = (fault: DrillFault, node: string | null): DrillStep => ({
    fault,
    node,
    ms: lasting.has(fault) ? (body.ms ?? USUAL_MS) : NO_TIME_MS,
    state: 'waiting',
    startedAt: null,
    wholeAt: null,
    because: '',
    figures: [],
    rooms: [],
    switched: [],
  });
  return ok({
    id,
    by,
    orderedAt: at,
    endedAt: null,
    state: 'opening',
    because: '',
    meeting: body.meeting ?? null,
    own: body.meeting === undefined,
    consent: body.consent ?? null,
    sites: [...sites],
    steps: body.faults.flatMap((fault) =>
      isSiteFault(fault) ? targets.map((site) => step(fault, site)) : [step(fault, fault === 'broker' ? self : null)],
    ),
    verdict: null,
  });
}
