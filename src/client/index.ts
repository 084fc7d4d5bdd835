/** `confab/client` in a browser: the platform has everything. */
import { ConfabClient as Client, type ClientOptions } from './client.ts'
import type { SocketConstructor } from './realtime.ts'

export type { Acknowledgement, PostOptions } from './outbox.ts'
export type { Chat, ChatEvents } from './chat.ts'
export type { ChatSummary, ClientEvents, HistoryRange } from './client.ts'
export type { Account, Conversation, LastMessage, Page, PageOptions, Person } from './directory.ts'
export type { ConnectionState } from './realtime.ts'
export { ConfabError } from './errors.ts'
export { newClientMessageID } from './outbox.ts'
export type { Message } from './message.ts'
export type { Tokens } from './session.ts'

declare const WebSocket: SocketConstructor
declare const addEventListener: ((name: 'online', listener: () => void) => void) | undefined

/** How to reach a server; see {@link ClientOptions}. */
export type Options = Omit<ClientOptions, 'socket'>

/** A server as one user sees it. */
export class ConfabClient extends Client {
  constructor (options: Options) {
    super({ ...options, socket: WebSocket })
    // The browser knows first when the network is back.
    if (typeof addEventListener === 'function') addEventListener('online', () => this.reconnectNow())
  }
}
