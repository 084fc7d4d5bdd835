/** Messages and their changes by requests of `/v1`, which wait for their outcome; those of sockets do not. */
import type { Orm } from '../../store/database.ts'
import { listVersions } from '../../store/marks.ts'
import * as pages from '../../store/message-pages.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import { type Caller, type ChatAccess, requireClaimed, requireReadable } from '../chats/chat-reader.ts'
import type { Permission } from '../chats/chat-types.ts'
import { ChatError } from '../errors.ts'
import type { Files } from '../files/files.ts'
import type { ChangeReceipt, EventActor } from './change.ts'
import type { PostExtras, Receipt } from './post.ts'
import { messageOf } from './message.ts'
import type { Messages } from './messages.ts'
import type { ReadMessage } from './reading.ts'

/** A version that no message has. */
const NO_VERSION = 2 ** 31 - 1

/** Who writes. */
export type Writer = EventActor & Caller

/** A message to post. */
export type PostRequest = {
  text: string
  clientMessageId: string | undefined
  parentSeq: number | undefined
  replyToSeq: number | undefined
  mentions: readonly string[] | undefined
  data: Record<string, unknown> | undefined
  /** The ids of its files. */
  attachments: readonly string[] | undefined
}

/** A message of a chat by the id of `/v1`, who wants something of it, and the key that a retry repeats. */
export type ChangeRequest = { actor: Writer, chat: string, seq: number, key?: string | undefined }

/** The versions that a message may have to be changed; undefined for any. */
export type VersionCondition = readonly number[] | undefined

/** What a request has stored, or had stored before: its event, and the message as it is now. */
export type Written = ReadMessage & {
  access: ChatAccess
  /** The event; undefined when there was nothing to store. */
  seq: number | undefined
  /** Whether it was stored by an earlier request with the same key. */
  isDuplicate: boolean
}

/** Dependencies of the writing. */
export type WritingDeps = { orm: Orm, messages: Messages, files: Pick<Files, 'prepare'> }

/** Writes messages for `/v1`. */
export type Writing = ReturnType<typeof createWriting>

/**
 * Wires the writing. All reject with `unknown_chat`, `forbidden`, `chat_frozen` and `chat_closed`, and those that
 * change a message with `unknown_message`.
 */
export function createWriting (deps: WritingDeps) {
  const { changes } = deps.messages
  return {
    /**
     * Posts a message for a user.
     * @throws {ChatError} `user_required` for a key by itself; `invalid_text`, `invalid_mention`, `unknown_mention`,
     * `nested_thread`; `unknown_file`, `file_incomplete`, `file_attached`; `idempotency_key_reused` when the id was
     * used for another message
     */
    post: async (actor: Writer, chat: string, request: PostRequest): Promise<Written> =>
      post(deps, actor, chat, request),
    /**
     * Replaces the text, and merges the data.
     * @throws {ChatError} `invalid_input` without either, `invalid_text`, `not_the_author`, `message_deleted`,
     * `version_conflict`; `idempotency_key_reused` when the key was used for another text
     */
    edit: async (
      request: ChangeRequest,
      { condition, ...change }: { text?: string, data?: Record<string, unknown>, condition: VersionCondition }
    ): Promise<Written> => {
      if (change.text === undefined && change.data === undefined)
        throw new ChatError('invalid_input', 'The fields "text" and "data" are both missing.')
      return write(deps, request, 'edit_own', async (target) => {
        const receipt = await changes.edit({
          ...target, ...change, expectedVersion: await expectedIn(deps, target, condition)
        })
        // A replaced one was compared with what was sent.
        if (receipt.duplicate && receipt.isRewritten !== true) await confirmText(deps, target, receipt, change.text)
        return receipt
      })
    },
    /** Deletes a message for everybody. @throws {ChatError} `not_the_author`, `version_conflict` */
    delete: async (request: ChangeRequest, condition: VersionCondition): Promise<Written> =>
      write(deps, request, 'delete_own', async (target) =>
        changes.delete({ ...target, expectedVersion: await expectedIn(deps, target, condition) })),
    /** Deletes a message for the actor alone. @throws {ChatError} `user_required` */
    hide: async ({ actor, chat, seq }: ChangeRequest): Promise<void> => {
      const { userId } = requireUser(actor)
      const { chatId } = await requireReadable(deps.orm, actor, chat)
      await inWordsOfV1(changes.hide({ chatId, userId, seq }))
    },
    /** @throws {ChatError} `user_required`, `invalid_emoji`, `message_deleted`, `too_many_marks` */
    react: async (request: ChangeRequest, emoji: string): Promise<Written> => {
      requireUser(request.actor)
      return write(deps, request, 'react', (target) => changes.react({ ...target, emoji }))
    },
    /** @throws {ChatError} `user_required`, `invalid_emoji` */
    unreact: async (request: ChangeRequest, emoji: string): Promise<Written> => {
      requireUser(request.actor)
      return write(deps, request, 'react', (target) => changes.unreact({ ...target, emoji }))
    },
    /** @throws {ChatError} `message_deleted`, `too_many_marks` */
    pin: async (request: ChangeRequest): Promise<Written> =>
      write(deps, request, 'pin', (target) => changes.pin(target)),
    unpin: async (request: ChangeRequest): Promise<Written> =>
      write(deps, request, 'pin', (target) => changes.unpin(target))
  }
}

