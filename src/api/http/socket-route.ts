/** Mounts the socket routes of faces. */
import type { FastifyInstance } from 'fastify'
import type { SocketContext } from '../../realtime/socket-context.ts'
import type { Command, SocketProtocol } from '../../realtime/socket-protocol.ts'
import { SocketSession } from '../../realtime/socket-session.ts'
import type { UpgradeDescription } from './face.ts'

/**
 * Adds a route whose upgrades become sockets of a protocol, if the gate (`websocket-gate.ts`) admits them.
 * @throws when the hub does not know the codec, as no event could be shown then
 */
export function addSocketRoute<Own extends Command> (
  app: FastifyInstance,
  url: string,
  { upgrade, protocol }: { upgrade: UpgradeDescription, protocol: SocketProtocol<Own> }
): void {
  const { codec, commandTypes, answerTypes } = protocol
  if (!app.hub.hasCodec(codec)) throw new Error(`The hub has no codec of the name ${codec.name}.`)
  app.metrics.framesReceived.declare(commandTypes)
  app.metrics.framesSent.declare([...answerTypes, codec.eventFrameType])
  const context = socketContext(app)

  const { schema, errors } = upgrade
  app.get(url, { websocket: true, schema, config: { errors, isSocket: true } }, (webSocket, request) => {
    const { socket } = request.raw
    const admission = app.websocketGate.admit(request)
    // The library's own listener would answer every error with a close of its own.
    webSocket.removeAllListeners('error')
    new SocketSession({ context, protocol, webSocket, socket, admission })
  })
}

function socketContext (app: FastifyInstance): SocketContext {
  const { config, hub, connections, services, accessTokens, metrics, tracing, log } = app
  return {
    limits: config.sockets,
    isRateLimited: config.rateLimits,
    hub,
    connections,
    epoch: services.epoch,
    authenticate: (token) => accessTokens.authenticate(token),
    post: (post) => services.messages.post(post),
    metrics,
    tracing,
    log
  }
}
