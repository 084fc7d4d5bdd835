/** A Redis server of the test's own, which the test can stop, start and freeze. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { parseRedisUrl, type RedisAddress } from '../../../src/lib/redis/address.ts'
import { bound } from './bound.ts'
import { within } from '../deadline.ts'
import { isServiceRequired } from './deployments.ts'
import { freePort } from './process.ts'
import type { Scope } from '../scope.ts'

const DEADLINE_MS = 30_000

/** A server on a port of its own; what it holds is gone when it stops. */
export class RedisServer {
  readonly port: number
  readonly #settings: string[]
  readonly #file: string | undefined
  #process: ChildProcess | undefined

  /**
   * @param settings added to its command line
   * @param file with more of them, which the server may write to
   */
  constructor (port: number, settings: string[], file?: string) {
    this.port = port
    this.#settings = settings
    this.#file = file
  }

  /** Where it is. */
  get url (): string {
    return `redis://127.0.0.1:${String(this.port)}`
  }

  /** Starts it and waits until it takes connections. */
  async start (): Promise<void> {
    const isSentinel = this.#settings.includes('--sentinel')
    const { command, parameters } = bound('redis-server', [
      ...(this.#file === undefined ? [] : [this.#file]),
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      ...(isSentinel ? [] : ['--save', '', '--appendonly', 'no']),
      ...this.#settings
    ])
    const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#process = child
    let output = ''
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (output.includes(isSentinel ? 'Sentinel ID is' : 'Ready to accept connections')) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`redis-server has ended: ${output}`)))
    })
    await within(ready, DEADLINE_MS, 'redis-server to start')
  }

  /** Ends it, and with it every connection. */
  async stop (): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await within(ended, DEADLINE_MS, 'redis-server to stop')
  }

  /** Keeps it from doing anything, its connections open. */
  freeze (): void {
    this.#process?.kill('SIGSTOP')
  }

  /** Lets it go on. */
  thaw (): void {
    this.#process?.kill('SIGCONT')
  }
}

/** What a URL says. @throws when it says nothing */
export function addressOf (url: string): RedisAddress {
  const address = parseRedisUrl(url)
  if (address === undefined) throw new Error(`${url} is no Redis.`)
  return address
}

/** A server that is not started yet and ends with the test. */
export async function createRedisServer (t: Scope, settings: string[] = []): Promise<RedisServer> {
  const server = new RedisServer(await freePort(), settings)
  t.teardown(() => server.stop())
  return server
}

/** A running server that ends with the test. */
export async function startRedisServer (t: Scope, settings: string[] = []): Promise<RedisServer> {
  const server = await createRedisServer(t, settings)
  await server.start()
  return server
}

/**
 * A test that starts Redis servers; without `redis-server` it is skipped aloud, or fails with
 * CONFAB_REQUIRE_SERVICES=1.
 */
export async function withRedisServers (t: Test, title: string, test: (t: Test) => Promise<void>): Promise<void> {
  if (spawnSync('redis-server', ['--version']).status === 0) {
    await t.test(title, (t) => test(t))
    return
  }
  const reason = 'there is no redis-server on the PATH'
  if (isServiceRequired()) {
    t.fail(reason)
    return
  }
  t.comment(`SKIPPED ${title}: ${reason}.`)
  await t.test(title, { skip: reason }, () => undefined)
}
