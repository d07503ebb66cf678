/** Addresses that elements load by themselves, with the session cookie. Pure. */
const base = '/api/v1';
const seg = encodeURIComponent;
const at = (hub: string | null): string => (hub === null ? '' : `?hub=${seg(hub)}`);

export const urls = {
  stream: `${base}/stream`,
  thumb: (meeting: string, site: string, turn: number) => `${base}/meetings/${seg(meeting)}/thumbs/${seg(site)}.jpg?t=${turn}`,
  preview: (meeting: string, view: 'mosaic' | 'program') => `${base}/meetings/${seg(meeting)}/preview/${view}`,
  single: (meeting: string, site: string) => `${base}/meetings/${seg(meeting)}/preview/site/${seg(site)}`,
  /** `hub`: whose part; left out for the file that is made of all parts. */
  recordingFile: (id: string, file: string, hub: string | null = null) => `${base}/recordings/${seg(id)}/${seg(file)}${at(hub)}`,
  recordingPlay: (id: string, file: string, hub: string | null = null) => `${base}/recordings/${seg(id)}/${seg(file)}/play${at(hub)}`,
};
