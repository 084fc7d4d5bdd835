/** The replicas of the demo: two processes on one embedded Postgres, of which the first that lives has the clients. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { isRelayed, type Relayed } from './relay-bus.ts'

const PROGRAM = fileURLToPath(new URL('./replica.js', import.meta.url))
const COUNT = 2
/** Long enough to see that one is missing. */
const RESTART_MS = 4_000
const STOP_MS = 5_000

/** What a replica is doing. */
export type ReplicaState = 'serving' | 'standing by' | 'starting' | 'killed'

type Slot = { child: ChildProcess | undefined, port: number | undefined, isKilled: boolean }

/** See the head of this file. */
export class Replicas {
  #environment: Readonly<Record<string, string>> = {}
  readonly #slots: Slot[] = Array.from(
    { length: COUNT }, () => ({ child: undefined, port: undefined, isKilled: false })
  )

  readonly #waiting = new Set<() => void>()
  #serving = 0
  #isStopping = false

  /** Starts them, and resolves when all are ready. @throws when one cannot start */
  async start (environment: Readonly<Record<string, string>>): Promise<void> {
    this.#environment = environment
    // The first one makes the tables.
    for (const slot of this.#slots) await this.#launch(slot)
  }

  /** What they are doing, in the order of their numbers. */
  get states (): ReplicaState[] {
    return this.#slots.map(({ port, isKilled }, index) => {
      if (port === undefined) return isKilled ? 'killed' : 'starting'
      return index === this.#serving ? 'serving' : 'standing by'
    })
  }

  /** The number of the one that has the clients, from 1. */
  get serving (): number {
    return this.#serving + 1
  }

  /** Kills the one that has the clients; another takes over, and it is started again. @returns its number */
  kill (): number {
    const [killed, slot] = [this.serving, this.#slots[this.#serving]]
    if (slot?.child !== undefined && slot.port !== undefined) {
      slot.isKilled = true
      slot.port = undefined
      slot.child.kill('SIGKILL')
      this.#chooseServing()
    }
    return killed
  }

  /** Passes a connection on to the one that serves; waits while there is none. */
  connect (client: net.Socket): void {
    client.on('error', () => client.destroy())
    const port = this.#slots[this.#serving]?.port
    if (port === undefined) {
      const again = () => this.connect(client)
      this.#waiting.add(again)
      client.once('close', () => this.#waiting.delete(again))
      return
    }
    const replica = net.connect(port, '127.0.0.1')
    replica.on('error', () => client.destroy())
    client.once('close', () => replica.destroy())
    replica.once('close', () => client.destroy())
    client.pipe(replica).pipe(client)
  }

  /** Stops them in order. */
  async stop (): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#slots.map(async ({ child }) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await exited
      clearTimeout(impatient)
    }))
  }

  async #launch (slot: Slot): Promise<void> {
    const child = fork(PROGRAM, {
      env: this.#environment, serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc']
    })
    slot.child = child
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: unknown) => {
        if (isRelayed(message)) this.#relay(slot, message)
        else if (isReady(message)) {
          slot.port = message.port
          slot.isKilled = false
          this.#chooseServing()
          resolve()
        }
      })
      child.once('exit', () => {
        slot.port = undefined
        this.#chooseServing()
        reject(new Error('A replica of the demo has ended.'))
        setTimeout(() => {
          if (!this.#isStopping) void this.#launch(slot).catch(() => undefined)
        }, RESTART_MS).unref()
      })
    })
  }

  #relay (from: Slot, message: Relayed): void {
    for (const slot of this.#slots) if (slot !== from && slot.port !== undefined) slot.child?.send(message)
  }

  /** Clients stay where they are as long as that lives. */
  #chooseServing (): void {
    if (this.#slots[this.#serving]?.port === undefined) {
      const living = this.#slots.findIndex(({ port }) => port !== undefined)
      if (living >= 0) this.#serving = living
    }
    if (this.#slots[this.#serving]?.port === undefined) return
    for (const connect of [...this.#waiting]) {
      this.#waiting.delete(connect)
      connect()
    }
  }
}

function isReady (message: unknown): message is { type: 'ready', port: number } {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready' &&
    'port' in message && typeof message.port === 'number'
}
