/** The client library: its public exports. */
export type { BackoffBounds } from '../backoff.ts'
export { isBlank } from './blank-text.ts'
export type { Chat, ChatEvents } from './chat.ts'
export { ConfabClient } from './client.ts'
export type { ClientEvents, ClientOptions, HistoryRange } from './client-options.ts'
export type {
  Account, ChatSummary, Conversation, LastMessage, Page, PageOptions, PeopleOptions, Person
} from './directory.ts'
export { ConfabError, type ConfabErrorDetails } from './errors.ts'
export type { CallOptions } from './http.ts'
export type { LoginSession } from './login-session.ts'
export type { AddedChat } from './login.ts'
export type { DeletedMessage, Message } from './message.ts'
export { newClientMessageID, type Acknowledgement, type PostOptions } from './outbox.ts'
export type { Tokens } from './session.ts'
export type { ConnectionState, SocketConstructor, SocketLike } from '../socket.ts'
