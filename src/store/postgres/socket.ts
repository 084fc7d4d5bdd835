/**
 * TCP connections and Unix sockets to Postgres: to the first of several hosts that serves, and cut when a server that
 * owes an answer sends nothing. A host that lost power or network closes nothing, and the kernel keeps retransmitting
 * for a quarter of an hour.
 */
import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import path from 'node:path'
import { withDeadline } from '../../lib/deadline.ts'
import type { PostgresAddress, PostgresHost } from './address.ts'
import { encrypt, TlsError } from './tls.ts'

/** A connection that ends earlier counts as refused. */
const SHORTEST_LIFE_MS = 2_000

class ConnectTimeoutError extends Error {
  readonly code = 'CONNECT_TIMEOUT'

  constructor () {
    super('Postgres does not answer.')
  }
}

const isUnix = (host: string) => host.startsWith('/')

function connect ({ host, port }: PostgresHost): Socket {
  return isUnix(host)
    ? net.connect(path.join(host, `.s.PGSQL.${String(port)}`))
    : net.connect({ host, port, noDelay: true })
}

/** The connections of a pool. */
export class PostgresSockets {
  readonly #address: PostgresAddress
  /** Bytes that each has received, and the time of the last change. */
  readonly #received = new Map<Socket, { bytes: number, since: number }>()
  /** Index of the host that served last; it is tried first, and the next one when it refuses. */
  #preferred = 0
  #answered = 0
  #encrypts: boolean

  constructor (address: PostgresAddress) {
    this.#address = address
    this.#encrypts = address.tls.when === 'offered' || address.tls.when === 'always'
  }

  /**
   * Number of connections on which a server has answered so far. It is incremented before such a connection delivers
   * its first result.
   */
  get answered (): number {
    return this.#answered
  }

  /** Encrypts further connections, if they may be. @returns whether that is a change */
  encryptIfAsked (): boolean {
    if (this.#encrypts || this.#address.tls.when !== 'asked') return false
    return (this.#encrypts = true)
  }

  /**
   * Opens a connection, encrypted as the address says.
   * @throws {TlsError} when it cannot be encrypted
   */
  async open (): Promise<Socket> {
    const index = this.#preferred
    const host = this.#address.hosts[index] ?? this.#address.hosts[0]
    const raw = connect(host)
    // Kept: an error after the one that is reported must not end the process.
    raw.on('error', () => undefined)
    try {
      const socket = await withDeadline(this.#establish(raw, host), this.#address.connectTimeoutMs,
        new ConnectTimeoutError())
      this.#received.set(socket, { bytes: 0, since: performance.now() })
      this.#follow(socket, index)
      return socket
    } catch (error) {
      raw.destroy()
      this.#leave(index)
      if (error instanceof TlsError && this.#address.tls.when === 'asked') this.#encrypts = false
      throw error
    }
  }

  /** Records the number of bytes received so far. */
  observe (): void {
    for (const [socket, { bytes }] of this.#received) {
      if (socket.bytesRead > bytes) this.#received.set(socket, { bytes: socket.bytesRead, since: performance.now() })
    }
  }

  /**
   * Destroys with `ETIMEDOUT` the connections on which {@link observe} has seen no progress for `silenceMs`; callers
   * retry on another one.
   */
  destroySilent (silenceMs: number): void {
    for (const [socket, { since }] of this.#received) {
      if (performance.now() - since >= silenceMs)
        socket.destroy(Object.assign(new Error('Postgres does not answer.'), { code: 'ETIMEDOUT' }))
    }
  }

  async #establish (raw: Socket, { host }: PostgresHost): Promise<Socket> {
    await once(raw, 'connect')
    if (isUnix(host) || !this.#encrypts) return raw
    return encrypt(raw, host, this.#address.tls)
  }

  /** Prefers the next host from now on. */
  #leave (index: number): void {
    if (this.#preferred === index) this.#preferred = (index + 1) % this.#address.hosts.length
  }

  #follow (socket: Socket, index: number): void {
    const openedAt = performance.now()
    socket.once('close', (hadError: boolean) => {
      this.#received.delete(socket)
      // No server, or a standby where a primary is wanted.
      if (hadError || socket.bytesRead === 0 || performance.now() - openedAt < SHORTEST_LIFE_MS) this.#leave(index)
    })
    socket.once('data', () => {
      this.#answered++
    })
  }
}
