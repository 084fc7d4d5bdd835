/**
 * TCP connections to Postgres that notice a server which does not answer: a host that lost its power or its network
 * closes nothing, and the kernel goes on trying for a quarter of an hour.
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

/**
 * What postgres.js calls for each connection. It may write before the socket is connected, as Node keeps that.
 * @param hosts the one that served last is asked first, and the next when it refuses
 * @param silenceMs how long an answer may take before the socket is destroyed with `ETIMEDOUT`; 0 for ever
 */
export function createPostgresSockets (hosts: readonly [PostgresHost, ...PostgresHost[]], silenceMs: number): (options: { path?: unknown }) => Socket {
  let preferred = 0
  return ({ path }) => {
    const index = preferred
    const place = hosts[index] ?? hosts[0]
    // The name is what a certificate is checked against.
    const socket = typeof path === 'string' ? net.connect(path) : Object.assign(net.connect({ ...place, noDelay: true }), place)
    destroyWhenSilent(socket, silenceMs)
    const openedAt = performance.now()
    socket.once('close', (hadError) => {
      // Nobody is there, or a standby where a primary is wanted.
      const isRefused = hadError || socket.bytesRead === 0 || performance.now() - openedAt < SHORTEST_LIFE_MS
      if (isRefused && preferred === index) preferred = (index + 1) % hosts.length
    })
    return socket
  }
}

/** A socket with nothing to answer may be silent for ever. */
function destroyWhenSilent (socket: Socket, silenceMs: number): void {
  let answered = 0
  socket.on('data', () => { answered = socket.bytesWritten })
  socket.setTimeout(silenceMs, () => {
    if (socket.bytesWritten > answered || socket.connecting) socket.destroy(Object.assign(new Error('Postgres does not answer.'), { code: 'ETIMEDOUT' }))
  })
}
