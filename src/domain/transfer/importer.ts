/**
 * Stores what comes out of a file, a part at a time. Each part is a transaction together with how far the import is, so
 * that it goes on where it stopped, however it did. A chat is seen by nobody until all of it is stored.
 */
import type { Orm } from '../../store/database.ts'
import { isTransient, isUniqueViolation } from '../../store/postgres/failures.ts'
import * as imports from '../../store/transfer/imports.ts'
import { findBrokenReference, insertLog, noLogRows } from '../../store/transfer/messages.ts'
import { advanceHeads } from '../../store/transfer/chats.ts'
import { ChatsOfPart, openedChat, type OpenChat } from './import-chats.ts'
import { ImportError } from './import-error.ts'
import { ensureTypes, insertBlocks, retire } from './import-rest.ts'
import { ensureUsers } from './import-users.ts'
import { addEvent, addMessage, type LogSink } from './log-rows.ts'
import { addMentioned, addNamed } from './named-users.ts'
import type { Line, Unit } from './numbering.ts'
import { isMembershipChange } from './chat-log.ts'
import type { UserRecord } from './records.ts'
import { UserLookup, UserNumbers } from './user-numbers.ts'

const ATTEMPTS = 5

/** What an import has done. */
export type ImportCounts = {
  usersMade: number
  usersFound: number
  chats: number
  messages: number
  /** Attachments of messages, whose contents stay behind. */
  attachments: number
}

/** Consecutive units, and how far the import is after them. */
export type Part = { units: readonly Unit[], from: number, to: number, digest: string, isLast: boolean }

/** What a transaction has found out, valid once it is committed. */
type Outcome = {
  numbers: ReadonlyMap<string, number>
  open: OpenChat | undefined
  counts: ImportCounts
  /** Members of chats that are there from now on. */
  members: readonly number[]
}

/** Stores the parts of one import, in their order. */
export class Importer {
  readonly #orm: Orm
  readonly #id: string
  readonly #users = new UserNumbers()
  #open: OpenChat | undefined
  readonly counts: ImportCounts = { usersMade: 0, usersFound: 0, chats: 0, messages: 0, attachments: 0 }

  constructor (orm: Orm, id: string) {
    this.#orm = orm
    this.#id = id
  }

  /**
   * Takes in what an earlier run has stored.
   * @param chatId the chat of which a part is stored
   */
  async replay (units: readonly Unit[], chatId: number): Promise<void> {
    const lines = units.filter(isUser)
    if (lines.length > 0) {
      const { numbers } = await this.#orm.transaction((tx) => ensureUsers(tx, lines, this.#id))
      this.#users.keep(numbers)
    }
    for (const unit of units) {
      const { line, record } = unit
      if (record.record === 'chat') this.#open = openedChat({ line, record }, chatId)
      if (this.#open !== undefined) noteIn(this.#open, unit)
      if (record.record === 'chat_end') this.#open = undefined
    }
  }

  /**
   * Stores a part.
   * @returns the members of the chats that are there from now on
   * @throws {ImportError} when it cannot be stored; nothing of it is then
   */
  async store (part: Part): Promise<readonly number[]> {
    for (let attempt = 1; ; attempt++) {
      let outcome: Outcome | undefined
      try {
        await this.#orm.transaction(async (tx) => {
          outcome = await this.#write(tx, part)
        })
      } catch (error) {
        if (isUniqueViolation(error)) throw new ImportError(undefined, describeClash(part))
        if (!isTransient(error)) throw error
        // The connection may have ended in the commit.
        const isStored = outcome !== undefined && (await imports.readImport(this.#orm, this.#id)).records === part.to
        if (!isStored && attempt < ATTEMPTS) continue
        if (!isStored) throw error
      }
      if (outcome === undefined) throw new Error('The transaction has not run.')
      return this.#accept(outcome)
    }
  }

  #accept ({ numbers, open, counts, members }: Outcome): readonly number[] {
    this.#users.keep(numbers)
    this.#open = open
    for (const name of ['usersMade', 'usersFound', 'chats', 'messages', 'attachments'] as const)
      this.counts[name] += counts[name]
    return members
  }

