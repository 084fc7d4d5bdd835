/** WebSocket upgrades, with bounds on what a client may make us buffer. */
import websocket from '@fastify/websocket'
import fastifyPlugin from 'fastify-plugin'
import { CLOSE_CODES } from '../../realtime/close-codes.ts'
import type { RawAnswers } from './raw-answers.ts'

/** Fragments of one message, and chunks of them, that may be buffered: a chat frame has one. */
const MAX_FRAGMENTS = 32
const MAX_BUFFERED_CHUNKS = 256

export default fastifyPlugin<{ rawAnswers: RawAnswers }>(async (app, { rawAnswers }) => {
  await app.register(websocket, {
    options: {
      maxPayload: app.config.sockets.maxFrameBytes,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_BUFFERED_CHUNKS,
      perMessageDeflate: false
    },
    // Closing sockets is a phase of the drain, with a code of its own.
    preClose: (done) => done(),
    // A handler that throws is a fault of ours.
    errorHandler: (_error, socket) => socket.close(CLOSE_CODES.internal)
  })
  app.websocketServer.on('wsClientError', rawAnswers.handshake)
}, { name: 'websocket', dependencies: ['services'], fastify: '5.x' })
