/**
 * One live picture: WebSocket with fragmented MP4 into a video element through Media Source Extensions. Holds the socket, the buffer and the
 * timers; what to do with them is decided in queue.ts and edge.ts. Reconnects for ever, and says why there is no picture.
 */
import type { PreviewNote } from '../../../../protocol/api.ts';
import type { Clock, Timer } from '../../../../protocol/clock.ts';
import { chase, type Pace, type Range, standsAtMost, trim } from './edge.ts';
import { emptyQueue, noted, type Queue, received, taken } from './queue.ts';

export type Picture =
  | { readonly is: 'connecting' }
  | { readonly is: 'waiting'; readonly because: string }
  | { readonly is: 'playing'; readonly site: string | null }
  | { readonly is: 'unsupported' };

export interface PlayerOptions {
  readonly video: HTMLVideoElement;
  readonly url: string;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly open: (url: string) => WebSocket;
  readonly onState: (picture: Picture) => void;
}

/** "Try again later" (RFC 6455 §7.4.1, IANA registry): a word before it says why. */
const tryAgain = 1013;
/** Pauses between attempts to connect. */
const backoffMs = [250, 500, 1000, 2000] as const;
/** No word at all for this long: the line may be dead without having been closed. A hub without a picture says so every few seconds. */
const deadAfterMs = 10_000;
/** A picture that has moved for so long was no false start. */
const settledSeconds = 2;

const rangesOf = (ranges: TimeRanges): readonly Range[] =>
  Array.from({ length: ranges.length }, (_, index) => ({ start: ranges.start(index), end: ranges.end(index) }));

const secondsPlayed = (played: TimeRanges): number => rangesOf(played).reduce((sum, { start, end }) => sum + end - start, 0);

export class Player {
  readonly #options: PlayerOptions;
  #socket: WebSocket | null = null;
  #source: MediaSource | null = null;
  #buffer: SourceBuffer | null = null;
  #mime = '';
  #queue: Queue = emptyQueue;
  #attempts = 0;
  /** The buffer is being given what comes; whether anything of it is seen is another question. */
  #fed = false;
  /** Pictures that have stood since one moved. */
  #stuck = 0;
  #heardAt = 0;
  /** How far the picture has come, and since when it comes no further: one that plays its last second again and again stands too. */
  #place = { at: 0, since: 0 };
  #shown: Picture = { is: 'connecting' };
  #running = false;
  #watch: Timer | null = null;
  #retry: Timer | null = null;

  constructor(options: PlayerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#watch = this.#options.clock.every(250, 'picture watch', () => this.#tick());
    this.#connect();
  }

  stop(): void {
    this.#running = false;
    this.#watch?.cancel();
    this.#retry?.cancel();
    this.#close();
  }

