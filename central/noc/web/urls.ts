/** Addresses that elements load by themselves, with the session cookie. Pure. */
const base = '/api/v1';
const seg = encodeURIComponent;

export const urls = {
  stream: `${base}/stream`,
  thumb: (meeting: string, site: string, turn: number) => `${base}/meetings/${seg(meeting)}/thumbs/${seg(site)}.jpg?t=${turn}`,
  preview: (meeting: string, view: 'mosaic' | 'program') => `${base}/meetings/${seg(meeting)}/preview/${view}`,
  single: (meeting: string, site: string) => `${base}/meetings/${seg(meeting)}/preview/site/${seg(site)}`,
  recordingFile: (id: string, file: string) => `${base}/recordings/${seg(id)}/${seg(file)}`,
  recordingPlay: (id: string, file: string) => `${base}/recordings/${seg(id)}/${seg(file)}/play`,
};
