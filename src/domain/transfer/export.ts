/** Exports chats and users as records, from one snapshot and a page at a time. */
import { randomUUID } from 'node:crypto'
import type { Orm } from '../../store/database.ts'
import { readIdentity } from '../../store/epoch.ts'
import { findChosenChat } from '../../store/chat-settings.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import * as chats from '../../store/transfer/export-chats.ts'
import * as users from '../../store/transfer/export-users.ts'
import { findProfile } from '../../store/user-profiles.ts'
import { parseChatId, publicChatId } from '../chats/chat-id.ts'
import { ChatError } from '../errors.ts'
import { referenceOf } from '../accounts/user-profiles.ts'
import { recordsOfLog } from './export-log.ts'
import { ofUser } from './export-user.ts'
import { recordOfBan, recordOfChat, recordOfMember, recordOfType, recordOfUser } from './export-records.ts'
import { PAGE } from './page.ts'
import { FORMAT_VERSION, type Header, type TransferRecord } from './records.ts'
import { UserIds } from './user-ids.ts'

/** What is exported: everything, a chat, or what concerns a user, by the ids of `/v1`. */
export type ExportScope = { all: true } | { chat: string } | { user: string }

/** How it is exported. */
export type ExportOptions = {
  /** Whether the hashes of the passwords of accounts are included. */
  hasPasswordHashes: boolean
  /** Receives one line after the other, without its end; the next one is made when it resolves. */
  write: (line: string) => Promise<void>
  /** Receives each record before its line is written. */
  onRecord?: (record: TransferRecord) => void
}

/** Numbers of records. */
export type ExportCounts = { users: number, chats: number, messages: number }

type Records = AsyncGenerator<TransferRecord>

/**
 * Writes an export.
 * @throws {ChatError} `unknown_chat`, `unknown_user`
 */
export async function exportRecords (
  orm: Orm, scope: ExportScope, { hasPasswordHashes, write, onRecord }: ExportOptions
): Promise<ExportCounts> {
  return inSnapshot(orm, async (tx) => {
    const counts: ExportCounts = { users: 0, chats: 0, messages: 0 }
    const ids = new UserIds(tx)
    const records = 'all' in scope
      ? everything(tx, ids, hasPasswordHashes)
      : 'chat' in scope
        ? oneChat(tx, ids, await findChat(tx, scope.chat), hasPasswordHashes)
        : ofUser(tx, ids, await findUser(tx, scope.user))
    // Before the first line something may turn out not to be there.
    await write(JSON.stringify(await headerOf(tx, scope)))
    for await (const record of records) {
      if (record.record === 'user') counts.users++
      else if (record.record === 'chat') counts.chats++
      else if (record.record === 'message') counts.messages++
      onRecord?.(record)
      await write(JSON.stringify(record))
    }
    await write(JSON.stringify({ record: 'end', ...counts }))
    return counts
  })
}

async function headerOf (tx: Orm, scope: ExportScope): Promise<Header> {
  const { installationId, epoch } = await readIdentity(tx)
  return {
    confab: 'export',
    version: FORMAT_VERSION,
    id: randomUUID(),
    scope: 'all' in scope ? 'all' : 'chat' in scope ? 'chat' : 'user',
    created_at: new Date().toISOString(),
    installation: installationId,
    epoch
  }
}

async function findChat (tx: Orm, id: string): Promise<number> {
  const name = parseChatId(id)
  const chatId = name === undefined ? undefined : 'chatId' in name ? name.chatId : await findChosenChat(tx, name.chosen)
  const [row] = chatId === undefined ? [] : await chats.listExportedChats(tx, { after: 0, limit: 1, only: chatId })
  // A chat with a chosen id has no other.
  if (row === undefined || publicChatId(row.chatId, row.publicId) !== id) throw new ChatError('unknown_chat')
  return row.chatId
}

async function findUser (tx: Orm, id: string): Promise<number> {
  const reference = referenceOf(id)
  const row = reference && await findProfile(tx, reference)
  if (row === undefined) throw new ChatError('unknown_user')
  return row.userId
}

