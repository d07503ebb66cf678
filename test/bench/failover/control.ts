/** Classes `central` and `broker`: nobody orchestrates, or nobody hears what happens. Pictures go on, no event is lost or comes twice. */
import type { LogEntry } from '../../../protocol/api.ts';
import { eventually } from '../../support/eventually.ts';
import type { Lab } from '../../support/lab.ts';
import { chronicle, patient, pictures, seconds } from '../../support/lab-story.ts';
import { distribution } from '../summary.ts';
import { type Measure, Rounds, withLab } from './round.ts';

const sites = ['site-a', 'site-b'] as const;
const [speaker, viewer] = sites;
const options = { hubs: ['hub-1', 'hub-2'], sites: Object.fromEntries(sites.map((site) => [site, {}])) };
const mono = (): number => performance.now();

/** kill -9; after four seconds it is started again. */
export const central: Measure = (n, say) =>
  withLab(options, async (lab) => {
    const meeting = await lab.meet({ floor: speaker });
    const rounds = new Rounds(lab, [viewer]);
    const agreeMs: number[] = [];
    for (let index = 0; index < n; index++) {
      const { seen } = await rounds.round(async () => {
        await lab.node('central').kill();
        await pictures(lab, [viewer], 100);
        await lab.node('central').start();
        const started = mono();
        await eventually(() => lab.notWhole(meeting), patient);
        agreeMs.push(mono() - started);
      });
      say(
        `central ${index + 1}/${n}: ${seen.floorMs} ms, ${seen.lostFrames} lost; whole ${Math.round(agreeMs.at(-1) ?? 0)} ms after its start`,
      );
    }
    return { central: { ...rounds.floor(), agreeMs: distribution(agreeMs) } };
  });

/** What a site has told of its links, by its own log and by central's. */
const byItself = (lab: Lab, from: number): readonly string[] =>
  lab
    .node(viewer)
    .logs.slice(from)
    .flatMap((line) => {
      if (!line.includes('"kind":"link"')) return [];
      const { what, facts } = JSON.parse(line) as Pick<LogEntry, 'what' | 'facts'>;
      return [wordOf({ what, facts })];
    });
const wordOf = ({ what, facts }: Pick<LogEntry, 'what' | 'facts'>): string =>
  `${what} ${facts['peer']} ${facts['path']} ${facts['direction'] ?? ''}`;

/**
 * Central is cut off from everybody; a link of a site fails and returns meanwhile, which nobody can be told. The paths take turns: one that comes
 * and goes too often rests, and what is told of that later is no part of the round.
 */
export const broker: Measure = (n, say) =>
  withLab(options, async (lab) => {
    await lab.meet({ floor: speaker });
    const rounds = new Rounds(lab, [viewer]);
    const all = { events: 0, lost: 0, doubled: 0 };
    const linked = (): Promise<void> =>
      eventually(() => {
        const links = lab.watch(viewer).seen.last?.links ?? [];
        return links.length > 0 && links.every(({ connected, resting }) => connected && !resting) ? undefined : 'a link is not there';
      }, patient);
    for (let index = 0; index < n; index++) {
      const path = index % 2 === 0 ? 'wan2' : 'wan1';
      const { seen } = await rounds.round(async () => {
        await linked();
        // What was on its way is told: from here on both logs are of the same events.
        await seconds(lab, viewer, 2);
        const [from, logged] = [await chronicle(lab), lab.node(viewer).logs.length];
        lab.machine('central').isolate();
        await lab.path(viewer, path).cut();
        await pictures(lab, [viewer], 75);
        await lab.path(viewer, path).heal();
        await linked();
        lab.machine('central').join();
        await eventually(async () => {
          const told = (await from.entries()).filter(({ node, kind }) => node === viewer && kind === 'link').length;
          return told >= byItself(lab, logged).length ? undefined : `${told} of ${byItself(lab, logged).length} events`;
        }, patient);
        const [mine, heard] = [
          byItself(lab, logged),
          (await from.entries())
            .filter(({ node, kind }) => node === viewer && kind === 'link')
            .toReversed()
            .map(wordOf),
        ];
        const count = (list: readonly string[], word: string): number => list.filter((each) => each === word).length;
        all.events += mine.length;
        for (const word of new Set([...mine, ...heard])) {
          all.lost += Math.max(0, count(mine, word) - count(heard, word));
          all.doubled += Math.max(0, count(heard, word) - count(mine, word));
        }
      });
      say(
        `broker ${index + 1}/${n}: ${seen.floorMs} ms, ${seen.lostFrames} lost; ${all.events} events, ${all.lost} lost, ${all.doubled} twice`,
      );
    }
    return { broker: { ...rounds.floor(), events: all.events, lostEvents: all.lost, doubledEvents: all.doubled } };
  });
