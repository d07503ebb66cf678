/** Cameras over real ptys and sockets: what every driver must do. */
import t from 'tap';
import { conforms, movesSafely } from '../support/conformance.ts';

t.jobs = 3;

for (const name of ['visca', 'visca-ip', 'pelco'] as const) conforms(t, name);
for (const name of ['visca', 'visca-ip', 'pelco'] as const) movesSafely(t, name);
