/** The user's chats with their unread messages, updated live. */
import {
  type Account,
  type ConfabClient,
  ConfabError,
  type Conversation,
  type LastMessage,
  type Message,
  type Person
} from '../../client/chatcli/index.ts'
import { Store } from './store.ts'

const PAGE_SIZE = 100

/** A chat in the list. */
export type ChatEntry = {
  chatID: number
  /** Display name of the other user. */
  name: string
  /** Undefined when the other user has left. */
  other: Person | undefined
  lastMessage: LastMessage | undefined
  unread: number
  updatedAt: string
}

/** State of the list. */
export type ChatListState = {
  entries: readonly ChatEntry[]
  status: 'loading' | 'ready' | 'failed'
  /** Whether there are older chats that were not loaded. */
  hasMore: boolean
}

/** The list. It follows every chat in it. */
export class ChatList {
  readonly state = new Store<ChatListState>({ entries: [], status: 'loading', hasMore: false })
  readonly #client: ConfabClient
  readonly #account: Account
  #pages = 1
  #readingID: number | undefined
  #refreshing: Promise<void> | undefined

  constructor (client: ConfabClient, account: Account) {
    this.#client = client
    this.#account = account
    client.on('message', (message) => this.#take(message))
    client.on('chats', () => void this.refresh())
  }

  /** Returns a chat of the list. */
  find (chatID: number): ChatEntry | undefined {
    return this.state.value.entries.find((entry) => entry.chatID === chatID)
  }

  /** Number of chats with unread messages. */
  get unreadChats (): number {
    return this.state.value.entries.filter(({ unread }) => unread > 0).length
  }

  /** Loads the list from the server. */
  refresh (): Promise<void> {
    this.#refreshing ??= this.#load().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Loads older chats. */
  loadMore (): Promise<void> {
    this.#pages++
    return this.refresh()
  }

  /** Sets the chat whose end the user has in view: its next messages do not become unread. */
  setReading (chatID: number | undefined): void {
    this.#readingID = chatID
  }

  /** Sets the number of unread messages of a chat, if that is less than it was. */
  lowerUnread (chatID: number, unread: number): void {
    if (unread < (this.find(chatID)?.unread ?? 0)) this.#change(chatID, { unread })
  }

  /** Removes a chat from the list. */
  remove (chatID: number): void {
    this.state.set({ entries: this.state.value.entries.filter((entry) => entry.chatID !== chatID) })
  }

  async #load (): Promise<void> {
    try {
      const pages = await Promise.all(
        Array.from({ length: this.#pages }, (_, index) =>
          this.#client.conversations({ page: index + 1, pageSize: PAGE_SIZE })
        )
      )
      const entries = new Map(
        pages.flatMap(({ items }) => items).map((conversation) => [conversation.chatID, this.#merge(conversation)])
      )
      for (const chatID of entries.keys()) this.#client.open(chatID)
      this.state.set({
        entries: sorted([...entries.values()]),
        status: 'ready',
        hasMore: (pages[0]?.totalPages ?? 0) > this.#pages
      })
    } catch (error) {
      if (!(error instanceof ConfabError)) throw error
      if (this.state.value.status === 'loading') this.state.set({ status: 'failed' })
    }
  }

  /** Messages that arrived while the request was running are newer than its answer. */
  #merge ({ chatID, name, people, lastMessage, unread, updatedAt }: Conversation): ChatEntry {
    const known = this.find(chatID)
    const knownID = known?.lastMessage?.messageID ?? 0
    const isKnownNewer = knownID > (lastMessage?.messageID ?? 0)
    // What was seen meanwhile may not have been reported yet.
    const isSame = known !== undefined && knownID === lastMessage?.messageID
    const other = people.find(({ userID }) => userID !== this.#account.userID)
    const left = this.#readingID === chatID ? 0 : isSame ? Math.min(known.unread, unread) : unread
    const entry = { chatID, name, other, lastMessage, unread: left, updatedAt }
    return known !== undefined && isKnownNewer
      ? { ...entry, lastMessage: known.lastMessage, unread: known.unread, updatedAt: known.updatedAt }
      : entry
  }

  #take ({ chatID, messageID, userID, text, timestamp }: Message): void {
    const entry = this.find(chatID)
    // A chat that the user has opened elsewhere, or one that is further down than what was loaded.
    if (entry === undefined && this.state.value.status === 'ready') void this.refresh()
    if (entry === undefined || messageID <= (entry.lastMessage?.messageID ?? 0)) return
    const isNew = userID !== this.#account.userID && chatID !== this.#readingID
    this.#change(chatID, {
      lastMessage: { messageID, userID, text, timestamp },
      updatedAt: timestamp,
      unread: isNew ? entry.unread + 1 : userID === this.#account.userID ? 0 : entry.unread
    })
  }

  #change (chatID: number, change: Partial<ChatEntry>): void {
    this.state.set({
      entries: sorted(
        this.state.value.entries.map((entry) => (entry.chatID === chatID ? { ...entry, ...change } : entry))
      )
    })
  }
}

function sorted (entries: readonly ChatEntry[]): ChatEntry[] {
  return [...entries].sort((one, other) => other.updatedAt.localeCompare(one.updatedAt) || other.chatID - one.chatID)
}
