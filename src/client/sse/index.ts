/** For networks that let no WebSocket through: the same by server-sent events and requests. */
export { EventStreamSocket } from './event-stream-socket.ts'
export { orEventStream } from './fallback.ts'
