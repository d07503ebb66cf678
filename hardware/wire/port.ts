/**
 * A way to a device: a serial line, a TCP connection, a pair of UDP ports. A Port opens a new Line each time; a Line that ended is never
 * opened again, so nothing that was meant for it can be sent later (serial libraries keep writes for the next open: a "camera left" then
 * arrives minutes late).
 */

/** Called by a Line. `ended` comes once, and nothing after it. */
export interface LineHandlers {
  readonly data: (bytes: Uint8Array) => void;
  /** Why: a FaultError's text, an errno. Also when we closed it ourselves. */
  readonly ended: (because: string) => void;
}

export interface Line {
  /** Hands bytes to the system; resolves when it has taken them. Rejects with FaultError `device.gone` when the line is no more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Idempotent; `ended` follows. */
  close(): Promise<void>;
}

export interface Port {
  /** For logs and faults: `/dev/serial/by-id/…`, `10.1.2.3:4352`. */
  readonly name: string;
  /** @throws FaultError `unreachable` when it cannot be opened now. */
  open(handlers: LineHandlers): Promise<Line>;
}
