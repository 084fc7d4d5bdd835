/** One chat as it is shown: the messages that were loaded, in order and without a gap, and what is on its way to it. */
import { type Chat, type ConfabClient, ConfabError, type Message } from '../../client/index.ts'
import type { Outgoing, Post } from './outgoing.ts'
import { Store } from './store.ts'

const PAGE = 50

/** What is known of a chat. */
export type ConversationState = {
  messages: readonly Message[]
  posts: readonly Post[]
  status: 'loading' | 'ready' | 'failed'
  /** Messages before those that were loaded. */
  older: 'none' | 'some' | 'loading' | 'failed'
  /** The seq of the first message that was new when the chat was opened. */
  firstNew: number | undefined
  /** Why the user may not follow the chat any more. */
  refusal: string | undefined
}

/** A chat that was opened. */
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
      // It was followed from a place behind what was loaded: what is between was told to nobody.
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

  /** Loads the newest messages. @param unread how many of them are new */
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

  /** Loads what is before the messages that are there. */
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

  /** Tells the server that everything was seen: what its history hands out counts as read. */
  async markRead (): Promise<void> {
    await this.#client.history(this.chatID, { limit: 1 }).catch(() => undefined)
  }

  /** Marks the newest messages as new, or none. */
  markNew (unread: number): void {
    const firstNew = unread > 0 ? this.#newest - unread + 1 : undefined
    if (this.state.value.firstNew !== firstNew) this.state.set({ firstNew })
  }

  /** Shown no more. The chat is followed on, for the list. */
  close (): void {
    for (const end of this.#ends) end()
  }

  /** A message that is told. Before the history is there it would be alone; the history will have it. */
  #take (message: Message): void {
    if (this.state.value.status === 'ready') this.#add([message])
  }

  /** Loads what is between the newest message that is there and a seq. */
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

  /** A post that the server has told back is a message, and no post any more. */
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

/** Whether nothing comes before these: the page is not full, or begins with the first message. */
function isWhole (page: readonly Message[]): boolean {
  return page.length < PAGE || page[0]?.seq === 1
}

function refusalOf (error: unknown): string | undefined {
  return error instanceof ConfabError && error.code === 'not_a_participant' ? error.message : undefined
}
