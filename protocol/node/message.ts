/** One line of a native program, read: a reply, an event, or noise. Pure. */
export type ProgramMessage =
  | { readonly is: 'ready' }
  | { readonly is: 'event'; readonly facts: Record<string, unknown> }
  | { readonly is: 'reply'; readonly id: number; readonly ok: boolean; readonly facts: Record<string, unknown> }
  /** The answer to something without an id: `quit`, or a line of ours that it could not read. */
  | { readonly is: 'remark'; readonly ok: boolean; readonly detail: string }
  | { readonly is: 'garbage'; readonly because: string };

export function parseMessage(line: string): ProgramMessage {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch (error) {
    return { is: 'garbage', because: error instanceof Error ? error.message : String(error) };
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return { is: 'garbage', because: 'not an object' };
  const facts = message as Record<string, unknown>;
  const { event, id, ok } = facts;
  if (event === 'ready') return { is: 'ready' };
  if (typeof event === 'string') return { is: 'event', facts };
  if (typeof id === 'number' && typeof ok === 'boolean') return { is: 'reply', id, ok, facts };
  if (id === null && typeof ok === 'boolean') return { is: 'remark', ok, detail: String(facts['detail'] ?? facts['error'] ?? '') };
  return { is: 'garbage', because: 'neither event nor reply' };
}
