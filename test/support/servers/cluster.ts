/** Replicas in this process: one with an in-process bus, or several that share a real Postgres and a real Redis. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Bus } from '../../../src/bus/bus.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { OWASP_COST } from '../../../src/domain/accounts/passwords.ts'
import { createServer } from '../../../src/server/app.ts'
import { startReplica, type Replica } from '../../../src/server/replica.ts'
import type { Database, Orm } from '../../../src/store/database.ts'
import { createStore, openDatabase } from './database.ts'
import { engineUrl } from './engine.ts'
import { call, type Answer, type CallOptions } from '../clients/http.ts'
import { Outbox } from '../data/outbox.ts'
import type { Scope } from '../scope.ts'

const REPLICAS_ON_SERVICES = 3
const CONNECTIONS_PER_REPLICA = '4'

/** Base of the links in mails. */
export const PUBLIC_URL = 'https://chat.example.org'
/** The key of every test server's access tokens. */
export const JWT_SECRET = 'a-key-that-only-the-tests-know-about'

/** What a password hash costs in production; in most tests it costs next to nothing. */
export const FULL_HASHES = { HASH_MEMORY: String(OWASP_COST.memoryKiB), HASH_PASSES: String(OWASP_COST.passes) }

/** Where real services are. */
export type Services = { databaseUrl: string, redisUrl: string }

/** How to start a cluster. */
export type ClusterOptions = {
  /** Without them it is one replica on the Postgres of the test run, with an in-process bus. */
  services?: Services | undefined
  /** On services; three by default. */
  replicas?: number
  /** Added to the environment of every replica. */
  environment?: Record<string, string>
  /** Lets the test read and change the tables through {@link Cluster.orm}. */
  inspectable?: boolean
  /** Stands between each replica and its bus. */
  wrapBus?: (bus: Bus, replica: number) => Bus
  /** The last that a replica waits for before it listens. */
  onReady?: () => Promise<void>
}

/** Replicas that serve the same chats. Requests go to each of them in turn. */
export class Cluster {
  readonly outbox: Outbox
  /** Passwords and tokens that were handed out: none of them may appear in {@link Cluster.log}. */
  readonly secrets = new Set<string>()
  readonly #replicas: Replica[]
  readonly #start: (index: number) => Promise<Replica>
  readonly #log: string[]
  readonly #database: Database | undefined
  #turn = 0

  constructor (parts: {
    replicas: Replica[]
    /** Starts the replica of that number. */
    start: (index: number) => Promise<Replica>
    dataDir: string
    log: string[]
    database: Database | undefined
  }) {
    this.#replicas = parts.replicas
    this.#start = parts.start
    this.outbox = new Outbox(parts.dataDir)
    this.#log = parts.log
    this.#database = parts.database
  }

  get replicas (): readonly Replica[] {
    return this.#replicas
  }

  /** Ends the replica of that number, and starts another in its place, at another address. */
  async restart (index: number): Promise<void> {
    await this.replica(index).close()
    this.#replicas[index] = await this.#start(index)
  }

  /** What the replicas have logged, line by line. */
  get log (): readonly string[] {
    return this.#log
  }

  /** The replica of that number, counted round and round. */
  replica (index: number): Replica {
    const replica = this.replicas[index % this.replicas.length]
    if (replica === undefined) throw new Error('The cluster has no replica.')
    return replica
  }

  /** Empties {@link Cluster.log} and {@link Cluster.secrets} for the next suite. */
  forget (): void {
    this.#log.length = 0
    this.secrets.clear()
  }

  /** The tables. @throws unless the cluster was started as `inspectable` */
  get orm (): Orm {
    if (this.#database === undefined) throw new Error('Start the cluster with inspectable: true.')
    return this.#database.orm
  }

  /** Sends a request to the next replica, or to that of the given number. */
  async call (method: string, target: string, options: CallOptions & { replica?: number } = {}): Promise<Answer> {
    return call(this.replica(options.replica ?? this.#turn++).url + target, method, options)
  }

  /** A GET request. */
  async get (target: string, options: CallOptions & { replica?: number } = {}): Promise<Answer> {
    return this.call('GET', target, options)
  }

  /** A POST request with a JSON body. */
  async post (target: string, body: unknown, options: CallOptions & { replica?: number } = {}): Promise<Answer> {
    return this.call('POST', target, { ...options, body })
  }
}

/** Starts a cluster that ends with the test. */
export async function startCluster (t: Scope, options: ClusterOptions = {}): Promise<Cluster> {
  const log: string[] = []
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'confab-test-'))
  // Torn down in reverse.
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const environment = {
    HOST: '127.0.0.1',
    PORT: '0',
    PUBLIC_URL,
    JWT_SECRET,
    DATA_DIR: dataDir,
    MAIL_TRANSPORT: 'file',
    RATE_LIMITS: 'off',
    // In DATA_DIR, which the replicas share.
    FILES: 'disk',
    // Frames about others would come at any time.
    PRESENCE: 'off',
    HASH_MEMORY: '64',
    HASH_PASSES: '1',
    // Replicas in this process share its event loop with the test and with each other.
    OVERLOAD_EVENT_LOOP_DELAY: '1h',
    DATABASE_URL: await createStore(t, options.services?.databaseUrl ?? engineUrl()),
    DATABASE_POOL: CONNECTIONS_PER_REPLICA,
    ...(options.services !== undefined && {
      REDIS_URL: options.services.redisUrl,
      REDIS_PREFIX: `confab_test_${randomBytes(6).toString('hex')}:`
    }),
    ...options.environment
  }
  const database = options.inspectable === true ? await openDatabase(t, environment.DATABASE_URL) : undefined
  const count = options.services === undefined ? 1 : options.replicas ?? REPLICAS_ON_SERVICES
  const logStream = {
    write: (line: string) => {
      log.push(line)
    }
  }
  const start = (index: number) => {
    const config = loadConfig(environment)
    const app = createServer(config, logStream)
    if (options.onReady !== undefined) app.addHook('onReady', options.onReady)
    return startReplica(config, {
      app,
      ...(options.wrapBus !== undefined && { wrapBus: (bus: Bus) => options.wrapBus?.(bus, index) ?? bus })
    })
  }
  const starts = await Promise.allSettled(Array.from({ length: count }, (_, index) => start(index)))
  const replicas = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  t.teardown(async () => {
    await Promise.all(replicas.map((replica) => replica.close()))
  })
  for (const start of starts) if (start.status === 'rejected') throw start.reason
  return new Cluster({ replicas, start, dataDir, log, database })
}
