/** One thing after another: intents are judged and stored in the order in which they came. */

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue of its own. A failure of one piece of work does not stop the next. */
export function serial(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  };
}
