/** What can be told to a running simulator, a line each: `happen incoming 2001`, `trouble glue on`, `vanish`, `restore`, `restart`, `facts`. */
import type { Served } from '../wire/serve.ts';
import type { Simulator } from '../wire/simulator.ts';

/** Carries out one line; answers what is to be printed. @throws Error that says what is understood. */
export async function obey(line: string, served: Served, simulator: Simulator): Promise<object> {
  const [order = '', ...rest] = line.trim().split(/\s+/);
  switch (order) {
    case 'happen':
      served.happen(rest.join(' '));
      return { event: 'happened', what: rest.join(' ') };
    case 'trouble':
      served.trouble(trouble(rest));
      return { event: 'troubled', by: rest.join(' ') };
    case 'vanish':
      await served.vanish();
      return { event: 'vanished' };
    case 'restore':
      await served.restore();
      return { event: 'restored', at: served.at };
    case 'restart':
      served.restart();
      return { event: 'restarted' };
    case 'facts':
      return { event: 'facts', facts: simulator.facts };
    default:
      throw new Error(
        `${order || 'an empty line'} is no order; there are: happen WHAT, trouble KIND VALUE, vanish, restore, restart, facts`,
      );
  }
}

function trouble([kind = '', value = '']: readonly string[]): object {
  switch (kind) {
    case 'one-byte':
      return { oneByte: value === 'on' };
    case 'glue':
      return { glue: value === 'on' };
    case 'noise':
      return { noise: value === 'off' ? null : Buffer.from(value, 'latin1') };
    case 'delay':
      return { delayMs: Number(value) };
    case 'drop':
      return { drop: Number(value) };
    case 'corrupt':
      return { corrupt: Number(value) };
    default:
      throw new Error(
        `${kind || 'nothing'} is no trouble; there are: one-byte, glue (on/off), noise TEXT, delay MS, drop SHARE, corrupt SHARE`,
      );
  }
}
