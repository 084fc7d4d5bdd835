/** Rows of users, chats, members and bans as records. What a row has not is left out. */
import type {
  ExportedBanRow, ExportedChatRow, ExportedMemberRow, ExportedTypeRow
} from '../../store/transfer/export-chats.ts'
import type { ExportedUserRow } from '../../store/transfer/export-users.ts'
import { accountUserId } from '../accounts/user-id.ts'
import { publicChatId } from '../chats/chat-id.ts'
import { notificationsOf } from './notifications.ts'
import type { BanRecord, ChatRecord, MemberRecord, TypeRecord, UserRecord } from './records.ts'
import type { UserIds } from './user-ids.ts'

/** The record of a type of chats. */
export function recordOfType ({ type, definition: { roles, ...definition } }: ExportedTypeRow): TypeRecord {
  const copies = roles.map(({ role, permissions }) => ({ role, permissions: [...permissions] }))
  return { record: 'chat_type', type, definition: { ...definition, roles: copies } }
}

/** The record of a user. */
export function recordOfUser (row: ExportedUserRow, hasPasswordHash: boolean): UserRecord {
  const { userId, externalId, createdAt, deletedAt, name, avatar, data, version } = row
  const user = { record: 'user', id: externalId ?? accountUserId(userId), created_at: createdAt.toISOString() } as const
  if (deletedAt !== null) return { ...user, erased_at: deletedAt.toISOString() }
  const notifications = notificationsOf(row)
  return {
    ...user,
    name,
    ...(avatar !== null && { avatar }),
    ...(data !== null && Object.keys(data).length > 0 && { data }),
    ...(version !== null && version > 1 && { version }),
    ...(row.suspendedAt !== null && { suspended_at: row.suspendedAt.toISOString() }),
    ...(row.claimedName !== null && { claimed_name: row.claimedName }),
    ...(row.claimedAvatar !== null && { claimed_avatar: row.claimedAvatar }),
    ...(row.tokensRevokedAt !== null && { tokens_revoked_at: row.tokensRevokedAt.toISOString() }),
    ...(row.hidesReceipts && { hides_receipts: true as const }),
    ...(row.hidesPresence && { hides_presence: true as const }),
    ...(notifications !== undefined && { notifications }),
    ...(externalId === null && { account: accountOf(row, hasPasswordHash) })
  }
}

function accountOf (row: ExportedUserRow, hasPasswordHash: boolean): NonNullable<UserRecord['account']> {
  const { username, email, createdAt, activatedAt, emailVerifiedAt, disabledAt, passwordHash } = row
  return {
    username,
    email,
    ...(emailVerifiedAt !== null && { email_verified_at: emailVerifiedAt.toISOString() }),
    activated_at: (activatedAt ?? createdAt).toISOString(),
    ...(disabledAt !== null && { disabled_at: disabledAt.toISOString() }),
    ...(hasPasswordHash && { password_hash: passwordHash })
  }
}

/** The record of a chat. */
export async function recordOfChat (row: ExportedChatRow, ids: UserIds): Promise<ChatRecord> {
  const isDirect = row.type === 'direct'
  await ids.load([...isDirect ? [row.userLow, row.userHigh] : [], row.createdBy])
  const createdBy = ids.ofNullable(row.createdBy)
  return {
    record: 'chat',
    id: publicChatId(row.chatId, row.publicId),
    type: row.type,
    ...(isDirect && { users: [ids.of(row.userLow), ids.of(row.userHigh)] }),
    ...(row.name !== null && row.name !== '' && { name: row.name }),
    ...(row.description !== null && { description: row.description }),
    ...(row.avatar !== null && { avatar: row.avatar }),
    ...(row.data !== null && { data: row.data }),
    ...(row.version > 1 && { version: row.version }),
    created_at: row.createdAt.toISOString(),
    ...(createdBy !== undefined && { created_by: createdBy }),
    ...(row.frozenAt !== null && { frozen_at: row.frozenAt.toISOString() }),
    ...(row.closedAt !== null && { closed_at: row.closedAt.toISOString() })
  }
}

/** The record of a member. */
export function recordOfMember (row: ExportedMemberRow, ids: UserIds): MemberRecord {
  const addedBy = ids.ofNullable(row.addedBy)
  return {
    record: 'member',
    user: ids.of(row.userId),
    role: row.role,
    joined_at: row.joinedAt.toISOString(),
    ...(addedBy !== undefined && { added_by: addedBy }),
    ...(row.data !== null && { data: row.data }),
    ...(row.fromSeq > 0 && { history_after: row.fromSeq }),
    read_seq: row.readSeq,
    ...(row.mutedAt !== null && { muted_at: row.mutedAt.toISOString() }),
    ...(row.pinnedAt !== null && { pinned_at: row.pinnedAt.toISOString() }),
    ...(row.archivedAt !== null && { archived_at: row.archivedAt.toISOString() }),
    ...(row.notifications !== null && { notifications: row.notifications })
  }
}

/** The record of a ban. */
export function recordOfBan (row: ExportedBanRow, ids: UserIds): BanRecord {
  const by = ids.ofNullable(row.bannedBy)
  return {
    record: 'ban',
    user: ids.of(row.userId),
    ...(by !== undefined && { by }),
    ...(row.keyId !== null && { key: row.keyId }),
    ...(row.reason !== '' && { reason: row.reason }),
    created_at: row.createdAt.toISOString(),
    ...(row.until !== null && { until: row.until.toISOString() })
  }
}
