/** One chat on the screen: the loaded messages, in order and without a gap, and the posts that are being sent. */
import { type Chat, type ConfabClient, ConfabError, type Message } from '../../client/chatcli/index.ts'
import { firstUnread } from './first-unread.ts'
import type { Outgoing, Post } from './outgoing.ts'
import { Store } from './store.ts'

const PAGE = 50
/** Size of the pages that bring a chat with more unread messages than a page. */
const MAX_PAGE = 200
/** So many unread messages are loaded at once, so that reading begins with the first of them. */
const MAX_UNREAD = 1_000
/** Read messages that are loaded above the first unread one. */
const CONTEXT = 20
/** Minimum time between two reports of what was seen, in milliseconds. */
const REPORT_MS = 250
/** The text of a deleted message, as in the history. */
const DELETED_TEXT = '--deleted--'

/** State of a chat. */
export type ConversationState = {
  messages: readonly Message[]
  posts: readonly Post[]
  status: 'loading' | 'ready' | 'failed'
  /** Messages before the loaded ones. */
  older: 'none' | 'some' | 'loading' | 'failed'
  /** The seq of the first message that was unread when the chat was opened. */
  firstNew: number | undefined
  /** Why the user can no longer follow the chat. */
  refusal: string | undefined
}

/** Dependencies of an open chat. */
export type ConversationOptions = {
  client: ConfabClient
  outgoing: Outgoing
  chatID: number
  /** The signed-in user. */
  userID: number
  /** Called with the number of loaded messages of others that were not seen yet, when that gets smaller. */
  onSeen: (unread: number) => void
}

/** An open chat. */
export class Conversation {
  readonly chatID: number
  readonly state = new Store<ConversationState>({
    messages: [],
    posts: [],
    status: 'loading',
    older: 'none',
    firstNew: undefined,
    refusal: undefined
  })

  readonly #client: ConfabClient
  readonly #outgoing: Outgoing
  readonly #options: ConversationOptions
  readonly #chat: Chat
  readonly #ends: (() => void)[]
  #isFilling = false
  /** The seqs up to which the user has seen the chat, and the server knows it. */
  #seenSeq = 0
  #reportedSeq = 0
  #isReporting = false

  constructor (options: ConversationOptions) {
    const { client, outgoing, chatID } = options
    this.chatID = chatID
    this.#client = client
    this.#outgoing = outgoing
    this.#options = options
    this.#chat = client.open(chatID)
    this.#ends = [
      this.#chat.on('message', (message) => this.#take(message)),
      this.#chat.on('edited', (message) => this.#change(message)),
      this.#chat.on('deleted', ({ messageID }) => this.#change({ messageID, text: DELETED_TEXT })),
      // The chat was joined at a position after the loaded messages: those in between were not delivered.
      this.#chat.on('joined', ({ seq }) => void this.#fill(seq)),
      this.#chat.on('reset', () => void this.load()),
      this.#chat.on('refused', ({ message }) => this.state.set({ refusal: message })),
      outgoing.posts.follow(() => this.#takePosts()),
      client.on('state', (state) => {
        if (state === 'online') this.#resume()
      })
    ]
  }

  /** Posts a text. */
  post (text: string): void {
    this.#outgoing.post(this.chatID, text)
  }

  /** Loads the newest messages. @param unread number of unread ones */
  async load (unread = 0): Promise<void> {
    this.state.set({ messages: [], status: 'loading', older: 'none', firstNew: undefined })
    try {
      const { messages, isWhole } = await this.#loadNewest(Math.min(unread, MAX_UNREAD) + CONTEXT)
      this.state.set({ status: 'ready', refusal: undefined, older: isWhole ? 'none' : 'some' })
      this.#add(messages)
      this.markNew(unread)
      await this.#fill(this.#chat.lastSeq ?? 0)
    } catch (error) {
      this.state.set({ status: 'failed', refusal: refusalOf(error) })
    }
  }

  /** Loads the messages before those that are loaded. */
  async loadOlder (): Promise<void> {
    const {
      messages: [oldest],
      older
    } = this.state.value
    if (oldest === undefined || older === 'none' || older === 'loading') return
    this.state.set({ older: 'loading' })
    try {
      const { messages, isWhole } = await this.#loadBefore(oldest.seq, PAGE)
      this.#add(messages)
      this.state.set({ older: isWhole ? 'none' : 'some' })
    } catch {
      this.state.set({ older: 'failed' })
    }
  }

