/** A part of a log as records. */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { ExportedLog } from '../../store/transfer/export-chats.ts'
import { clientMessageIdOf } from '../events/post-key.ts'
import type { EventRecord, MessageRecord } from './records.ts'
import type { UserIds } from './user-ids.ts'

const EventData = Compile(Type.Object({
  userId: Type.Optional(Type.Integer()), key: Type.Optional(Type.String())
}))

type MessageRow = ExportedLog['messages'][number]
type EventRow = ExportedLog['events'][number]
type ThreadRow = ExportedLog['threads'][number]

/** The records of a part of a log, in the order of their seqs. */
export async function recordsOfLog (log: ExportedLog, ids: UserIds): Promise<(MessageRecord | EventRecord)[]> {
  await ids.load(namedIn(log))
  const parts = partsOf(log)
  const records = [
    ...log.messages.map((row) => messageOf(row, parts, ids)), ...log.events.map((row) => eventOf(row, ids))
  ]
  return records.sort((one, other) => one.seq - other.seq)
}

function * namedIn (log: ExportedLog): Generator<number | null> {
  for (const { authorId } of log.messages) yield authorId
  for (const { actorId, data } of log.events) {
    yield actorId
    if (EventData.Check(data)) yield data.userId ?? null
  }
  for (const { userId } of log.reactions) yield userId
  for (const { pinnedBy } of log.pins) yield pinnedBy
  for (const { participants } of log.threads) yield* participants
  for (const { userId } of log.followers) yield userId
  for (const { userId } of log.hidden) yield userId
}

type Parts = {
  versions: ReadonlyMap<number, ExportedLog['versions']>
  reactions: ReadonlyMap<number, ExportedLog['reactions']>
  pins: ReadonlyMap<number, ExportedLog['pins']>
  threads: ReadonlyMap<number, ThreadRow[]>
  followers: ReadonlyMap<number, ExportedLog['followers']>
  hidden: ReadonlyMap<number, ExportedLog['hidden']>
}

function partsOf ({ versions, reactions, pins, threads, followers, hidden }: ExportedLog): Parts {
  return {
    versions: bySeq(versions),
    reactions: bySeq(reactions),
    pins: bySeq(pins),
    threads: bySeq(threads),
    followers: groupBy(followers, ({ parentSeq }) => parentSeq),
    hidden: bySeq(hidden)
  }
}

function bySeq<Row extends { seq: number }> (rows: readonly Row[]): ReadonlyMap<number, Row[]> {
  return groupBy(rows, ({ seq }) => seq)
}

function groupBy<Row> (rows: readonly Row[], keyOf: (row: Row) => number): ReadonlyMap<number, Row[]> {
  const groups = new Map<number, Row[]>()
  for (const row of rows) {
    const group = groups.get(keyOf(row))
    if (group === undefined) groups.set(keyOf(row), [row])
    else group.push(row)
  }
  return groups
}

/** The record of a message. @param parts what it has in other tables; undefined for none of it */
export function messageOf (row: MessageRow, parts: Parts | undefined, ids: UserIds): MessageRecord & { seq: number } {
  const { seq, authorId, body, postKey, createdAt, editedAt, deletedAt, version, parentSeq, replyToSeq, extra } = row
  const clientId = clientMessageIdOf(postKey)
  return {
    record: 'message',
    seq,
    user: ids.of(authorId),
    ...(deletedAt === null && { text: body }),
    ...(clientId !== undefined && clientId !== '' && { client_id: clientId }),
    created_at: createdAt.toISOString(),
    ...(editedAt !== null && { edited_at: editedAt.toISOString() }),
    ...(deletedAt !== null && { deleted_at: deletedAt.toISOString() }),
    ...(version !== null && { version }),
    ...(parentSeq !== null && { parent: parentSeq }),
    ...(replyToSeq !== null && { reply_to: replyToSeq }),
    ...(extra?.mentions !== undefined && { mentions: extra.mentions }),
    ...(extra?.data !== undefined && { data: extra.data }),
    ...(extra?.key !== undefined && { key: extra.key }),
    ...(extra?.attachments !== undefined && { attachments: extra.attachments }),
    ...(parts !== undefined && additionsTo(seq, parts, ids))
  }
}

function additionsTo (seq: number, parts: Parts, ids: UserIds): Partial<MessageRecord> {
  const versions = parts.versions.get(seq)?.map(({ version, body, data, createdAt }) =>
    ({ version, text: body, ...(data !== null && { data }), created_at: createdAt.toISOString() }))
  const reactions = parts.reactions.get(seq)?.map(({ emoji, userId, createdAt }) =>
    ({ emoji, user: ids.of(userId), created_at: createdAt.toISOString() }))
  const [pin] = parts.pins.get(seq) ?? []
  const by = pin === undefined ? undefined : ids.ofNullable(pin.pinnedBy)
  const [thread] = parts.threads.get(seq) ?? []
  const hidden = parts.hidden.get(seq)?.map(({ userId }) => ids.of(userId))
  return {
    ...(versions !== undefined && { versions }),
    ...(reactions !== undefined && { reactions }),
    ...(pin !== undefined && { pinned: { at: pin.pinnedAt.toISOString(), ...(by !== undefined && { by }) } }),
    ...(thread !== undefined && { thread: threadOf(thread, parts, ids) }),
    ...(hidden !== undefined && { hidden_for: hidden })
  }
}

function threadOf ({ seq, replies, lastReplyAt, participants }: ThreadRow, { followers }: Parts, ids: UserIds) {
  return {
    replies,
    ...(lastReplyAt !== null && { last_reply_at: lastReplyAt.toISOString() }),
    participants: participants.map(ids.of),
    followers: (followers.get(seq) ?? []).map(({ userId, replies: own, readSeq }) =>
      ({ user: ids.of(userId), replies: own, read_seq: readSeq }))
  }
}

function eventOf ({ seq, kind, actorId, targetSeq, data: stored, createdAt }: EventRow, ids: UserIds): EventRecord {
  const by = ids.ofNullable(actorId)
  const { userId, key, ...data } = dataOf(stored)
  return {
    record: 'event',
    seq,
    kind,
    at: createdAt.toISOString(),
    ...(by !== undefined && { by }),
    ...(key !== undefined && { key }),
    ...(targetSeq !== null && { message: targetSeq }),
    ...(userId !== undefined && { user: ids.of(userId) }),
    ...(Object.keys(data).length > 0 && { data })
  }
}

/** What is stored with an event, without the version of the membership, which follows from the log. */
function dataOf (stored: unknown): { userId?: number, key?: string } {
  if (!EventData.Check(stored)) return {}
  const { membersVersion, ...data }: { membersVersion?: unknown, userId?: number, key?: string } = stored
  return membersVersion === undefined ? stored : data
}