async function * everything (tx: Orm, ids: UserIds, hasPasswordHashes: boolean): Records {
  for (const row of await chats.listOwnTypes(tx)) yield recordOfType(row)
  yield* pagesOf(
    (after) => users.listExportedUsers(tx, { after, limit: PAGE }), ({ userId }) => userId,
    (row) => recordOfUser(row, hasPasswordHashes)
  )
  yield* blocks(tx, ids)
  yield* retired(tx)
  let last: chats.ExportedChatRow | undefined
  do {
    const page = await chats.listExportedChats(tx, { after: last?.chatId ?? 0, limit: PAGE })
    last = page.length === PAGE ? page.at(-1) : undefined
    for (const row of page) yield* chatWithLog(tx, ids, row)
  } while (last !== undefined)
}

async function * oneChat (tx: Orm, ids: UserIds, chatId: number, hasPasswordHashes: boolean): Records {
  const [chat] = await chats.listExportedChats(tx, { after: 0, limit: 1, only: chatId })
  if (chat === undefined) throw new ChatError('unknown_chat')
  for (const row of await chats.listOwnTypes(tx)) if (row.type === chat.type) yield recordOfType(row)
  const named = await chats.listNamedUsers(tx, chatId)
  for (let begin = 0; begin < named.length; begin += PAGE) {
    const only = named.slice(begin, begin + PAGE)
    for (const row of await users.listExportedUsers(tx, { after: 0, limit: PAGE, only }))
      yield recordOfUser(row, hasPasswordHashes)
  }
  yield* chatWithLog(tx, ids, chat)
}

async function * chatWithLog (tx: Orm, ids: UserIds, chat: chats.ExportedChatRow): Records {
  yield await recordOfChat(chat, ids)
  const { chatId, lastSeq } = chat
  for (let after = 0; after < lastSeq; after += PAGE)
    yield* await recordsOfLog(await chats.readExportedLog(tx, chatId, { after, last: after + PAGE }), ids)
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: chats.ExportedMemberRow[] = await chats.listExportedMembers(tx, chatId, { after, limit: PAGE })
    await ids.load(page.flatMap(({ userId, addedBy }) => [userId, addedBy]))
    for (const row of page) yield recordOfMember(row, ids)
    after = page.length === PAGE ? page.at(-1)?.userId : undefined
  }
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: chats.ExportedBanRow[] = await chats.listExportedBans(tx, chatId, { after, limit: PAGE })
    await ids.load(page.flatMap(({ userId, bannedBy }) => [userId, bannedBy]))
    for (const row of page) yield recordOfBan(row, ids)
    after = page.length === PAGE ? page.at(-1)?.id : undefined
  }
}

async function * blocks (tx: Orm, ids: UserIds): Records {
  let after: users.BlockPosition | undefined = { userId: 0, blockedId: 0 }
  while (after !== undefined) {
    const page: users.ExportedBlockRow[] = await users.listExportedBlocks(tx, { after, limit: PAGE })
    await ids.load(page.flatMap(({ userId, blockedId }) => [userId, blockedId]))
    for (const { userId, blockedId, createdAt } of page) {
      const created = createdAt.toISOString()
      yield { record: 'block', user: ids.of(userId), blocked: ids.of(blockedId), created_at: created }
    }
    after = page.length === PAGE ? page.at(-1) : undefined
  }
}

async function * retired (tx: Orm): Records {
  for (let after: string | undefined = ''; after !== undefined;) {
    const page: string[] = await chats.listRetiredNames(tx, after, PAGE)
    for (const hash of page) yield { record: 'retired', name_hash: hash }
    after = page.length === PAGE ? page.at(-1) : undefined
  }
  for (let after: string | undefined = ''; after !== undefined;) {
    const page: string[] = await chats.listRetiredChatIds(tx, after, PAGE)
    for (const chat of page) yield { record: 'retired', chat }
    after = page.length === PAGE ? page.at(-1) : undefined
  }
}

async function * pagesOf<Row> (
  read: (after: number) => Promise<Row[]>, positionOf: (row: Row) => number, recordOf: (row: Row) => TransferRecord
): Records {
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: Row[] = await read(after)
    for (const row of page) yield recordOf(row)
    const last = page.at(-1)
    after = page.length === PAGE && last !== undefined ? positionOf(last) : undefined
  }
}
