/** Where messages go: into the event writer, or into what stands before it. */
import type { EventWriter } from './event-writer.ts'

/** See {@link EventWriter}; the gate adds `message_refused` and `hook_failed` to its errors. */
export type Poster = Pick<EventWriter, 'post' | 'change' | 'onCommitted' | 'waiting' | 'inLine' | 'flush'>
