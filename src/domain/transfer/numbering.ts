/**
 * Puts the records of a file into the order in which they are stored, and gives a seq to messages without one. What
 * comes out follows from the file alone, so that an import goes on at the same place when it is run again.
 */
import { isMembershipChange } from './chat-log.ts'
import { ImportError } from './import-error.ts'
import type {
  BanRecord, ChatRecord, EndRecord, EventRecord, MemberRecord, MessageRecord, TransferRecord
} from './records.ts'

/** A record with the number of its line. */
export type Line<Of = TransferRecord> = { readonly line: number, readonly record: Of }

/** A message with its place in the log. */
export type NumberedMessage = MessageRecord & {
  seq: number
  parent?: number | undefined
  reply_to?: number | undefined
}

/** The end of a chat: its members, those who are banned, and what follows from its log. */
export type ChatEnd = {
  record: 'chat_end'
  members: readonly Line<MemberRecord>[]
  bans: readonly Line<BanRecord>[]
  lastSeq: number
  /** The time of the last message. */
  lastAt: string | null
  membersVersion: number
  /** Whether its threads follow from its messages. */
  derivesThreads: boolean
}

/** What is stored, in its order. */
export type Unit = Line<Exclude<TransferRecord, MessageRecord | MemberRecord | BanRecord> | NumberedMessage | ChatEnd>

/** Messages that wait for others which are older: those of a chat need not be sorted better than by so many. */
const WINDOW = 10_000

type Waiting = Line<MessageRecord> & { time: number }
type Place = { seq: number, isReply: boolean }

/** Numbers the records of a file. @throws {ImportError} for one that cannot be where it is */
export async function * numbered (records: AsyncIterable<Line>): AsyncGenerator<Unit> {
  let chat: ChatLog | undefined
  const counts = { users: 0, chats: 0, messages: 0 }
  let hasEnd = false
  for await (const { line, record } of records) {
    if (hasEnd) throw new ImportError(line, 'something follows the record "end"')
    switch (record.record) {
      case 'message':
        counts.messages++
        yield* openChat(chat, line).addMessage(line, record)
        continue
      case 'event':
        yield openChat(chat, line).addEvent(line, record)
        continue
      case 'member':
        openChat(chat, line).addMember(line, record)
        continue
      case 'ban':
        openChat(chat, line).addBan(line, record)
        continue
    }
    if (chat !== undefined) yield* chat.end()
    chat = undefined
    if (record.record === 'chat') {
      counts.chats++
      chat = new ChatLog({ line, record })
    } else if (record.record === 'user') counts.users++
    else if (record.record === 'end') {
      checkCounts(line, record, counts)
      hasEnd = true
    }
    yield { line, record }
  }
  if (!hasEnd) throw new ImportError(undefined, 'the file was cut off: its last line is no record "end"')
}

function openChat (chat: ChatLog | undefined, line: number): ChatLog {
  if (chat === undefined) throw new ImportError(line, 'it belongs to no chat: the record of the chat comes before it')
  return chat
}

function checkCounts (line: number, end: EndRecord, counts: Record<'users' | 'chats' | 'messages', number>): void {
  for (const name of ['users', 'chats', 'messages'] as const) {
    const expected = end[name]
    if (expected !== undefined && expected !== counts[name])
      throw new ImportError(line, `there are ${String(counts[name])} ${name} before it, not ${String(expected)}`)
  }
}

/** The log of the chat whose records are read. */
class ChatLog {
  readonly #chat: Line<ChatRecord>
  readonly #members = new Map<string, Line<MemberRecord>>()
  readonly #bans = new Map<string, Line<BanRecord>>()
  readonly #places = new Map<string, Place>()
  /** Undefined before the first record of the log. */
  #hasSeqs: boolean | undefined
  #waiting: Waiting[] = []
  #lastTime = -Infinity
  #lastSeq = 0
  #lastAt: string | null = null
  #membersVersion = 1
  #hasReplies = false

  constructor (chat: Line<ChatRecord>) {
    this.#chat = chat
  }

