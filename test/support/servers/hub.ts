/** The hub of a replica without its server: on real services, with any codecs, and on sockets without a client. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { ScopedBus } from '../../../src/bus/scoped.ts'
import { openRedisBus } from '../../../src/bus/redis.ts'
import { type Chats, createChats } from '../../../src/domain/chats/chats.ts'
import { ReadMarks } from '../../../src/domain/chats/read-marks.ts'
import { Epoch } from '../../../src/domain/events/epoch.ts'
import { EventWriter } from '../../../src/domain/events/event-writer.ts'
import { Features } from '../../../src/domain/features.ts'
import { createEventLog, type EventLog } from '../../../src/domain/events/log.ts'
import { createMessages, type Messages } from '../../../src/domain/events/messages.ts'
import { FairQueue } from '../../../src/lib/fair-queue.ts'
import { Metrics } from '../../../src/observability/metrics/metrics.ts'
import { originOf } from '../../../src/realtime/bus-payload.ts'
import type { Codec, Codecs } from '../../../src/realtime/codec.ts'
import { Connection } from '../../../src/realtime/connection.ts'
import { PayloadSeal } from '../../../src/realtime/payload-seal.ts'
import { Hub } from '../../../src/realtime/hub.ts'
import type { Orm } from '../../../src/store/database.ts'
import { prepareWriteBatch } from '../../../src/store/changes.ts'
import { preparePostBatch } from '../../../src/store/posts.ts'
import { JWT_SECRET } from './cluster.ts'
import { openDatabase } from './database.ts'
import { addressOf } from './redis-server.ts'
import { within } from '../deadline.ts'
import type { Scope } from '../scope.ts'

const DEADLINE_MS = 60_000
const ORIGINS = 2 ** 32
/** No sweep heals anything meanwhile. */
const SWEEP_INTERVAL_MS = 3_600_000
const LIMITS = { maxUnsentBytes: 1_048_576, maxChatsPerSocket: 10 }

/** A user of the chats. */
export type HubUser = { userId: number, username: string }

/** Where the hub finds the rest of its cluster. */
export type HubServices = { databaseUrl: string, redisUrl: string, redisPrefix: string }

/** The services of a hub. */
export type HubReplicaServices = { orm: Orm, messages: Messages, chats: Chats, log: EventLog }

/** A hub with a store and a bus. */
export class HubReplica {
  readonly hub: Hub
  readonly metrics = new Metrics()
  /** The services on which it runs. */
  readonly services: HubReplicaServices
  readonly #messages: Messages

  constructor (hub: Hub, metrics: Metrics, services: HubReplicaServices) {
    this.hub = hub
    this.metrics = metrics
    this.services = services
    this.#messages = services.messages
  }

  /** Posts a message, and waits until it is stored. */
  async post (chatId: number, author: HubUser, text: string): Promise<void> {
    const outcome = await new Promise((resolve) => {
      this.#messages.post({
        chatId,
        author,
        text,
        clientMessageId: undefined,
        trace: undefined,
        onSettled: resolve
      })
    })
    if (outcome instanceof Error) throw outcome
  }

  /** Lets a socket of a codec follow a chat, from now on or from behind a seq. */
  async follow (t: Scope, chatId: number, user: HubUser, codec: Codec, after?: number): Promise<HubSocket> {
    const [reader, connection] = await this.#connect(t, user, codec)
    await this.hub.join(connection, chatId, after)
    return reader
  }

  /** The same of a chat that anybody may read, for one who is no member. */
  async visit (t: Scope, chatId: number, user: HubUser, codec: Codec, after?: number): Promise<HubSocket> {
    const [reader, connection] = await this.#connect(t, user, codec)
    const outcomes: unknown[] = []
    await this.hub.joinAll(connection, [{ chatId, after, mayVisit: true }], (_request, outcome) => {
      outcomes.push(outcome)
    })
    for (const outcome of outcomes) if (outcome instanceof Error) throw outcome
    return reader
  }

  async #connect (t: Scope, user: HubUser, codec: Codec): Promise<[HubSocket, Connection]> {
    const [socket, received] = await socketPair(t)
    const connection = new Connection({
      webSocket: {
        pause: () => undefined,
        resume: () => undefined,
        close: () => socket.destroy(),
        terminate: () => socket.destroy()
      },
      socket,
      codec,
      principal: { ...user, credentialId: codec.name, expiresAt: new Date(Date.now() + DEADLINE_MS) },
      limits: LIMITS,
      metrics: this.metrics
    })
    return [new HubSocket(received), connection]
  }
}

/** All that a socket was sent. */
export class HubSocket {
  text = ''
  #wake: () => void = () => undefined

  constructor (socket: Socket) {
    socket.setEncoding('utf8').on('data', (text) => {
      this.text += String(text)
      this.#wake()
    })
  }

  /** Waits until it has been sent a text. */
  async reached (text: string): Promise<void> {
    const arrived = new Promise<void>((resolve) => {
      this.#wake = () => {
        if (this.text.includes(text)) resolve()
      }
      this.#wake()
    })
    await within(arrived, DEADLINE_MS, text)
  }
}

/** Opens a hub that is closed with the test. */
export async function openHub (t: Scope, services: HubServices, codecs: Codecs): Promise<HubReplica> {
  const database = await openDatabase(t, services.databaseUrl)
  const epoch = await Epoch.watch({ database, checkIntervalMs: SWEEP_INTERVAL_MS })
  t.teardown(() => epoch.stop())
  const origin = randomInt(ORIGINS)
  const bus = new ScopedBus(
    await openRedisBus({
      address: addressOf(services.redisUrl),
      prefix: services.redisPrefix,
      isEcho: (payload) => originOf(payload) === origin,
      log: { warn: () => undefined }
    }),
    () => epoch.scope
  )
  t.teardown(() => bus.close())
  const { orm } = database
  const features = new Features(orm)
  const chats = createChats({
    orm, bus, features, readMarks: new ReadMarks({ orm, receiptsMaxMembers: 0 }), memberEventsMax: 1_000
  })
  const poster = new EventWriter({
    postBatch: preparePostBatch(orm),
    writeBatch: prepareWriteBatch(orm),
    maxConcurrentBatches: 1,
    batch: 100,
    queue: 1_000,
    deadlineMs: DEADLINE_MS
  })
  const messages = createMessages({ orm, chats, features, poster })
  const log = createEventLog(orm)
  const metrics = new Metrics()
  const hub = new Hub({
    bus,
    origin,
    seal: new PayloadSeal([JWT_SECRET]),
    log: { ...chats, ...log },
    codecs,
    epoch,
    sweepIntervalMs: SWEEP_INTERVAL_MS,
    reads: new FairQueue({ concurrency: 4, perKey: 4 }),
    metrics,
    logger: { warn: () => undefined }
  })
  t.teardown(() => hub.close())
  messages.onCommitted((committed) => hub.announce(committed))
  chats.onCommitted((committed) => hub.announce(committed))
  return new HubReplica(hub, metrics, { orm, messages, chats, log })
}

/** The two ends of a connection: the server's and the client's. */
async function socketPair (t: Scope): Promise<[Socket, Socket]> {
  const server = createServer()
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port.')
  const client = connect(address.port, '127.0.0.1')
  t.teardown(() => client.destroy())
  const socket = await accepted
  t.teardown(() => socket.destroy())
  server.close()
  return [socket, client]
}
