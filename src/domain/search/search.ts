/**
 * Search in the messages that a caller may read. The rights are those of the history: chats by the same code, messages
 * by the same conditions, at the time of the search; the index only says where to look.
 *
 * The index is asked block by block, those with the newest messages first, and no more than the page needs: a word
 * that is everywhere costs a few look-ups, and a rare one a look-up in each block of the caller's chats.
 */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/search.ts'
import { addMarks, hasMarks } from '../../store/marks.ts'
import { findOwnReactions } from '../../store/message-pages.ts'
import type { MessageRow } from '../../store/messages.ts'
import { blockKey } from '../../store/search-index.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import { findUsers } from '../accounts/find-users.ts'
import { type Caller, type ChatAccess, listReadable, requireReadable } from '../chats/chat-reader.ts'
import { ChatError } from '../errors.ts'
import type { ReadMessage } from '../events/reading.ts'
import { messageOf } from '../events/message.ts'
import {
  hasSimilar, indexQuery, KEY_PLACEHOLDER, matchText, parseQuery, type SearchFeature, type SearchQuery, type TextMatch
} from './query.ts'

/** Blocks that are asked in the first statement; each further one asks twice as many. */
const FIRST_BLOCKS = 16
const MAX_BLOCKS = 512
/** Results of a block that a statement reads at least. */
const MIN_PER_BLOCK = 8
/** The newest matches that are put in order by rank. */
const RANKED = 500
/** Results that a statement reads at most where the ones before were mostly in vain. */
const MAX_PER_STATEMENT = 2_048
/**
 * Messages that are read in vain: the index has their words, and their texts do not match, e.g. since the words of a
 * phrase are apart, or since they are only similar.
 */
const MAX_MISSES = 10_000

/** A place in the results: of a message, or by rank the number of those before. `isSimilar` belongs to all pages. */
export type ResultPosition = { isSimilar: boolean, place: store.SearchPosition | number }

/** What is looked for. Times are in milliseconds since 1970, and exclusive. */
export type SearchRequest = {
  text: string
  features: readonly SearchFeature[]
  chat: string | undefined
  /** The id of the author. */
  from: string | undefined
  after: number | undefined
  before: number | undefined
  isRanked: boolean
  page: { limit: number, from: { position: ResultPosition, isBackward: boolean } | undefined }
}

/** A message that was found. */
export type SearchResult = ReadMessage & { chat: ChatAccess, match: TextMatch, position: ResultPosition }

/** Results in their order, before a position in reverse, and one more than requested if there are so many. */
export type SearchResults = { isSimilar: boolean, items: SearchResult[] }

type Found = { row: MessageRow, match: TextMatch }

/** Wires the search. It rejects with `search_off` where there is no index. */
export function createSearch (orm: Orm, isOn: boolean) {
  return {
    isOn,
    /**
     * Finds messages. Without any it finds those in which words are written a little differently.
     * @throws {ChatError} `search_off`, `unknown_chat`, `forbidden`; `invalid_input` for a query without a word, and
     *   for a key by itself that names no chat
     */
    find: async (caller: Caller, request: SearchRequest): Promise<SearchResults> => {
      if (!isOn) throw new ChatError('search_off')
      const query = parseQuery(request.text, request.features)
      return inSnapshot(orm, async (tx) => find(tx, caller, request, query))
    }
  }
}

async function find (tx: Orm, caller: Caller, request: SearchRequest, query: SearchQuery): Promise<SearchResults> {
  await store.prepareSearch(tx)
  const chats = await readableChats(tx, caller, request.chat)
  const { from: author, page: { from } } = request
  const authorId = author === undefined ? undefined : (await findUsers(tx, [author])).get(author)?.userId
  if (author !== undefined && authorId === undefined) return { isSimilar: false, items: [] }
  const search = async (isSimilar: boolean): Promise<SearchResults> => {
    const scan = new Scan(tx, { chats, userId: caller.userId, authorId, request, query, isSimilar })
    const found = request.isRanked ? await scan.ranked() : await scan.page()
    return { isSimilar, items: await describe(tx, caller, chats, found, isSimilar) }
  }
  const results = await search(from?.position.isSimilar ?? false)
  const mayBeSimilar = from === undefined && results.items.length === 0 && hasSimilar(query)
  return mayBeSimilar ? search(true) : results
}

