/**
 * The gate of every WebSocket of any face: an upgrade that must not become a socket is answered by plain HTTP, and its
 * connection is closed.
 */
import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { ServerResponse } from 'node:http'
import { asChatError, ChatError } from '../../domain/errors.ts'
import type { Admission } from '../../realtime/socket-context.ts'
import { networkOfRequest } from './network.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Upgrades of the route become sockets; other requests to it are refused. */
    isSocket?: true
    /** Further values of `Origin` that the upgrade accepts. */
    origins?: readonly string[] | undefined
    /**
     * Authenticates the upgrade, where that does not follow by a frame.
     * @throws {ChatError} `unauthenticated`
     */
    authenticateUpgrade?: ((request: FastifyRequest) => Promise<unknown>) | undefined
  }
  interface FastifyRequest {
    /** The response of an upgrade, which is never sent. */
    upgradeResponse: ServerResponse | null
  }
  interface FastifyInstance {
    websocketGate: {
      /** Counts an upgrade that has become a socket, which is not authenticated yet. */
      admit: (request: FastifyRequest) => Admission
    }
  }
}

export default fastifyPlugin(
  async (app) => {
    const { rateLimits, sockets: { maxSockets, maxUnauthenticatedPerAddress } } = app.config
    /** Number of sockets that are not authenticated yet, by network. */
    const unauthenticated = new Map<string, number>()
    const count = (network: string, change: 1 | -1) => {
      const next = (unauthenticated.get(network) ?? 0) + change
      if (next === 0) unauthenticated.delete(network)
      else unauthenticated.set(network, next)
    }

    /** @throws {ChatError} when the upgrade must not become a socket */
    const check = (request: FastifyRequest) => {
      const { origins } = request.routeOptions.config
      if (origins?.includes(request.headers.origin ?? '') !== true) app.origins.check(request)
      if (!app.lifecycle.admitsSockets) {
        app.metrics.overloadRefusals.add('draining')
        throw new ChatError('draining')
      }
      app.overload.check()
      if (app.websocketServer.clients.size >= maxSockets) {
        app.metrics.overloadRefusals.add('sockets')
        throw new ChatError('too_many_sockets')
      }
      if (rateLimits && (unauthenticated.get(networkOfRequest(request)) ?? 0) >= maxUnauthenticatedPerAddress) {
        app.metrics.overloadRefusals.add('unauthenticated')
        throw new ChatError('too_many_sockets')
      }
    }

    const authenticate = async (request: FastifyRequest) => {
      try {
        await request.routeOptions.config.authenticateUpgrade?.(request)
      } catch (error) {
        const { code } = asChatError(error)
        app.metrics.authFailures.add(code === 'unauthenticated' ? 'refused' : 'unavailable')
        request.log.info({ event: 'socket', result: code, address: request.ip }, 'authentication')
        throw error
      }
    }

    app.decorateRequest('upgradeResponse', null)
    app.decorate('websocketGate', {
      admit (request) {
        // The request is finished. References from it would keep the response in memory while the socket is open.
        request.upgradeResponse?.detachSocket(request.raw.socket)
        const network = networkOfRequest(request)
        count(network, 1)
        return { address: request.ip, release: () => count(network, -1) }
      }
    })
    app.addHook('onRequest', async (request, reply) => {
      const { config, url } = request.routeOptions
      if (config.isSocket !== true) {
        if (!request.ws) return
        if (url === undefined) throw new ChatError('unknown_route')
        throw new ChatError('invalid_input', 'There is no WebSocket at this URL.')
      }
      if (!request.ws) throw new ChatError('invalid_input', 'This is a WebSocket: connect with the ws or wss scheme.')
      check(request)
      await authenticate(request)
      request.upgradeResponse = reply.raw
    })
  },
  { name: 'websocket-gate', dependencies: ['services', 'websocket', 'overload', 'origins'], fastify: '5.x' }
)
