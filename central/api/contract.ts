/** What the API asks of the rest of central, in narrow pieces. main.ts puts the real ones in. */
import type { AuditEntry, LogEntry } from '../../protocol/api.ts';
import type { Result } from '../../protocol/fault.ts';
import type { RecordingCopy, RecordingManifest } from '../../protocol/recording.ts';
import type { Hub, Site } from '../sites/contract.ts';
import type { SiteChange, SiteWish } from '../sites/registry.ts';
import type { NodeFacts } from '../telemetry/facts.ts';

export interface SiteRegistry {
  sites(): readonly Site[];
  addSite(site: SiteWish): Promise<Result<Site>>;
  changeSite(site: string, change: SiteChange): Promise<Result<Site>>;
  removeSite(site: string): Promise<Result<null>>;
}

export interface HubRegistry {
  hubs(): readonly Hub[];
  addHub(hub: { readonly hub: string; readonly name: string }): Promise<Result<Hub>>;
  removeHub(hub: string): Promise<Result<null>>;
}

export type FactsOf = (node: string) => NodeFacts | undefined;

export interface History {
  log(before: number | null, limit: number): Promise<readonly LogEntry[]>;
  audit(before: number | null, limit: number): Promise<readonly AuditEntry[]>;
  addAudit(entry: Omit<AuditEntry, 'id'>): Promise<void>;
}

/** A recording as the store knows it. */
export interface KeptRecording {
  readonly id: string;
  readonly hub: string;
  readonly bytes: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly expiresAt: number | null;
  /** Of the copy that is worth the most, which is on `hub`. */
  readonly manifest: RecordingManifest;
  /** What each hub that holds parts of it said last. */
  readonly copies: readonly RecordingCopy[];
}

export interface RecordingStore {
  list(limit: number): Promise<readonly KeptRecording[]>;
  find(id: string): Promise<KeptRecording | null>;
  wasDeleted(id: string): Promise<boolean>;
  /** Ids of those whose days are over, the oldest first. */
  expired(now: number): Promise<readonly string[]>;
  save(recording: Pick<KeptRecording, 'hub' | 'bytes' | 'expiresAt' | 'manifest' | 'copies'>): Promise<void>;
  markDeleted(id: string, at: number): Promise<void>;
}