async function readableChats (
  tx: Orm, { userId, claim }: Caller, chat: string | undefined
): Promise<ReadonlyMap<number, ChatAccess>> {
  if (chat === undefined && userId === null)
    throw new ChatError('invalid_input', 'The parameter "chat" is needed where a key does not act for a user.')
  const chats = chat === undefined && userId !== null
    ? await listReadable(tx, { userId, claim })
    : [await requireReadable(tx, { userId, claim }, chat ?? '')]
  return new Map(chats.map((access) => [access.chatId, access]))
}

async function describe (
  tx: Orm,
  { userId }: Caller,
  chats: ReadonlyMap<number, ChatAccess>,
  found: readonly (Found & { place: ResultPosition['place'] })[],
  isSimilar: boolean
): Promise<SearchResult[]> {
  const byChat = new Map<number, MessageRow[]>()
  for (const { row } of found) {
    if (hasMarks(row)) byChat.set(row.chatId, [...byChat.get(row.chatId) ?? [], row])
  }
  const own = new Map<MessageRow, readonly string[]>()
  for (const [chatId, rows] of byChat) {
    await addMarks(tx, chatId, rows)
    const reactions = await findOwnReactions(tx, { chatId, userId }, rows)
    for (const row of rows) own.set(row, reactions.get(row.seq) ?? [])
  }
  return found.flatMap(({ row, match, place }) => {
    const chat = chats.get(row.chatId)
    const position = { isSimilar, place }
    return chat === undefined ? [] : [{ message: messageOf(row), own: own.get(row) ?? [], chat, match, position }]
  })
}

type ScanOptions = {
  chats: ReadonlyMap<number, ChatAccess>
  userId: number | null
  authorId: number | undefined
  request: SearchRequest
  query: SearchQuery
  isSimilar: boolean
}

/** A block whose results are not all known, and the time beyond which they are not. */
type Stream = store.SearchStream

/** One pass over the index. */
class Scan {
  readonly #tx: Orm
  readonly #options: ScanOptions
  readonly #isAscending: boolean
  #misses = 0
  /** How many times more of each block is read at once: each look-up costs the same, whatever is read of it. */
  #depth = 1

  constructor (tx: Orm, options: ScanOptions) {
    this.#tx = tx
    this.#options = options
    this.#isAscending = !options.request.isRanked && options.request.page.from?.isBackward === true
  }

  /** The next results behind the position. */
  async page (): Promise<(Found & { place: store.SearchPosition })[]> {
    const { page: { limit, from } } = this.#options.request
    const position = typeof from?.position.place === 'object' ? from.position.place : undefined
    const found = await this.#collect(limit + 1, position)
    return found.map((one) => ({ ...one, place: placeOf(one) }))
  }

