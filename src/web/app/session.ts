/** A signed-in user: client, chats and posts, until the session ends. */
import { type Account, ConfabClient, type ConnectionState, type Tokens } from '../../client/chatcli/index.ts'
import { ChatList } from './chat-list.ts'
import { Conversation } from './conversation.ts'
import { forgetLogin, saveLogin, saveTokens, type Login, onForgotten, readLogin } from './local-storage.ts'
import { Outgoing } from './outgoing.ts'
import { Store } from './store.ts'

/** Users watch the banner while they wait, so retries are more frequent than those of a program. */
const BACKOFF = { baseMs: 500, maxMs: 8_000 }

/** A connected client and its account. */
export type SignedIn = { account: Account, client: ConfabClient }

/** Creates a client. `username` is its user, once that is known. */
export function newClient ({
  tokens,
  username
}: { tokens?: Tokens, username?: () => string | undefined } = {}): ConfabClient {
  const shared = () => {
    const name = username?.()
    return name === undefined ? undefined : readLogin(name)?.tokens
  }
  // The tabs of a browser share a login; a token that is spent twice would end it.
  return new ConfabClient({ url: location.origin, backoff: BACKOFF, tokens, sharedTokens: shared, followAll: true })
}

/** Signs in, and stores the login. @throws {ConfabError} see {@link ConfabClient.logIn} */
export async function signIn (credentials: { username: string, password: string }): Promise<SignedIn> {
  let account: Account | undefined
  const client = newClient({ username: () => account?.username })
  try {
    await client.logIn(credentials)
    account = await client.account()
    if (client.tokens === undefined) throw new Error('The session has ended.')
    saveLogin({ tokens: client.tokens, account })
    return { account, client }
  } catch (error) {
    client.close()
    throw error
  }
}

/** Continues with a stored login. */
export function resume ({ tokens, account }: Login): SignedIn {
  const client = newClient({ tokens, username: () => account.username })
  client.connect()
  return { account, client }
}

/** A session in this tab. */
export class Session {
  readonly account: Account
  readonly client: ConfabClient
  readonly chats: ChatList
  readonly outgoing: Outgoing
  /** `isLost` from a failed connection until the next one. */
  readonly connection = new Store<{ state: ConnectionState, isLost: boolean }>({ state: 'connecting', isLost: false })
  /** Unsent text by chat. */
  readonly drafts = new Map<number, string>()
  readonly #conversations = new Map<number, Conversation>()
  readonly #ends: (() => void)[] = []

  /** @param onEnd called when the session has ended, here or on the server */
  constructor ({ account, client }: SignedIn, onEnd: () => void) {
    this.account = account
    this.client = client
    this.chats = new ChatList(this.client, account)
    this.outgoing = new Outgoing(this.client, account.username)
    const end = () => {
      this.stop()
      onEnd()
    }
    this.client.on('tokens', (tokens) => {
      if (tokens !== undefined) saveTokens(account.username, tokens)
      else {
        forgetLogin(account.username)
        end()
      }
    })
    const follow = (state: ConnectionState) => {
      this.connection.set({
        state,
        isLost: state === 'offline' || (state === 'connecting' && this.connection.value.isLost)
      })
      // Loads changes from the time without a connection.
      if (state === 'online') void this.chats.refresh()
    }
    this.client.on('state', follow)
    follow(client.state)
    void this.chats.refresh()
    const refresh = () => {
      if (document.visibilityState === 'visible') void this.chats.refresh()
    }
    addEventListener('focus', refresh)
    this.#ends.push(
      () => removeEventListener('focus', refresh),
      onForgotten(account.username, end)
    )
  }

  /** Returns a chat, with the messages loaded earlier. */
  conversation (chatID: number): Conversation {
    const unread = this.chats.find(chatID)?.unread ?? 0
    const known = this.#conversations.get(chatID)
    if (known !== undefined && known.state.value.status !== 'failed' && known.state.value.refusal === undefined) {
      known.markNew(unread)
      return known
    }
    known?.close()
    const opened = new Conversation({
      client: this.client,
      outgoing: this.outgoing,
      chatID,
      userID: this.account.userID,
      onSeen: (left) => this.chats.lowerUnread(chatID, left)
    })
    this.#conversations.set(chatID, opened)
    void opened.load(unread)
    return opened
  }

  /**
   * Opens the chat with a user, or returns the existing one. @returns its id @throws {ConfabError} see {@link
   * ConfabClient.createChat}
   */
  async openChat (username: string): Promise<number> {
    const known = () =>
      this.chats.state.value.entries.find(({ other }) => other?.username.toLowerCase() === username.toLowerCase())
    const there = known()
    if (there !== undefined) return there.chatID
    const chatID = await this.client.createChat(username)
    await this.chats.refresh()
    return chatID
  }

  /** Leaves a chat. @throws {ConfabError} */
  async leaveChat (chatID: number): Promise<void> {
    await this.client.leaveChat(chatID)
    this.#conversations.get(chatID)?.close()
    this.#conversations.delete(chatID)
    this.chats.remove(chatID)
  }

  /** Ends the session on the server; if that cannot be reached it ends in this browser. */
  async signOut (): Promise<void> {
    // The client emits that the tokens are gone, whatever the server answers.
    await this.client.logOut().catch(() => undefined)
  }

  /** Stops this tab's part of the session. */
  stop (): void {
    for (const end of this.#ends.splice(0)) end()
    for (const conversation of this.#conversations.values()) conversation.close()
    this.client.close()
  }
}