  /** Marks the messages up to a seq, which were shown to the user, as read. */
  see (seq: number): void {
    if (seq <= this.#seenSeq) return
    this.#seenSeq = seq
    const { userID, onSeen } = this.#options
    onSeen(this.state.value.messages.filter((message) => message.seq > seq && message.userID !== userID).length)
    void this.#report()
  }

  /** Marks the newest messages as unread, or none. */
  markNew (unread: number): void {
    const firstNew = firstUnread(this.state.value.messages, unread, this.#options.userID)
    if (this.state.value.firstNew !== firstNew) this.state.set({ firstNew })
  }

  /** Hides the chat. It is still followed, for the list. */
  close (): void {
    for (const end of this.#ends) end()
  }

  /** Handles a live message. Before the history is loaded it would stand alone; the history will contain it. */
  #take (message: Message): void {
    if (this.state.value.status === 'ready') this.#add([message])
  }

  #change ({ messageID, text }: Pick<Message, 'messageID' | 'text'>): void {
    const { messages } = this.state.value
    if (messages.some((message) => message.messageID === messageID && message.text !== text))
      this.state.set({
        messages: messages.map((message) => (message.messageID === messageID ? { ...message, text } : message))
      })
  }

  /** Loads the messages between the newest loaded one and a seq. */
  async #fill (seq: number): Promise<void> {
    if (this.#isFilling || this.state.value.status !== 'ready') return
    this.#isFilling = true
    try {
      for (let newest = this.#newest; newest < seq; newest = this.#newest) {
        const messages = await this.#client.history(this.chatID, { limit: PAGE, after: newest, markRead: false })
        if (messages.length === 0) break
        this.#add(messages)
      }
    } catch {
      // The chat is joined again when the server is back.
    } finally {
      this.#isFilling = false
    }
  }

  /** Continues after a lost connection. */
  #resume (): void {
    const { status, refusal } = this.state.value
    if (status === 'failed' && refusal === undefined) void this.load()
    else void this.#report()
  }

  async #loadNewest (count: number): Promise<{ messages: Message[], isWhole: boolean }> {
    let { messages, isWhole } = await this.#loadBefore(undefined, Math.max(count, PAGE))
    while (messages.length < count && !isWhole) {
      const page = await this.#loadBefore(messages[0]?.seq, count - messages.length)
      messages = [...page.messages, ...messages]
      isWhole = page.isWhole
    }
    return { messages, isWhole }
  }

  /** Loads at most `count` messages, fewer if they are too many for a page. `isWhole`: none precede them. */
  async #loadBefore (seq: number | undefined, count: number): Promise<{ messages: Message[], isWhole: boolean }> {
    const limit = Math.min(count, MAX_PAGE)
    const messages = await this.#client.history(this.chatID, { limit, before: seq, markRead: false })
    return { messages, isWhole: messages.length < limit || messages[0]?.seq === 1 }
  }

  /** Tells the server what was seen, one request at a time. What fails is reported with the next one. */
  async #report (): Promise<void> {
    if (this.#isReporting) return
    this.#isReporting = true
    try {
      while (this.#reportedSeq < this.#seenSeq) {
        const seq = this.#seenSeq
        await this.#client.markRead(this.chatID, seq)
        this.#reportedSeq = seq
        await new Promise((resolve) => setTimeout(resolve, REPORT_MS))
      }
    } catch {
      // Without a connection, or without the chat.
    } finally {
      this.#isReporting = false
    }
  }

  get #newest (): number {
    return this.state.value.messages.at(-1)?.seq ?? 0
  }

  #add (added: readonly Message[]): void {
    const bySeq = new Map([...this.state.value.messages, ...added].map((message) => [message.seq, message]))
    this.state.set({ messages: [...bySeq.values()].sort((one, other) => one.seq - other.seq) })
    this.#takePosts()
  }

  /** Removes posts whose messages have arrived. */
  #takePosts (): void {
    const { messages } = this.state.value
    const told = new Set(messages.map(({ clientMessageID }) => clientMessageID))
    const newest = this.#newest
    const isTold = (post: Post) =>
      post.chatID === this.chatID && (told.has(post.id) || (post.state === 'sent' && post.seq <= newest))
    this.#outgoing.forget(isTold)
    const posts = this.#outgoing.posts.value.all.filter((post) => post.chatID === this.chatID)
    if (posts.length > 0 || this.state.value.posts.length > 0) this.state.set({ posts })
  }
}

function refusalOf (error: unknown): string | undefined {
  return error instanceof ConfabError && error.code === 'not_a_participant' ? error.message : undefined
}
