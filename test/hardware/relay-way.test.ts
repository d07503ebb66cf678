/** Links that go through an interface of their own, which may be missing, vanish and come back. Network namespaces; needs root. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { eventually } from '../support/eventually.ts';
import { faultOf } from '../support/fault.ts';
import { type Machine, makeLan } from '../support/netns.ts';
import { KEY, type RelayRig, relayRig, sanitizedRelay } from '../support/relay.ts';
import { tempFolder } from '../support/temp-folder.ts';

const PORT = 7000;

/** A relay whose process lives on `machine`. */
function relayOn(t: Test, machine: Machine, space: string): Promise<RelayRig> {
  const script = join(tempFolder(t), 'relay');
  writeFileSync(script, `#!/bin/sh\nexec ip netns exec ${space} ${sanitizedRelay}\n`);
  chmodSync(script, 0o755);
  return relayRig(t, machine.name, script);
}

const skip = process.getuid?.() === 0 ? false : 'needs root for network namespaces';

t.test(
  'a link goes through its interface, is told when that is missing, and works again with the address it returns with',
  { skip },
  async (t) => {
    const lan = makeLan(['hub', 'box']);
    t.teardown(() => lan.remove());
    const [hubMachine, boxMachine] = [lan.machine('hub'), lan.machine('box')];
    const [hub, box] = [await relayOn(t, hubMachine, hubMachine.space.id), await relayOn(t, boxMachine, boxMachine.space.id)];
    await hub.relay.allow('box', { key: KEY });
    await hub.relay.listen({ host: hubMachine.address, port: PORT, latencyMs: 40 });
    const connect = (path: string, way: { readonly device?: string; readonly bind?: string }): Promise<void> =>
      box.relay.connect(path, { host: hubMachine.address, port: PORT, streamId: `pub/box/${path}`, key: KEY, latencyMs: 40, ...way });
    const from = async (path: string): Promise<string | undefined> => {
      const connection = await hub.connection(`pub/box/${path}`);
      return connection?.state === 'up' ? connection.address.split(':')[0] : undefined;
    };
    const comesFrom = (path: string, address: string): Promise<void> =>
      eventually(async () => ((await from(path)) === address ? undefined : `${path} comes from ${await from(path)}`));
    const plug = (address: string): void => {
      boxMachine.run('ip', ['link', 'add', 'eth1', 'type', 'veth', 'peer', 'name', 'far', 'netns', hubMachine.space.id]);
      hubMachine.run('ip', ['addr', 'add', '10.78.0.1/24', 'dev', 'far']);
      hubMachine.run('ip', ['link', 'set', 'far', 'up']);
      boxMachine.run('ip', ['addr', 'add', `${address}/24`, 'dev', 'eth1']);
      boxMachine.run('ip', ['link', 'set', 'eth1', 'up']);
    };
    const told = (path: string, because: RegExp) => box.sees('disconnected', (event) => event.link === path && because.test(event.because));

    await connect('first', { device: 'eth0' });
    await connect('second', { device: 'eth1' });
    await connect('moved', { bind: '10.78.0.9' });
    await comesFrom('first', boxMachine.address);
    await told('second', /interface eth1 is missing/);
    await told('moved', /address 10\.78\.0\.9 is not ours/);
    plug('10.78.0.2');
    // The routes say eth0 for this host: only the interface makes it go the other way.
    await comesFrom('second', '10.78.0.2');
    boxMachine.run('ip', ['link', 'del', 'eth1']);
    await told('second', /interface eth1 is gone/);
    plug('10.78.0.9');
    await comesFrom('second', '10.78.0.9');
    await comesFrom('moved', '10.78.0.9');
    // Another address on the same interface, as a modem that dials anew gives it.
    boxMachine.run('ip', ['addr', 'flush', 'dev', 'eth1']);
    boxMachine.run('ip', ['addr', 'add', '10.78.0.77/24', 'dev', 'eth1']);
    await comesFrom('second', '10.78.0.77');
    boxMachine.run('ip', ['link', 'set', 'eth1', 'down']);
    await told('second', /interface eth1 is switched off/);
    await hub.sees('silent', ({ streamId }) => streamId === 'pub/box/second');
    boxMachine.run('ip', ['link', 'set', 'eth1', 'up']);
    await comesFrom('second', '10.78.0.77');
    // Nobody uses the port for longer than libsrt remembers it (a meeting ends, the next begins).
    await box.relay.disconnect('second');
    await pause(4000);
    await connect('second', { device: 'eth1' });
    await comesFrom('second', '10.78.0.77');
    t.strictSame(
      box.of('disconnected').filter(({ link }) => link === 'first'),
      [],
    );
    t.match(await faultOf(connect('long', { device: 'an-interface-with-a-name' })), { error: 'input.invalid' });
  },
);
