/** A second port of a replica: whatever comes in there is served like on the first. */
import type { FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Config } from '../config/config.ts'
import { explainListening } from '../lib/listening.ts'
import { CHATCLI_SOCKET_NAMES } from '../preflight/ports.ts'
import { httpLimits } from './app.ts'

/** The events of an HTTP server that Fastify and its plugins answer. */
const EVENTS = ['request', 'upgrade', 'checkExpectation', 'clientError'] as const

/**
 * The server of `CHATCLI_WS_PORT`, if that is configured; {@link listenOnSecondPort} opens it. It hands requests and
 * upgrades to the first server, so that they pass the same hooks, and its sockets are counted and drained with the
 * others.
 */
export function createSecondServer (app: FastifyInstance, config: Config): Server | undefined {
  if (config.chatcliSocket === undefined) return undefined
  const server = createServer(httpLimits(config))
  for (const event of EVENTS) server.on(event, (...details: unknown[]) => app.server.emit(event, ...details))
  return server
}

/** Opens the port. @throws {ListenError} when that is not possible */
export async function listenOnSecondPort (
  server: Server | undefined, { chatcliSocket: address }: Config, backlog: number
): Promise<void> {
  if (server === undefined || address === undefined) return
  server.listen({ ...address, backlog })
  await explainListening(once(server, 'listening'), address, CHATCLI_SOCKET_NAMES)
}
