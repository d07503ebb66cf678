/**
 * A projector that speaks PJLink class 1 or 2, by its own bytes. Facts: JBMIA "PJLink Specifications" 1.04 and 2.00.
 *
 * Models, words of it in any order: `class1` knows no class 2 command; `notify` tells its changes by itself, as class 2 does over UDP.
 * With a password it asks for it in the greeting; without one it asks for none.
 */
import { createHash } from 'node:crypto';
import type { DriverSettings } from '../wire/driver.ts';
import { now, type Said, type Simulator } from '../wire/simulator.ts';
import { newProjector, notice, obeyed, type Projector, switchTo, tick } from './simulator-projector.ts';

/** Longest line, terminator included. */
const LIMIT = 136;
const MAC = '00:11:22:33:44:55';
/** Of the first greeting: the one of the specification's example, so that its digest is known. */
const FIRST_RANDOM = '498e4a67';

const md5 = (text: string): string => createHash('md5').update(text, 'utf8').digest('hex');

/** Eight hex digits for the greeting number `count`, the same ones at each run. */
export const countedRandom = (count: number): string => (count === 0 ? FIRST_RANDOM : md5(`greeting ${count}`).slice(0, 8));

/**
 * A projector that is on and warm.
 * @param random the eight hex digits of the greeting number `count`, counted from 0.
 */
export function simulatePjlink({ password, model }: DriverSettings, random: (count: number) => string = countedRandom): Simulator {
  const projector = newProjector(model.includes('class1') ? 1 : 2);
  const notifies = model.includes('notify');
  let greetings = 0;
  /** What the first command of this connection must begin with; null: nothing. */
  let digest: string | null = null;
  /** It has ended the conversation; a real one closes the connection too. */
  let ended = false;
  let held = '';

  const heard = (line: string): readonly Said[] => {
    if (line === '%2SRCH') return projector.class === 2 ? now(`%2ACKN=${MAC}\r`) : [];
    const [, given, command] = /^([0-9a-f]{32})?(%.*)$/i.exec(line) ?? [];
    if (command === undefined) return [];
    if (digest !== null && given?.toLowerCase() !== digest) {
      ended = true;
      return now('PJLINK ERRA\r');
    }
    digest = null;
    const before = { ...projector };
    const reply = obeyed(projector, command);
    tick(projector);
    return reply === null ? [] : [...now(`${reply}\r`), ...told(before)];
  };

  const told = (before: Projector): readonly Said[] => (notifies ? notice(before, projector).flatMap((each) => now(`${each}\r`)) : []);

  return {
    opened() {
      held = '';
      ended = false;
      if (password === '') return now('PJLINK 0\r');
      const drawn = random(greetings++);
      digest = md5(drawn + password);
      return now(`PJLINK 1 ${drawn}\r`);
    },
    closed() {
      held = '';
    },
    feed(bytes) {
      if (ended) return [];
      const lines = (held + Buffer.from(bytes).toString('utf8')).split('\r');
      // What is longer than a line may be is thrown away with the rest of its line.
      held = (lines.pop() ?? '').slice(0, LIMIT + 1);
      return lines.flatMap((line) => (ended || line.length >= LIMIT ? [] : heard(line.trim())));
    },
    happen(what) {
      const before = { ...projector };
      const [, part, grade] = /^(fan|lamp|temperature|cover|filter|other) (ok|warning|error)$/.exec(what) ?? [];
      if (part !== undefined && grade !== undefined) projector.errors = { ...projector.errors, [part]: grade };
      else if (what === 'warm') projector.power = 'on';
      else if (what === 'cool') projector.power = 'off';
      else if (what === 'remote power on') switchTo(projector, true);
      else if (what === 'remote power off') switchTo(projector, false);
      else if (what === 'remote blank') projector.videoMuted = true;
      else if (what === 'remote no signal') projector.signal = false;
      else if (what === 'remote signal') projector.signal = true;
      else if (what === 'idle') ended = true;
      else
        throw new Error(
          `a projector knows: warm, cool, remote power on, remote power off, remote blank, remote signal, remote no signal, idle, and fan, lamp, temperature, cover, filter, other with ok, warning, error; not ${what}`,
        );
      return told(before);
    },
    restart() {
      Object.assign(projector, { power: 'off', videoMuted: false, audioMuted: false, frozen: false, left: 0 });
      held = '';
      return [];
    },
    get facts() {
      return { ...projector, authenticated: digest === null && !ended, ended };
    },
  };
}
