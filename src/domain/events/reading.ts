/** Reading the messages and the log of a chat by its id of `/v1`, each answer from one snapshot of the store. */
import type { Orm } from '../../store/database.ts'
import * as marks from '../../store/marks.ts'
import type { ReactionRow, VersionRow } from '../../store/marks.ts'
import * as store from '../../store/message-pages.ts'
import type { MessageRow } from '../../store/messages.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import { type Caller, type ChatAccess, requireMember, requireReadable } from '../chats/chat-reader.ts'
import { ChatError } from '../errors.ts'
import type { ChatEvent } from './event.ts'
import type { EventLog } from './log.ts'
import { type Message, messageOf } from './message.ts'

/** Where a page of messages is: by default the newest ones. */
export type PagePosition =
  | { before: number }
  | { after: number }
  | { around: number | 'first_unread' }
  | 'newest'

/** A page of messages to read: of a chat, or of the thread of a message in it. */
export type PageRequest = { chat: string, parentSeq: number | undefined, position: PagePosition, limit: number }

/** Pinned messages to read. */
export type PinsRequest = { chat: string, position: { before: number } | { after: number }, limit: number }

/** Reactions to read: behind a position or before it, in which case they come in reverse. */
export type ReactionsRequest = {
  chat: string
  seq: number
  page: { limit: number, from: { position: { userId: number, emoji: string }, isBackward: boolean } | undefined }
}

/** A message, and the emoji with which the reader has reacted to it. */
export type ReadMessage = { message: Message, own: readonly string[] }

/** Messages, oldest first, and the chat in the same state. */
export type MessagePage = { access: ChatAccess, items: ReadMessage[], isFirst: boolean, isLast: boolean }

/** Events, oldest first, and whether the reader may not see what one of them is about. */
export type EventPage = { access: ChatAccess, items: ChatEvent[], isHidden: (event: ChatEvent) => boolean }

/** Reads chats for `/v1`. */
export type Reading = ReturnType<typeof createReading>

/** Wires the reading. All reject with `unknown_chat`, and `forbidden` for a member whose role may not read. */
export function createReading (orm: Orm, log: Pick<EventLog, 'read'>) {
  return {
    /** Returns a chat of a user. @throws {ChatError} `forbidden` for one who is no member */
    member: async (reader: Caller, chat: string): Promise<ChatAccess> => requireMember(orm, reader, chat),
    /** Returns a page of messages. @throws {ChatError} `unknown_message` when there is no such thread */
    page: async (reader: Caller, request: PageRequest): Promise<MessagePage> =>
      inSnapshot(orm, (tx) => readPage(tx, reader, request)),
    /** Returns pinned messages after a seq. */
    pins: async (reader: Caller, request: PinsRequest): Promise<MessagePage> =>
      inSnapshot(orm, (tx) => readPins(tx, reader, request)),
    /** Returns reactions to a message, one more than requested if there are so many. @throws `unknown_message` */
    reactions: async (reader: Caller, request: ReactionsRequest): Promise<ReactionRow[]> =>
      inSnapshot(orm, (tx) => readReactions(tx, reader, request)),
    /**
     * Returns the texts of a message, the present one last; none of a deleted one.
     * @throws {ChatError} `unknown_message`, `forbidden`
     */
    versions: async (reader: Caller, chat: string, seq: number): Promise<VersionRow[]> =>
      inSnapshot(orm, (tx) => readVersions(tx, reader, chat, seq)),
    /** Returns a message. @throws {ChatError} `unknown_message` */
    message: async (reader: Caller, chat: string, seq: number): Promise<ReadMessage & { access: ChatAccess }> =>
      inSnapshot(orm, (tx) => readMessage(tx, reader, chat, seq)),
    /** Returns the events after a seq, without a gap. @throws {ChatError} `position_unknown` for one beyond the end */
    events: async (reader: Caller, request: { chat: string, after: number, limit: number }): Promise<EventPage> =>
      readEvents(orm, log, reader, request)
  }
}

/** Returns the message that an event is about; undefined for one about members or the chat. */
export function targetOf (event: ChatEvent): number | undefined {
  if (event.kind === 'message.created') return event.seq
  if ('message' in event) return event.message.seq
  return 'targetSeq' in event ? event.targetSeq : undefined
}

async function readPage (
  tx: Orm,
  reader: Caller,
  { chat, parentSeq, position, limit }: PageRequest
): Promise<MessagePage> {
  const access = await requireReadable(tx, reader, chat)
  const reading = { chatId: access.chatId, fromSeq: access.fromSeq, userId: reader.userId, parentSeq }
  if (parentSeq !== undefined && await store.findMessageFor(tx, reading, parentSeq) === undefined)
    throw new ChatError('unknown_message')
  const rows = await listAt(tx, reading, access, position, limit)
  const [first, last] = [rows.at(0)?.seq, rows.at(-1)?.seq]
  const ends = first === undefined || last === undefined
    ? { isFirst: true, isLast: true }
    : await store.findEnds(tx, reading, { first, last })
  return { access, items: await withOwn(tx, reading, rows), ...ends }
}

