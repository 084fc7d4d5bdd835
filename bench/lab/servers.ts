/** The servers that are compared: how each is started and how its chats are made. */
import { fileURLToPath } from 'node:url'
import type { DialectName } from '../load/plan.ts'
import { cpuSeconds, residentKiB } from './accounting.ts'
import { Inspector } from './inspector.ts'
import { freePort, type Lab, type Replica } from './lab.ts'
import { settle, strangers, type Chat } from './population.ts'

export const SERVER_NAMES = ['confab', 'socketio', 'plain', 'floor', 'floor16', 'inserts', 'confab-metrics'] as const

/** Those that are measured only when they are asked for. */
export const OPTIONAL_SERVERS: readonly ServerName[] = ['confab-metrics']

export type ServerName = (typeof SERVER_NAMES)[number]

/** How the table calls them. */
export const SERVER_TITLES: Record<ServerName, string> = {
  confab: 'Confab',
  'confab-metrics': 'Confab, its metrics read every second',
  socketio: 'Socket.IO + Redis adapter + insert',
  plain: 'Fastify + ws + ioredis + insert',
  floor: 'floor: ready frames, one a write',
  floor16: 'floor: ready frames, 16 a write',
  inserts: 'floor: inserts of 100 rows'
}

const SECRET = 'bench-secret-bench-secret-bench-secret-bench-secret'
const MANY_SOCKETS = '100000'
/** Fifteen times as often as Prometheus does by default. */
const SCRAPE_INTERVAL_MS = 1000
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

/** One or more replicas of a server on a database of their own. */
export class Deployment {
  readonly replicas: Replica[]
  readonly databaseUrl: string
  readonly #lab: Lab
  readonly #name: ServerName
  readonly #metricsPorts: number[] = []
  #scraping: NodeJS.Timeout | undefined

  private constructor (lab: Lab, name: ServerName, databaseUrl: string, replicas: Replica[]) {
    this.#lab = lab
    this.#name = name
    this.databaseUrl = databaseUrl
    this.replicas = replicas
  }

  /** Starts the replicas one after another: the first makes the tables. */
  static async start (
    lab: Lab,
    name: ServerName,
    replicas = 1,
    environment: Record<string, string> = {}
  ): Promise<Deployment> {
    const databaseUrl = await lab.createDatabase()
    const deployment = new Deployment(lab, name, databaseUrl, [])
    const folder = lab.createFolder()
    // Channels of Redis are shared by all its databases: each deployment has its own names.
    const prefix = `${new URL(databaseUrl).pathname.slice(1)}:`
    const common = { DATABASE_URL: databaseUrl, REDIS_URL: lab.redisUrl, REDIS_PREFIX: prefix }
    try {
      for (let i = 0; i < replicas; i++) {
        const metricsPort = await freePort()
        deployment.replicas.push(
          await lab.start(program(name), (port) => ({
            ...common,
            ...(isConfab(name) ? { ...confabSettings(port, folder), ...environment } : {}),
            ...(name === 'confab-metrics' ? { METRICS_PORT: String(metricsPort), METRICS_HOST: '127.0.0.1' } : {}),
            FRAMES_PER_WRITE: name === 'floor16' ? '16' : '1'
          }))
        )
        deployment.#metricsPorts.push(metricsPort)
      }
      if (name === 'confab-metrics') deployment.#scrape()
      return deployment
    } catch (error) {
      await deployment.stop()
      throw error
    }
  }

  get dialect (): DialectName {
    if (this.#name === 'inserts') throw new Error('the inserting process speaks no protocol')
    return isConfab(this.#name) ? 'confab' : this.#name
  }

  /** Makes chats of two accounts each, before anybody connects. */
  async populate (chats: number, history = 0): Promise<Chat[]> {
    if (!isConfab(this.#name)) return strangers(chats)
    return await settle(this.databaseUrl, SECRET, chats, history)
  }

  /** CPU time of all replicas so far, in seconds. Throws if one of them has ended. */
  cpuSeconds (): number {
    if (this.replicas.some(({ pid }) => this.#lab.exited(pid))) throw new Error('a replica ended')
    return this.replicas.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0)
  }

  /** Resident memory of the only replica. */
  residentKiB (): number {
    return residentKiB(this.#single())
  }

  /** The inspector of the only replica. */
  async inspect (): Promise<Inspector> {
    return await Inspector.open(this.#lab, this.#single())
  }

  /** What the replicas printed last, to explain a failure. */
  output (): string {
    return this.replicas.map(({ pid }) => this.#lab.output(pid)).join('\n')
  }

  async stop (): Promise<void> {
    clearInterval(this.#scraping)
    await Promise.all(
      this.replicas.map(async ({ pid }) => {
        await this.#lab.stop(pid)
      })
    )
    await this.#lab.dropDatabase(this.databaseUrl)
  }

  /** Reads the metrics of every replica as Prometheus would. A server that stops need not answer. */
  #scrape (): void {
    this.#scraping = setInterval(() => {
      for (const port of this.#metricsPorts) {
        fetch(`http://127.0.0.1:${String(port)}/metrics`)
          .then(async (response) => response.text())
          .catch(() => undefined)
      }
    }, SCRAPE_INTERVAL_MS)
  }

  #single (): number {
    const [replica] = this.replicas
    if (replica === undefined || this.replicas.length > 1) throw new Error('there is not exactly one replica')
    return replica.pid
  }
}

function isConfab (name: ServerName): name is 'confab' | 'confab-metrics' {
  return name === 'confab' || name === 'confab-metrics'
}

function program (name: ServerName): string {
  if (isConfab(name)) return process.env['BENCH_CONFAB_MAIN'] ?? here('../../dist/main.js')
  return here(`../peers/${name === 'floor16' ? 'floor' : name}.js`)
}

function confabSettings (port: number, folder: string): Record<string, string> {
  return {
    JWT_SECRET: SECRET,
    RATE_LIMITS: 'off',
    MAIL_TRANSPORT: 'file',
    DATA_DIR: folder,
    LOG_LEVEL: 'warn',
    // Where the machine is busy it turns sockets away, which would come again; here each comes once.
    OVERLOAD_EVENT_LOOP_DELAY: '1h',
    PUBLIC_URL: `http://127.0.0.1:${String(port)}`,
    MAX_SOCKETS: MANY_SOCKETS,
    MAX_SOCKETS_PER_USER: MANY_SOCKETS
  }
}
