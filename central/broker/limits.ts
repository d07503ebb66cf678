/** What one client may do to us. Generous for a box that empties its outbox, far below what hurts. */
export interface BrokerLimits {
  /** Largest packet before and after the client has shown who it is, bytes. The parser would buffer 256 MB. */
  readonly maxHelloBytes: number;
  readonly maxPacketBytes: number;
  /** Sustained rates of one connection; above them it is read more slowly, nothing is lost. */
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** What may come at once. */
  readonly burstMessages: number;
  readonly burstBytes: number;
  /** A client that leaves so much unread is disconnected at the next message for it. */
  readonly maxUnreadBytes: number;
  /** A client whose socket takes nothing for so long is disconnected. */
  readonly drainMs: number;
  /** Time for the TLS handshake, and again for CONNECT. */
  readonly connectMs: number;
  /** Longest keep-alive; a client must have one, or a dead connection would never be noticed. */
  readonly maxKeepaliveS: number;
  readonly maxConnections: number;
}

export const defaultBrokerLimits: BrokerLimits = {
  maxHelloBytes: 16 * 1024,
  maxPacketBytes: 520 * 1024,
  messagesPerSecond: 500,
  bytesPerSecond: 1024 * 1024,
  burstMessages: 1000,
  burstBytes: 4 * 1024 * 1024,
  maxUnreadBytes: 4 * 1024 * 1024,
  drainMs: 5000,
  connectMs: 10_000,
  maxKeepaliveS: 120,
  maxConnections: 12_000,
};
