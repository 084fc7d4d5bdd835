/**
 * TCP connections to Postgres: to whichever of several hosts serves, and cut when nothing comes from a server that owes
 * an answer. A host that lost its power or its network closes nothing, and the kernel goes on trying for a quarter of
 * an hour.
 */
import net, { type Socket } from 'node:net'

/** A host and its port. */
export type PostgresHost = { host: string, port: number }

const DEFAULT_PORT = 5_432
/** A connection that ends before was not taken. */
const SHORTEST_LIFE_MS = 2_000
const HOSTS = /^(?<head>[a-z]+:\/\/(?:[^@/?#]*@)?)(?<hosts>[^@/?#]*)(?<tail>.*)$/s

/**
 * Takes apart a URL that may name several hosts, as libpq does: `postgres://user@first:5432,second:5432/name`.
 * @returns the hosts, and the URL with the first of them alone
 */
export function splitHosts (url: string): { hosts: [PostgresHost, ...PostgresHost[]], url: string } {
  const { head = '', hosts = '', tail = '' } = HOSTS.exec(url)?.groups ?? {}
  const [first = '', ...others] = hosts.split(',')
  return { hosts: [parseHost(first), ...others.map(parseHost)], url: head + first + tail }
}

function parseHost (text: string): PostgresHost {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(text) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? DEFAULT_PORT) }
}

/** The connections of a pool. */
export class PostgresSockets {
  readonly #hosts: readonly [PostgresHost, ...PostgresHost[]]
  /** How much each has received, and since when no more. */
  readonly #received = new Map<Socket, { bytes: number, since: number }>()
  /** The host that served last is asked first, and the next when it refuses. */
  #preferred = 0
  #answered = 0

  constructor (hosts: readonly [PostgresHost, ...PostgresHost[]]) {
    this.#hosts = hosts
  }

  /**
   * How many connections a server has answered on, until now. It grows before such a connection brings its first
   * result.
   */
  get answered (): number {
    return this.#answered
  }

  /** Begins a connection. Bytes may be written before it stands, as Node keeps them. */
  open (path?: unknown): Socket {
    const index = this.#preferred
    const place = this.#hosts[index] ?? this.#hosts[0]
    // The name is what a certificate is checked against.
    const socket =
      typeof path === 'string' ? net.connect(path) : Object.assign(net.connect({ ...place, noDelay: true }), place)
    this.#received.set(socket, { bytes: 0, since: performance.now() })
    this.#follow(socket, index)
    return socket
  }

  /** Takes note of what was received until now. */
  observe (): void {
    for (const [socket, { bytes }] of this.#received) {
      if (socket.bytesRead > bytes) this.#received.set(socket, { bytes: socket.bytesRead, since: performance.now() })
    }
  }

  /**
   * Destroys with `ETIMEDOUT` those on which {@link observe} has seen nothing for so long: whoever waits for them asks
   * on another.
   */
  destroySilent (silenceMs: number): void {
    for (const [socket, { since }] of this.#received) {
      if (performance.now() - since >= silenceMs)
        socket.destroy(Object.assign(new Error('Postgres does not answer.'), { code: 'ETIMEDOUT' }))
    }
  }

  #follow (socket: Socket, index: number): void {
    const openedAt = performance.now()
    const forget = (hadError: boolean) => {
      if (!this.#received.delete(socket)) return
      // Nobody is there, or a standby where a primary is wanted.
      const isRefused = hadError || socket.bytesRead === 0 || performance.now() - openedAt < SHORTEST_LIFE_MS
      if (isRefused && this.#preferred === index) this.#preferred = (index + 1) % this.#hosts.length
    }
    socket.once('close', forget)
    socket.once('data', () => {
      this.#answered++
      // The driver takes all listeners off a socket that it goes on to encrypt.
      setImmediate(() => (socket.destroyed ? forget(false) : socket.once('close', forget)))
    })
  }
}
