/**
 * What a simulated Polycom does with a command, but for login and session. Source: Polycom "Integrator's Reference Manual" for HDX and for
 * RealPresence Group.
 */
import { calls } from './simulated-calls.ts';
import { introduction } from './simulated-model.ts';
import type { Room, Row, Say } from './simulated-room.ts';

const topics = ['callstatus', 'linestatus', 'mutestatus', 'vidsourcechanges', 'screenchanges', 'sysstatus'];
const AXIS_MAX = 50_000;

const onOff = (on: boolean): string => (on ? 'on' : 'off');

const sound: readonly Row[] = [
  [
    /^mute near (on|off|toggle|get)$/i,
    (room, say, [how = 'get']) => {
      const next = { on: true, off: false, toggle: !room.micMuted, get: room.micMuted }[how.toLowerCase()] ?? room.micMuted;
      say(`mute near ${onOff(next)}`);
      room.mute(next);
    },
  ],
  [/^mute far get$/i, (room, say) => say(room.calls.length === 0 ? 'mute far no call connected' : `mute far ${onOff(room.farMuted)}`)],
  [
    /^volume (set (\d+)|up|down|get|range)$/i,
    (room, say, [how = 'get', level]) => {
      if (how === 'range') return say('volume range 0 50');
      const next = level === undefined ? room.volume + ({ up: 1, down: -1 }[how.toLowerCase()] ?? 0) : Number(level);
      if (next > 50) return say(level === undefined ? 'volume 50' : 'error: volume is out of range');
      say(`volume ${Math.max(0, next)}`);
      room.loud(next);
    },
  ],
  [
    /^videomute near (on|off|get)$/i,
    (room, say, [how]) => {
      if (how !== 'get') room.videoMuted = how === 'on';
      say(`videomute near ${onOff(room.videoMuted)}`);
    },
  ],
];

const picture: readonly Row[] = [
  [
    /^camera near ([1-6])$/i,
    (room, say, [input]) => {
      say(`camera near ${input}`);
      room.select(Number(input));
    },
  ],
  [/^camera near source$/i, (room, say) => say(`camera near source ${room.input}`)],
  [
    // Nothing is answered: it moves until it is told to stop.
    /^camera near move (left|right|up|down|zoom\+|zoom-|stop)$/i,
    (room, _say, [where = 'stop']) => {
      room.moving = where === 'stop' ? null : where;
    },
  ],
  [/^(camera near move (?:continuous|discrete))$/i, (_room, say, [all = '']) => say(all)],
  [/^camera near getposition$/i, (room, say) => say(`camera near position ${room.position.join(' ')}`)],
  [
    /^camera near setposition "(-?\d+)" "(-?\d+)" "(-?\d+)"$/i,
    (room, say, [pan, tilt, zoom]) => {
      const position = [Number(pan), Number(tilt), Number(zoom)] as const;
      if (position.some((axis) => Math.abs(axis) > AXIS_MAX)) return say('error: position is out of range');
      room.position = position;
      say(`camera near setposition "${pan}" "${tilt}" "${zoom}"`);
    },
  ],
  [
    /^camera near tracking (on|off|get)$/i,
    (room, say, [how]) => {
      if (how !== 'get') room.tracking = how === 'on';
      say(`camera near tracking ${onOff(room.tracking)}`);
    },
  ],
  [
    /^preset near (go|set) (\d{1,2})$/i,
    (room, say, [how = 'go', number = '0']) => {
      if (how === 'set') room.presets = { ...room.presets, [number]: room.position };
      else room.position = room.presets[number] ?? room.position;
      room.preset = number;
      say(`preset near ${how} ${number}`);
    },
  ],
  [/^(preset far go (?:\d|1[0-5]))$/i, (_room, say, [all = '']) => say(all)],
  [
    /^vcbutton play(?: (\d))?$/i,
    (room, say, [source = '4']) => {
      if (!/^[12346]$/.test(source)) return say('vcbutton play failed');
      say('vcbutton play succeeded');
      room.present(Number(source));
    },
  ],
  [
    /^vcbutton stop$/i,
    (room, say) => {
      say('vcbutton stop succeeded');
      if (room.presentation !== 'far') room.present(null);
    },
  ],
  [
    /^vcbutton get$/i,
    (room, say) => {
      say(`vcbutton get ${typeof room.presentation === 'number' ? 'play' : 'stop'}`);
      say('vcbutton get succeeded');
    },
  ],
  [
    /^vcbutton source get$/i,
    (room, say) => {
      say(`vcbutton source get ${typeof room.presentation === 'number' ? room.presentation : 'none'}`);
      say('vcbutton source get succeeded');
    },
  ],
  [
    /^mpmode (auto|discussion|presentation|fullscreen)$/i,
    (room, say, [layout = 'auto']) => {
      room.layout = layout.toLowerCase();
      say(`mpmode ${room.layout}`);
    },
  ],
  [/^mpmode get$/i, (room, say) => say(`mpmode ${room.layout}`)],
  [/^(configpresentation .+)$/i, (_room, say, [all = '']) => say(all)],
];

