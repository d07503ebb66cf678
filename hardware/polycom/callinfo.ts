/** The question for all calls. Its answer is a block of lines, or one line when there is no call; news may come in between. */
import type { Call } from '../../protocol/schema/device.ts';
import { callinfo } from './calls.ts';
import { type Asked, answer } from './channel.ts';

const MOST = 16;

/** Answered with null by an empty or unreadable block: those happen, and say nothing. "Not idle" must never be read as "in a call". */
export function callinfoQuestion(): Asked<readonly Call[] | null> {
  let listed: Call[] | null = null;
  let doubtful = false;
  return {
    command: 'callinfo all',
    twice: true,
    match(text) {
      if (text === 'system is not in a call') return answer([]);
      if (text === 'callinfo begin') {
        listed = [];
        doubtful = false;
        return { is: 'part' };
      }
      if (text.startsWith('callinfo:') && listed !== null) {
        const news = callinfo(text);
        if (news?.is === 'call') listed.push(news.call);
        doubtful ||= news === null;
        return { is: 'part' };
      }
      if (text !== 'callinfo end') return null;
      return answer(listed === null || listed.length === 0 || doubtful ? null : listed.slice(0, MOST));
    },
  };
}
