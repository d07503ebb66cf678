/** The last desired state on disk, so that a box or hub that starts without a broker goes back into the running meeting. Holds media keys: 0600. */
import { join } from 'node:path';
import { decoder } from '../decode.ts';
import { brief, type Result } from '../fault.ts';
import type { Log } from '../log.ts';
import { Desired } from '../schema/desired.ts';
import type { EventBody } from '../schema/event.ts';
import { readJson, writeJson } from './atomic.ts';
import { damaged } from './damaged.ts';

const desired = decoder(Desired);

export class DesiredStore {
  readonly #path: string;
  readonly #log: Log;
  readonly #tell: (event: EventBody) => void;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(folder: string, log: Log, tell: (event: EventBody) => void) {
    this.#path = join(folder, 'desired.json');
    this.#log = log.child({ part: 'store' });
    this.#tell = tell;
  }

  /** What was remembered; null when nothing was, or it cannot be used (then it was put aside, and people are told why). */
  async load(): Promise<Desired | null> {
    const read = await readJson(this.#path, desired);
    switch (read.is) {
      case 'value':
        return read.value;
      case 'absent':
        return null;
      case 'corrupt':
        this.#log.error({ because: brief(read.fault), keptAs: read.keptAs }, 'remembered state is damaged and was put aside');
        this.#tell(damaged('desired state', 'damaged'));
        return null;
      case 'unreadable':
        this.#log.error({ because: brief(read.fault) }, 'remembered state cannot be read');
        this.#tell(damaged('desired state', 'unreadable'));
        return null;
      default:
        return read satisfies never;
    }
  }

  /** Remembers. Writes go one after the other, so the newest is what stays. */
  save(message: Desired): Promise<Result<void>> {
    const saved = this.#writing.then(() => writeJson(this.#path, message, { mode: 0o600 }));
    this.#writing = saved;
    return saved;
  }
}
