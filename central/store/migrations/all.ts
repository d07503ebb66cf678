/** The steps in their order. A new one goes to the end, with a test on data of the version before. */

import { first } from './0001-first.ts';
import { devices } from './0002-devices.ts';
import { panel } from './0003-panel.ts';
import { protection } from './0004-protection.ts';
import { drills } from './0005-drills.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [first, devices, panel, protection, drills];
