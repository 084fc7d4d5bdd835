/** `/v1/health-report`: how the installation is, for its operators. */
import Type, { type Static } from 'typebox'
import type { Health } from '../../domain/moderation/health.ts'
import { json } from '../http/answers.ts'
import { requireCaller } from '../http/principals.ts'
import type { Scope } from '../http/scope.ts'
import { ADMINISTRATION } from './tags.ts'

const OrNull = <Of extends Type.TSchema>(schema: Of) => Type.Union([schema, Type.Null()])
const Count = (description: string) => Type.Integer({ minimum: 0, description })
const Time = (description: string) => Type.String({ format: 'date-time', description })

const ReplicaSchema = Type.Object({
  id: Type.String(),
  version: Type.String(),
  started_at: Time('When it began to serve.'),
  seen_at: Time('When it last said something of itself, which it does every ten seconds.'),
  connections: Count('Open sockets and streams.'),
  messages_per_minute: Count('Messages that it has stored within the last minute.'),
  bus: Type.Enum(['up', 'down'], { type: 'string', description: 'Whether it reaches the other replicas.' }),
  memory_bytes: Count('Resident memory.'),
  disk: OrNull(Type.Object({ free_bytes: Count(''), total_bytes: Count('') }, {
    description: 'The disk of its data folder; null where it stores nothing there.'
  }))
})

const JobsSchema = Type.Object({
  kind: Type.String(),
  waiting: Count('Jobs that wait or are under way.'),
  dead: Count('Jobs that were given up.'),
  oldest_seconds: OrNull(Type.Number({ minimum: 0, description: 'The age of the oldest that waits.' }))
})

const HealthSchema = Type.Object(
  {
    at: Time('When this was so; an answer may be two seconds old, and sizes a minute.'),
    replicas: Type.Array(ReplicaSchema, { description: 'Those that are alive, the oldest first.' }),
    connections: Count('Of all replicas.'),
    messages_per_minute: Count('Of all replicas.'),
    postgres: Type.Object({
      version: Type.String(),
      latency_ms: Type.Number({ minimum: 0, description: 'Time of an empty query.' }),
      size_bytes: Count('Of all tables and indexes.')
    }),
    redis: OrNull(Type.Object({ status: Type.Enum(['up', 'down'], { type: 'string' }) }, {
      description: 'Null where there is none.'
    })),
    jobs: Type.Array(JobsSchema, { description: 'The queue, by kind.' }),
    files: Type.Object({ count: Count(''), size_bytes: Count('') }),
    open_reports: Count('Reports that nobody has decided on.')
  },
  { title: 'HealthReport' }
)

const EXAMPLE: Static<typeof HealthSchema> = {
  at: '2026-11-28T10:15:04.512Z',
  replicas: [{
    id: '7f3a91c2',
    version: '0.2.0',
    started_at: '2026-11-27T08:00:00.000Z',
    seen_at: '2026-11-28T10:15:01.112Z',
    connections: 1_204,
    messages_per_minute: 310,
    bus: 'up',
    memory_bytes: 209_715_200,
    disk: null
  }],
  connections: 1_204,
  messages_per_minute: 310,
  postgres: { version: '17.5', latency_ms: 0.8, size_bytes: 734_003_200 },
  redis: { status: 'up' },
  jobs: [{ kind: 'webhook', waiting: 2, dead: 0, oldest_seconds: 1.5 }],
  files: { count: 812, size_bytes: 1_288_490_188 },
  open_reports: 3
}

/** Adds the route. */
export default async function healthReport (app: Scope): Promise<void> {
  requireCaller(app, { operator: true, key: 'ops:read' })
  app.get(
    '/',
    {
      config: { errors: ['not_an_operator', 'insufficient_scope'] },
      schema: {
        operationId: 'getHealthReport',
        tags: [ADMINISTRATION],
        summary: 'Get how the installation is',
        description:
          'Cheap to ask for, every few seconds if you like. For operators of the installation, and API keys with ' +
          '`ops:read`; metrics for alerts are served apart.',
        response: { 200: json('The report.', HealthSchema, EXAMPLE) }
      }
    },
    async () => encode(await app.services.health.read())
  )
}

const MS_PER_S = 1_000
const wordOf = (isUp: boolean) => isUp ? 'up' as const : 'down' as const

function encode ({ at, replicas, postgres, redis, jobs, sizes, openReports }: Health): Static<typeof HealthSchema> {
  const sum = (valueOf: (replica: Health['replicas'][number]) => number) =>
    replicas.reduce((total, replica) => total + valueOf(replica), 0)
  return {
    at: at.toISOString(),
    replicas: replicas.map(encodeReplica),
    connections: sum(({ state }) => state.sockets),
    messages_per_minute: sum(({ state }) => state.messagesPerMinute),
    postgres: {
      version: postgres.version,
      latency_ms: Math.round(postgres.latencyMs * 10) / 10,
      size_bytes: sizes.databaseBytes
    },
    redis: redis === undefined ? null : { status: wordOf(redis.isUp) },
    jobs: jobs.map(({ kind, waiting, dead, oldestMs }) => ({
      kind, waiting, dead, oldest_seconds: oldestMs === null ? null : Math.round(oldestMs) / MS_PER_S
    })),
    files: { count: sizes.files, size_bytes: sizes.fileBytes },
    open_reports: openReports
  }
}

function encodeReplica ({ id, startedAt, seenAt, state }: Health['replicas'][number]): Static<typeof ReplicaSchema> {
  const { version, sockets, messagesPerMinute, isBusUp, memoryBytes, disk } = state
  return {
    id,
    version,
    started_at: startedAt.toISOString(),
    seen_at: seenAt.toISOString(),
    connections: sockets,
    messages_per_minute: messagesPerMinute,
    bus: wordOf(isBusUp),
    memory_bytes: memoryBytes,
    disk: disk === null ? null : { free_bytes: disk.free, total_bytes: disk.total }
  }
}