  #connect(): void {
    this.#close();
    this.#queue = emptyQueue;
    const socket = this.#options.open(this.#options.url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#heardAt = this.#options.clock.mono();
    this.#place = { at: 0, since: this.#heardAt };
    socket.onmessage = (event: MessageEvent<unknown>) => this.#message(event.data);
    socket.onclose = ({ code }) => this.#lost(code === tryAgain ? this.#queue.waiting : null);
  }

  #close(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    if (this.#source !== null) {
      // A decoder that has failed stays failed until its element is given something else.
      this.#options.video.removeAttribute('src');
      this.#options.video.load();
    }
    this.#buffer = null;
    this.#source = null;
    this.#mime = '';
    this.#fed = false;
  }

  /** @param because why we were sent away, which holds until somebody says otherwise. */
  #lost(because: string | null = null): void {
    // One failure may be told by socket, buffer and element alike.
    if (!this.#running || this.#socket === null) return;
    this.#close();
    this.#show(because === null ? { is: 'connecting' } : { is: 'waiting', because });
    const pause = backoffMs[Math.min(this.#attempts, backoffMs.length - 1)] ?? 2000;
    this.#attempts += 1;
    this.#retry = this.#options.clock.after(pause, 'picture reconnect', () => this.#connect());
  }

  #message(data: unknown): void {
    this.#heardAt = this.#options.clock.mono();
    if (typeof data === 'string') this.#queue = noted(this.#queue, JSON.parse(data) as PreviewNote);
    else if (data instanceof ArrayBuffer) this.#queue = received(this.#queue, new Uint8Array(data));
    if (this.#queue.overflown) {
      this.#lost();
      return;
    }
    if (this.#queue.waiting !== null) this.#wait(this.#queue.waiting);
    this.#pump();
  }

  /** Gives the next item to the buffer, when the buffer is free. */
  #pump(): void {
    const item = this.#queue.items[0];
    if (item === undefined) return;
    if (item.is === 'init' && this.#source === null) this.#begin(item.mime);
    const buffer = this.#buffer;
    if (buffer === null || buffer.updating) return;
    try {
      const past = trim({ buffered: rangesOf(buffer.buffered), at: this.#options.video.currentTime });
      if (past !== null && past.end > past.start) {
        buffer.remove(past.start, past.end);
        return;
      }
      if (item.is === 'init' && item.mime !== this.#mime) {
        buffer.changeType(item.mime);
        this.#mime = item.mime;
      }
      buffer.appendBuffer(new Uint8Array(item.bytes));
    } catch {
      // The buffer refuses (full, or the element failed): a fresh one starts at the next keyframe.
      this.#lost();
      return;
    }
    this.#queue = taken(this.#queue);
    if (item.is === 'media' && this.#queue.waiting === null) {
      this.#attempts = 0;
      this.#fed = true;
      this.#seen();
    }
  }

  /** Fed is not seen: a slow machine takes seconds from the first fragment to the first picture, and one that stands is not alive. */
  #seen(): void {
    if (!this.#fed) return;
    const moves = this.#options.clock.mono() - this.#place.since <= standsAtMost(0);
    const there = this.#options.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    this.#show(there && moves ? { is: 'playing', site: this.#queue.site } : { is: 'waiting', because: '' });
  }

  /** Nothing comes. */
  #wait(because: string): void {
    this.#fed = false;
    this.#show({ is: 'waiting', because });
  }

  /** A new media source for the first initialisation segment. */
  #begin(mime: string): void {
    if (!('MediaSource' in window) || !MediaSource.isTypeSupported(mime)) {
      this.#show({ is: 'unsupported' });
      this.#queue = emptyQueue;
      return;
    }
    const source = new MediaSource();
    this.#source = source;
    const url = URL.createObjectURL(source);
    source.addEventListener(
      'sourceopen',
      () => {
        URL.revokeObjectURL(url);
        if (this.#source !== source) return;
        const buffer = source.addSourceBuffer(mime);
        buffer.mode = 'sequence';
        buffer.addEventListener('updateend', () => this.#pump());
        buffer.addEventListener('error', () => this.#lost());
        this.#buffer = buffer;
        this.#mime = mime;
        this.#pump();
      },
      { once: true },
    );
    this.#options.video.src = url;
  }

  #tick(): void {
    const { video, clock, pace } = this.#options;
    const now = clock.mono();
    const silentMs = now - this.#heardAt;
    if (video.currentTime > this.#place.at || !this.#fed || document.visibilityState !== 'visible')
      this.#place = { at: video.currentTime, since: now };
    const stuck = now - this.#place.since > standsAtMost(this.#stuck);
    if (stuck) this.#stuck += 1;
    else if (video.played.length > 0 && secondsPlayed(video.played) > settledSeconds) this.#stuck = 0;
    if (this.#fed && silentMs > pace.silentMs) this.#wait('');
    this.#seen();
    const dead = this.#socket !== null && this.#shown.is !== 'unsupported' && silentMs > deadAfterMs;
    if (dead || stuck || (this.#source !== null && video.error !== null)) this.#lost();
    if (this.#buffer === null) return;
    const { currentTime: at, playbackRate: rate, seeking } = video;
    const step = chase({ buffered: rangesOf(video.buffered), at, rate, seeking }, pace);
    if (step.do === 'seek') {
      video.currentTime = step.to;
      // A jump is no movement.
      this.#place = { ...this.#place, at: step.to };
    } else if (step.do === 'rate') video.playbackRate = step.rate;
    // Refused while a sound picture has had no gesture, or while it loads: the next tick asks again.
    if (video.paused && video.buffered.length > 0) void video.play().catch(() => undefined);
  }

  #show(picture: Picture): void {
    const same = picture.is === this.#shown.is && JSON.stringify(picture) === JSON.stringify(this.#shown);
    this.#shown = picture;
    if (!same) this.#options.onState(picture);
  }
}
