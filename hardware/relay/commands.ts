/** What a relay can be told, as types. hardware/relay/README.md describes each command; native/command.c checks them again. */

/** Where packets go: every live `sub` connection of a node that called us, a link that we made, or a port of 127.0.0.1. */
export type Target = { readonly peer: string } | { readonly link: string } | { readonly udp: number };

export type MediaKind = 'video' | 'audio';

export interface Listening {
  /** Numeric address, `0.0.0.0` or `::` for all. */
  readonly host: string;
  /** UDP port; 0 = a free one below 32768. */
  readonly port: number;
  /** SRT latency of both directions; the larger of both sides' counts. */
  readonly latencyMs: number;
}

export interface Permission {
  /** SRT passphrase, 10 to 79 visible ASCII characters; AES-256. */
  readonly key: string;
  /** May it send to us, may it receive from us? Default: both. */
  readonly pub?: boolean;
  readonly sub?: boolean;
  /** Pace of what we send to it; 0 or absent: no limit. */
  readonly maxKbps?: number;
  /** What is taken from each of its connections, packets counted with 100 bytes more than they have; 0 = all. Default 20,000. Several times what its plan allows. */
  readonly maxInKbps?: number;
}

export interface LinkTo {
  /** Address or name of the other relay; a name is looked up again when the link is lost. */
  readonly host: string;
  readonly port: number;
  /** `pub/NODE` = we send, `sub/NODE` = we receive; a third part names one of several paths: `pub/NODE/wan2`. See streamId(). */
  readonly streamId: string;
  readonly key: string;
  /** At least; raised by the relay itself when the round trip asks for more, up to a second. */
  readonly latencyMs: number;
  /** Local address, to choose among several ways out. */
  readonly bind?: string;
  /** Network interface that everything of this link goes through, whatever the routes say of others: `eth1`. It may be missing for a while. */
  readonly device?: string;
  /** False for an SRT listener that is no relay: it gets no heartbeats, and its silence is judged by acknowledgements alone. */
  readonly heartbeat?: boolean;
  readonly maxKbps?: number;
}

export interface Route {
  readonly kind: MediaKind;
  /** Nodes, links and inputs that may send this stream; absent: anybody who is connected. */
  readonly from?: readonly string[];
  readonly to: readonly Target[];
}

/** What a view may turn to by itself. */
export interface Backing {
  /** At most 3, in order; shown while `ssrc` (the first choice) does not deliver and they do. */
  readonly backups?: readonly number[];
  /** So long without a packet is a stall, and never less than two and a half of the stream's own intervals, nor (up to 100 ms more) a quarter above its habitual pauses. Default: video 250, audio 90. */
  readonly afterMs?: number;
  /** The first choice is returned to when it has delivered steadily for so long. Default 2000. */
  readonly holdMs?: number;
}

/** Shows one stream at a time. Video changes at an IDR of the new stream, untouched; audio at once, as one continuous stream `as`. */
export type View = Backing &
  (
    | { readonly kind: 'video'; readonly to: Target; readonly ssrc: number | null }
    | { readonly kind: 'audio'; readonly to: Target; readonly ssrc: number | null; readonly as: number }
  );

/** Thresholds in milliseconds; what is absent stays as it is. Defaults in native/main.c and in the README. */
export interface Tuning {
  readonly turnMs?: number;
  readonly silentMs?: number;
  readonly redialMs?: number;
  readonly heartbeatMs?: number;
  readonly videoStallMs?: number;
  readonly audioStallMs?: number;
  readonly queueMs?: number;
  readonly queueHoldMs?: number;
  /** Unacknowledged time beyond the round trip at which video waits for its turn. */
  readonly videoWaitMs?: number;
  /** How often event `levels` comes; absent: never. */
  readonly levelsMs?: number;
}

/** The stream id of a connection as `node`; `path` tells several ways of one node apart. */
export function streamId(direction: 'pub' | 'sub', node: string, path: string | null = null): string {
  return path === null ? `${direction}/${node}` : `${direction}/${node}/${path.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 40)}`;
}
