/** `/v1/realtime/sse`: what a socket gets, for what cannot hold one. */
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { userIdOf } from '../../../domain/accounts/user-id.ts'
import { ChatError } from '../../../domain/errors.ts'
import type { FeedEvent } from '../../../domain/feeds/feeds.ts'
import { Connection } from '../../../realtime/connection.ts'
import { principalOf, requireCaller } from '../../http/principals.ts'
import type { Scope } from '../../http/scope.ts'
import { EXAMPLE_EVENT } from '../event.ts'
import { REALTIME } from '../tags.ts'
import { V1_CODEC } from './codec.ts'
import { EventStream } from './event-stream.ts'
import { drainFrame, feedFrame, problemFrame, resetFrame, welcomeFrame } from './server-frames.ts'
import { StreamCursor } from './stream-cursor.ts'
import { subscribe } from './subscribe.ts'

const MAX_CHATS = 100
const MAX_QUERY_LENGTH = 8_192
const COMMENT_INTERVAL_MS = 15_000

const EXAMPLE = `: 

id: WyI3ZjNhIiwxNyx7Im9yZGVyLTQ3MTEiOjExOH1d
data: ${JSON.stringify({ type: 'event', event: EXAMPLE_EVENT })}

`

const Query = Type.Object(
  {
    chats: Type.Optional(Type.String({
      maxLength: MAX_QUERY_LENGTH, description: `The ids of up to ${String(MAX_CHATS)} chats, with commas.`
    })),
    feed: Type.Optional(Type.Literal('1', { description: 'Also your feed.' }))
  },
  { additionalProperties: false }
)

/** Adds the route. */
export default async function eventStream (app: Scope): Promise<void> {
  requireCaller(app, { user: true, isNarrowed: true })
  app.get(
    '/realtime/sse',
    {
      config: { errors: ['invalid_input', 'too_many_sockets', 'draining'] },
      schema: {
        operationId: 'openEventStream',
        tags: [REALTIME],
        summary: 'Open a stream of server-sent events',
        description:
          'The frames that the server sends on the WebSocket, each as `data`. The `id` is a cursor over all that the ' +
          'stream follows: sent as `Last-Event-ID`, on any replica, nothing is missed. Use `fetch`, since the token ' +
          'comes in a header. A comment comes every 15 seconds.',
        querystring: Query,
        response: {
          200: {
            description: 'The stream.',
            content: {
              'text/event-stream': {
                schema: Type.Unsafe<EventStream>({ type: 'string', description: 'Server-sent events.' }),
                example: EXAMPLE
              }
            }
          }
        }
      }
    },
    async (request, reply) => {
      const names = chatsIn(request.query.chats)
      if (names.length === 0 && request.query.feed === undefined)
        throw new ChatError('invalid_input', 'The stream needs "chats" or "feed".')
      const lastId = request.headers['last-event-id']
      const cursor = typeof lastId === 'string' ? StreamCursor.decode(lastId) : undefined
      if (lastId !== undefined && cursor === undefined)
        throw new ChatError('invalid_input', 'The header "Last-Event-ID" must be the id of an event.')
      const stream = openStream(app, request, { names, hasFeed: request.query.feed !== undefined, cursor })
      return reply
        .header('content-type', 'text/event-stream; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .send(stream)
    }
  )
}

/** @throws {ChatError} `invalid_input` */
function chatsIn (text = ''): string[] {
  const names = [...new Set(text.split(',').filter((name) => name !== ''))]
  if (names.length > MAX_CHATS)
    throw new ChatError('invalid_input', `A stream follows up to ${String(MAX_CHATS)} chats.`)
  return names
}

type StreamRequest = { names: readonly string[], hasFeed: boolean, cursor: StreamCursor | undefined }

/** @throws {ChatError} `draining`, `too_many_sockets` */
function openStream (app: Scope, request: FastifyRequest, wanted: StreamRequest): EventStream {
  const { config: { sockets }, connections, hub, lifecycle, metrics, services, userFeeds } = app
  const principal = principalOf(request)
  if (!lifecycle.admitsSockets) throw new ChatError('draining')
  if (!connections.hasRoomFor(principal.userId)) throw new ChatError('too_many_sockets')
  const { current } = services.epoch
  const cursor = new StreamCursor([current, null, {}])
  const stream = new EventStream(cursor)
  const end = () => {
    stream.end()
  }
  const connection = new Connection({
    webSocket: { pause: () => undefined, resume: () => undefined, close: end, terminate: () => stream.destroy() },
    socket: stream,
    codec: V1_CODEC,
    principal,
    limits: sockets,
    metrics,
    farewell: drainFrame
  })
  stream.onPing = () => {
    connection.noteLife()
  }
  connections.add(connection)
  const timer = setInterval(() => stream.comment(), COMMENT_INTERVAL_MS)
  stream.on('close', () => {
    clearInterval(timer)
    connection.markClosed()
    connections.remove(connection)
    userFeeds.remove(connection)
    hub.remove(connection)
  })
  stream.comment()
  begin(app, connection, cursor, wanted).catch((error: unknown) => {
    request.log.error({ err: error }, 'a stream could not begin')
    stream.end()
  })
  return stream
}

async function begin (
  app: Scope, connection: Connection, cursor: StreamCursor, { names, hasFeed, cursor: last }: StreamRequest
): Promise<void> {
  const { config: { sockets }, hub, services: { chats, epoch, feeds, readMarks }, userFeeds } = app
  const { principal: { userId, username, chats: claim } } = connection
  const isOutdated = last !== undefined && last.epoch !== cursor.epoch
  if (isOutdated) connection.tell(resetFrame('epoch_changed'))
  const known = isOutdated ? undefined : last
  const greet = (pos: number) => connection.tell(welcomeFrame(undefined, {
    user: userIdOf(userId, username) ?? '',
    epoch: cursor.epoch,
    pos,
    heartbeat_ms: COMMENT_INTERVAL_MS,
    limits: {
      frame_bytes: sockets.maxFrameBytes, chats: MAX_CHATS, frames_per_second: sockets.framesPerSecond
    }
  }))
  if (hasFeed) {
    await userFeeds.follow(connection, (event: FeedEvent) => feedFrame(event, cursor.epoch, claim), (head) => {
      greet(head)
      const after = known?.feedPos ?? head
      if (after > head) connection.tell(problemFrame(new ChatError('position_unknown')))
      cursor.feedPos = Math.min(after, head)
      return cursor.feedPos
    })
  } else greet((await feeds.heads([userId])).get(userId) ?? 0)
  if (names.length === 0) return
  await subscribe({ connection, context: { hub, epoch } }, { chats, readMarks }, {
    chats: names.map((chat) => ({ chat, after: known?.seqs.get(chat) }))
  })
}
