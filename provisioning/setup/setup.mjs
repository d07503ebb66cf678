// `npm run setup`: installs and builds, starts nothing. For machines that run one part by themselves.
import { ensure } from './build.mjs';

ensure({ forTests: false });
console.error('diemcau: ready to run');
