/** `/ws`: upgrades, from pages that may and within the number of sockets that this replica takes. */
import type { FastifyInstance } from 'fastify'
import type { ServerResponse } from 'node:http'
import { ChatError } from '../../../domain/errors.ts'
import { SOCKET } from './description.ts'
import { ChatSocket } from './socket.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The response that an upgrade never sends. */
    upgradeResponse: ServerResponse | null
  }
}

/** Mounts the route. */
export default async function socketRoute (app: FastifyInstance): Promise<void> {
  app.decorateRequest('upgradeResponse', null)

  app.get('/ws', {
    websocket: true,
    config: { operation: SOCKET },
    preValidation: async (request, reply) => {
      if (!request.ws) throw new ChatError('invalid_input', 'This is a WebSocket: connect with the ws or wss scheme.')
      app.origins.check(request)
      if (!app.lifecycle.admitsSockets) {
        app.metrics.overloadRefusals.add('draining')
        throw new ChatError('draining')
      }
      if (app.websocketServer.clients.size >= app.config.sockets.maxSockets) {
        app.metrics.overloadRefusals.add('sockets')
        throw new ChatError('too_many_sockets')
      }
      request.upgradeResponse = reply.raw
    }
  }, (webSocket, request) => {
    const { socket } = request.raw
    // The request has done its part. What still refers to it would keep it for as long as the socket is open.
    request.upgradeResponse?.detachSocket(socket)
    webSocket.removeAllListeners('error')
    new ChatSocket(app, webSocket, socket)
  })
}
