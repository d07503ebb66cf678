/** What went wrong, in words, whatever was thrown. */
import { brief, FaultError } from '../../../protocol/fault.ts';

export function because(error: unknown): string {
  if (error instanceof FaultError) return brief(error.fault);
  return error instanceof Error ? error.message : String(error);
}
