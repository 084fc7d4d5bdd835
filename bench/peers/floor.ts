/**
 * The floor for deliveries: raw sockets and ready bytes. No library, no database, no Redis, no encoding: what is left
 * is the price of the writes themselves, one frame at a time or FRAMES_PER_WRITE of them in one write.
 */
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { serverFrame, upgradeAnswer } from '../load/frames.ts'
import { endOnSignal, setting } from './peer.ts'

/** As long as a message of the other servers. */
const message = {
  type: 'new_message',
  messageID: 123456,
  chatID: 1,
  userID: 1,
  username: 'user000001',
  message: '0'.repeat(64),
  timestamp: '2026-01-01T00:00:00.000Z'
}
const FRAMES_PER_WRITE = Number(setting('FRAMES_PER_WRITE'))
const ready = Buffer.concat(Array.from({ length: FRAMES_PER_WRITE }, () => serverFrame(JSON.stringify(message))))
const joined = serverFrame('{"type":"joined"}')
const MASKED_SHORT = 0x80
const CHAT = '"chatID":'
const members = new Map<string, Set<Duplex>>()

/** Client frames arrive with a zero mask, so the bytes can be searched as they are. */
function receive (socket: Duplex, data: Buffer): void {
  const chat = chatOf(data)
  const ofChat = members.get(chat) ?? new Set()
  members.set(chat, ofChat)
  if (data.includes('"join_chat"')) {
    ofChat.add(socket)
    socket.write(joined)
    return
  }
  for (let at = 0; at + 1 < data.length; at += frameLength(data, at)) {
    for (const member of ofChat) member.write(ready)
  }
}

/** A socket posts to one chat only. */
function chatOf (data: Buffer): string {
  const start = data.indexOf(CHAT)
  return start < 0
    ? ''
    : (/^\d+/.exec(data.toString('latin1', start + CHAT.length, start + CHAT.length + 10))?.[0] ?? '')
}

function frameLength (data: Buffer, at: number): number {
  const length = data.readUInt8(at + 1) - MASKED_SHORT
  return length < 126 ? 6 + length : 8 + data.readUInt16BE(at + 2)
}

const http = createServer((_request, response) => {
  response.end('ready')
})
http.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
  socket.write(upgradeAnswer(request.headers['sec-websocket-key'] ?? ''))
  socket.on('data', (data: Buffer) => {
    receive(socket, data)
  })
  const leave = () => {
    for (const ofChat of members.values()) ofChat.delete(socket)
  }
  socket.on('error', leave)
  socket.on('close', leave)
})

endOnSignal()
http.listen(Number(setting('PORT')), '127.0.0.1')
