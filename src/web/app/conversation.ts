/** One chat on the screen: the loaded messages, in order and without a gap, and the posts that are being sent. */
import { type Chat, type ConfabClient, ConfabError, type Message } from '../../client/index.ts'
import type { Outgoing, Post } from './outgoing.ts'
import { Store } from './store.ts'

const PAGE = 50

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
  readonly #chat: Chat
  readonly #ends: (() => void)[]
  #isFilling = false

  constructor ({ client, outgoing, chatID }: { client: ConfabClient, outgoing: Outgoing, chatID: number }) {
    this.chatID = chatID
    this.#client = client
    this.#outgoing = outgoing
    this.#chat = client.open(chatID)
    this.#ends = [
      this.#chat.on('message', (message) => this.#take(message)),
      // The chat was joined at a position after the loaded messages: those in between were not delivered.
      this.#chat.on('joined', ({ seq }) => void this.#fill(seq)),
      this.#chat.on('reset', () => void this.load()),
      this.#chat.on('refused', ({ message }) => this.state.set({ refusal: message })),
      outgoing.posts.follow(() => this.#takePosts())
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
      const messages = await this.#client.history(this.chatID, { limit: PAGE })
      this.state.set({ status: 'ready', older: isWhole(messages) ? 'none' : 'some' })
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
      const messages = await this.#client.history(this.chatID, { limit: PAGE, before: oldest.seq })
      this.#add(messages)
      this.state.set({ older: isWhole(messages) ? 'none' : 'some' })
    } catch {
      this.state.set({ older: 'failed' })
    }
  }

  /** Marks everything as read: messages that the history returns count as read. */
  async markRead (): Promise<void> {
    await this.#client.history(this.chatID, { limit: 1 }).catch(() => undefined)
  }

  /** Marks the newest messages as unread, or none. */
  markNew (unread: number): void {
    const firstNew = unread > 0 ? this.#newest - unread + 1 : undefined
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

  /** Loads the messages between the newest loaded one and a seq. */
  async #fill (seq: number): Promise<void> {
    if (this.#isFilling || this.state.value.status !== 'ready') return
    this.#isFilling = true
    try {
      for (let newest = this.#newest; newest < seq; newest = this.#newest) {
        const messages = await this.#client.history(this.chatID, { limit: PAGE, after: newest })
        if (messages.length === 0) break
        this.#add(messages)
      }
    } catch {
      // The chat is joined again when the server is back.
    } finally {
      this.#isFilling = false
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

/** Whether no messages precede these: the page is not full, or begins with the first message. */
function isWhole (page: readonly Message[]): boolean {
  return page.length < PAGE || page[0]?.seq === 1
}

function refusalOf (error: unknown): string | undefined {
  return error instanceof ConfabError && error.code === 'not_a_participant' ? error.message : undefined
}
