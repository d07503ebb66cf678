/**
 * A camera's events by pull-point: subscribe, pull, renew, and begin again after a pause when anything of it fails. Cameras differ most here:
 * some answer a pull at once instead of waiting, some let the subscription end although it is used, some forget it.
 */
import { type Clock, sleep } from '../../protocol/clock.ts';
import { FaultError } from '../../protocol/fault.ts';
import type { Log } from '../../protocol/log.ts';
import { type Alarm, AlarmBook, alarms } from './alarms.ts';
import { subscription } from './answers.ts';
import type { Method } from './call.ts';
import { type Opened, setSubscription } from './library.ts';
import type { Element } from './xml.ts';

export interface PullOptions {
  readonly device: string;
  readonly opened: Opened;
  readonly ask: (method: Method, options: readonly unknown[], limitMs: number) => Promise<Element>;
  readonly clock: Clock;
  readonly log: Log;
  readonly alarmed: (news: readonly Alarm[], book: Pick<AlarmBook, 'complaints' | 'pictureTrouble'>) => void;
  /** The camera is not there any more, seems it. */
  readonly gone: () => void;
}

/** The library asks for pulls of one minute and subscriptions of two, and waits 80 s for the answer. */
const PULL_LIMIT_MS = 85_000;
const RENEW_AFTER_MS = 45_000;
const ASK_LIMIT_MS = 8000;
/** A pull that comes back sooner than this did not wait; the next one does. */
const LEAST_MS = 500;
const PAUSES_MS = [1000, 2000, 5000, 10_000, 30_000, 60_000] as const;
const LEAVE_LIMIT_MS = 500;

export class PullPoint {
  readonly #options: PullOptions;
  readonly #book = new AlarmBook();
  readonly #ending = new AbortController();
  #subscribed = false;
  #renewedAt = 0;

  constructor(options: PullOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#run(this.#ending.signal);
  }

  /** Idempotent; tells the camera that we leave, for half a second at most. */
  async stop(): Promise<void> {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    await this.#leave();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, log, device } = this.#options;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#subscribe();
        for (let pulls = 0; !signal.aborted; pulls++) {
          await this.#pull(signal, pulls === 0);
          failures = 0;
        }
      } catch (error) {
        if (!(error instanceof FaultError)) throw error;
        if (signal.aborted) return;
        log.info({ device, because: error.message, failures }, 'events interrupted');
        if (error.fault.code === 'device.gone') this.#options.gone();
        else await this.#leave();
      }
      await sleep(clock, PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] ?? 60_000, `${device} events again`, signal);
    }
  }

  async #subscribe(): Promise<void> {
    const { ask, opened, device, clock } = this.#options;
    const answer = await ask('createPullPointSubscription', [], ASK_LIMIT_MS);
    const { address, id } = subscription(answer);
    if (address === '')
      throw new FaultError({
        code: 'device.refused',
        device,
        command: 'createPullPointSubscription',
        because: 'a subscription without address',
      });
    setSubscription(opened, address, id);
    this.#subscribed = true;
    this.#renewedAt = clock.mono();
    this.#book.renewed();
  }

  async #pull(signal: AbortSignal, first: boolean): Promise<void> {
    const { ask, clock, device } = this.#options;
    const began = clock.mono();
    const answer = await ask('pullMessages', [{ messageLimit: 20 }], PULL_LIMIT_MS);
    if (signal.aborted) return;
    const news = [...this.#book.take(alarms(answer)), ...(first ? this.#book.settled() : [])];
    if (news.length > 0) this.#options.alarmed(news, this.#book);
    if (clock.mono() - this.#renewedAt > RENEW_AFTER_MS) await this.#renew();
    const left = LEAST_MS - (clock.mono() - began);
    if (left > 0) await sleep(clock, left, `${device} events`, signal);
  }

  /** Not every camera knows it; one that wants it and does not get it ends the subscription, and the next pull tells. */
  async #renew(): Promise<void> {
    const { ask, clock, log, device } = this.#options;
    this.#renewedAt = clock.mono();
    try {
      await ask('renew', [{}], ASK_LIMIT_MS);
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== 'device.refused') throw error;
      log.debug({ device, because: error.message }, 'subscription was not renewed');
    }
  }

  async #leave(): Promise<void> {
    if (!this.#subscribed) return;
    this.#subscribed = false;
    const { ask, log, device } = this.#options;
    try {
      await ask('unsubscribe', [], LEAVE_LIMIT_MS);
    } catch (error) {
      // It ends by itself within two minutes.
      if (!(error instanceof FaultError)) throw error;
      log.debug({ device, because: error.message }, 'subscription was left to end by itself');
    }
  }
}
