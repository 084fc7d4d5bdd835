/** Search in messages, for users and for backends. It needs no connection of a client. */
import { type CallOptions, Http } from '../http.ts'
import { type GetToken, Tokens } from '../tokens.ts'
import { type Message, type MessageJson, messageOf, withFields } from '../types.ts'

const TIMEOUT_MS = 30_000

/** Options of {@link ConfabSearch}. */
export type SearchOptions = {
  /** Address of the server. */
  url: string
  /** Returns a token of the user; a backend returns its API key. */
  getToken: GetToken
  /** For a backend: the user for whom it searches. */
  as?: string | undefined
  fetch?: typeof fetch | undefined
  /** Time limit of a request, in milliseconds. */
  timeoutMs?: number | undefined
}

/** What narrows a search, and where its page begins. */
export type SearchFilter = CallOptions & {
  chat?: string | undefined
  /** The id of the author. */
  from?: string | undefined
  after?: Date | undefined
  before?: Date | undefined
  has?: 'file' | 'link' | undefined
  order?: 'newest' | 'rank' | undefined
  limit?: number | undefined
  /** The `next` or `prev` of another page of the same search. */
  cursor?: string | undefined
}

/** A range of the text, as `text.slice(start, end)` takes it. */
export type Highlight = { readonly start: number, readonly end: number }

/** A message that was found. */
export type SearchResult = {
  readonly message: Message
  readonly chat: { readonly id: string, readonly type: string }
  readonly highlights: readonly Highlight[]
  readonly score: number
}

/** A page of results. `similar` says that no message has the words, and that these have similar ones. */
export type SearchPage = {
  readonly items: readonly SearchResult[]
  readonly next: string | null
  readonly prev: string | null
  readonly similar: boolean
}

type PageJson = Omit<SearchPage, 'items'> & { items: (Omit<SearchResult, 'message'> & { message: MessageJson })[] }

const isPage = withFields<PageJson>('items', 'similar')

/** Searches. Every method throws {@link ConfabProblem}. */
export class ConfabSearch {
  readonly #http: Http
  readonly #headers: Readonly<Record<string, string>>

  constructor (options: SearchOptions) {
    const { url, getToken, as, fetch: send = (...call) => fetch(...call), timeoutMs = TIMEOUT_MS } = options
    this.#headers = as === undefined ? {} : { 'confab-on-behalf-of': as }
    this.#http = new Http({ url: url.replace(/\/+$/, ''), tokens: new Tokens(getToken), fetch: send, timeoutMs })
  }

  /** Returns a page of the messages that match. @param query words, `"phrases"`, `-without`, `beginning*` */
  async messages (query: string, { signal, ...filter }: SearchFilter = {}): Promise<SearchPage> {
    const parameters = new URLSearchParams({ q: query })
    for (const [name, value] of Object.entries(filter)) {
      if (value === undefined) continue
      parameters.set(name, value instanceof Date ? value.toISOString() : String(value))
    }
    const path = `/search/messages?${parameters.toString()}`
    const page = await this.#http.request(path, isPage, { signal, headers: this.#headers })
    return { ...page, items: page.items.map((item) => ({ ...item, message: messageOf(item.message) })) }
  }
}

/** The text of a result in pieces, to show what matches. */
export function splitHighlights (
  { message: { text }, highlights }: Pick<SearchResult, 'message' | 'highlights'>
): { text: string, isMatch: boolean }[] {
  const pieces: { text: string, isMatch: boolean }[] = []
  let position = 0
  for (const { start, end } of highlights) {
    if (start > position) pieces.push({ text: text.slice(position, start), isMatch: false })
    pieces.push({ text: text.slice(start, end), isMatch: true })
    position = end
  }
  if (position < text.length) pieces.push({ text: text.slice(position), isMatch: false })
  return pieces
}
