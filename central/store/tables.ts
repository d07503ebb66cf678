/**
 * What central keeps, as kysely sees it. The columns are made by the numbered migrations beside this file; both engines use the same ones.
 * Times are ms since 1970 (UTC), truth values 0 or 1, structured values JSON text.
 */
import type { Generated } from 'kysely';

/** 0 or 1: neither engine's own boolean, so that both read the same. */
export type Flag = 0 | 1;

export interface SitesTable {
  site: string;
  name: string;
  /** Place in lists and in the mosaic; equal places are ordered by name. */
  position: number;
  created_at: number;
  /** Last time the box was connected; null when it never was. */
  seen_at: number | null;
  /** How it is served when a hub fails. */
  protection: 'none' | 'warm' | 'hot';
}

export interface HubsTable {
  hub: string;
  name: string;
  created_at: number;
  seen_at: number | null;
  /** The address it reported last; null before its first report. */
  host: string | null;
  port: number | null;
  /** JSON: other hosts for sites that come over certain paths. */
  paths: string | null;
}

export interface MeetingsTable {
  id: string;
  title: string;
  language: 'vi' | 'en';
  state: 'planned' | 'running' | 'ended';
  hub: string | null;
  /** Six digits that open the panel. */
  pin: string;
  mosaic: 'grid' | 'speaker';
  page: number;
  /** The running recording, null when there is none. */
  recording: string | null;
  /** When the present speaker got the floor; null while nobody has it. */
  floor_since: number | null;
  /** JSON of the plan in force; null unless it runs. */
  plan: string | null;
  created_by: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

export interface MeetingSitesTable {
  meeting: string;
  site: string;
  position: number;
}

/** Every grant of a meeting that central wrote or took over; the one in force is the highest, and the last by `id`. */
export interface GrantsTable {
  id: Generated<number>;
  meeting: string;
  epoch: number;
  n: number;
  /** Who wrote it. */
  by: string;
  /** JSON array of sites. */
  slots: string;
  next: string | null;
  previous: string | null;
  /** JSON array of sites. */
  muted: string;
  chair: string | null;
  ended: Flag;
  at: number;
}

/** What each node shall do, and what it last said about that. */
export interface DesiredTable {
  node: string;
  rev: number;
  /** JSON of EdgeDesired or HubDesired. Holds media keys: the database file is a secret. */
  want: string;
  at: number;
  reported_rev: number | null;
  satisfied: Flag;
  because: string;
}

/** SRT passphrases per meeting, hub and its peer. */
export interface MediaKeysTable {
  meeting: string;
  hub: string;
  peer: string;
  passphrase: string;
}

/** What happened in the network. (node, boot, seq) is unique, so that a resent event is stored once. */
export interface EventsTable {
  id: Generated<number>;
  node: string;
  boot: string;
  seq: number;
  /** By the node's clock. */
  at: number;
  /** By ours. */
  received_at: number;
  kind: string;
  severity: 'info' | 'warning' | 'error';
  what: string;
  because: string;
  meeting: string | null;
  /** JSON object. */
  facts: string;
}

/** How far each process start of each node is committed without a hole. */
export interface CursorsTable {
  node: string;
  boot: string;
  /** Every event up to this one is committed or known to be lost; -1 before the first. */
  seq: number;
  /** Events that never came. */
  lost: number;
  at: number;
}

/** Who did what. Rows are only ever added: triggers refuse the rest. */
export interface AuditTable {
  id: Generated<number>;
  at: number;
  /** User name, or the node that broke a rule. */
  by: string;
  /** Address. */
  origin: string;
  act: string;
  target: string;
  outcome: string;
  /** JSON. */
  detail: string;
}

export interface UsersTable {
  name: string;
  role: 'admin' | 'operator' | 'viewer';
  /** argon2id, encoded form. */
  hash: string;
  created_at: number;
  last_login_at: number | null;
}

export interface SessionsTable {
  /** Hash of the cookie: whoever reads the database cannot log in with it. */
  id: string;
  user_name: string;
  csrf: string;
  origin: string;
  created_at: number;
  seen_at: number;
  expires_at: number;
}

export interface TokensTable {
  /** Hash of the token. */
  hash: string;
  purpose: string;
  created_at: number;
  expires_at: number | null;
  used_at: number | null;
}

export interface RecordingsTable {
  id: string;
  meeting: string;
  hub: string;
  title: string;
  because: string;
  by: string;
  started_at: number;
  ended_at: number | null;
  bytes: number;
  /** JSON of `{copies: RecordingCopy[]}` as the hubs gave them last (of earlier versions: one RecordingManifest); null before. */
  manifest: string | null;
  expires_at: number | null;
  /** When it was deleted from the hub's disk. */
  deleted_at: number | null;
}

/** One minute of one site's links: count, least, greatest and sum of each quantity. */
export interface RollupsTable {
  node: string;
  /** Start of the minute. */
  minute: number;
  n: number;
  rtt_min: number;
  rtt_max: number;
  rtt_sum: number;
  loss_min: number;
  loss_max: number;
  loss_sum: number;
  kbps_min: number;
  kbps_max: number;
  kbps_sum: number;
}

/** Devices that a box shall drive. */
export interface DevicesTable {
  site: string;
  device: string;
  /** JSON of DeviceWish. Holds its password: the database file is a secret. */
  wish: string;
  created_at: number;
}

/** Failover drills; triggers refuse to change one that is signed. */
export interface DrillsTable {
  id: string;
  state: string;
  ordered_at: number;
  /** JSON of Drill. */
  drill: string;
  /** JSON of SealedReport; null until it is signed off. */
  sealed: string | null;
}

export interface Tables {
  sites: SitesTable;
  hubs: HubsTable;
  meetings: MeetingsTable;
  meeting_sites: MeetingSitesTable;
  grants: GrantsTable;
  desired: DesiredTable;
  media_keys: MediaKeysTable;
  events: EventsTable;
  cursors: CursorsTable;
  audit: AuditTable;
  users: UsersTable;
  sessions: SessionsTable;
  tokens: TokensTable;
  recordings: RecordingsTable;
  rollups: RollupsTable;
  devices: DevicesTable;
  drills: DrillsTable;
}
