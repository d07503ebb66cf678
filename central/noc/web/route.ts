/** Where in the page one is, kept behind the `#` of the address: a link to a meeting can be sent to a colleague. Pure. */

export type Route =
  | { readonly page: 'meetings' }
  | { readonly page: 'meeting'; readonly id: string }
  | { readonly page: 'new-meeting' }
  | { readonly page: 'sites' }
  | { readonly page: 'room'; readonly site: string }
  | { readonly page: 'recordings' }
  | { readonly page: 'drills' }
  | { readonly page: 'drill'; readonly id: string }
  | { readonly page: 'log' }
  | { readonly page: 'audit' }
  | { readonly page: 'users' }
  | { readonly page: 'account' }
  | { readonly page: 'setup'; readonly token: string };

const plain = ['new-meeting', 'sites', 'recordings', 'drills', 'log', 'audit', 'users', 'account'] as const;

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    // A cut percent sign in a link that somebody typed: take it as it is.
    return text;
  }
};

/** The route of an address fragment such as `#/meeting/m-abc`; the list of meetings when it is none of ours. */
export function parseRoute(hash: string): Route {
  const [, page = '', rest = ''] = /^#?\/?([a-z-]*)\/?(.*)$/.exec(hash) ?? [];
  if (page === 'meeting' && rest !== '') return { page: 'meeting', id: decoded(rest) };
  if (page === 'drill' && rest !== '') return { page: 'drill', id: decoded(rest) };
  if (page === 'room' && rest !== '') return { page: 'room', site: decoded(rest) };
  if (page === 'setup') return { page: 'setup', token: decoded(rest) };
  const found = plain.find((each) => each === page);
  return found === undefined ? { page: 'meetings' } : { page: found };
}

/** The address fragment of a route. */
export function hashOf(route: Route): string {
  if (route.page === 'meeting') return `#/meeting/${encodeURIComponent(route.id)}`;
  if (route.page === 'drill') return `#/drill/${encodeURIComponent(route.id)}`;
  if (route.page === 'room') return `#/room/${encodeURIComponent(route.site)}`;
  if (route.page === 'setup') return `#/setup/${encodeURIComponent(route.token)}`;
  return route.page === 'meetings' ? '#/' : `#/${route.page}`;
}
