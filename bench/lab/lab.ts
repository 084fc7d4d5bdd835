/**
 * What the bench starts and makes: processes, databases and folders. All of it is registered here first, so that one
 * call removes it, however a run ends.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { until } from '../load/clock.ts'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 3000
/** How much of a child's output is kept, to be shown if it fails. */
const OUTPUT_KEPT = 4000

/** One server process. */
export interface Replica {
  port: number
  pid: number
}

interface Child {
  process: ChildProcess
  output: string
  exited: boolean
}

export class Lab {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly #admin: postgres.Sql
  readonly #children = new Map<number, Child>()
  readonly #databases = new Set<string>()
  readonly #folders = new Set<string>()
  #closed = false

  constructor (databaseUrl: string, redisUrl: string) {
    this.databaseUrl = databaseUrl
    this.redisUrl = redisUrl
    this.#admin = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
    // A last resort that works even where nothing asynchronous runs any more.
    process.on('exit', () => {
      for (const { process } of this.#children.values()) process.kill('SIGKILL')
    })
  }

  /** Makes an empty database and answers its URL. */
  async createDatabase (): Promise<string> {
    this.#checkOpen()
    const name = `confab_bench_${String(process.pid)}_${String(Date.now())}_${String(this.#databases.size)}`
    this.#databases.add(name)
    await this.#admin.unsafe(`CREATE DATABASE ${name}`)
    const url = new URL(this.databaseUrl)
    url.pathname = `/${name}`
    return url.href
  }

  async dropDatabase (url: string): Promise<void> {
    const name = new URL(url).pathname.slice(1)
    if (!this.#databases.has(name)) throw new Error(`${name} is no database of this run`)
    await this.#admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    this.#databases.delete(name)
  }

  /** Facts about the Postgres in use, for the machine line. */
  async databaseFacts (): Promise<{ version: string, synchronousCommit: string }> {
    const [row] = await this.#admin<{ version: string, synchronous_commit: string }[]>`
      SELECT current_setting('server_version') AS version, current_setting('synchronous_commit') AS synchronous_commit`
    return { version: row?.version ?? 'unknown', synchronousCommit: row?.synchronous_commit ?? 'unknown' }
  }

  createFolder (): string {
    const folder = mkdtempSync(join(tmpdir(), 'confab-bench-'))
    this.#folders.add(folder)
    return folder
  }

  /** Starts a server and waits until `GET /readyz` answers 200. The environment is a function of the port it gets. */
  async start (file: string, environment: (port: number) => Record<string, string>): Promise<Replica> {
    const port = await freePort()
    const pid = this.spawn(file, { ...environment(port), PORT: String(port) })
    try {
      await until(`${file} to be ready`, START_TIMEOUT_MS, async () => {
        if (this.exited(pid)) throw new Error(`${file} ended at its start:\n${this.output(pid)}`)
        return await answers(`http://127.0.0.1:${String(port)}/readyz`)
      })
      return { port, pid }
    } catch (error) {
      await this.stop(pid)
      throw error
    }
  }

  /**
   * Starts a Node process with nothing of this one's environment but its path. The flag opens no inspector: it only
   * lets each process that is asked for one take a port of its own.
   */
  spawn (file: string, environment: Record<string, string>): number {
    this.#checkOpen()
    const process_ = spawn(process.execPath, ['--inspect-port=0', file], {
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', HOST: '127.0.0.1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    if (process_.pid === undefined) throw new Error(`${file} could not be started`)
    const child: Child = { process: process_, output: '', exited: false }
    const keep = (chunk: Buffer) => {
      child.output = (child.output + chunk.toString()).slice(-OUTPUT_KEPT)
    }
    process_.stdout.on('data', keep)
    process_.stderr.on('data', keep)
    process_.on('exit', () => {
      child.exited = true
    })
    this.#children.set(process_.pid, child)
    return process_.pid
  }

  /** What a child printed last. */
  output (pid: number): string {
    return this.#children.get(pid)?.output ?? ''
  }

  /** True once a child has ended by itself or by `stop`. */
  exited (pid: number): boolean {
    return this.#children.get(pid)?.exited ?? true
  }

  /** Ends a child: politely, and after a moment by force. */
  async stop (pid: number): Promise<void> {
    const child = this.#children.get(pid)
    if (child === undefined) return
    if (!child.exited) child.process.kill('SIGTERM')
    const deadline = performance.now() + STOP_TIMEOUT_MS
    while (!child.exited && performance.now() < deadline) await delay(20)
    if (!child.exited) child.process.kill('SIGKILL')
    this.#children.delete(pid)
  }

  /** Ends and removes whatever is left, and lets nothing new begin. */
  async close (): Promise<void> {
    this.#closed = true
    await Promise.all(
      [...this.#children.keys()].map(async (pid) => {
        await this.stop(pid)
      })
    )
    for (const name of this.#databases) await this.#admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    this.#databases.clear()
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
    await this.#admin.end({ timeout: 1 })
  }

  #checkOpen (): void {
    if (this.#closed) throw new Error('the bench is ending')
  }
}

async function answers (url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

/** A port that was free a moment ago. */
export async function freePort (): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') reject(new Error('no port'))
      else resolve(address.port)
    })
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}