async function post (
  { orm, messages, files }: WritingDeps,
  actor: Writer,
  chat: string,
  { text, clientMessageId, ...rest }: PostRequest
): Promise<Written> {
  const author = requireUser(actor)
  const access = await requireClaimed(orm, author, chat, 'post')
  const { chatId } = access
  if (rest.attachments !== undefined && rest.attachments.length > 0)
    await files.prepare(author.userId, rest.attachments)
  const extras: PostExtras = { ...rest, keyId: actor.keyId }
  const isPlain = Object.values(extras).every((value) => value === undefined)
  const posting = new Promise<Receipt>((resolve, reject) => {
    messages.post({
      chatId,
      author,
      text,
      clientMessageId,
      isNarrowed: actor.claim !== undefined,
      extras: isPlain ? undefined : extras,
      trace: undefined,
      onSettled: (outcome) => {
        if (outcome instanceof ChatError) reject(outcome)
        else resolve(outcome)
      }
    })
  })
  const { message, duplicate } = await inWordsOfV1(posting)
  const { seq } = message
  // The receipt of a plain post repeats the request, and the message may have been changed since.
  const present = duplicate ? await read(orm, chatId, author.userId, seq) : { message, own: [] }
  return { access, ...present, seq, isDuplicate: duplicate }
}

type Target = { chatId: number, actor: EventActor, seq: number, key: string | undefined }

/** Changes a message of a chat that the actor sees, and returns it as it is then. */
async function write (
  { orm }: WritingDeps,
  { actor, chat, seq, key }: ChangeRequest,
  permission: Permission,
  change: (target: Target) => Promise<ChangeReceipt>
): Promise<Written> {
  const access = await requireClaimed(orm, actor, chat, permission)
  const { chatId } = access
  const narrowed = { ...actor, isNarrowed: actor.claim !== undefined }
  const { event, duplicate } = await inWordsOfV1(change({ chatId, actor: narrowed, seq, key }))
  const present = await read(orm, chatId, actor.userId, seq)
  return { access, ...present, seq: event?.seq, isDuplicate: duplicate }
}

/** Checks that an edit which was stored before has made this text, as far as it is still known. */
async function confirmText (
  { orm }: WritingDeps,
  { chatId, seq }: Target,
  { event, message }: ChangeReceipt,
  text: string | undefined
): Promise<void> {
  if (text === undefined || event === undefined || message === undefined || message.deletedAt !== null) return
  const versions = [{ at: message.editedAt, text: message.text }, ...await listVersions(orm, chatId, seq)]
  const made = versions.find(({ at }) => at?.getTime() === event.at.getTime())
  if (made !== undefined && made.text !== text) throw new ChatError('idempotency_key_reused')
}

/** A message that a change has just found, as it is now. */
async function read (orm: Orm, chatId: number, userId: number | null, seq: number): Promise<ReadMessage> {
  return inSnapshot(orm, async (tx) => {
    const row = await pages.findMessageFor(tx, { chatId, fromSeq: 0, userId: null }, seq)
    if (row === undefined) throw new ChatError('unknown_message')
    const own = await pages.findOwnReactions(tx, { chatId, userId }, [row])
    return { message: messageOf(row), own: own.get(seq) ?? [] }
  })
}

/**
 * The errors in the words of `/v1`: a chat that a caller sees without being a member is there, and not for them to
 * change; and the key of a retry may come from a header.
 */
async function inWordsOfV1<Result> (work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof ChatError)) throw error
    if (error.code === 'not_a_participant') throw new ChatError('forbidden')
    if (error.code === 'conflict') throw new ChatError('idempotency_key_reused')
    throw error
  }
}

/** The version that a message must have: of several the one that it has now, if it is among them. */
async function expectedIn (
  { orm }: WritingDeps,
  { chatId, seq }: Target,
  condition: VersionCondition
): Promise<number | undefined> {
  if (condition === undefined || condition.length === 1) return condition?.[0]
  const row = await pages.findMessageFor(orm, { chatId, fromSeq: 0, userId: null }, seq)
  const version = row === undefined ? undefined : messageOf(row).version
  return condition.find((one) => one === version) ?? NO_VERSION
}

function requireUser (actor: Writer): Writer & { userId: number } {
  const { userId } = actor
  if (userId === null) throw new ChatError('user_required')
  return { ...actor, userId }
}
