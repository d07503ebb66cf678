/** Central's API as the demo uses it: with the service token that central leaves for tools of its own machine. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface CentralApi {
  /** Sends a request; `conflict` as an answer counts as done when `exists` is true (the thing is there already). */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** POST that is satisfied when the thing exists already. */
  ensure(path: string, body: unknown): Promise<void>;
}

export async function centralApi(data: string, port: number): Promise<CentralApi> {
  const token = (await readFile(join(data, 'service-token'), 'utf8')).trim();
  const send = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    async call<T>(method: string, path: string, body?: unknown): Promise<T> {
      const response = await send(method, path, body);
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
      return (text === '' ? null : JSON.parse(text)) as T;
    },
    async ensure(path, body) {
      const response = await send('POST', path, body);
      if (!response.ok && response.status !== 409) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
    },
  };
}
