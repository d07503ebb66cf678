/** What the API asks of the rest of central, in narrow pieces. main.ts puts the real ones in. */
import type { AuditEntry, LogEntry, RecordingManifest } from '../../protocol/api.ts';
import type { Result } from '../../protocol/fault.ts';
import type { Hub, Site } from '../sites/contract.ts';
import type { NodeFacts } from '../telemetry/facts.ts';

export interface SiteRegistry {
  sites(): readonly Site[];
  addSite(site: { readonly site: string; readonly name: string; readonly order: number | null }): Promise<Result<Site>>;
  changeSite(site: string, change: { readonly name?: string | undefined; readonly order?: number | undefined }): Promise<Result<Site>>;
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
  readonly manifest: RecordingManifest;
}

export interface RecordingStore {
  list(limit: number): Promise<readonly KeptRecording[]>;
  find(id: string): Promise<KeptRecording | null>;
  save(recording: Pick<KeptRecording, 'hub' | 'bytes' | 'expiresAt' | 'manifest'>): Promise<void>;
  markDeleted(id: string, at: number): Promise<void>;
}
