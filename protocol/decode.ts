/** From bytes to a checked message, or a Fault that names the field. Nothing crosses a process unparsed; size and depth have limits. */
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { failed, ok, type Result } from './fault.ts';

export interface Limits {
  readonly maxBytes: number;
  readonly maxDepth: number;
}

/** A plan of 512 sites takes about 250 kB; everything else is far smaller. */
export const defaultLimits: Limits = { maxBytes: 512 * 1024, maxDepth: 16 };

/**
 * The deepest nesting of brackets in JSON text, outside strings. Judged before parsing, because the parser is recursive.
 * Stops early above `max`.
 */
export function jsonDepth(text: string, max: number): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < text.length && deepest <= max; index++) {
    const char = text[index];
    if (quoted) {
      if (char === '\\') index++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return deepest;
}

/** A compiled schema: checks values and bytes. Make it once, at the composition root or module level (it is pure). */
export interface Decoder<T> {
  /** Checks a value that is parsed already. */
  check(value: unknown): Result<T>;
  /** Parses and checks UTF-8 JSON. */
  decode(bytes: Uint8Array): Result<T>;
}

export function decoder<S extends TSchema>(schema: S, limits: Limits = defaultLimits): Decoder<Static<S>> {
  const compiled = Compile(schema);
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const check = (value: unknown): Result<Static<S>> => {
    if (compiled.Check(value)) return ok(value as Static<S>);
    const errors = compiled.Errors(value);
    // A forbidden key is reported twice; the "boolean" report is the one that carries its path.
    const first = errors.find((each) => each.keyword !== 'additionalProperties') ?? errors[0];
    const reason = first === undefined ? 'does not fit' : first.keyword === 'boolean' ? 'unknown key' : first.message;
    return failed({ code: 'input.invalid', path: first?.instancePath || '/', reason });
  };
  return {
    check,
    decode(bytes) {
      if (bytes.length > limits.maxBytes)
        return failed({ code: 'input.too-large', limit: 'bytes', size: bytes.length, max: limits.maxBytes });
      let value: unknown;
      try {
        const text = utf8.decode(bytes);
        const depth = jsonDepth(text, limits.maxDepth);
        if (depth > limits.maxDepth) return failed({ code: 'input.too-large', limit: 'depth', size: depth, max: limits.maxDepth });
        value = JSON.parse(text);
      } catch (error) {
        return failed({ code: 'input.invalid', path: '/', reason: error instanceof Error ? error.message.slice(0, 200) : 'not JSON' });
      }
      return check(value);
    },
  };
}
