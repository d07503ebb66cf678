/** One text for one value: keys in order, no spaces, as RFC 8785 has it for what JSON.parse can give. What is signed must not depend on who wrote it. */

/** @throws TypeError for what JSON cannot say (a function, NaN…): it would be lost without a word. */
export function canonical(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no form in JSON`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    // By UTF-16 code units, as RFC 8785 §3.2.3 has it; no locale.
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
  }
  throw new TypeError(`a ${typeof value} has no form in JSON`);
}
