/** Chats as a caller of `/v1` names them. */
import type { Orm } from '../../store/database.ts'
import type { ChatClaim } from '../accounts/chat-claim.ts'
import { ChatError } from '../errors.ts'
import { type ChatAccess, findAccess, listOwnAccess } from './access.ts'
import type { Permission } from './chat-types.ts'

export type { ChatAccess } from './access.ts'

/** A user, perhaps with a token that is narrowed to some chats; a key has no `userId`, and may do everything. */
export type Caller = { userId: number | null, claim?: ChatClaim | undefined }

/** Returns a chat that a caller may see. @throws {ChatError} `unknown_chat` */
export async function requireAccess (orm: Orm, { userId, claim }: Caller, chat: string): Promise<ChatAccess> {
  const found = (await findAccess(orm, userId, [chat])).get(chat)
  const access = found && narrow(found, claim)
  if (access === undefined) throw new ChatError('unknown_chat')
  return access
}

/** Returns those chats of a user whose messages the user may read. */
export async function listReadable (orm: Orm, { userId, claim }: Caller & { userId: number }): Promise<ChatAccess[]> {
  const own = await listOwnAccess(orm, userId)
  return own.flatMap((access) => narrow(access, claim) ?? []).filter(({ permissions }) => permissions.includes('read'))
}

/** What a token leaves of a chat; undefined for nothing. */
function narrow (access: ChatAccess, claim: ChatClaim | undefined): ChatAccess | undefined {
  if (claim === undefined) return access
  const permissions = claim.narrow(access.id, access.permissions)
  return permissions.length === 0 ? undefined : { ...access, permissions }
}

/** Returns a chat whose messages a caller may read. @throws {ChatError} `unknown_chat`, `forbidden` */
export async function requireReadable (orm: Orm, caller: Caller, chat: string): Promise<ChatAccess> {
  const access = await requireAccess(orm, caller, chat)
  if (!access.permissions.includes('read')) throw new ChatError('forbidden')
  return access
}

/** Returns a chat of which the caller is a member. @throws {ChatError} `unknown_chat`, `forbidden` */
export async function requireMember (orm: Orm, caller: Caller, chat: string): Promise<ChatAccess> {
  const access = await requireReadable(orm, caller, chat)
  if (access.role === null) throw new ChatError('forbidden')
  return access
}

/**
 * Returns a chat in which the token of a caller leaves a permission; whether the role gives it is decided by the
 * transaction that writes.
 * @throws {ChatError} `unknown_chat`, `forbidden`
 */
export async function requireClaimed (
  orm: Orm,
  caller: Caller,
  chat: string,
  permission: Permission
): Promise<ChatAccess> {
  const access = await requireAccess(orm, caller, chat)
  if (caller.claim !== undefined && !access.permissions.includes(permission)) throw new ChatError('forbidden')
  return access
}
