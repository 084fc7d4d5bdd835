/**
 * Peer: what a good developer writes in an afternoon with Fastify, ws and ioredis. One insert per message, published as
 * JSON after the insert, sent by every replica to each of its sockets in the chat.
 */
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import type { WebSocket } from 'ws'
import { endOnSignal, openMessages, setting, type Author } from './peer.ts'

interface Frame { type?: unknown, chatID?: unknown, userID?: unknown, username?: unknown, text?: unknown }

const isFrame = (value: unknown): value is Frame => typeof value === 'object' && value !== null

const prefix = setting('REDIS_PREFIX')
const insert = await openMessages(setting('DATABASE_URL'))
const publisher = new Redis(setting('REDIS_URL'))
const subscriber = publisher.duplicate()
const rooms = new Map<string, Set<WebSocket>>()

subscriber.on('message', (channel, json) => {
  for (const socket of rooms.get(channel) ?? []) socket.send(json)
})

async function join (channel: string, socket: WebSocket): Promise<void> {
  const room = rooms.get(channel)
  if (room === undefined) {
    rooms.set(channel, new Set([socket]))
    await subscriber.subscribe(channel)
  } else {
    room.add(socket)
  }
}

function leave (channel: string, socket: WebSocket): void {
  const room = rooms.get(channel)
  room?.delete(socket)
  if (room?.size !== 0) return
  rooms.delete(channel)
  void subscriber.unsubscribe(channel)
}

async function post (author: Author, chatID: number, text: string): Promise<void> {
  const message = await insert(author, chatID, text)
  await publisher.publish(`${prefix}${String(chatID)}`, JSON.stringify({ type: 'new_message', ...message }))
}

function converse (socket: WebSocket): void {
  let author: Author | undefined
  socket.on('message', (data: Buffer) => {
    const frame: unknown = JSON.parse(data.toString())
    if (!isFrame(frame) || typeof frame.chatID !== 'number') return
    if (frame.type === 'join_chat' && typeof frame.userID === 'number' && typeof frame.username === 'string') {
      const channel = `${prefix}${String(frame.chatID)}`
      author = { userID: frame.userID, username: frame.username }
      void join(channel, socket).then(() => { socket.send('{"type":"joined"}') })
      socket.on('close', () => { leave(channel, socket) })
    } else if (frame.type === 'post_msg' && typeof frame.text === 'string' && author !== undefined) {
      void post(author, frame.chatID, frame.text)
    }
  })
}

const app = Fastify()
await app.register(websocket, { options: { perMessageDeflate: false } })
await app.register(async (routes) => { routes.get('/ws', { websocket: true }, converse) })
app.get('/readyz', () => 'ready')

endOnSignal()
await app.listen({ port: Number(setting('PORT')), host: '127.0.0.1', backlog: 4096 })
