/**
 * The state of one login: its tokens, its socket, its followed chats, its unsent posts. It ends as a whole, so that no
 * state of one user can reach the next one who logs in on the same client.
 */
import type { BackoffBounds } from '../backoff.ts'
import { Chat } from './chat.ts'
import { ConfabError } from './errors.ts'
import type { Http } from './http.ts'
import { integerOf, textOf } from '../json.ts'
import { type DeletedMessage, deletedMessageOf, type Message, messageOf } from './message.ts'
import { Outbox } from './outbox.ts'
import { Realtime } from './realtime.ts'
import { Session, type Tokens } from './session.ts'
import type { ConnectionState, SocketConstructor } from '../socket.ts'
import { onWakeUp } from '../wake-up.ts'

/** Dependencies of a login; times in milliseconds. */
export type LoginOptions = {
  url: string
  http: Http
  tokens: Tokens
  sharedTokens: (() => Tokens | undefined) | undefined
  socket: SocketConstructor
  backoff: BackoffBounds
  timeoutMs: number
  heartbeatMs: number
  onTokens: (tokens: Tokens) => void
  onState: (state: ConnectionState) => void
  /** Whether all chats of the user are followed, joined or not. */
  followAll: boolean
  onMessage: (message: Message) => void
  onEdited: (message: Message) => void
  onDeleted: (message: DeletedMessage) => void
  /** Called when another user has brought this one into a chat. */
  onChats: (added: AddedChat) => void
  /** Called once, when the server has ended the session. */
  onEnd: () => void
  onUnopened: () => void
  /** Receives the error of a listener of the program. */
  reportFailure: (error: unknown) => void
}

/** A chat that another user has opened with this one, or added this one to. */
export type AddedChat = { chatID: number, creator: string }

/** One user's login, connected or not. */
export class Login {
  readonly session: Session
  readonly realtime: Realtime
  readonly #options: LoginOptions
  readonly #chats = new Map<number, Chat>()
  readonly #outboxes = new Map<number, Outbox>()
  #stopWatching: (() => void) | undefined

  constructor (options: LoginOptions) {
    this.#options = options
    const { url, http, tokens, sharedTokens, socket, backoff, timeoutMs, heartbeatMs, onTokens, onUnopened } = options
    this.session = new Session({
      http,
      tokens,
      sharedTokens,
      onTokens,
      onEnd: () => {
        this.end()
        options.onEnd()
      }
    })
    this.realtime = new Realtime({ url, session: this.session, socket, backoff, timeoutMs, heartbeatMs, onUnopened })
    // Before the chats are joined.
    if (options.followAll)
      this.realtime.on('state', (state) => {
        if (state === 'online') this.realtime.send({ type: 'join_idle' })
      })
    this.realtime.on('state', options.onState)
    this.realtime.on('frame', (frame) => this.#take(frame))
  }

  /** Number of posts without an acknowledgement. */
  get pendingPosts (): number {
    return [...this.#outboxes.values()].reduce((sum, outbox) => sum + outbox.size, 0)
  }

  /** Connects, unless it has started to already. */
  start (): void {
    this.#stopWatching ??= onWakeUp((wakeUp) => this.realtime.wakeUp(wakeUp))
    this.realtime.start()
  }

  /** Follows a chat: from now on, or after a seq. */
  open (chatID: number, after: number | undefined): Chat {
    const known = this.#chats.get(chatID)
    if (known !== undefined) return known
    const { backoff, followAll, onMessage, reportFailure } = this.#options
    const chat = new Chat({
      chatID,
      after,
      realtime: this.realtime,
      outbox: this.outbox(chatID),
      backoff,
      isFollowed: followAll,
      onMessage,
      onClose: () => {
        this.#chats.delete(chatID)
      },
      reportFailure
    })
    this.#chats.set(chatID, chat)
    return chat
  }

  /** The posts of a chat. */
  outbox (chatID: number): Outbox {
    const known = this.#outboxes.get(chatID)
    if (known !== undefined) return known
    const outbox = new Outbox(chatID, this.realtime, this.#options.backoff)
    this.#outboxes.set(chatID, outbox)
    return outbox
  }

  /** The followed chat with an id. */
  chat (chatID: number): Chat | undefined {
    return this.#chats.get(chatID)
  }

  /** Disconnects, and fails pending posts. The session stays valid, and can be started again. */
  close (error: ConfabError): void {
    this.#stopWatching?.()
    this.#stopWatching = undefined
    const chats = [...this.#chats.values()]
    const outboxes = [...this.#outboxes.values()]
    this.#chats.clear()
    this.#outboxes.clear()
    for (const outbox of outboxes) outbox.close(error)
    for (const chat of chats) chat.end(error)
    this.realtime.stop(error)
  }

  /** Ends it for good. Pending and later requests fail with `logged_out`. */
  end (): void {
    this.session.end()
    this.close(new ConfabError('logged_out', 'The session has ended.'))
  }

  #take (frame: unknown): void {
    const type = textOf(frame, 'type')
    if (type === 'new_message' || type === 'edited_message') {
      const message = messageOf(frame)
      if (message !== undefined) this.#takeMessage(message, type)
    } else if (type === 'deleted_message') {
      const message = deletedMessageOf(frame)
      if (message === undefined) return
      this.#chats.get(message.chatID)?.remove(message)
      this.#options.onDeleted(message)
    } else if (type === 'chat_created')
      this.#options.onChats({ chatID: integerOf(frame, 'chatID') ?? 0, creator: textOf(frame, 'creator') ?? '' })
  }

  #takeMessage (message: Message, type: 'new_message' | 'edited_message'): void {
    const { onMessage, onEdited } = this.#options
    const chat = this.#chats.get(message.chatID)
    if (type === 'edited_message') {
      chat?.edit(message)
      onEdited(message)
    } else if (chat === undefined) onMessage(message)
    else chat.take(message)
  }
}
