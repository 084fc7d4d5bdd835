/** What the backend of an application does with an API key. */
import { Backoff } from '../backoff.ts'
import { type CallOptions, Http, type RequestOptions } from '../http.ts'
import { newClientId } from '../outbox.ts'
import { problemOf } from '../problem.ts'
import type { MessageContent } from '../state/pending.ts'
import {
  type ChatInfo, type Data, type Member, type Message, type MessageJson, messageOf, type User, withFields
} from '../types.ts'

const TIMEOUT_MS = 15_000
const BACKOFF = { baseMs: 200, maxMs: 5_000 }
const MAX_ATTEMPTS = 4

const isUser = withFields<User>('id', 'name')
const isInfo = withFields<ChatInfo>('id', 'type')
const isWrittenChat = withFields<{ chat: ChatInfo }>('chat')
const isWrittenMember = withFields<{ member: Member }>('member')
const isOutcomes = withFields<{ items: readonly Outcome[] }>('items')
const isWrittenMessage = withFields<{ message: MessageJson }>('message')

/** The profile of a user. */
export type Profile = { name?: string, avatar?: string | null, data?: Data }
/** A new chat. */
export type NewChat = {
  type: string
  name?: string | null
  description?: string | null
  avatar?: string | null
  data?: Data
  members?: readonly NewMember[]
}
/** A user to add to a chat. */
export type NewMember = { user: string, role?: string }
/** What became of one of several users. */
export type Outcome =
  | { readonly member: Member }
  | { readonly problem: { readonly code: string, readonly detail: string } }

/** A message of a user. */
export type NewMessage = MessageContent & {
  /** The id of its author. */
  as: string
  text: string
  /** An id of the message: with the same one it is posted once, however often you try. */
  client_id?: string
}

/** Options of {@link ConfabServer}. */
export type ServerOptions = {
  /** Address of the server. */
  url: string
  /** An API key: `confab keys create --scopes …`. */
  key: string
  fetch?: typeof fetch | undefined
  /** Time limit of a request, in milliseconds. */
  timeoutMs?: number | undefined
}

/**
 * A server as the backend sees it. What the server could not do at once is tried again a few times, under one
 * `Idempotency-Key`, so that it is done once. Every method throws {@link ConfabProblem}.
 */
export class ConfabServer {
  readonly #http: Http

  constructor ({ url, key, fetch: send = (...call) => fetch(...call), timeoutMs = TIMEOUT_MS }: ServerOptions) {
    const tokens = { get: async () => key, refuse: () => undefined }
    this.#http = new Http({ url: url.replace(/\/+$/, ''), tokens, fetch: send, timeoutMs })
  }

  /** Creates a user, or replaces the profile. Needs `users:write`. */
  async upsertUser (id: string, profile: Profile = {}, options: CallOptions = {}): Promise<User> {
    return this.#request(path`/users/${id}`, isUser, { ...options, method: 'PUT', body: profile })
  }

  /** Returns the profile of a user. Needs `users:read`. */
  async user (id: string, options: CallOptions = {}): Promise<User> {
    return this.#request(path`/users/${id}`, isUser, options)
  }

  /** Refuses all tokens of a user that were issued until now, and ends their sockets. Needs `users:write`. */
  async revokeTokens (user: string, options: CallOptions = {}): Promise<void> {
    await this.#send(path`/users/${user}/tokens:revoke`, { ...options, method: 'POST', body: {} })
  }

  /** Creates a chat with an id that the server gives. Needs `chats:write`. */
  async createChat (chat: NewChat, options: CallOptions = {}): Promise<ChatInfo> {
    return (await this.#request('/chats', isWrittenChat, { ...options, method: 'POST', body: chat })).chat
  }

  /** Returns the chat with an id of your own, and creates it if there is none. Needs `chats:write`. */
  async ensureChat (id: string, chat: NewChat, options: CallOptions = {}): Promise<ChatInfo> {
    return (await this.#request(path`/chats/${id}`, isWrittenChat, { ...options, method: 'PUT', body: chat })).chat
  }

  /** Returns a chat. Needs `chats:read`. */
  async chat (id: string, options: CallOptions = {}): Promise<ChatInfo> {
    return this.#request(path`/chats/${id}`, isInfo, options)
  }

  /** Adds up to 100 users to a chat, each of them or not. Needs `chats:write`. */
  async addMembers (
    chat: string, members: readonly NewMember[], options: CallOptions = {}
  ): Promise<readonly Outcome[]> {
    const request = { ...options, method: 'POST', body: { members } } as const
    return (await this.#request(path`/chats/${chat}/members`, isOutcomes, request)).items
  }

  /** Removes a member from a chat. Needs `chats:write`. */
  async removeMember (chat: string, user: string, options: CallOptions = {}): Promise<Member> {
    const request = { ...options, method: 'DELETE' } as const
    return (await this.#request(path`/chats/${chat}/members/${user}`, isWrittenMember, request)).member
  }

  /** Posts on behalf of a user. With the same `client_id` it is posted once. Needs `messages:write`. */
  async post (
    chat: string,
    { as, text, client_id = newClientId(), ...content }: NewMessage,
    options: CallOptions = {}
  ): Promise<Message> {
    const { message } = await this.#request(path`/chats/${chat}/messages`, isWrittenMessage, {
      ...options,
      method: 'POST',
      body: { text, client_id, ...content },
      headers: { 'confab-on-behalf-of': as }
    })
    return messageOf(message)
  }

  /** Calls any route of `/v1`. @param path behind `/v1` @param options `as` names a user to act for */
  async request (
    path: string,
    { as, ...options }: Omit<RequestOptions, 'headers'> & { as?: string } = {}
  ): Promise<unknown> {
    return this.#send(path, { ...options, ...(as !== undefined && { headers: { 'confab-on-behalf-of': as } }) })
  }

  #request<Answer> (
    path: string, isAnswer: (value: unknown) => value is Answer, options: RequestOptions
  ): Promise<Answer> {
    return this.#retry(path, options, (request) => this.#http.request(path, isAnswer, request))
  }

  #send (path: string, options: RequestOptions): Promise<unknown> {
    return this.#retry(path, options, (request) => this.#http.send(path, request))
  }

  async #retry<Answer> (
    path: string, options: RequestOptions, act: (request: RequestOptions) => Promise<Answer>
  ): Promise<Answer> {
    const isRetried = options.method === 'POST' || options.method === 'PATCH'
    const own = isRetried && !path.endsWith('/messages') && { 'idempotency-key': newClientId() }
    const backoff = new Backoff(BACKOFF)
    for (let attempt = 1; ; attempt++) {
      try {
        return await act({ ...options, headers: { ...own, ...options.headers } })
      } catch (error) {
        const { retryable, retryAfterMs } = problemOf(error)
        if (!retryable || attempt === MAX_ATTEMPTS || options.signal?.aborted === true) throw error
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs ?? backoff.next()))
      }
    }
  }
}

/** A path whose values cannot lead elsewhere. */
function path (texts: TemplateStringsArray, ...values: readonly string[]): string {
  return texts.reduce((whole, text, index) => `${whole}${encodeURIComponent(values[index - 1] ?? '')}${text}`)
}
