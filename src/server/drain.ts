/** How a replica closes the connections of its clients: the first three phases of its end. */
import type { FastifyInstance } from 'fastify'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { CLOSE_CODES } from '../realtime/close-codes.ts'
import type { Connections } from '../realtime/connections.ts'
import type { PhaseLimits } from './lifecycle.ts'

/** How long clients have to answer a close before their sockets are cut, in milliseconds. */
const CLOSE_GRACE_MS = 1_000
const CLOSE_POLL_MS = 10
/** How long requests have to be answered before their connections are cut, in milliseconds. */
const REQUEST_GRACE_MS = 5_000
/** Time that a phase may take in addition to its waits, in milliseconds. */
const MARGIN_MS = 2_000
/** Time limit for closing the connections to other servers, in milliseconds. */
const RELEASE_LIMIT_MS = 10_000

/** The time limit of each phase of the end: the sum of its waits, and a margin. */
export function phaseLimits ({ drain, posting }: Pick<Config, 'drain' | 'posting'>): PhaseLimits {
  return {
    leaving: drain.delayMs + MARGIN_MS,
    draining: drain.windowMs + posting.deadlineMs + CLOSE_GRACE_MS + MARGIN_MS,
    closing: REQUEST_GRACE_MS + MARGIN_MS,
    flushing: posting.deadlineMs + MARGIN_MS,
    releasing: RELEASE_LIMIT_MS
  }
}

/** Waits until load balancers have noticed that readiness fails. */
export async function leave (app: FastifyInstance, delayMs: number): Promise<void> {
  app.log.info({ sockets: app.websocketServer.clients.size, delayMs }, 'readiness fails from now on')
  await delay(delayMs)
}

/** Closes all sockets, a few at a time, and cuts those whose clients do not answer. */
export async function closeSockets (app: FastifyInstance, connections: Connections, windowMs: number): Promise<void> {
  const { clients } = app.websocketServer
  app.log.info({ sockets: clients.size, windowMs }, 'sockets are closed')
  await connections.drain(windowMs)
  for (const client of clients) client.close(CLOSE_CODES.restart)
  const deadline = Date.now() + CLOSE_GRACE_MS
  while (clients.size > 0 && Date.now() < deadline) await delay(CLOSE_POLL_MS)
  if (clients.size > 0) app.log.info({ sockets: clients.size }, 'sockets that did not answer their close are cut')
  for (const client of clients) client.terminate()
}

/** The open connections of HTTP servers, those of upgrades too, which the servers do not know any more. */
export function trackConnections (servers: readonly Server[]): ReadonlySet<Socket> {
  const connections = new Set<Socket>()
  for (const server of servers) {
    server.on('connection', (socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
    })
  }
  return connections
}

/**
 * Ends the HTTP servers, also when a client leaves its request incomplete or an upgrade came to its end late.
 * @param second another one of the app
 */
export async function closeServers (
  app: FastifyInstance,
  second: Server | undefined,
  connections: ReadonlySet<Socket>
): Promise<void> {
  const cut = setTimeout(() => {
    for (const socket of connections) socket.destroy()
  }, REQUEST_GRACE_MS)
  const closed = second?.listening === true ? once(second, 'close') : undefined
  second?.close()
  await Promise.all([app.close(), closed])
  clearTimeout(cut)
}
