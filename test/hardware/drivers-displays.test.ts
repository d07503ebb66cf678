/** Displays and switchers over real ptys and sockets: what every driver must do. */
import t from 'tap';
import { conforms } from '../support/conformance.ts';

t.jobs = 3;

for (const name of ['pjlink', 'mdc', 'lg', 'extron'] as const) conforms(t, name);
