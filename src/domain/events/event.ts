/** The events of a chat's log. */
import type { Message } from './message.ts'

/** A message was posted. The event is the message object itself, so that the writer creates one object for both. */
export type MessageCreated = Message & { readonly kind: 'message.created' }

/**
 * An event of a chat's log, discriminated by `kind`. Every event has a `seq`, its number in its chat in commit order. A
 * face shows the kinds that its clients know and skips the seqs of the others.
 */
export type ChatEvent = MessageCreated
