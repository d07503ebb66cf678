/** The root of the page: makes the effects, hands them to the parts, and puts the page into the document. */
import { effect, signal } from '@preact/signals';
import { render } from 'preact';
import { Announcer } from '../../../protocol/web/components/announce.tsx';
import { type Api, api } from './api.ts';
import { browserAsk, browserClock, browserMemory, browserStill, randomKey, socketUrl } from './browser.ts';
import { Commands } from './commands.ts';
import { type Desk, DeskProvider } from './desk.tsx';
import { Feed } from './feed.ts';
import { App } from './pages/app.tsx';
import { Prefs } from './prefs.ts';
import { hashOf, parseRoute, type Route } from './route.ts';
import { SessionKeeper } from './session.ts';
import { urls } from './urls.ts';

/** Still pictures are asked for this often; the hub makes one a second. */
const pictureEveryMs = 2000;
/** Pause before central is asked again who we are, when it did not answer. */
const askAgainMs = 2000;

function start(root: HTMLElement): void {
  const clock = browserClock();
  const session: SessionKeeper = new SessionKeeper();
  const central: Api = api({ ask: browserAsk, key: randomKey, csrf: () => session.csrf(), onRefused: () => void session.ask(central) });
  const feed = new Feed({
    clock,
    open: () => new EventSource(urls.stream),
    onRefused: () => void session.ask(central),
  });
  const route = signal<Route>(parseRoute(window.location.hash));
  const now = signal(clock.now());
  const turn = signal(0);
  const desk: Desk = {
    clock,
    api: central,
    feed,
    session,
    commands: new Commands(clock),
    prefs: new Prefs(browserMemory()),
    announcer: new Announcer(clock),
    openSocket: (path) => new WebSocket(socketUrl(path)),
    askStill: browserStill,
    route,
    go: (to) => {
      window.location.hash = hashOf(to);
    },
    now,
    turn,
  };

  window.addEventListener('hashchange', () => {
    route.value = parseRoute(window.location.hash);
  });
  clock.every(1000, 'seconds', () => {
    now.value = clock.now() + feed.skew.peek();
  });
  clock.every(pictureEveryMs, 'still pictures', () => {
    if (document.visibilityState === 'visible') turn.value += 1;
  });
  effect(() => {
    document.documentElement.lang = desk.prefs.language.value;
  });
  effect(() => {
    if (session.state.value.is === 'in') feed.start();
    else feed.stop();
  });

  render(
    <DeskProvider value={desk}>
      <App />
    </DeskProvider>,
    root,
  );
  // Until central answers nobody knows who is logged in: keep asking.
  const ask = async (): Promise<void> => {
    const trouble = await session.ask(central);
    if (trouble === undefined) return;
    desk.commands.trouble(trouble);
    clock.after(askAgainMs, 'who are we', () => void ask());
  };
  void ask();
}

const root = document.getElementById('page');
if (root !== null) start(root);
