/** Storing posts together with changes of messages: one statement, and so one transaction. */
import { sql } from 'drizzle-orm'
import type { Orm } from './database.ts'
import type { StoredMarks } from './marks.ts'
import {
  encodePosts, type LimitRefusal, outcomesOf, type PostEntry, type PostOutcome, type PostTuple
} from './posts.ts'
import type { MessageExtra } from './schema.ts'

/** Maximum number of different reactions to a message, of pins in a chat, and of earlier texts that are kept. */
const [MAX_KINDS_OF_REACTIONS, MAX_PINS, MAX_VERSIONS] = [50, 100, 100]

/** The message that a change is about: by its seq, or by its id. */
export type ChangeTarget = { readonly seq: number } | { readonly messageId: number }

/** A message with more than a text. */
export type MessageToPost = {
  readonly kind: 'post'
  readonly text: string
  /** The message whose thread it belongs to. */
  readonly parentSeq?: number | undefined
  /** The message that it quotes. */
  readonly replyToSeq?: number | undefined
  readonly mentions?: readonly string[] | undefined
  readonly data?: Record<string, unknown> | undefined
  /** The ids of its files. */
  readonly attachments?: readonly string[] | undefined
  /** The message that the author has sent, where the application has replaced it. */
  readonly asked?: MessageToPost | undefined
}

/** A change of a message. With a `version` it is made only if the message has that version. */
export type MessageAction =
  /** Where text or data are undefined, they remain; data of null are removed. */
  | {
    readonly kind: 'edit'
    readonly target: ChangeTarget
    readonly text?: string | undefined
    readonly data?: Record<string, unknown> | null | undefined
    readonly version?: number | undefined
    /** Whether the application has replaced what the actor has sent. */
    readonly isRewritten?: true
    /** What the actor has sent, with which a retry is compared; by default `text` and `data`. */
    readonly requested?: { readonly text?: string | undefined, readonly data?: object | null | undefined }
  }
  | { readonly kind: 'delete', readonly target: ChangeTarget, readonly version?: number | undefined }
  | { readonly kind: 'react' | 'unreact', readonly target: ChangeTarget, readonly emoji: string }
  | { readonly kind: 'pin' | 'unpin', readonly target: ChangeTarget }

/** What a change does. */
export type ChangeAction = MessageToPost | MessageAction

/** A change to store. `eventKey` identifies a retry; unique per chat and actor. */
export type ChangeEntry = {
  chatId: number
  /** Null for an API key by itself. */
  actorId: number | null
  keyId?: string | undefined
  eventKey: string
  /** Whether the actor may do nothing of what moderators may, whatever the role permits. */
  isNarrowed?: boolean | undefined
  /** Where the actor is, which the audit log says of changes to messages of others. */
  address?: string | undefined
  action: ChangeAction
}

/** A message after a change. Times are in milliseconds since 1970. */
export type MessageState = {
  targetSeq: number
  id: number
  authorId: number
  username: string | null
  text: string
  postKey: string
  postedAt: number
  editedAt: number | null
  deletedAt: number | null
  version: number
  parentSeq: number | null
  replyToSeq: number | null
  extra: MessageExtra | null
  marks: StoredMarks | null
}

/** The place of an event; `membersVersion` is that of its chat. */
type Place = {
  seq: number
  at: number
  membersVersion: number
  /** The users who have deleted the message for themselves; undefined when there are none. */
  hiddenFrom?: readonly number[]
}

/** A stored event, and the message after it. */
export type StoredChange = { outcome: 'stored' | 'duplicate' } & Place & MessageState & { isRewritten?: true }
/** A stored event of the marks of a message. `replaced` is a reaction that was removed by the event before. */
export type StoredMark = { outcome: 'stored', targetSeq: number, marks: StoredMarks, replaced: string | null } & Place
/** Nothing had to be stored. */
export type Unchanged = { outcome: 'unchanged' } | ({ outcome: 'unchanged', seq: null } & MessageState)
/** Why nothing was stored; see the SQL function `write_events`. */
export type ChangeRefusal =
  | 'conflict' | 'refused' | 'missing' | 'denied' | 'frozen' | 'forbidden' | 'deleted' | 'version' | 'closed' | 'nested'
  | 'stranger' | 'full' | 'nofile' | 'incomplete' | 'taken'

/** Outcome of a {@link ChangeEntry}. */
export type ChangeOutcome =
  | StoredChange | StoredMark | Unchanged | ({ outcome: ChangeRefusal } & Partial<LimitRefusal>)

/**
 * Stores a batch of posts and changes in one transaction, all or none, with gapless seqs. A chat has either posts or
 * changes in a batch. @returns one outcome per entry, in their order
 */
export type WriteBatch = (
  posts: readonly PostEntry[],
  changes: readonly ChangeEntry[]
) => Promise<{ posts: PostOutcome[], changes: ChangeOutcome[] }>

type Answer = { posts: PostTuple[] | null, changes: (ChangeOutcome & { o: number })[] }

/** Prepares the statement that stores a batch; see {@link WriteBatch}. */
export function prepareWriteBatch (orm: Orm): WriteBatch {
  const statement = orm
    .select({ answer: sql<Answer>`written.answer` })
    .from(
      sql`write_events(${sql.placeholder('chats')}::text::bigint[], ${sql.placeholder('posts')}::text::json,
        ${sql.placeholder('changes')}::text::json) as written(answer)`
    )
    .prepare('write_events')
  return async (posts, changes) => {
    const chats = new Set([...posts, ...changes].map(({ chatId }) => chatId))
    const [row] = await statement.execute({
      chats: `{${[...chats].join()}}`,
      posts: encodePosts(posts),
      changes: JSON.stringify(changes.map(encodeChange))
    })
    const outcomes = new Array<ChangeOutcome>(changes.length).fill({ outcome: 'refused' })
    for (const { o, ...outcome } of row?.answer.changes ?? []) outcomes[o] = outcome
    return { posts: outcomesOf(posts.length, row?.answer.posts), changes: outcomes }
  }
}

function encodeChange (
  { chatId, actorId, keyId, eventKey, isNarrowed, address, action }: ChangeEntry, index: number
): object {
  const own = isNarrowed === true ? true : undefined
  const ip = action.kind === 'edit' || action.kind === 'delete' ? address : undefined
  return { o: index, c: chatId, a: actorId, y: keyId, k: eventKey, own, ip, e: action.kind, ...encodeAction(action) }
}

function encodeMessage ({ text, parentSeq, replyToSeq, mentions, data, attachments, asked }: MessageToPost): object {
  const files = attachments?.length === 0 ? undefined : attachments
  return { t: text, p: parentSeq, q: replyToSeq, mentions, d: data, f: files, asked: asked && encodeMessage(asked) }
}

function encodeAction (action: ChangeAction): object {
  if (action.kind === 'post') return encodeMessage(action)
  const { target } = action
  const [s, m] = 'seq' in target ? [target.seq, undefined] : [undefined, target.messageId]
  switch (action.kind) {
    case 'edit': {
      const { text, data, version, isRewritten, requested = { text, data } } = action
      const rq = { t: requested.text, d: requested.data }
      return { s, m, t: text, d: data, v: version, max: MAX_VERSIONS, asked: isRewritten && {}, rq }
    }
    case 'delete':
      return { s, m, v: action.version }
    case 'react':
    case 'unreact':
      return { s, m, em: action.emoji, max: MAX_KINDS_OF_REACTIONS }
    default:
      return { s, m, max: MAX_PINS }
  }
}
