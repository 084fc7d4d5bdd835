/**
 * TCP connections and Unix sockets to Postgres: to the first of several hosts that serves, and cut when a server that
 * owes an answer sends nothing. A host that lost power or network closes nothing, and the kernel keeps retransmitting
 * for a quarter of an hour.
 */
import net, { type Socket } from 'node:net'
import path from 'node:path'

/** A host and its port. A host that begins with a slash is the folder of a Unix socket named after the port. */
export type PostgresHost = { host: string, port: number }

const DEFAULT_PORT = 5_432
/** A connection that ends earlier counts as refused. */
const SHORTEST_LIFE_MS = 2_000
const URL_PARTS = /^(?<head>[a-z]+:\/\/(?:[^@/?#]*@)?)(?<hosts>[^@/?#]*)(?<name>[^?]*)\??(?<query>.*)$/s
/** The driver receives an open socket, but requires a host in its URL. */
const ANY_HOST = 'localhost'

/**
 * Splits a URL that may name several hosts, as libpq does: `postgres://user@first:5432,second:5432/name`, or
 * `postgres://user@/name?host=/folder/of/a/socket`.
 * @returns the hosts, and a URL with one host and without the parameter `host`
 */
export function splitHosts (url: string): { hosts: [PostgresHost, ...PostgresHost[]], url: string } {
  const { head = '', hosts = '', name = '', query = '' } = URL_PARTS.exec(url)?.groups ?? {}
  const parameters = new URLSearchParams(query)
  const named = parameters.get('host')
  const [first = '', ...others] = (named ?? hosts).split(',')
  const all: [PostgresHost, ...PostgresHost[]] = [parseHost(first), ...others.map(parseHost)]
  if (named === null) return { hosts: all, url: head + first + name + (query && `?${query}`) }
  parameters.delete('host')
  const rest = parameters.toString()
  return { hosts: all, url: head + ANY_HOST + name + (rest && `?${rest}`) }
}

function parseHost (text: string): PostgresHost {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(text) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? DEFAULT_PORT) }
}

function connect ({ host, port }: PostgresHost): Socket {
  if (host.startsWith('/')) return net.connect(path.join(host, `.s.PGSQL.${String(port)}`))
  // The name is what a certificate is checked against.
  return Object.assign(net.connect({ host, port, noDelay: true }), { host, port })
}

/** The connections of a pool. */
export class PostgresSockets {
  readonly #hosts: readonly [PostgresHost, ...PostgresHost[]]
  /** Bytes that each has received, and the time of the last change. */
  readonly #received = new Map<Socket, { bytes: number, since: number }>()
  /** Index of the host that served last; it is tried first, and the next one when it refuses. */
  #preferred = 0
  #answered = 0

  constructor (hosts: readonly [PostgresHost, ...PostgresHost[]]) {
    this.#hosts = hosts
  }

  /**
   * Number of connections on which a server has answered so far. It is incremented before such a connection delivers
   * its first result.
   */
  get answered (): number {
    return this.#answered
  }

  /** Opens a connection. Bytes may be written before it is established, as Node buffers them. */
  open (): Socket {
    const index = this.#preferred
    const socket = connect(this.#hosts[index] ?? this.#hosts[0])
    this.#received.set(socket, { bytes: 0, since: performance.now() })
    this.#follow(socket, index)
    return socket
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

  #follow (socket: Socket, index: number): void {
    const openedAt = performance.now()
    const forget = (hadError: boolean) => {
      if (!this.#received.delete(socket)) return
      // No server, or a standby where a primary is wanted.
      const isRefused = hadError || socket.bytesRead === 0 || performance.now() - openedAt < SHORTEST_LIFE_MS
      if (isRefused && this.#preferred === index) this.#preferred = (index + 1) % this.#hosts.length
    }
    socket.once('close', forget)
    socket.once('data', () => {
      this.#answered++
      // The driver removes all listeners from a socket that it upgrades to TLS.
      setImmediate(() => (socket.destroyed ? forget(false) : socket.once('close', forget)))
    })
  }
}
