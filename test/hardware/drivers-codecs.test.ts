/** Codecs over real ptys and sockets: what every driver must do. */
import t from 'tap';
import { conforms, movesSafely } from '../support/conformance.ts';

t.jobs = 3;

for (const name of ['xapi', 'polycom', 'xacli'] as const) conforms(t, name);
for (const name of ['xapi', 'polycom'] as const) movesSafely(t, name);