  * addMessage (line: number, record: MessageRecord): Generator<Unit> {
    this.#requireSameForm(line, record.seq !== undefined)
    if (record.seq !== undefined) {
      yield this.#place({ line, record }, record.seq)
      return
    }
    const time = Date.parse(record.created_at)
    if (time < this.#lastTime) {
      throw new ImportError(line, `it is older than one that is more than ${WINDOW.toLocaleString('en')} messages ` +
        'before it: sort the messages of each chat by "created_at"')
    }
    this.#waiting.push({ line, record, time })
    if (this.#waiting.length >= 2 * WINDOW) yield* this.#release(WINDOW)
  }

  addEvent (line: number, record: EventRecord): Unit {
    this.#requireSameForm(line, true)
    this.#advance(line, record.seq)
    if (isMembershipChange(record.kind)) this.#membersVersion++
    return { line, record }
  }

  addMember (line: number, record: MemberRecord): void {
    const { type, users } = this.#chat.record
    if (this.#members.has(record.user)) throw new ImportError(line, 'this member is there twice')
    if (this.#bans.has(record.user)) throw new ImportError(line, 'a member is not banned')
    if (type === 'direct' && users?.includes(record.user) === false)
      throw new ImportError(line, 'the members of a direct chat are its two users')
    this.#members.set(record.user, { line, record })
  }

  addBan (line: number, record: BanRecord): void {
    if (this.#bans.has(record.user)) throw new ImportError(line, 'this user is banned twice')
    if (this.#members.has(record.user)) throw new ImportError(line, 'a member is not banned')
    if (this.#chat.record.type === 'direct') throw new ImportError(line, 'nobody is banned from a direct chat')
    this.#bans.set(record.user, { line, record })
  }

  * end (): Generator<Unit> {
    yield* this.#release(this.#waiting.length)
    yield {
      line: this.#chat.line,
      record: {
        record: 'chat_end',
        members: [...this.#members.values()],
        bans: [...this.#bans.values()],
        lastSeq: this.#lastSeq,
        lastAt: this.#lastAt,
        membersVersion: this.#membersVersion,
        derivesThreads: this.#hasReplies && this.#hasSeqs === false
      }
    }
  }

  /** Gives numbers to the oldest ones that wait. */
  * #release (count: number): Generator<Unit> {
    // Stable: of messages of the same time the first one comes first.
    this.#waiting.sort((one, other) => one.time - other.time)
    for (const { line, record, time } of this.#waiting.splice(0, count)) {
      this.#lastTime = time
      yield this.#place({ line, record }, this.#lastSeq + 1)
    }
  }

  #place ({ line, record }: Line<MessageRecord>, seq: number): Unit {
    this.#advance(line, seq)
    this.#lastAt = record.created_at
    const { id, parent, reply_to: quoted, ...message } = record
    const place = { seq, isReply: parent !== undefined }
    if (id !== undefined) {
      if (this.#places.has(id)) throw new ImportError(line, `the id ${JSON.stringify(id)} is there twice`)
      this.#places.set(id, place)
    }
    if (place.isReply) this.#hasReplies = true
    return {
      line,
      record: {
        ...message,
        seq,
        ...(parent !== undefined && { parent: this.#seqOf(line, parent, true) }),
        ...(quoted !== undefined && { reply_to: this.#seqOf(line, quoted, false) })
      }
    }
  }

  #seqOf (line: number, reference: string | number, isParent: boolean): number {
    if (typeof reference === 'number') return reference
    const place = this.#places.get(reference)
    if (place === undefined)
      throw new ImportError(line, `there is no message of the id ${JSON.stringify(reference)} before it in the chat`)
    if (isParent && place.isReply) throw new ImportError(line, 'its parent is in a thread itself')
    return place.seq
  }

  #advance (line: number, seq: number): void {
    if (seq !== this.#lastSeq + 1)
      throw new ImportError(line, `seq ${String(seq)} follows ${String(this.#lastSeq)}: the log of a chat has no gap`)
    this.#lastSeq = seq
  }

  #requireSameForm (line: number, hasSeq: boolean): void {
    this.#hasSeqs ??= hasSeq
    if (this.#hasSeqs !== hasSeq)
      throw new ImportError(line, 'either all messages and events of a chat have a seq, or none of them')
  }
}
