/** Central, a hub and two sites on four machines of their own (network namespaces), without the demo: exactly what the README tells. */
import t from 'tap';
import { startLab } from '../support/lab.ts';
import { issueByCommand } from '../support/lab-node.ts';

t.test('three kinds of machines on a network hold a meeting without the demo', async (t) => {
  const sites = { 'site-a': { name: 'Điểm cầu A' }, 'site-b': { name: 'Điểm cầu B', display: 'headless' } };
  const lab = await startLab(t, { sites, certify: issueByCommand });
  await lab.meet({ floor: 'site-a' });
  t.pass('two sites on machines of their own see each other through the hub');
});