async function listAt (
  tx: Orm,
  reading: store.ListReading,
  access: ChatAccess,
  position: PagePosition,
  limit: number
): Promise<MessageRow[]> {
  if (position === 'newest') return store.listNewest(tx, reading, Number.MAX_SAFE_INTEGER, limit)
  if ('after' in position) return store.listOldest(tx, reading, position.after, limit)
  if ('before' in position) return store.listNewest(tx, reading, position.before, limit)
  const middle = await middleOf(tx, reading, access, position.around)
  const older = await store.listNewest(tx, reading, middle, limit)
  const newer = await store.listOldest(tx, reading, middle - 1, limit)
  // Half of the page on each side, and more where the other has less.
  const olderCount = Math.max(limit - newer.length, Math.min(older.length, Math.floor(limit / 2)))
  return [...older.slice(Math.max(0, older.length - olderCount)), ...newer].slice(0, limit)
}

/** When everything is read, the middle is behind the end. */
async function middleOf (
  tx: Orm,
  reading: store.ListReading,
  { role, readSeq, fromSeq, lastSeq }: ChatAccess,
  around: number | 'first_unread'
): Promise<number> {
  if (around !== 'first_unread') return around
  const firstUnread =
    role === null ? undefined : await store.findFirstUnread(tx, reading, Math.max(readSeq, fromSeq))
  return firstUnread ?? lastSeq + 1
}

async function readPins (tx: Orm, reader: Caller, { chat, position, limit }: PinsRequest): Promise<MessagePage> {
  const access = await requireReadable(tx, reader, chat)
  const reading = { ...access, userId: reader.userId }
  const isAfter = 'after' in position
  const rows = await store.listPinned(tx, reading, position, limit + 1)
  const hasMore = rows.length > limit
  return {
    access,
    items: await withOwn(tx, reading, isAfter ? rows.slice(0, limit) : rows.slice(-limit)),
    isFirst: isAfter ? position.after === 0 || rows.length === 0 : !hasMore,
    isLast: isAfter ? !hasMore : rows.length === 0
  }
}

async function readReactions (
  tx: Orm,
  reader: Caller,
  { chat, seq, page: { limit, from } }: ReactionsRequest
): Promise<ReactionRow[]> {
  const { access } = await readMessage(tx, reader, chat, seq)
  return marks.listReactions(tx, access.chatId, seq, { from, limit: limit + 1 })
}

async function readVersions (tx: Orm, reader: Caller, chat: string, seq: number): Promise<VersionRow[]> {
  const { access, message } = await readMessage(tx, reader, chat, seq)
  if (message.authorId !== reader.userId && !access.permissions.includes('delete_any')) throw new ChatError('forbidden')
  if (message.deletedAt !== null) return []
  const { version, text, extras, editedAt, at } = message
  const earlier = await marks.listVersions(tx, access.chatId, seq)
  return [...earlier, { version, text, data: { ...extras?.data }, at: editedAt ?? at }]
}

async function readMessage (
  tx: Orm,
  reader: Caller,
  chat: string,
  seq: number
): Promise<ReadMessage & { access: ChatAccess }> {
  const access = await requireReadable(tx, reader, chat)
  const reading = { ...access, userId: reader.userId }
  const row = await store.findMessageFor(tx, reading, seq)
  const [item] = row === undefined ? [] : await withOwn(tx, reading, [row])
  if (item === undefined) throw new ChatError('unknown_message')
  return { access, ...item }
}

async function withOwn (tx: Orm, reading: store.Reading, rows: readonly MessageRow[]): Promise<ReadMessage[]> {
  const own = await store.findOwnReactions(tx, reading, rows)
  return rows.map((row) => ({ message: messageOf(row), own: own.get(row.seq) ?? [] }))
}

async function readEvents (
  orm: Orm,
  log: Pick<EventLog, 'read'>,
  reader: Caller,
  { chat, after, limit }: { chat: string, after: number, limit: number }
): Promise<EventPage> {
  const access = await requireReadable(orm, reader, chat)
  const { chatId, fromSeq, lastSeq } = access
  if (after > lastSeq) throw new ChatError('position_unknown')
  // The log is read later than the head, and shows each event as of then or later: the page ends at the head.
  const page = limit === 0 ? [] : await log.read(chatId, after, limit)
  const items = page.filter(({ seq }) => seq <= lastSeq)
  const targets = items.flatMap((event) => targetOf(event) ?? [])
  const hidden = new Set(await store.listHiddenAmong(orm, { chatId, userId: reader.userId }, targets))
  const isHidden = (event: ChatEvent) => {
    const target = targetOf(event) ?? event.seq
    return event.seq <= fromSeq || target <= fromSeq || hidden.has(target)
  }
  return { access, items, isHidden }
}
