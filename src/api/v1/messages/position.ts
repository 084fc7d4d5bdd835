/** Where a page of messages or events is: the fields of a query, and the opaque cursors to its neighbours. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { ChatError } from '../../../domain/errors.ts'
import type { PagePosition } from '../../../domain/events/reading.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const FIRST_UNREAD = 'first_unread'
const POSITIONS = ['before', 'after', 'around', 'cursor'] as const

const Cursor = Type.Tuple([Type.String(), Type.Enum(['before', 'after']), Type.Integer({ minimum: 0 })])
const cursors = Compile(Cursor)

const AsText = (description: string) => Type.Optional(Type.String({ description }))

/** The fields of a query that every list has. */
export const LIST_FIELDS = {
  limit: AsText(`How many at the most: 1 to ${String(MAX_LIMIT)}, by default ${String(DEFAULT_LIMIT)}.`),
  cursor: AsText('The `next` or `prev` of a page of this list.')
}

/** The fields of the query of a list of messages. */
export const MESSAGES_QUERY = Type.Object(
  {
    ...LIST_FIELDS,
    before: AsText('Messages with a smaller seq: the newest of them.'),
    after: AsText('Messages with a greater seq: the oldest of them.'),
    around: AsText('Messages on both sides of this seq, and the message with it; or `first_unread`.'),
    parent: AsText('Replies in the thread of this message, which the list is without otherwise.')
  },
  { additionalProperties: false }
)

/** The neighbours of a page in its list. */
export const NEIGHBOURS = {
  next: Type.Union([Type.String(), Type.Null()], { description: 'The cursor of the newer page, if there is one.' }),
  prev: Type.Union([Type.String(), Type.Null()], { description: 'The cursor of the older page, if there is one.' })
}

/** Reads `limit`. @throws {ChatError} `invalid_input` */
export function readLimit (text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT
  const limit = numberIn(text)
  if (!(limit >= 1 && limit <= MAX_LIMIT))
    throw new ChatError('invalid_input', `The parameter "limit" is an integer from 1 to ${String(MAX_LIMIT)}.`)
  return limit
}

/** Reads a seq. @throws {ChatError} `invalid_input` */
export function readSeq (name: string, text: string): number {
  const seq = numberIn(text)
  if (!Number.isSafeInteger(seq)) throw new ChatError('invalid_input', `The parameter "${name}" is a seq.`)
  return seq
}

/**
 * Reads the position of a page of messages.
 * @param filter names the list: a cursor is for its own only
 * @throws {ChatError} `invalid_input`
 */
export function readPosition (query: Static<typeof MESSAGES_QUERY>, filter: string): PagePosition {
  const given = POSITIONS.filter((name) => query[name] !== undefined)
  if (given.length > 1)
    throw new ChatError('invalid_input', `Only one of "${POSITIONS.join('", "')}" may be given.`)
  const { before, after, around, cursor } = query
  if (before !== undefined) return { before: readSeq('before', before) }
  if (after !== undefined) return { after: readSeq('after', after) }
  if (around !== undefined) return { around: around === FIRST_UNREAD ? around : readSeq('around', around) }
  return cursor === undefined ? 'newest' : decodeCursor(cursor, filter)
}

/** The cursor of a neighbouring page. */
export function encodeCursor (filter: string, side: 'before' | 'after', seq: number): string {
  return Buffer.from(JSON.stringify([filter, side, seq])).toString('base64url')
}

/** Decodes a cursor. @throws {ChatError} `invalid_input` for one of another list */
export function decodeCursor (text: string, filter: string): { before: number } | { after: number } {
  const value = parse(Buffer.from(text, 'base64url').toString())
  if (!cursors.Check(value) || value[0] !== filter)
    throw new ChatError('invalid_input', 'The parameter "cursor" is the "next" or "prev" of a page of this list.')
  const [, side, seq] = value
  return side === 'before' ? { before: seq } : { after: seq }
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function numberIn (text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : NaN
}
