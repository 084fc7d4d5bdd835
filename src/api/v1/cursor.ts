/**
 * Lists by pages: `limit` and `cursor` of a query, `next` and `prev` of an answer. A cursor is the position of an item
 * in the order of its list, so that a page begins where the other ended whatever was added or removed meanwhile. It is
 * good for the list and the filter that it was made for.
 */
import { createHash } from 'node:crypto'
import Type, { type Static, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ChatError } from '../../domain/errors.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const MAX_CURSOR_LENGTH = 1_024
const FILTER_LENGTH = 11

/** The properties of a query of a list; {@link Paging.read} checks the texts. */
export const PAGE_QUERY = { limit: Type.Optional(Type.Unknown()), cursor: Type.Optional(Type.Unknown()) }

/** The same in the words of a schema. */
export const DESCRIBED_PAGE_QUERY = {
  limit: Type.Integer({
    minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT, description: 'Maximum number of items.'
  }),
  cursor: Type.Optional(Type.String({ description: 'The `next` or `prev` of another page of the same list.' }))
}

const cursorForm = Compile(Type.Tuple([Type.String(), Type.Boolean(), Type.Unknown()]))

const CursorOrNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description })

/** The properties of the answer of a list. */
export function pageSchema<Item extends TSchema> (item: Item) {
  return {
    items: Type.Array(item),
    next: CursorOrNull('The cursor of the next page; null at the end.'),
    prev: CursorOrNull('The cursor of the page before; null at the beginning.')
  }
}

/**
 * A requested page: at most `limit` items behind a position, or before it; without one from the beginning of the list.
 */
export type PageRequest<Position> = {
  limit: number
  from: { position: Position, isBackward: boolean } | undefined
}

/** A page of a list. */
export type Page<Item> = { items: Item[], next: string | null, prev: string | null }

/** The position in a list that is in the order of the ids of its rows. */
export const IdPosition = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** The cursors of lists whose positions have this form. */
export class Paging<Position extends TSchema> {
  readonly #position

  constructor (position: Position) {
    this.#position = Compile(position)
  }

  /**
   * Reads the requested page.
   * @param list the list and its filter, as a text
   * @throws {ChatError} `invalid_input`
   */
  read ({ limit, cursor }: { limit?: unknown, cursor?: unknown }, list: string): PageRequest<Static<Position>> {
    return { limit: readLimit(limit), from: cursor === undefined ? undefined : this.#decode(cursor, list) }
  }

  /**
   * Makes the answer of a page.
   * @param rows the items from the position on, one more than requested if there are so many; before the position in
   *   reverse order
   */
  page<Row, Item> (
    { limit, from }: PageRequest<Static<Position>>,
    list: string,
    rows: readonly Row[],
    { positionOf, encode }: { positionOf: (row: Row) => Static<Position>, encode: (row: Row) => Item }
  ): Page<Item> {
    const [hasMore, shown] = [rows.length > limit, rows.slice(0, limit)]
    const isBackward = from?.isBackward === true
    if (isBackward) shown.reverse()
    const [first, last] = [shown[0], shown.at(-1)]
    const cursor = (row: Row | undefined, isBefore: boolean) =>
      row === undefined ? null : encodeCursor([filterOf(list), isBefore, positionOf(row)])
    return {
      items: shown.map(encode),
      next: isBackward || hasMore ? cursor(last, false) : null,
      prev: isBackward ? (hasMore ? cursor(first, true) : null) : from === undefined ? null : cursor(first, true)
    }
  }

  /** The cursor of what is behind a position. */
  cursor (list: string, position: Static<Position>): string {
    return encodeCursor([filterOf(list), false, position])
  }

  #decode (cursor: unknown, list: string): PageRequest<Static<Position>>['from'] {
    const value = typeof cursor === 'string' && cursor.length <= MAX_CURSOR_LENGTH ? decodeCursor(cursor) : undefined
    if (cursorForm.Check(value)) {
      const [filter, isBackward, position] = value
      if (filter === filterOf(list) && this.#position.Check(position)) return { isBackward, position }
    }
    throw new ChatError('invalid_input', 'The field "cursor" must be the "next" or "prev" of this list.')
  }
}

function readLimit (text: unknown): number {
  if (text === undefined) return DEFAULT_LIMIT
  const limit = typeof text === 'string' && /^[1-9]\d{0,2}$/.test(text) ? Number(text) : NaN
  if (!(limit <= MAX_LIMIT))
    throw new ChatError('invalid_input', `The field "limit" must be an integer from 1 to ${String(MAX_LIMIT)}.`)
  return limit
}

function filterOf (list: string): string {
  return createHash('sha256').update(list).digest('base64url').slice(0, FILTER_LENGTH)
}

function encodeCursor (value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** All numbers of positions are integers: larger ones than those that are exact no column has. */
function decodeCursor (text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString(), (_, value: unknown) =>
      typeof value === 'number' && !Number.isSafeInteger(value) ? null : value)
  } catch {
    return undefined
  }
}
