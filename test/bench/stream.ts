/** Central's server-sent events as a benchmark needs them: every log entry as it comes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogEntry, Patch } from '../../protocol/api.ts';
import type { Demo } from '../support/demo.ts';

/** Calls `entry` for each new entry of the event log until `close()`. */
export async function followLog(demo: Demo, entry: (entry: LogEntry) => void): Promise<{ close(): void }> {
  const token = (await readFile(join(demo.data, 'central', 'service-token'), 'utf8')).trim();
  const over = new AbortController();
  const response = await fetch(`${demo.url}/api/v1/stream`, { headers: { authorization: `Bearer ${token}` }, signal: over.signal });
  if (!response.ok || response.body === null) throw new Error(`the stream answered ${response.status}`);
  const body = response.body;
  const read = async (): Promise<void> => {
    const utf8 = new TextDecoder();
    let rest = '';
    for await (const part of body) {
      rest += utf8.decode(part as Uint8Array, { stream: true });
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        const block = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (!/^event: patch$/m.test(block)) continue;
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) for (const each of (JSON.parse(data) as Patch).log ?? []) entry(each);
      }
    }
  };
  read().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  return { close: () => over.abort() };
}
