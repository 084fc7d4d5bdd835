/**
 * What a CPU-second of the servers is good for: fan-out of one chat, and many small chats; on one replica and on two.
 */
import { Load } from '../load/load.ts'
import type { ServerName } from '../lab/servers.ts'
import { describe, measureSpan, planFor, withDeployment, type Place, type Scenario } from './scenario.ts'

const FANOUT_SOCKETS = 1000
export const MANY_CHATS = 500

/** Servers that store what they deliver. */
export const contenders: readonly ServerName[] = ['confab', 'confab-metrics', 'socketio', 'plain']

/** All of one chat on one replica. The first socket posts, and posts again when its own message comes back. */
export function fanoutPlaces (): Place[] {
  return Array.from({ length: FANOUT_SOCKETS }, (_, index): Place => ({
    chat: 0,
    member: index % 2 === 0 ? 0 : 1,
    replica: 0,
    posts: index === 0,
    paces: index === 0
  }))
}

/** A socket for each member of each chat; one of the two posts. */
export function manyPlaces (replicaOf: (chat: number, member: 0 | 1) => number): Place[] {
  return Array.from({ length: MANY_CHATS }, (_, chat): Place[] => [
    { chat, member: 0, replica: replicaOf(chat, 0), posts: true, paces: true },
    { chat, member: 1, replica: replicaOf(chat, 1) }
  ]).flat()
}

/**
 * The poster alone on the first replica, the subscribers on the second. The next post waits for the previous one to
 * come back on the second replica, at the author's other socket: otherwise nothing would slow the poster down when the
 * subscribers fall behind.
 */
function crossPlaces (): Place[] {
  const poster: Place = { chat: 0, member: 0, replica: 0, posts: true }
  const subscribers = Array.from({ length: FANOUT_SOCKETS }, (_, index): Place => ({
    chat: 0,
    member: index % 2 === 0 ? 0 : 1,
    replica: 1,
    paces: index === 0
  }))
  return [poster, ...subscribers]
}

interface Shape {
  name: string
  group: string
  title: string
  chats: number
  window: number
  replicas: number
  places: Place[]
  counts: 'deliveries' | 'posts'
  servers: readonly ServerName[]
  /** For Confab. */
  environment?: Record<string, string>
}

function throughput (shape: Shape): Scenario {
  const { name, group, title, servers } = shape
  return {
    name,
    group,
    servers,
    measure: async (lab, server, settings) =>
      await withDeployment(lab, server, shape.replicas, async (deployment) => {
        const chats = await deployment.populate(shape.chats)
        const plan = planFor(deployment, chats, shape.places, { kind: 'window', size: shape.window })
        const load = new Load(plan, settings.threads)
        try {
          await load.connect()
          const span = await measureSpan(deployment, load, settings)
          const verdict = await load.finish()
          const count = shape.counts === 'deliveries' ? span.deliveries : span.echoes
          const unit = shape.counts === 'deliveries' ? 'deliveries per CPU-second' : 'durable posts per CPU-second'
          return [{ title, unit, value: count / span.cpuSeconds, verdict, detail: describe(span) }]
        } finally {
          await load.close()
        }
      }, shape.environment)
  }
}

/** Many small chats without an index for search, and with one that is kept meanwhile. */
function searchScenarios (): Scenario[] {
  return ['off', 'on'].map((state) => throughput({
    name: `search-${state}`, group: 'search', title: `many: 500 chats × 2, search ${state}`, chats: MANY_CHATS,
    window: 1, replicas: 1, places: manyPlaces(() => 0), counts: 'posts', servers: ['confab'],
    environment: { SEARCH: state }
  }))
}

/** The same through `/v1`, by all sockets or by half of those of each chat. */
function throughV1 (places: Place[], share: 'all' | 'half'): Place[] {
  return places.map((place) =>
    share === 'all' || (place.chat + place.member) % 2 === 1 ? { ...place, dialect: 'v1' } : place)
}

/** Confab by its two APIs, in the same run as ChatCLI's alone. Posts of `/v1` have an id and are acknowledged. */
function facesScenarios (): Scenario[] {
  const acknowledged = throughput({
    group: 'v1', replicas: 1, servers: ['confab'], name: 'many-acked', title: 'many: 500 chats × 2, acknowledged',
    chats: MANY_CHATS, window: 1, places: manyPlaces(() => 0).map((place) => ({ ...place, dialect: 'acked' })),
    counts: 'posts'
  })
  return [acknowledged, ...(['all', 'half'] as const).flatMap((share) => {
    const [suffix, name] = share === 'all' ? ['v1', 'all by /v1'] : ['mixed', 'half by /v1, half by ChatCLI']
    const common = { group: suffix, replicas: 1, servers: ['confab'] as const }
    return [
      throughput({
        ...common, name: `fanout-8-${suffix}`, title: `fanout, 8 in flight, ${name}`, chats: 1, window: 8,
        places: throughV1(fanoutPlaces(), share), counts: 'deliveries'
      }),
      throughput({
        ...common, name: `many-${suffix}`, title: `many: 500 chats × 2, ${name}`, chats: MANY_CHATS, window: 1,
        places: throughV1(manyPlaces(() => 0), share), counts: 'posts'
      })
    ]
  })]
}

function fanout (window: number, servers: readonly ServerName[]): Scenario {
  return throughput({
    name: `fanout-${String(window)}`,
    group: 'fanout',
    title: `fanout, ${String(window)} in flight`,
    chats: 1,
    window,
    replicas: 1,
    places: fanoutPlaces(),
    counts: 'deliveries',
    servers
  })
}

export const throughputScenarios: Scenario[] = [
  fanout(1, contenders),
  fanout(8, [...contenders, 'floor', 'floor16']),
  fanout(32, contenders),
  throughput({
    name: 'cross',
    group: 'cross',
    title: 'cross: 2 replicas, 8 in flight',
    chats: 1,
    window: 8,
    replicas: 2,
    places: crossPlaces(),
    counts: 'deliveries',
    servers: contenders
  }),
  throughput({
    name: 'many',
    group: 'many',
    title: 'many: 500 chats × 2',
    chats: MANY_CHATS,
    window: 1,
    replicas: 1,
    places: manyPlaces(() => 0),
    counts: 'posts',
    servers: [...contenders, 'floor']
  }),
  throughput({
    name: 'many-cross',
    group: 'many-cross',
    title: 'many cross: 500 chats × 2, 2 replicas',
    chats: MANY_CHATS,
    window: 1,
    replicas: 2,
    // Each chat has a member on each replica, and each replica has half of the posters.
    places: manyPlaces((chat, member) => (chat + member) % 2),
    counts: 'posts',
    servers: contenders
  }),
  ...facesScenarios(),
  ...searchScenarios()
]
