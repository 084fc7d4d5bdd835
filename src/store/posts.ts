/** Storing messages: a batch in one statement, and a single post in a cheaper one. */
import { and, eq, exists, isNull, sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import { isUniqueViolation } from './postgres/failures.ts'
import { chatHeads, messages, participants } from './schema.ts'

/** A message to store. `postKey` identifies a retry; it is unique per chat and author. */
export type PostEntry = {
  chatId: number
  authorId: number
  postKey: string
  text: string
  /** Whether the author may do nothing of what moderators may, whatever the role permits. */
  isNarrowed?: boolean
}

/** Outcome of a {@link PostEntry}; see the SQL function `post_messages`. */
export type PostOutcome =
  | { outcome: 'stored' | 'duplicate', seq: number, id: number, at: Date, membersVersion: number }
  | ({ outcome: 'conflict' | 'refused' | 'closed' | 'frozen' | 'forbidden' } & Partial<LimitRefusal>)

/** Why the type of a chat forbids something: the length of a text, slow mode, or a feature that it does not have. */
export type LimitRefusal = {
  reason: 'text' | 'slow' | 'feature'
  /** How long slow mode will still refuse the same, in milliseconds. */
  waitMs?: number
}

/** The outcome of a post as the SQL functions answer it. */
export type PostTuple = [
  ord: number,
  outcome: PostOutcome['outcome'],
  seq: number,
  id: number,
  atMs: number,
  membersVersion: number,
  refusal?: LimitRefusal
]

/**
 * Stores a batch of messages in one statement: all or none, with gapless seqs per chat in the given order. A key may
 * occur only once in a batch. @returns one outcome per entry, in their order
 */
export type PostBatch = (entries: readonly PostEntry[]) => Promise<PostOutcome[]>

/** Prepares the statements that store a batch; see {@link PostBatch}. */
export function preparePostBatch (orm: Orm): PostBatch {
  const [postAny, postAlone] = [prepareAny(orm), prepareAlone(orm)]
  return async (entries) => {
    const [entry] = entries
    const outcome = entry === undefined || entries.length > 1 ? undefined : await postAlone(entry)
    return outcome === undefined ? postAny(entries) : [outcome]
  }
}

function prepareAny (orm: Orm): PostBatch {
  const statement = orm
    .select({ outcomes: sql<PostTuple[] | null>`posted.outcomes` })
    .from(
      sql`post_messages(${sql.placeholder('chats')}::text::bigint[],
        ${sql.placeholder('batch')}::text::json) as posted(outcomes)`
    )
    .prepare('post_messages')
  return async (entries) => {
    const chats = [...new Set(entries.map((entry) => entry.chatId))]
    const [row] = await statement.execute({ chats: `{${chats.join()}}`, batch: encodePosts(entries) })
    return outcomesOf(entries.length, row?.outcomes)
  }
}

/** A batch as a parameter of the SQL functions. */
export function encodePosts (entries: readonly PostEntry[]): string {
  return JSON.stringify(
    entries.map(({ chatId, authorId, postKey, text, isNarrowed }) =>
      ({ c: chatId, a: authorId, k: postKey, t: text, own: isNarrowed === true ? true : undefined }))
  )
}

/** The outcomes of a batch in its order. */
export function outcomesOf (count: number, tuples: readonly PostTuple[] | null | undefined): PostOutcome[] {
  const outcomes = new Array<PostOutcome>(count).fill({ outcome: 'refused' })
  for (const [ord, outcome, seq, id, atMs, membersVersion, refusal] of tuples ?? []) {
    outcomes[ord - 1] =
      outcome === 'stored' || outcome === 'duplicate'
        ? { outcome, seq, id, at: new Date(atMs), membersVersion }
        : { outcome, ...refusal }
  }
  return outcomes
}

/**
 * On a quiet server most posts come one at a time, and half of the time of `post_messages` is the overhead of a
 * statement for many. This statement stores a post if nothing stands against it, and otherwise stores nothing:
 * `post_messages` then decides.
 *
 * It reads the membership before it holds the lock of the chat. A member who joined or left while it waited has changed
 * the version that the locked row must have (READ COMMITTED re-evaluates that row only). A key that exists violates its
 * index, which rolls back the statement.
 */
function prepareAlone (orm: Orm): (entry: PostEntry) => Promise<PostOutcome | undefined> {
  const head = advanceHead(orm)
  const statement = orm
    .with(head)
    .insert(messages)
    .select(
      orm
        .select({
          chatId: head.chatId,
          seq: head.lastSeq,
          id: sql<number>`nextval('messages_id_seq')`.as('id'),
          authorId: sql<number>`${sql.placeholder('authorId')}::bigint`.as('author_id'),
          body: sql<string>`${sql.placeholder('text')}::text`.as('body'),
          postKey: sql<string>`${sql.placeholder('postKey')}::text`.as('post_key'),
          createdAt: head.lastAt,
          editedAt: sql<Date | null>`null::timestamptz`.as('edited_at'),
          deletedAt: sql<Date | null>`null::timestamptz`.as('deleted_at'),
          version: sql<number | null>`null::integer`.as('version'),
          parentSeq: sql<number | null>`null::bigint`.as('parent_seq'),
          replyToSeq: sql<number | null>`null::bigint`.as('reply_to_seq'),
          extra: sql<null>`null::jsonb`.as('extra')
        })
        .from(head)
    )
    .returning({
      seq: messages.seq,
      id: messages.id,
      at: messages.createdAt,
      membersVersion: sql<number>`(select members_version from post_head)`
    })
    .prepare('post_alone')
  return async (entry) => {
    try {
      const [stored] = await statement.execute(entry)
      return stored === undefined ? undefined : { outcome: 'stored', ...stored }
    } catch (error) {
      if (isUniqueViolation(error)) return undefined
      throw error
    }
  }
}

/**
 * Assigns the chat's next seq, unless it is closed, the author is no member or the membership is changing. Where not
 * all members may post, or not without limits, it does nothing either: the role that this statement would see may have
 * changed since.
 */
function advanceHead (orm: Orm) {
  const [chatId, authorId] = [sql.placeholder('chatId'), sql.placeholder('authorId')]
  return orm.$with('post_head').as(
    orm
      .update(chatHeads)
      .set({
        lastSeq: sql`${chatHeads.lastSeq} + 1`,
        lastAt: sql`greatest(${chatHeads.lastAt}, date_trunc('milliseconds', clock_timestamp()))`
      })
      .where(
        and(
          eq(chatHeads.chatId, chatId),
          isNull(chatHeads.closedAt),
          isNull(chatHeads.postRoles),
          eq(
            chatHeads.membersVersion,
            sql`(select version.members_version from ${chatHeads} version where version.chat_id = ${chatId})`
          ),
          exists(
            orm
              .select({ found: sql`1` })
              .from(participants)
              .where(and(eq(participants.chatId, chatId), eq(participants.userId, authorId)))
          )
        )
      )
      .returning({
        chatId: chatHeads.chatId,
        lastSeq: chatHeads.lastSeq,
        lastAt: chatHeads.lastAt,
        membersVersion: chatHeads.membersVersion
      })
  )
}
