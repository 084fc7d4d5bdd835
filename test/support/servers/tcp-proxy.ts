/** A proxy between a server under test and a service, so that the service can go away without being stopped. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Scope } from '../scope.ts'

/** How a line is bad: each way for the answers of the service only. */
export type Impairment = {
  /** How late everything is, in milliseconds. */
  delayMs?: number
  /** How much gets through. */
  bytesPerSecond?: number
}

/** Slices of a second in which a throttled line lets bytes through. */
const SLICES = 10
const MS_PER_SLICE = 1_000 / SLICES

/** `onTheWay` resolves when what the service has said so far has been passed on late. */
type Connection = { readonly client: Socket, readonly service: Socket, onTheWay: Promise<void> | undefined }

/** Passes bytes on between its port and another. */
export class TcpProxy {
  #target: { host: string, port: number }
  readonly #connections = new Set<Connection>()
  readonly #stranded = new Set<Connection>()
  #server: Server | undefined
  #port = 0
  #holding = false
  #impairment: Impairment = {}

  /** @param target the service behind it */
  constructor (target: { host: string, port: number }) {
    this.#target = target
  }

  /** Where it listens on 127.0.0.1. */
  get port (): number {
    return this.#port
  }

  /** Takes connections, on the same port as before if there was one. */
  async open (): Promise<void> {
    const server = createServer((client) => this.#accept(client))
    this.#server = server
    await once(server.listen(this.#port, '127.0.0.1'), 'listening')
    const address = server.address()
    if (address !== null && typeof address === 'object') this.#port = address.port
  }

  /** Drops every connection and refuses new ones. */
  async cut (): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const { client, service } of [...this.#connections, ...this.#stranded]) {
      client.destroy()
      service.destroy()
    }
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }

  /** Leads new connections to another service; those that there are stay where they are. */
  redirect (target: { host: string, port: number }): void {
    this.#target = target
  }

  /** Ends every connection, and takes new ones. */
  drop (): void {
    for (const { client, service } of this.#connections) {
      client.destroy()
      service.destroy()
    }
  }

  /** Keeps what the service answers, while everything else goes on. */
  hold (): void {
    this.#holding = true
    for (const { service } of this.#connections) service.pause()
  }

  /** Lets the connections that there are die without a word: nothing more passes. New ones are as good as before. */
  strand (): void {
    for (const connection of this.#connections) {
      this.#stranded.add(connection)
      connection.client.pause()
      connection.service.pause()
    }
    this.#connections.clear()
  }

  /** Passes on what was kept. */
  release (): void {
    this.#holding = false
    for (const { service } of this.#connections) service.resume()
  }

  /** Makes the line bad for what comes from now on, or good again. */
  impair (impairment: Impairment): void {
    this.#impairment = impairment
  }

  /** Passes bytes of the service on, as late and as slowly as the line is now. */
  #answer (bytes: Buffer, connection: Connection): void {
    const { delayMs = 0, bytesPerSecond } = this.#impairment
    if (delayMs > 0 || connection.onTheWay !== undefined) this.#delay(bytes, delayMs, connection)
    else if (bytesPerSecond !== undefined) this.#trickle(bytes, connection)
    else connection.client.write(bytes)
  }

  /** What was said later never comes earlier, also when the line has become good meanwhile. */
  #delay (bytes: Buffer, delayMs: number, connection: Connection): void {
    const passed = Promise.all([delay(delayMs), connection.onTheWay]).then(() => {
      connection.client.write(bytes)
      if (connection.onTheWay === passed) connection.onTheWay = undefined
    })
    connection.onTheWay = passed
  }

  /** Reads no more until these bytes are through, so that the rest piles up at the service. */
  #trickle (bytes: Buffer, connection: Connection): void {
    const { client, service } = connection
    service.pause()
    const { bytesPerSecond } = this.#impairment
    const size = bytesPerSecond === undefined ? bytes.length : Math.ceil(bytesPerSecond / SLICES)
    client.write(bytes.subarray(0, size))
    if (bytes.length > size) setTimeout(() => this.#trickle(bytes.subarray(size), connection), MS_PER_SLICE)
    else if (!this.#holding) setTimeout(() => service.resume(), MS_PER_SLICE)
  }

  #accept (client: Socket): void {
    const service = connect(this.#target)
    const connection: Connection = { client, service, onTheWay: undefined }
    this.#connections.add(connection)
    for (const [from, to] of [[client, service], [service, client]] as const) {
      from.setNoDelay(true)
      if (from === client) from.on('data', (bytes) => to.write(bytes))
      else from.on('data', (bytes) => this.#answer(bytes, connection))
      from.on('error', () => undefined)
      from.on('close', () => {
        to.destroy()
        this.#connections.delete(connection)
        this.#stranded.delete(connection)
      })
    }
    if (this.#holding) service.pause()
  }
}

/** A proxy in front of a service that is gone with the test. */
export async function startTcpProxy (t: Scope, target: { host: string, port: number }): Promise<TcpProxy> {
  const proxy = new TcpProxy(target)
  t.teardown(() => proxy.cut())
  await proxy.open()
  return proxy
}
