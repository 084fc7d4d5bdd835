/**
 * The floor for fan-out: raw sockets and ready bytes. No library, no database, no Redis, no encoding: what is left is
 * the price of the writes themselves, one frame at a time or FRAMES_PER_WRITE of them in one write.
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
const members = new Set<Duplex>()

/** Client frames arrive with a zero mask, so the bytes can be searched as they are. */
function receive (socket: Duplex, data: Buffer): void {
  if (data.includes('"join_chat"')) {
    members.add(socket)
    socket.write(joined)
    return
  }
  for (let at = 0; at + 1 < data.length; at += frameLength(data, at)) {
    for (const member of members) member.write(ready)
  }
}

function frameLength (data: Buffer, at: number): number {
  const length = data.readUInt8(at + 1) - MASKED_SHORT
  return length < 126 ? 6 + length : 8 + data.readUInt16BE(at + 2)
}

const http = createServer((_request, response) => { response.end('ready') })
http.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
  socket.write(upgradeAnswer(request.headers['sec-websocket-key'] ?? ''))
  socket.on('data', (data: Buffer) => { receive(socket, data) })
  socket.on('error', () => { members.delete(socket) })
  socket.on('close', () => { members.delete(socket) })
})

endOnSignal()
http.listen(Number(setting('PORT')), '127.0.0.1')