const system: readonly Row[] = [
  [
    /^(sleep|wake)$/i,
    (room, say, [word = '']) => {
      say(word.toLowerCase());
      room.sleep(word.toLowerCase() === 'sleep');
    },
  ],
  [/^systemsetting get selfview$/i, (room, say) => say(`systemsetting selfview ${room.selfview}`)],
  [
    /^systemsetting selfview (On|Off|Auto)$/i,
    (room, say, [how = 'On']) => {
      room.selfview = how;
      say(`systemsetting selfview ${how}`);
    },
  ],
  [/^systemsetting get model$/i, (room, say) => say(`systemsetting model "${room.model.model}"`)],
  [/^uptime get$/i, (_room, say) => say('1 Hour, 10 Minutes')],
  [/^whoami$/i, (room, say) => introduction(room.model, room.total).forEach((line) => void say(line))],
  [/^echo (.*)$/i, (room, say, [text = '']) => say(room.model.hdx ? 'error: this command is not supported on this model' : text)],
];

const registration: readonly Row[] = [
  [/^(mute|volume|vcbutton|sleep|callstate) register$/i, (room, say, [topic = '']) => register(room, say, topic.toLowerCase(), topic)],
  [/^(mute|volume|vcbutton|sleep|callstate) unregister$/i, (room, say, [topic = '']) => unregister(room, say, topic)],
  [/^(listen video)$/i, (room, say, [topic = '']) => register(room, say, topic.toLowerCase(), topic)],
  [
    /^notify (\w+)$/i,
    (room, say, [topic = '']) => {
      if (!topics.includes(topic)) return say('error: command has illegal parameters');
      if (room.registered.has(`notify ${topic}`)) return say(`info: event/notification already active:${topic}`);
      room.registered.add(`notify ${topic}`);
      say(`notify ${topic} success`);
    },
  ],
  [
    /^nonotify (\w+)$/i,
    (room, say, [topic = '']) => {
      if (!room.registered.delete(`notify ${topic}`)) return say(`info: event/notification not active:${topic}`);
      say(`nonotify ${topic} success`);
    },
  ],
  [
    /^notify$/i,
    (room, say) => {
      const active = topics.filter((topic) => room.registered.has(`notify ${topic}`));
      say([`registered for ${active.length} notifications`, ...active].join(':'));
    },
  ],
];

function register(room: Room, say: Say, topic: string, word: string): void {
  say(room.registered.has(topic) ? `info: event/notification already active:${word}` : `${word} registered`);
  room.registered.add(topic);
}

function unregister(room: Room, say: Say, topic: string): void {
  const was = room.registered.delete(topic.toLowerCase());
  say(was ? `${topic} unregistered` : `info: event/notification already inactive:${topic}`);
}

const table: readonly Row[] = [...calls, ...sound, ...picture, ...system, ...registration];

/** Carries out one command and says what the device says. */
export function obey(room: Room, command: string, say: Say): void {
  for (const [pattern, run] of table) {
    const found = pattern.exec(command);
    if (found === null) continue;
    run(room, say, found.slice(1));
    return;
  }
  say('error: this command is not supported on this model');
}