  async #write (tx: Orm, part: Part): Promise<Outcome> {
    const { units, from } = part
    // First of all: of two processes neither waits for what the other one stores, and then finds it there.
    if (!await imports.lockImport(tx, this.#id, from)) throw overtaken()
    const counts: ImportCounts = { usersMade: 0, usersFound: 0, chats: 0, messages: 0, attachments: 0 }
    const users = new UserLookup(this.#users)
    const userLines = units.filter(isUser)
    const ensured = await ensureUsers(tx, userLines, this.#id)
    counts.usersMade = ensured.made
    counts.usersFound = ensured.found
    users.add(ensured.numbers)
    const ids = new Set<string>()
    for (const unit of units) {
      addNamed(ids, unit)
      addMentioned(ids, unit)
    }
    await users.resolve(tx, ids)
    await ensureTypes(tx, units)
    await insertBlocks(tx, units, users)
    await retire(tx, units)
    const chats = new ChatsOfPart(tx, users, this.#open)
    await writeUnits(tx, units, chats, users, counts)
    const open = chats.open
    await this.#advance(tx, part, open)
    return { numbers: users.found, open, counts, members: chats.members }
  }

  async #advance (tx: Orm, { from, to, digest, isLast }: Part, open: OpenChat | undefined): Promise<void> {
    const next = { records: to, digest, chatId: open?.chatId ?? null, isFinished: isLast }
    if (!await imports.advanceImport(tx, this.#id, from, next)) throw overtaken()
  }
}

function overtaken (): ImportError {
  return new ImportError(undefined, 'another process imports this file at the same time')
}

async function writeUnits (
  tx: Orm, units: readonly Unit[], chats: ChatsOfPart, users: UserLookup, counts: ImportCounts
): Promise<void> {
  const sink: LogSink = {
    rows: noLogRows(), references: [], numberOf: users.require, mentionedOf: users.find
  }
  const lineOf = new Map<string, number>()
  for (const unit of units) {
    const { line, record } = unit
    if (record.record === 'chat') await chats.begin({ line, record })
    const { open } = chats
    if (open === undefined) continue
    noteIn(open, unit)
    switch (record.record) {
      case 'message':
        users.at(line)
        addMessage(sink, open, record)
        counts.messages++
        counts.attachments += record.attachments?.length ?? 0
        lineOf.set(`${String(open.chatId)} ${String(record.seq)}`, line)
        break
      case 'event':
        users.at(line)
        addEvent(sink, open, record, open.membersVersion)
        lineOf.set(`${String(open.chatId)} ${String(record.seq)}`, line)
        break
      case 'chat_end':
        chats.end(record)
        counts.chats++
    }
  }
  await insertLog(tx, sink.rows)
  const broken = await findBrokenReference(tx, sink.references)
  if (broken !== undefined) {
    throw new ImportError(lineOf.get(`${String(broken.chat_id)} ${String(broken.seq)}`),
      `seq ${String(broken.target)} of the chat is no message that this could refer to`)
  }
  await advanceHeads(tx, chats.heads())
  await chats.show()
}

/** Keeps in mind what the end of a chat needs. */
function noteIn (open: OpenChat, unit: Unit): void {
  const { record } = unit
  addNamed(open.users, unit)
  if (record.record === 'event') {
    open.lastSeq = record.seq
    if (isMembershipChange(record.kind)) open.membersVersion++
  } else if (record.record === 'message') open.lastSeq = record.seq
}

function isUser (unit: Unit): unit is Line<UserRecord> {
  return unit.record.record === 'user'
}

function describeClash ({ units }: Part): string {
  const [first, last] = [units[0], units.at(-1)].map((unit) => String(unit?.line ?? 0))
  return `between line ${first ?? ''} and line ${last ?? ''} an author has two messages with the same "client_id"`
}
