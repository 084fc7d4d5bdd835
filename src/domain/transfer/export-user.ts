/** What concerns one user: the profile, devices, blocks, memberships and messages. It is for that user alone. */
import type { Orm } from '../../store/database.ts'
import { listDevices } from '../../store/push-devices.ts'
import * as chats from '../../store/transfer/export-chats.ts'
import * as users from '../../store/transfer/export-users.ts'
import { messageOf } from './export-log.ts'
import { recordOfChat, recordOfMember, recordOfUser } from './export-records.ts'
import { deviceOf } from './notifications.ts'
import { PAGE } from './page.ts'
import type { TransferRecord, UserRecord } from './records.ts'
import type { UserIds } from './user-ids.ts'

/** The records about a user. No other user's message, profile or membership is among them. */
export async function * ofUser (tx: Orm, ids: UserIds, userId: number): AsyncGenerator<TransferRecord> {
  for (const row of await users.listExportedUsers(tx, { after: 0, limit: 1, only: [userId] }))
    yield { ...recordOfUser(row, false), ...await devicesOf(tx, userId) }
  const own = await users.listExportedBlocks(tx, {
    after: { userId: 0, blockedId: 0 }, limit: Number.MAX_SAFE_INTEGER, of: userId
  })
  await ids.load(own.flatMap(({ userId, blockedId }) => [userId, blockedId]))
  for (const { blockedId, createdAt } of own)
    yield { record: 'block', user: ids.of(userId), blocked: ids.of(blockedId), created_at: createdAt.toISOString() }
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: chats.ExportedChatRow[] = await chats.listExportedChats(tx, { after, limit: PAGE, member: userId })
    for (const row of page) yield* chatOf(tx, ids, row, userId)
    after = page.length === PAGE ? page.at(-1)?.chatId : undefined
  }
}

async function devicesOf (tx: Orm, userId: number): Promise<Pick<UserRecord, 'devices'>> {
  const devices = (await listDevices(tx, userId)).map(deviceOf)
  return devices.length === 0 ? {} : { devices }
}

async function * chatOf (
  tx: Orm, ids: UserIds, chat: chats.ExportedChatRow, userId: number
): AsyncGenerator<TransferRecord> {
  yield await recordOfChat(chat, ids)
  const { chatId } = chat
  const members = await chats.listExportedMembers(tx, chatId, { after: 0, limit: 1, only: userId })
  await ids.load(members.flatMap(({ userId: member, addedBy }) => [member, addedBy]))
  for (const row of members) yield recordOfMember(row, ids)
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: Awaited<ReturnType<typeof chats.listMessagesOf>> =
      await chats.listMessagesOf(tx, { chatId, userId, after, limit: PAGE })
    for (const row of page) yield messageOf(row, undefined, ids)
    after = page.length === PAGE ? page.at(-1)?.seq : undefined
  }
}
