/** The demo's hubs and ports. */

export interface DemoPorts {
  readonly http: number;
  readonly mqtt: number;
  /** The chair's panel. */
  readonly panel: number;
  /** SRT and control channel of each hub, as in `hubs`. */
  readonly hubs: readonly number[];
}

export interface SampleHub {
  readonly hub: string;
  readonly name: string;
}

/** The first holds the meeting, the second stands by. */
export const hubs: readonly [SampleHub, SampleHub] = [
  { hub: 'hub-an-giang', name: 'Trung tâm dữ liệu tỉnh' },
  { hub: 'hub-du-phong', name: 'Trung tâm dữ liệu dự phòng' },
];

/** So many sites are connected to both hubs at once: all would cost the machine too much. */
export const hotSites = 3;
