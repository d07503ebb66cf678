// `npm run check`: lint, types and tests in one command; what CI runs.
import { spawnSync } from 'node:child_process';
import { ensure, must, root } from './build.mjs';

// Compiling checks the types of all but the two pages, which are bundled.
ensure({ forTests: true });
must('node_modules/.bin/biome', ['ci', '--colors=off', '--diagnostic-level=warn'], 'lint');
must('node_modules/.bin/tsc', ['--noEmit', '-p', 'central/noc/web'], 'checking types of the page');
must('node_modules/.bin/tsc', ['--noEmit', '-p', 'edge/panel/web'], 'checking types of the panel');
const tests = spawnSync(process.execPath, ['provisioning/setup/test.mjs'], { cwd: root, stdio: 'inherit' });
process.exit(tests.status ?? 1);