  /** The newest results, by rank: a part of them, from a number on. */
  async ranked (): Promise<(Found & { place: number })[]> {
    const { page: { limit, from } } = this.#options.request
    const number = typeof from?.position.place === 'number' ? from.position.place : -1
    const all = (await this.#collect(RANKED, undefined))
      .sort((one, other) => other.match.score - one.match.score || compare(placeOf(other), placeOf(one)))
      .map((one, place) => ({ ...one, place }))
    return from?.isBackward === true
      ? all.slice(Math.max(0, number - limit - 1), number).reverse()
      : all.slice(number + 1, number + limit + 2)
  }

  /** The first so many results in the order of this scan. */
  async #collect (count: number, position: store.SearchPosition | undefined): Promise<Found[]> {
    let open = await this.#streams(position)
    let found: Found[] = []
    for (let size = FIRST_BLOCKS; open.length > 0; size = Math.min(MAX_BLOCKS, size * 2)) {
      open.sort((one, other) => this.#sign * (one.at - other.at))
      const last = found[count - 1]
      const needed = last === undefined ? open : open.filter((one) => this.#sign * (one.at - placeOf(last).at) <= 0)
      const asked = needed.slice(0, size)
      if (asked.length === 0 || this.#misses >= MAX_MISSES) break
      const { matches, rest } = await this.#ask(asked, count)
      found = [...found, ...matches].sort((one, other) => this.#sign * compare(placeOf(one), placeOf(other)))
        .slice(0, count)
      open = [...needed.slice(size), ...rest]
    }
    return found
  }

  /** Asks the index once. @returns what matches, and the blocks that may have more */
  async #ask (asked: readonly Stream[], count: number): Promise<{ matches: Found[], rest: Stream[] }> {
    const { request: { after, before }, query, isSimilar, userId, authorId } = this.#options
    // A page is made of many blocks as a rule; a block with more than its part is asked again.
    const part = Math.min(count, Math.max(MIN_PER_BLOCK, Math.ceil(2 * count / asked.length)))
    const limit = Math.max(part, Math.min(part * this.#depth, Math.floor(MAX_PER_STATEMENT / asked.length)))
    const hits = await store.searchStreams(this.#tx, asked, {
      query: indexQuery(query, isSimilar),
      placeholder: KEY_PLACEHOLDER,
      userId,
      authorId,
      after: after ?? EARLIEST,
      before: before ?? LATEST,
      isAscending: this.#isAscending,
      limit
    })
    const matches = hits.flatMap(({ row }) => row === undefined ? [] : this.#match(row) ?? [])
    this.#misses += hits.length - matches.length
    if (matches.length < hits.length / 2) this.#depth *= 2
    const byStream = asked.map((): store.SearchHit[] => [])
    for (const hit of hits) byStream[hit.stream]?.push(hit)
    const rest = asked.flatMap((stream, index) => {
      const own = byStream[index] ?? []
      if (own.length < limit) return []
      const last = own.reduce((one, other) => this.#sign * (one.at - other.at || one.seq - other.seq) > 0 ? one : other)
      return [{ ...stream, at: last.at, seq: last.seq }]
    })
    return { matches, rest }
  }

  #match (row: MessageRow): Found | undefined {
    const { query, isSimilar } = this.#options
    const names = row.changes?.[5]?.attachments?.map(({ name }) => name) ?? []
    const match = matchText(query, row.text, names, isSimilar)
    return match && { row, match }
  }

  /** The blocks of the chats that may have results behind a position. */
  async #streams (position: store.SearchPosition | undefined): Promise<Stream[]> {
    const { chats, request: { after = EARLIEST, before = LATEST } } = this.#options
    const blocks = await store.listSearchBlocks(this.#tx, [...chats.keys()])
    return blocks.flatMap(({ chatId, block, firstAt, lastAt }) => {
      if (lastAt <= after || firstAt >= before) return []
      const bounds = { chatId, key: blockKey(chatId, block), fromSeq: chats.get(chatId)?.fromSeq ?? 0 }
      const [begin, end] = this.#isAscending ? [firstAt, lastAt] : [lastAt, firstAt]
      const beyond = this.#isAscending ? Number.MAX_SAFE_INTEGER : -1
      const first = { ...bounds, at: begin, seq: Number.MAX_SAFE_INTEGER - 1 - beyond }
      if (position === undefined || this.#sign * (begin - position.at) > 0) return [first]
      if (this.#sign * (end - position.at) < 0) return []
      const side = this.#sign * (chatId - position.chatId)
      const seq = side === 0 ? position.seq : side > 0 ? Number.MAX_SAFE_INTEGER - 1 - beyond : beyond
      return [{ ...bounds, at: position.at, seq }]
    })
  }

  /** 1 for the oldest first, -1 for the newest first: the sign of what comes later. */
  get #sign (): number {
    return this.#isAscending ? 1 : -1
  }
}

/** Times beyond all messages that Postgres can still compare. */
export const [EARLIEST, LATEST] = [-62_000_000_000_000, 250_000_000_000_000]

function placeOf ({ row: { at, chatId, seq } }: Found): store.SearchPosition {
  return { at: at.getTime(), chatId, seq }
}

function compare (one: store.SearchPosition, other: store.SearchPosition): number {
  return one.at - other.at || one.chatId - other.chatId || one.seq - other.seq
}
