/** What a chat needs of the client, and what it tells it. */
import type { BackoffBounds } from './backoff.ts'
import type { Cache } from './cache.ts'
import type { Chat } from './chat.ts'
import type { Connection } from './connection.ts'
import type { Http } from './http.ts'
import type { Outbox } from './outbox.ts'
import type { Missing } from './state/event-sequence.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { ChatEvent, ResetReason } from './types.ts'

/** Who wants to know what happens in the chat. */
export type ChatObserver = {
  onEvent: (event: ChatEvent) => void
  onGap: (chat: string, missing: Missing) => void
  onReset: (chat: string, reason: ResetReason) => void
  onChanged: (chat: Chat) => void
}

/** Dependencies. */
export type ChatOptions = {
  connection: Connection
  backoff: BackoffBounds
  http: Http
  cache: Cache
  outbox: Outbox
  subscriptions: Subscriptions
  observer: ChatObserver
  /** The user, if known. */
  me: () => string | null
  identify: () => Promise<string>
}
