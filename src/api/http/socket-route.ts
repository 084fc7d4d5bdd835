/** Mounts the socket routes of faces. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ChatError } from '../../domain/errors.ts'
import type { SocketContext } from '../../realtime/socket-context.ts'
import type { Command, SocketProtocol } from '../../realtime/socket-protocol.ts'
import { SocketSession } from '../../realtime/socket-session.ts'
import type { UpgradeDescription } from './face.ts'

/** The description of a route, its frames, and how its tokens are authenticated. */
export type SocketRoute<Own extends Command> = {
  upgrade: UpgradeDescription
  protocol: SocketProtocol<Own>
  authenticate: SocketContext['authenticate']
  /**
   * Returns the token of an upgrade, where the socket is authenticated by that: the upgrade is refused without one.
   * Without this function the protocol has a frame for it.
   */
  upgradeToken?: (request: FastifyRequest) => string | undefined
}

/**
 * Adds a route whose upgrades become sockets of a protocol, if the gate (`websocket-gate.ts`) admits them.
 * @throws when the hub does not know the codec, as no event could be shown then
 */
export function addSocketRoute<Own extends Command> (
  app: FastifyInstance,
  url: string,
  { upgrade, protocol, authenticate, upgradeToken }: SocketRoute<Own>
): void {
  const { codec, followingCodec = codec, commandTypes, answerTypes } = protocol
  for (const { name } of [codec, followingCodec].filter((own) => !app.hub.hasCodec(own)))
    throw new Error(`The hub has no codec of the name ${name}.`)
  app.metrics.framesReceived.declare(commandTypes)
  app.metrics.framesSent.declare([...answerTypes, codec.eventFrameType, followingCodec.eventFrameType])
  const context = socketContext(app, authenticate)

  const { schema, errors, origins, refusals } = upgrade
  const authenticateUpgrade = upgradeToken && (async (request: FastifyRequest) => {
    const token = upgradeToken(request)
    if (token === undefined) throw new ChatError('unauthenticated')
    await authenticate(token)
  })
  const config = {
    errors,
    isSocket: true,
    origins,
    authenticateUpgrade,
    ...(refusals !== undefined && { refusals })
  } as const
  app.get(url, { websocket: true, schema, config }, (webSocket, request) => {
    const { socket } = request.raw
    const admission = app.websocketGate.admit(request)
    // The library's own listener would answer every error with a close of its own.
    webSocket.removeAllListeners('error')
    // Authenticated once more: its session may have ended since the gate, when no socket of it was known yet.
    new SocketSession({ context, protocol, webSocket, socket, admission, token: upgradeToken?.(request) })
  })
}

function socketContext (app: FastifyInstance, authenticate: SocketContext['authenticate']): SocketContext {
  const { config, hub, following, userFeeds, presence, watchedUsers, connections } = app
  const { shares, services, metrics, tracing, log } = app
  return {
    limits: config.sockets,
    isRateLimited: config.rateLimits,
    userFrames: shares.frames,
    hub,
    following,
    userFeeds,
    presence,
    watchedUsers,
    connections,
    epoch: services.epoch,
    authenticate,
    post: (post) => services.messages.post(post),
    change: (change) => services.messages.change(change),
    metrics,
    tracing,
    log
  }
}
