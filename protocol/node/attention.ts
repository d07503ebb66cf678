/**
 * Patience with one process that owes answers. A wait is over when the process has had its time and not when the clock says so: what it
 * stood in line for a processor, and what we ourselves were late (the answer may lie unread), is added, up to ten times the patience. On
 * a busy machine a healthy program is slow, and to kill it makes everything slower; a program that sleeps, loops or is stopped gains nothing.
 */
import type { Clock, Timer } from '../clock.ts';
import { didInstead, type Look, starvedMs } from './starved.ts';

/** A wait lasts at most so many times its patience. */
const MOST = 10;
/** Nobody is looked at before this part of the patience has passed: almost every answer comes within milliseconds, and looking costs. */
const UNWATCHED = 0.25;
/** Then looks are so far apart; what happens between two is known from the kernel's counters. */
const LOOK_EVERY_MS = 250;
const LEAST_MS = 10;
/** After the last look: lets answers that lie in the pipe be read first. */
const GRACE_MS = 50;

interface Wait {
  readonly patienceMs: number;
  readonly openedAt: number;
  /** The counts below at the moment from which on they matter to this wait. */
  starvedBefore: number;
  lateBefore: number;
  firstLook: Look | null;
  /** Its next timer of its own: the end of the unwatched time, then the grace. */
  timer: Timer | null;
  inGrace: boolean;
  readonly overdue: (because: string) => void;
}

export class Attention {
  readonly #clock: Clock;
  readonly #look: () => Look | null;
  readonly #slow = new Set<Wait>();
  #tick: Timer | null = null;
  #tickDue = 0;
  #last: Look | null = null;
  /** While somebody was looked at: ms in which it stood in line, and ms by which we were late. */
  #starved = 0;
  #late = 0;

  /** @param look at the process now; null when nothing can be seen: then only our own lateness counts. */
  constructor(clock: Clock, look: () => Look | null) {
    this.#clock = clock;
    this.#look = look;
  }

  /**
   * Waits `patienceMs` of the process's own time. `overdue` is called once when that is used up, with the reason in words
   * ("2000 ms: it is stopped"); cancel the answered timer when the answer comes.
   */
  wait(patienceMs: number, name: string, overdue: (because: string) => void): Timer {
    const openedAt = this.#clock.mono();
    const wait: Wait = { patienceMs, openedAt, starvedBefore: 0, lateBefore: 0, firstLook: null, timer: null, inGrace: false, overdue };
    const unwatchedMs = patienceMs * UNWATCHED;
    wait.timer = this.#clock.after(unwatchedMs, name, () => this.#begin(wait, openedAt + unwatchedMs, name));
    return {
      cancel: () => {
        wait.timer?.cancel();
        this.#drop(wait);
      },
    };
  }

  #begin(wait: Wait, due: number, name: string): void {
    wait.timer = null;
    const first = this.#slow.size === 0;
    if (first) this.#last = this.#look();
    wait.starvedBefore = this.#starved;
    wait.lateBefore = this.#late - Math.max(0, this.#clock.mono() - due);
    wait.firstLook = this.#last;
    this.#slow.add(wait);
    if (first) this.#next(name);
  }

  #drop(wait: Wait): void {
    if (!this.#slow.delete(wait) || this.#slow.size > 0) return;
    this.#tick?.cancel();
    this.#tick = null;
    this.#last = null;
  }

  /** The next look, as soon as a wait may be over. */
  #next(name: string): void {
    const left = [...this.#slow].filter(({ inGrace }) => !inGrace).map((wait) => this.#leftMs(wait));
    const ms = Math.max(LEAST_MS, Math.min(LOOK_EVERY_MS, ...left));
    this.#tickDue = this.#clock.mono() + ms;
    this.#tick = this.#clock.after(ms, name, () => {
      this.#count();
      for (const wait of [...this.#slow]) if (!wait.inGrace && this.#leftMs(wait) <= 0) this.#grace(wait, name);
      if (this.#slow.size > 0) this.#next(name);
    });
  }

  #count(): void {
    const lateMs = Math.max(0, this.#clock.mono() - this.#tickDue);
    const look = this.#look();
    if (look !== null && this.#last !== null) {
      // What we slept through is excused as a whole; it may have stood in line in it, but that counts once.
      const spanMs = look.at - this.#last.at;
      this.#starved += Math.max(0, Math.min(starvedMs(this.#last, look), spanMs - lateMs));
    }
    this.#late += lateMs;
    this.#last = look;
  }

  #leftMs(wait: Wait): number {
    const excusedMs = this.#starved - wait.starvedBefore + this.#late - wait.lateBefore;
    const spentMs = this.#clock.mono() - wait.openedAt;
    return wait.patienceMs + Math.min(excusedMs, (MOST - 1) * wait.patienceMs) - spentMs;
  }

  #grace(wait: Wait, name: string): void {
    wait.inGrace = true;
    const because = this.#because(wait);
    wait.timer = this.#clock.after(GRACE_MS, `grace for ${name}`, () => {
      this.#drop(wait);
      wait.overdue(because);
    });
  }

  #because(wait: Wait): string {
    const starved = Math.round(this.#starved - wait.starvedBefore);
    const late = Math.round(this.#late - wait.lateBefore);
    const spent = Math.round(this.#clock.mono() - wait.openedAt);
    const excuses = [
      ...(starved > 0 ? [`${starved} ms without a processor`] : []),
      ...(late > GRACE_MS ? [`${late} ms that we were late`] : []),
    ];
    const all = spent > wait.patienceMs * 1.5 ? ` (${[`${spent} ms in all`, ...excuses].join(', ')})` : '';
    const did = wait.firstLook !== null && this.#last !== null ? `: ${didInstead(wait.firstLook, this.#last)}` : '';
    return `${wait.patienceMs} ms${all}${did}`;
  }
}
