/**
 * Retained messages by topic, found by filter in the time of the filter's own levels. A scan of all of them for each subscription (as the
 * stock in-memory persistence does) makes a herd of reconnecting boxes quadratic.
 */

interface Branch<T> {
  readonly next: Map<string, Branch<T>>;
  value: { readonly topic: string; readonly held: T } | null;
}

const branch = <T>(): Branch<T> => ({ next: new Map(), value: null });

export class Retained<T> {
  readonly #root = branch<T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  set(topic: string, held: T): void {
    let at = this.#root;
    for (const level of topic.split('/')) {
      let next = at.next.get(level);
      if (next === undefined) {
        next = branch<T>();
        at.next.set(level, next);
      }
      at = next;
    }
    if (at.value === null) this.#size += 1;
    at.value = { topic, held };
  }

  /** Forgets a topic and the branches that lead nowhere else. */
  delete(topic: string): void {
    const levels = topic.split('/');
    const path = [this.#root];
    for (const level of levels) {
      const next = path.at(-1)?.next.get(level);
      if (next === undefined) return;
      path.push(next);
    }
    const leaf = path.at(-1);
    if (leaf === undefined || leaf.value === null) return;
    leaf.value = null;
    this.#size -= 1;
    for (let depth = levels.length; depth > 0; depth--) {
      const here = path[depth];
      if (here === undefined || here.value !== null || here.next.size > 0) return;
      path[depth - 1]?.next.delete(levels[depth - 1] ?? '');
    }
  }

  /** What the filter matches, wildcards included [MQTT-4.7.1]. A leading wildcard does not match topics that begin with $ [MQTT-4.7.2-1]. */
  match(filter: string): readonly T[] {
    const found: T[] = [];
    collect(this.#root, filter.split('/'), 0, found);
    return found;
  }
}

const visible = (level: string, depth: number): boolean => depth > 0 || !level.startsWith('$');

function collect<T>(at: Branch<T>, filter: readonly string[], depth: number, found: T[]): void {
  const level = filter[depth];
  if (level === undefined) {
    if (at.value !== null) found.push(at.value.held);
  } else if (level === '#') {
    everything(at, depth, found);
  } else if (level === '+') {
    for (const [name, next] of at.next) if (visible(name, depth)) collect(next, filter, depth + 1, found);
  } else {
    const next = at.next.get(level);
    if (next !== undefined) collect(next, filter, depth + 1, found);
  }
}

/** The branch itself and all below: "#" includes the parent level [MQTT-4.7.1-2]. */
function everything<T>(at: Branch<T>, depth: number, found: T[]): void {
  if (at.value !== null) found.push(at.value.held);
  for (const [name, next] of at.next) if (visible(name, depth)) everything(next, depth + 1, found);
}
