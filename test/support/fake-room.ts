/** A room with a codec in a call, a camera that is away, and something that was found: to look at the page alone. */
import type { DevicesView } from '../../protocol/api.ts';
import { asItIs } from '../../protocol/room.ts';
import { type Capability, type CapabilityId, unknownState } from '../../protocol/schema/device.ts';

const cap = (id: CapabilityId, params: Capability['params'] = {}): Capability => ({ id, feedback: 'poll', ack: 'accepted', params });
const wish = (
  id: string,
  name: string,
  driver: DevicesView['devices'][number]['wish']['driver'],
): DevicesView['devices'][number]['wish'] => ({
  id,
  name,
  driver,
  at: { via: 'serial', path: `/dev/serial/by-id/${id}`, baud: null },
  address: 1,
  username: '',
  model: '',
  hasPassword: false,
  scenes: { on: asItIs, off: asItIs },
});
const report = (id: string, name: string, driver: DevicesView['devices'][number]['wish']['driver']) => ({
  id,
  name,
  driver,
  link: 'ok' as const,
  because: 'connected',
  seen: 1_772_674_000_000,
  scene: { scene: 'on' as const, reached: true, because: 'as it shall be' },
});

export const fakeRoom = (site: string): DevicesView => ({
  site,
  online: true,
  devices: [
    {
      wish: wish('codec', 'Cisco C40', 'xapi'),
      report: {
        ...report('codec', 'Cisco C40', 'xapi'),
        kind: 'codec',
        info: { make: 'Cisco', model: 'C40', firmware: 'TC7.3.3', serial: 'F1AN25C00412' },
        capabilities: [
          cap('power'),
          cap('dial'),
          cap('answer'),
          cap('hangup'),
          cap('micMute'),
          cap('volume'),
          cap('move'),
          cap('presetRecall'),
          cap('presetStore'),
          cap('input', { input: { type: 'choice', of: ['1', '2'] } }),
          cap('raw'),
        ],
        state: {
          ...unknownState,
          power: 'on',
          volume: 0.5,
          micMuted: false,
          input: '1',
          calls: [{ id: '1', state: 'ringing', direction: 'in', number: '2001', name: 'Long Xuyên', protocol: 'sip', kbps: 768 }],
          complaints: ['temperature is high'],
        },
      },
    },
    {
      wish: wish('camera', 'Camera Sony', 'visca'),
      report: {
        ...report('camera', 'Camera Sony', 'visca'),
        kind: 'camera',
        link: 'disconnected',
        because: 'unreachable: no such port',
        info: { make: 'Sony', model: 'EVI-D70', firmware: '', serial: '' },
        capabilities: [cap('move'), cap('presetRecall')],
        state: unknownState,
        scene: { scene: 'on', reached: false, because: 'preset is being set' },
      },
    },
  ],
  found: [
    {
      key: 'serial:/dev/serial/by-id/usb-group',
      kind: 'codec',
      driver: 'polycom',
      at: { via: 'serial', path: '/dev/serial/by-id/usb-group', baud: 38_400 },
      address: 1,
      info: { make: 'Polycom', model: '', firmware: '', serial: '' },
      needsLogin: true,
      since: 1_772_674_000_000,
    },
  ],
});
