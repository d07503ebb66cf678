/** The tables of protocol/README.md against the code: what is in one and not in the other fails. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Fault, httpStatus, retryable } from '../../protocol/fault.ts';
import { packageRoot } from '../../protocol/node/root.ts';
import { ControlFromEdge, ControlFromHub } from '../../protocol/schema/control.ts';
import { delivery, downKinds, topic, upKinds } from '../../protocol/topic.ts';

const readme = readFileSync(join(packageRoot(), 'protocol', 'README.md'), 'utf8');
/** Cells of all table rows whose first cell is code. */
const rows = readme.split('\n').flatMap((line) =>
  /^\| `[^`]+` \|/.test(line)
    ? [
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      ]
    : [],
);

t.test('the message catalogue lists every topic with its QoS and retention', async (t) => {
  const listed = rows.filter(([first]) => first?.startsWith('`dc/v1')).map(([name, , how]) => [name, how]);
  const real = [...upKinds, ...downKinds].map((kind) => {
    const { qos, retain } = delivery(kind);
    return [`\`${topic('x', kind).replace('/x/', '/{node}/')}\``, `${qos}${retain ? ', retained' : ''}`];
  });
  t.strictSame(listed, real);
});

t.test('the control channel table lists every line', async (t) => {
  const types = (schema: typeof ControlFromEdge | typeof ControlFromHub): string[] =>
    schema.anyOf.map((each) => each.properties.type.const);
  const listed = rows.filter(([, who]) => who === 'edge' || who === 'hub').map(([name, who]) => `${name}${who}`);
  t.strictSame(
    listed.toSorted(),
    [...types(ControlFromEdge).map((each) => `\`${each}\`edge`), ...types(ControlFromHub).map((each) => `\`${each}\`hub`)].toSorted(),
  );
});

/** One of each: the mapped type makes a forgotten code a compile error. */
const samples: { readonly [K in Fault['code']]: Extract<Fault, { code: K }> } = {
  'input.invalid': { code: 'input.invalid', path: '/', reason: '' },
  'input.too-large': { code: 'input.too-large', limit: '', size: 0, max: 0 },
  'config.invalid': { code: 'config.invalid', key: '', reason: '' },
  'not-found': { code: 'not-found', what: '', id: '' },
  conflict: { code: 'conflict', what: '', reason: '' },
  'auth.required': { code: 'auth.required', reason: '' },
  'auth.forbidden': { code: 'auth.forbidden', need: '' },
  throttled: { code: 'throttled', retryAfterMs: 0 },
  'program.refused': { code: 'program.refused', program: '', command: '', error: '', detail: '' },
  'program.gone': { code: 'program.gone', program: '', command: '', because: '' },
  'device.gone': { code: 'device.gone', device: '', command: '', because: '' },
  'device.silent': { code: 'device.silent', device: '', command: '', afterMs: 0 },
  'device.refused': { code: 'device.refused', device: '', command: '', because: '' },
  'device.login': { code: 'device.login', device: '', because: '' },
  unreachable: { code: 'unreachable', what: '', because: '' },
  stale: { code: 'stale', what: '', have: 0, got: 0 },
  'store.broken': { code: 'store.broken', file: '', because: '' },
  exhausted: { code: 'exhausted', what: '', because: '' },
};

t.test('the fault table lists every code with its HTTP status and whether to retry', async (t) => {
  const listed = rows.filter(([, , status]) => /^\d{3}$/.test(status ?? '')).map(([code, , status, retry]) => [code, status, retry]);
  const real = Object.values(samples).map((fault) => [`\`${fault.code}\``, String(httpStatus(fault)), retryable(fault) ? 'yes' : 'no']);
  t.strictSame(listed.toSorted(), real.toSorted());
});
