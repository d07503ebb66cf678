/** The fault of something that is expected to fail. */
import { type Fault, FaultError } from '../../protocol/fault.ts';

/** @throws Error when `outcome` succeeds, or fails with something that carries no fault. */
export async function faultOf(outcome: Promise<unknown>): Promise<Fault> {
  try {
    await outcome;
  } catch (error) {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }
  throw new Error('a fault was expected, but it succeeded');
}
