/** The browser's effects behind small interfaces: clock, storage, network, address. The only file that reaches for them; main.tsx hands them on. */
import type { Clock } from '../../../protocol/clock.ts';
import type { Ask, AskStill, Memory } from './effects.ts';

/** A Clock over the window's timers. */
export function browserClock(): Clock {
  return {
    now: () => window.Date.now(),
    mono: () => window.performance.now(),
    after(ms, _name, run) {
      const handle = window.setTimeout(run, ms);
      return { cancel: () => window.clearTimeout(handle) };
    },
    every(ms, _name, run) {
      const handle = window.setInterval(run, ms);
      return { cancel: () => window.clearInterval(handle) };
    },
  };
}

/** Local storage, or nothing where it is forbidden: a preference is never worth a failure. */
export function browserMemory(): Memory {
  return {
    get(key) {
      try {
        return window.localStorage.getItem(key);
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        window.localStorage.setItem(key, value);
      } catch {
        // Private windows forbid it: the choice then holds until the page is closed.
      }
    },
  };
}

export const browserAsk: Ask = async (method, path, headers, body) => {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await window.fetch(path, {
    method,
    headers: { ...type, ...headers },
    credentials: 'same-origin',
    cache: 'no-store',
    ...sent,
  });
  const text = await response.text();
  return { status: response.status, body: parsed(text) };
};

/** An image element would not tell how old its picture is. */
export const browserStill: AskStill = async (path) => {
  try {
    const response = await window.fetch(path, { credentials: 'same-origin', cache: 'no-store' });
    if (!response.ok) return null;
    const url = URL.createObjectURL(await response.blob());
    return { url, ageMs: Number(response.headers.get('age') ?? 0) * 1000, drop: () => URL.revokeObjectURL(url) };
  } catch {
    // No picture is an answer of its own: the next turn asks again.
    return null;
  }
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's error page, or nothing: the status tells.
    return null;
  }
}

/** A key that no other request has: 128 random bits. `crypto.randomUUID` would need HTTPS, which an isolated network may not have. */
export function randomKey(): string {
  const bytes = window.crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The WebSocket address of a path of this server. */
export function socketUrl(path: string): string {
  const { protocol, host } = window.location;
  return `${protocol === 'https:' ? 'wss:' : 'ws:'}//${host}${path}`;
}
