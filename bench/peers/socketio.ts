/** Peer: Socket.IO with its Redis adapter, as its documentation shows it, and one insert per message. */
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'
import { endOnSignal, openMessages, setting, type Author, type PeerMessage } from './peer.ts'

interface ClientEvents {
  join_chat: (request: { chatID: number, userID: number, username: string }) => void
  post_msg: (request: { chatID: number, text: string }) => void
}

interface ServerEvents {
  joined: () => void
  new_message: (message: PeerMessage) => void
}

const insert = await openMessages(setting('DATABASE_URL'))
const publisher = new Redis(setting('REDIS_URL'))
const subscriber = publisher.duplicate()

const http = createServer((_request, response) => { response.end('ready') })
const io = new Server<ClientEvents, ServerEvents>(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
  adapter: createAdapter(publisher, subscriber, { key: setting('REDIS_PREFIX') })
})

io.on('connection', (socket) => {
  let author: Author | undefined
  socket.on('join_chat', ({ chatID, userID, username }) => {
    author = { userID, username }
    void socket.join(`chat:${String(chatID)}`)
    socket.emit('joined')
  })
  socket.on('post_msg', ({ chatID, text }) => {
    if (author === undefined) return
    void insert(author, chatID, text).then((message) => io.to(`chat:${String(chatID)}`).emit('new_message', message))
  })
})

endOnSignal()
http.listen(Number(setting('PORT')), '127.0.0.1')
