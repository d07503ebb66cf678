/** The event service (ver10): pull-points as WS-BaseNotification has them. What happens, and who waits for it, is in notices.ts. */
import { addressOf, type Camera, type Service } from './camera.ts';
import { MAX_PULLPOINTS, type Notice, PROPERTIES, propertyNames } from './notices.ts';
import { textAt } from './read.ts';
import { type Call, ref, refuse } from './soap.ts';
import { duration, fromIso, iso } from './time.ts';
import { type QName, type Xml, x, xa } from './write.ts';

const TOPICS = 'http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet';
const SHORTEST_MS = 10_000;
const LONGEST_MS = 3_600_000;
const USUAL_MS = 60_000;

const unknown = refuse('Sender', ['wsrf:ResourceUnknownFault'], 'The subscription is not known, or has ended');
const badTime = refuse('Sender', ['wsnt:UnacceptableTerminationTimeFault'], 'The termination time cannot be accepted');
const badFilter = refuse('Sender', ['wsnt:TopicNotSupportedFault'], 'No event of this camera has this topic');

/** Of an absolute or relative time, bounded; null when it is neither. */
function span(camera: Camera, text: string | null): number | null {
  if (text === null || text === '') return USUAL_MS;
  const absolute = fromIso(text);
  const ms = absolute === null ? duration(text) : absolute - camera.time();
  return ms === null || ms <= 0 ? null : Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ms));
}

/** Which pull-point is meant: by the path, or by the parameter that this camera gave out and wants back. */
function idOf({ quirks }: Camera, { header }: Call, path: string): string {
  if (quirks.subscriptionAddress === 'needs-id') return textAt(header, 'SubscriptionId') ?? '';
  return /^\/onvif\/pullpoint\/(\d{1,10})$/.exec(path)?.[1] ?? '';
}

function reference(camera: Camera, id: string): Xml {
  const path = `/onvif/pullpoint/${id}`;
  switch (camera.quirks.subscriptionAddress) {
    case 'right': {
      const service = addressOf(camera, 'event');
      return x('tev:SubscriptionReference', x('wsa5:Address', `${service.slice(0, service.indexOf('/onvif/'))}${path}`));
    }
    case 'no-host':
      return x('tev:SubscriptionReference', x('wsa5:Address', path));
    case 'needs-id':
      return x(
        'tev:SubscriptionReference',
        x('wsa5:Address', addressOf(camera, 'event')),
        x('wsa5:ReferenceParameters', xa('dom0:SubscriptionId', { 'xmlns:dom0': 'http://www.axis.com/2009/event' }, id)),
      );
    default:
      return camera.quirks.subscriptionAddress satisfies never;
  }
}

function message({ property, operation, state, atMs }: Notice): Xml {
  const { topic, source, token, data } = PROPERTIES[property];
  return x(
    'wsnt:NotificationMessage',
    xa('wsnt:Topic', { Dialect: TOPICS }, ref(`tns1:${topic}`)),
    x(
      'wsnt:Message',
      xa(
        'tt:Message',
        { UtcTime: iso(atMs), PropertyOperation: operation },
        x('tt:Source', xa('tt:SimpleItem', { Name: source, Value: token })),
        x('tt:Data', xa('tt:SimpleItem', { Name: data, Value: String(state) })),
      ),
    ),
  );
}

/** Topics of a filter such as `tns1:VideoSource//.|tns1:Device/Trigger/DigitalInput`; null when one of them is not ours. */
function topicsOf(filter: string | null): readonly string[] | null {
  if (filter === null || filter === '') return [];
  const topics = filter.split('|').map((each) =>
    each
      .trim()
      .replace(/^[\w.-]+:/, '')
      .replace(/\/\/\.$/, ''),
  );
  const known = (topic: string): boolean =>
    propertyNames.some((name) => PROPERTIES[name].topic === topic || PROPERTIES[name].topic.startsWith(`${topic}/`));
  return topics.every(known) ? topics : null;
}

