/** Everything that can be broken in a running demo, by name. */
import { cameras } from './camera.ts';
import { codecs } from './codec.ts';
import { disk } from './disk.ts';
import type { Kinds } from './kind.ts';
import { network } from './network.ts';
import { processes } from './processes.ts';

export const kinds: Kinds = { ...cameras, ...codecs, ...processes, ...network, ...disk };
