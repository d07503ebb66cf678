/** Work without the rights of root, which may write anywhere: what a forbidden folder does to a program is then seen by whoever runs the tests. */

/** The overflow user of Linux (`/proc/sys/kernel/overflowuid`): owns nothing. */
const NOBODY = 65_534;

/**
 * Does `work` as a user to whom no folder belongs (as itself where we are not root). The whole process is that user meanwhile, its threads
 * for files too (glibc): nothing else may go on in the test.
 */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
