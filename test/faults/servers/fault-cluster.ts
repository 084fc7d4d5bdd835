/** Three replicas as processes of their own behind a haproxy, on servers of their own. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { createChat, register, type Account, type AccountHost } from '../../support/data/accounts.ts'
import { JWT_SECRET, PUBLIC_URL } from '../../support/servers/cluster.ts'
import { checkAnswer } from '../../support/checks/described.ts'
import { call, type Answer } from '../../support/clients/http.ts'
import { Outbox } from '../../support/data/outbox.ts'
import { freePort } from '../../support/servers/process.ts'
import { RedisServer } from '../../support/servers/redis-server.ts'
import type { Scope } from '../../support/scope.ts'
import { startBalancer } from './balancer.ts'
import { type Build, CURRENT_BUILD } from './build.ts'
import { PostgresServer } from '../../support/servers/postgres-server.ts'
import { ReplicaSlot, type ReplicaStart } from './replica-slot.ts'

const REPLICAS = 3
/** A machine that has too much to do refuses requests for a moment. */
const PATIENCE_MS = 20_000
const RETRY_MS = 250
/** More than one user needs, for the faults that come in crowds. */
const SOCKETS_PER_USER = '20000'
/** Long enough for the balancer to have noticed that a replica is leaving. */
const DRAIN_DELAY = '600ms'

/** Where a cluster is and what it runs on. */
export type ClusterOptions = {
  /** For everything that is written; nobody else's. */
  folder: string
  build?: Build
  postgres: PostgresServer
  /** Where the replicas find the database, if not at the server itself. */
  databaseUrl?: string
  redis?: RedisServer | undefined
  redisUrl?: string
  environment?: Record<string, string>
  /** Places behind the balancer that are empty at first. */
  spares?: number
  /** What each replica is started with at first. */
  start?: ReplicaStart
}

/** A user's account in a chat with another. */
export type Pair = { readonly chatID: number, readonly accounts: readonly [Account, Account] }

/** A running cluster. */
export class FaultCluster implements AccountHost {
  readonly url: string
  /** Places behind the balancer where a replica may run. */
  readonly places: readonly ReplicaSlot[]
  /** The server that has the truth now. */
  postgres: PostgresServer
  /** What the replicas run, if nothing else is said. */
  readonly build: Build
  readonly outbox: Outbox
  readonly secrets = new Set<string>()
  /** What has gone wrong by itself since it was last asked. */
  readonly failures: string[]
  readonly #redis: RedisServer | undefined
  readonly #accounts: Account[] = []
  #replicas: readonly ReplicaSlot[]
  #pairs = 0

  private constructor (parts: {
    url: string
    places: readonly ReplicaSlot[]
    options: ClusterOptions
    failures: string[]
  }) {
    this.url = parts.url
    this.places = parts.places
    this.#replicas = parts.places.slice(0, REPLICAS)
    this.postgres = parts.options.postgres
    this.#redis = parts.options.redis
    this.build = parts.options.build ?? CURRENT_BUILD
    this.outbox = new Outbox(parts.options.folder)
    this.failures = parts.failures
  }

  /** Starts a cluster that ends with the scope. */
  static async start (scope: Scope, options: ClusterOptions): Promise<FaultCluster> {
    await mkdir(options.folder, { recursive: true })
    const redisUrl = options.redisUrl ?? options.redis?.url
    const failures: string[] = []
    const environment = {
      DATABASE_URL: options.databaseUrl ?? options.postgres.url,
      ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
      DATABASE_POOL: '6',
      JWT_SECRET,
      PUBLIC_URL,
      DATA_DIR: options.folder,
      MAIL_TRANSPORT: 'file',
      RATE_LIMITS: 'off',
      WEBHOOK_PRIVATE_ADDRESSES: 'on',
      MAX_SOCKETS_PER_USER: SOCKETS_PER_USER,
      DRAIN_DELAY,
      LOG_LEVEL: 'warn',
      ...options.environment
    }
    const places: ReplicaSlot[] = []
    for (let index = 0; index < REPLICAS + (options.spares ?? 0); index++) {
      places.push(
        new ReplicaSlot(
          `replica ${String(index + 1)}`,
          await freePort(),
          options.build ?? CURRENT_BUILD,
          environment,
          (failure) => failures.push(failure)
        )
      )
    }
    scope.teardown(async () => {
      await Promise.all(places.map((place) => place.stop('SIGKILL')))
    })
    await Promise.all(places.slice(0, REPLICAS).map((place) => place.start(options.start)))
    const url = await startBalancer(
      scope,
      options.folder,
      places.map(({ port }) => port)
    )
    return new FaultCluster({ url, places, options, failures })
  }

  /** The replicas that are to run. */
  get replicas (): readonly ReplicaSlot[] {
    return this.#replicas
  }

  /** Says which of the places are to have a replica from here on. */
  deployed (replicas: readonly ReplicaSlot[]): void {
    this.#replicas = replicas
  }

  get sql (): Sql {
    return this.postgres.admin
  }

  /** The Redis server. @throws when the cluster has another arrangement */
  get redis (): RedisServer {
    if (this.#redis === undefined) throw new Error('This cluster has no single Redis server.')
    return this.#redis
  }

  /** The replica of that number, counted round and round. */
  replica (index: number): ReplicaSlot {
    const replica = this.replicas[index % this.replicas.length]
    if (replica === undefined) throw new Error('The cluster has no replica.')
    return replica
  }

  /** Sends a request through the balancer, again for a while where it is asked to try again. */
  async post (target: string, body: unknown): Promise<Answer> {
    const end = Date.now() + PATIENCE_MS
    for (;;) {
      const answer = await call(this.url + target, 'POST', { body, isDescribed: false })
      // The balancer has refusals of its own.
      if (answer.status < 500) checkAnswer(this.url + target, 'POST', answer)
      if (answer.status !== 503 || Date.now() > end) return answer
      await delay(RETRY_MS)
    }
  }

  /** Waits until every replica is ready and lacks nothing. */
  async healthy (): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.healthy()))
  }

  /** A chat that nobody has used. Accounts are made as they are needed: n of them make n(n-1)/2 chats. */
  async nextPair (): Promise<Pair> {
    let [low, high] = [this.#pairs++, 1]
    while (low >= high) low -= high++
    const [first, second] = [await this.#account(low), await this.#account(high)]
    return { accounts: [first, second], chatID: await createChat(this, first, second) }
  }

  async #account (index: number): Promise<Account> {
    return (this.#accounts[index] ??= await register(this))
  }
}

/** Starts a cluster with a Postgres and a Redis server of its own. */
export async function startStandardCluster (
  scope: Scope,
  options: Omit<ClusterOptions, 'postgres' | 'redis'>
): Promise<FaultCluster> {
  const redis = new RedisServer(await freePort(), ['--enable-debug-command', 'local'])
  scope.teardown(() => redis.stop())
  const postgres = await PostgresServer.create(scope, { folder: path.join(options.folder, 'postgres') })
  await Promise.all([redis.start(), postgres.start()])
  return FaultCluster.start(scope, { ...options, postgres, redis })
}