/** The tree of topics, with what their messages hold. */
function topicSet(): Xml {
  interface Branch {
    readonly branches: Map<string, Branch>;
    leaf: Xml | null;
  }
  const root: Branch = { branches: new Map(), leaf: null };
  for (const name of propertyNames) {
    const { topic, source, data } = PROPERTIES[name];
    let here = root;
    for (const step of topic.split('/')) {
      const next = here.branches.get(step) ?? { branches: new Map(), leaf: null };
      here.branches.set(step, next);
      here = next;
    }
    here.leaf = xa(
      'tt:MessageDescription',
      { IsProperty: 'true' },
      x('tt:Source', xa('tt:SimpleItemDescription', { Name: source, Type: 'tt:ReferenceToken' })),
      x('tt:Data', xa('tt:SimpleItemDescription', { Name: data, Type: 'xs:boolean' })),
    );
  }
  const write = (step: string, { branches, leaf }: Branch, top: boolean): Xml =>
    xa(
      top ? `tns1:${step}` : step,
      leaf === null ? {} : { 'wstop:topic': 'true' },
      leaf === null ? [] : [leaf],
      [...branches].map(([inner, branch]) => write(inner, branch, false)),
    );
  return x(
    'wstop:TopicSet',
    [...root.branches].map(([step, branch]) => write(step, branch, true)),
  );
}

const times = (camera: Camera, id: string, prefix: 'wsnt' | 'tev'): readonly Xml[] => [
  x(`${prefix}:CurrentTime` as QName, iso(camera.time())),
  x(`${prefix}:TerminationTime` as QName, iso(camera.notices.endOf(id))),
];

export const events: Service = {
  CreatePullPointSubscription(camera, { body }) {
    const ms = span(camera, textAt(body, 'InitialTerminationTime'));
    const topics = topicsOf(textAt(body, 'Filter', 'TopicExpression'));
    if (ms === null) return badTime;
    if (topics === null) return badFilter;
    const id = camera.notices.create(ms, topics);
    if (id === null) return refuse('Receiver', ['ter:Action', 'ter:MaxPullPoints'], `There are ${MAX_PULLPOINTS} pull-points already`);
    return x('tev:CreatePullPointSubscriptionResponse', reference(camera, id), times(camera, id, 'wsnt'));
  },
  async PullMessages(camera, call, path) {
    const id = idOf(camera, call, path);
    const timeout = duration(textAt(call.body, 'Timeout') ?? '');
    const limit = Number(textAt(call.body, 'MessageLimit') ?? '');
    if (timeout === null || !(limit >= 1)) return refuse('Sender', ['ter:InvalidArgVal'], 'Timeout and MessageLimit are needed');
    const notices = await camera.notices.pull(id, timeout, limit);
    if (notices === null) return unknown;
    return x('tev:PullMessagesResponse', times(camera, id, 'tev'), notices.map(message));
  },
  SetSynchronizationPoint: (camera, call, path) =>
    camera.notices.synchronize(idOf(camera, call, path)) ? x('tev:SetSynchronizationPointResponse') : unknown,
  Renew(camera, call, path) {
    const id = idOf(camera, call, path);
    const ms = span(camera, textAt(call.body, 'TerminationTime'));
    if (ms === null) return badTime;
    if (!camera.notices.renew(id, ms)) return unknown;
    const [current, termination] = times(camera, id, 'wsnt');
    return x(
      'wsnt:RenewResponse',
      [termination, current].filter((each) => each !== undefined),
    );
  },
  Unsubscribe: (camera, call, path) => (camera.notices.remove(idOf(camera, call, path)) ? x('wsnt:UnsubscribeResponse') : unknown),
  GetEventProperties: () =>
    x(
      'tev:GetEventPropertiesResponse',
      x('tev:TopicNamespaceLocation', 'http://www.onvif.org/onvif/ver10/topics/topicns.xml'),
      x('wsnt:FixedTopicSet', true),
      topicSet(),
      x('wsnt:TopicExpressionDialect', TOPICS),
      x('tev:MessageContentFilterDialect', 'http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter'),
      x('tev:MessageContentSchemaLocation', 'http://www.onvif.org/onvif/ver10/schema/onvif.xsd'),
    ),
  GetServiceCapabilities: () =>
    x(
      'tev:GetServiceCapabilitiesResponse',
      xa('tev:Capabilities', {
        WSSubscriptionPolicySupport: 'false',
        WSPullPointSupport: 'true',
        WSPausableSubscriptionManagerInterfaceSupport: 'false',
        MaxPullPoints: String(MAX_PULLPOINTS),
        PersistentNotificationStorage: 'false',
      }),
    ),
};
