/** The events that a client emits. */
import type { ConfabProblem } from './problem.ts'
import type { ConnectionState } from './socket.ts'
import type { Missing } from './state/event-sequence.ts'
import type { ChatEvent, EventOf, EventType, FeedEvent, ResetReason } from './types.ts'

/** Events of the client: those of followed chats by their types, and its own. */
export type ClientEvents = { [Type in EventType]: EventOf<Type> } & {
  /** Any event of a followed chat. */
  event: ChatEvent
  /** An event of the user's own feed. */
  feed: FeedEvent
  state: ConnectionState
  /**
   * There is no connection, for this reason: a token that is refused, or that `getToken` has not returned. Without a
   * listener the console shows it.
   */
  problem: ConfabProblem
  /** Events of a chat were missing; they are read again. */
  gap: Missing & { readonly chat: string }
  /** What was known is void, of a chat or of all: it is loaded again. */
  reset: { readonly chat?: string, readonly reason: ResetReason }
}
