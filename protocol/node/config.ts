/**
 * Configuration: one schema with its defaults, one JSON file, a few DIEMCAU_* overrides. Read once, in main.ts, before anything opens.
 * A wrong key or value is a fault that names it; the process then exits 78.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Static, TObject } from 'typebox';
import { Value } from 'typebox/value';
import { decoder } from '../decode.ts';
import { type Fault, failed, ok, type Result } from '../fault.ts';
import { masked } from './log.ts';

/** sysexits.h: a configuration error. */
export const EX_CONFIG = 78;

/** The exit code of a process that cannot start because of `fault`. */
export const exitCodeFor = (fault: Fault): number => (fault.code === 'config.invalid' ? EX_CONFIG : 1);

export interface ConfigSource<S extends TObject> {
  /** Nested objects carry `default: {}` and `additionalProperties: false`, leaves their own default. */
  readonly schema: S;
  /** Command line without program and script name: `--config FILE`, `--print-config`. */
  readonly argv: readonly string[];
  /** The environment; only the names in `overrides` are looked at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Which variable sets which key: `{ DIEMCAU_PORT: 'http.port' }`. Empty values count as unset. */
  readonly overrides: Readonly<Record<string, string>>;
  /** Read when no --config is given and it exists. */
  readonly defaultFile: string | null;
}

export interface LoadedConfig<T> {
  readonly config: T;
  /** The effective configuration as text with secrets masked, when --print-config was given: print it and exit 0. */
  readonly print: string | null;
}

type Tree = Record<string, unknown>;

/** Reads file, overrides and defaults into one checked value. Faults are `config.invalid` with the key as in `http.port`. */
export async function loadConfig<S extends TObject>(source: ConfigSource<S>): Promise<Result<LoadedConfig<Static<S>>>> {
  const flags = readFlags(source.argv);
  if (!flags.ok) return flags;
  const file = await readTree(flags.value.file ?? source.defaultFile, flags.value.file !== null);
  if (!file.ok) return file;
  const tree = file.value;
  const setBy = new Map<string, string>();
  for (const [variable, key] of Object.entries(source.overrides)) {
    const text = source.env[variable];
    if (text === undefined || text === '') continue;
    const reason = override(tree, key, text, source.schema);
    if (reason !== null) return invalid(variable, reason);
    setBy.set(key, variable);
  }
  const value = Value.Default(source.schema, tree);
  const checked = decoder(source.schema).check(value);
  if (!checked.ok) {
    const { fault } = checked;
    if (fault.code !== 'input.invalid') return checked;
    const key = fault.path.split('/').filter(Boolean).join('.');
    const variable = setBy.get(key);
    return invalid(variable === undefined ? key || '(the whole file)' : `${variable} (${key})`, fault.reason);
  }
  const print = flags.value.print ? JSON.stringify(masked(checked.value), null, 2) : null;
  return ok({ config: checked.value, print });
}

function invalid(key: string, reason: string): { readonly ok: false; readonly fault: Fault } {
  return failed({ code: 'config.invalid', key, reason });
}

function readFlags(argv: readonly string[]): Result<{ readonly file: string | null; readonly print: boolean }> {
  try {
    const { values } = parseArgs({ args: [...argv], options: { config: { type: 'string' }, 'print-config': { type: 'boolean' } } });
    return ok({ file: values.config ?? null, print: values['print-config'] ?? false });
  } catch (error) {
    // parseArgs throws only TypeErrors about the arguments; the first sentence says what is wrong.
    return invalid('command line', error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error));
  }
}

async function readTree(path: string | null, required: boolean): Promise<Result<Tree>> {
  if (path === null) return ok({});
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !required) return ok({});
    return invalid(path, message);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return ok(value as Tree);
    return invalid(path, 'is not a JSON object');
  } catch (error) {
    return invalid(path, error instanceof Error ? error.message : String(error));
  }
}

/** Puts `text` at `key`, read as the schema wants it there; the reason when that cannot be. */
function override(tree: Tree, key: string, text: string, schema: TObject): string | null {
  const steps = key.split('.');
  const last = steps.pop() ?? key;
  let at = tree;
  let kind: TObject = schema;
  for (const step of steps) {
    const next = at[step] ?? {};
    if (typeof next !== 'object' || next === null || Array.isArray(next)) return `${step} is not an object in the configuration file`;
    at[step] = next;
    at = next as Tree;
    kind = kind.properties[step] as TObject;
  }
  const leaf = kind?.properties?.[last];
  if (leaf === undefined) throw new Error(`override of a key that the schema does not have: ${key}`);
  at[last] = 'items' in leaf ? text.split(',').map((part) => part.trim()) : Value.Convert(leaf, text);
  return null;
}
