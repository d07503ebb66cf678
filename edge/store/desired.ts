/** The last desired state on disk, so that a box that boots without a broker goes back into the running meeting. Holds media keys: 0600. */
import { join } from 'node:path';
import { decoder } from '../../protocol/decode.ts';
import { brief, type Result } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { readJson, writeJson } from '../../protocol/node/atomic.ts';
import { Desired } from '../../protocol/schema/desired.ts';

const desired = decoder(Desired);

export class DesiredStore {
  readonly #path: string;
  readonly #log: Log;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(folder: string, log: Log) {
    this.#path = join(folder, 'desired.json');
    this.#log = log.child({ part: 'store' });
  }

  /** What was remembered; null when nothing was, or it cannot be used (then it was put aside, and the log says why). */
  async load(): Promise<Desired | null> {
    const read = await readJson(this.#path, desired);
    switch (read.is) {
      case 'value':
        return read.value;
      case 'absent':
        return null;
      case 'corrupt':
        this.#log.error({ because: brief(read.fault), keptAs: read.keptAs }, 'remembered state is damaged and was put aside');
        return null;
      case 'unreadable':
        this.#log.error({ because: brief(read.fault) }, 'remembered state cannot be read');
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
