/** The steps in their order. A new one goes to the end, with a test on data of the version before. */

import { first } from './0001-first.ts';
import { devices } from './0002-devices.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [first, devices];
