/**
 * Configuration: one schema with its defaults, one JSON file. Read once, in main.ts, before anything opens.
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
}

export interface LoadedConfig<T> {
  readonly config: T;
  /** The effective configuration as text with secrets masked, when --print-config was given: print it and exit 0. */
  readonly print: string | null;
}

type Tree = Record<string, unknown>;

/** Reads the file over the defaults into one checked value; without --config they are all there is. Faults are `config.invalid` with the key as in `http.port`. */
export async function loadConfig<S extends TObject>(source: ConfigSource<S>): Promise<Result<LoadedConfig<Static<S>>>> {
  const flags = readFlags(source.argv);
  if (!flags.ok) return flags;
  const file = await readTree(flags.value.file);
  if (!file.ok) return file;
  const value = Value.Default(source.schema, file.value);
  const checked = decoder(source.schema).check(value);
  if (!checked.ok) {
    const { fault } = checked;
    if (fault.code !== 'input.invalid') return checked;
    return invalid(fault.path.split('/').filter(Boolean).join('.') || '(the whole file)', fault.reason);
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

async function readTree(path: string | null): Promise<Result<Tree>> {
  if (path === null) return ok({});
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return invalid(path, (error as NodeJS.ErrnoException).message);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return ok(value as Tree);
    return invalid(path, 'is not a JSON object');
  } catch (error) {
    return invalid(path, error instanceof Error ? error.message : String(error));
  }
}
