/** The relay's inputs of a hub that runs for a year: more meetings than the relay can remember names. */
import t from 'tap';
import { Inputs } from '../../central/hub/forward/inputs.ts';
import { faultOf } from '../support/fault.ts';
import { relayRig } from '../support/relay.ts';

t.test('six hundred meetings, one after the other and two at a time, use few names', async (t) => {
  const { relay } = await relayRig(t, 'hub');
  const inputs = new Inputs(relay);
  const names = new Set<string>();
  let before = [await inputs.open('mosaic'), await inputs.open('audio')];
  for (let meeting = 0; meeting < 600; meeting++) {
    const now = [await inputs.open('mosaic'), await inputs.open('audio')];
    for (const { name } of now) names.add(name);
    for (const input of before) await inputs.close(input);
    before = now;
  }
  t.strictSame([...names].toSorted(), ['audio.0', 'audio.1', 'mosaic.0', 'mosaic.1']);
  t.equal(new Set(before.map(({ port }) => port)).size, 2);
  await relay.stop();
  t.match(await faultOf(inputs.open('mosaic')), { code: 'program.gone' });
});
