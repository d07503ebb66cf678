// What failed in a TAP report, told so that a log alone is enough: the file, the titles down to the assertion, the first lines of its diagnostics.

const linesShown = 30;

/**
 * The failed assertions of a TAP 14 stream with one subtest per file: `{ path, diagnostics }`, the path beginning with the file. A test
 * that failed because something in it failed is not told again; what is marked SKIP or TODO did not fail.
 */
export function failures(tap) {
  const found = [];
  /** Titles of the open subtests by depth, and at which depths something has failed since the subtest there began. */
  let titles = [];
  let failedAt = [];
  const lines = tap.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const [, indent, what, title] = /^( *)(# Subtest:|not ok \d+|ok \d+)(?: -)? ?(.*)$/.exec(lines[at]) ?? [];
    if (indent === undefined || indent.length % 4 !== 0) continue;
    const depth = indent.length / 4;
    const end = endOfDiagnostics(lines, at + 1, indent);
    const diagnostics = lines.slice(at + 2, end).map((line) => line.slice(indent.length + 2));
    if (what === '# Subtest:') titles = [...titles.slice(0, depth), title];
    else if (what.startsWith('not') && !/ # (SKIP|TODO)\b/i.test(title)) {
      if (!failedAt[depth + 1]) found.push({ path: [...titles.slice(0, depth), plain(title)], diagnostics });
      failedAt = Array.from({ length: depth + 1 }, () => true);
    } else failedAt = failedAt.slice(0, depth + 1);
    at = Math.max(at, end);
  }
  return found;
}

/** The line that ends the diagnostics beginning at `from`; before `from` when there are none. */
function endOfDiagnostics(lines, from, indent) {
  if (lines[from] !== `${indent}  ---`) return from - 1;
  const end = lines.indexOf(`${indent}  ...`, from);
  return end < 0 ? lines.length : end;
}

/** A title without the time it took. */
function plain(title) {
  return title.replace(/ # time=\S+$/, '');
}

/** Text for people. */
export function tell(found) {
  return found
    .map(({ path, diagnostics }) => {
      const more = diagnostics.length > linesShown ? [`(${diagnostics.length - linesShown} more lines)`] : [];
      return [`FAILED ${path.join(' > ')}`, ...[...diagnostics.slice(0, linesShown), ...more].map((line) => `    ${line}`)].join('\n');
    })
    .join('\n\n');
}
