/** Bans: who may not come to a chat, whoever adds or invites them. */
import * as store from '../../store/bans.ts'
import type { PageOf } from '../../store/chat-views.ts'
import type { Orm } from '../../store/database.ts'
import { findMembers } from '../../store/members.ts'
import { type KnownUser, requireUser } from '../accounts/find-users.ts'
import { ChatError } from '../errors.ts'
import { isStorable } from '../text.ts'
import { requireAccess } from './access.ts'
import { Authority } from './authority.ts'
import { remove } from './changing-members.ts'
import { changeChat, type Changed, type LockedChat } from './chat-transaction.ts'
import type { ChatDeps } from './direct-chats.ts'
import type { Caller } from './caller.ts'

/** A ban. */
export type Ban = store.BanRow

/** Longest reason of a ban, in characters. */
export const MAX_BAN_REASON_LENGTH = 500

/** A ban to make: `until` is null for one without an end. */
export type BanRequest = { reason: string, until: Date | null }

/** Wires the bans. */
export function bindBans (deps: ChatDeps) {
  return {
    put: banUser.bind(undefined, deps),
    end: unbanUser.bind(undefined, deps),
    find: findBan.bind(undefined, deps.orm),
    list: listBans.bind(undefined, deps.orm)
  }
}

/**
 * Bans a user from a chat, who is removed if they are in it. One who is banned already has another reason and another
 * end.
 * @throws {ChatError} `unknown_chat`, `unknown_user`, `forbidden`, `last_owner`, `chat_is_direct`, `invalid_input`,
 *   `updating`
 */
async function banUser (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  userId: string,
  { reason, until }: BanRequest
): Promise<Changed<{ ban: Ban, isNew: boolean }>> {
  if (!isStorable(reason))
    throw new ChatError('invalid_input', 'The field "reason" has characters that cannot be stored.')
  if (until !== null && !(until.getTime() > Date.now()))
    throw new ChatError('invalid_input', 'The field "until" must be in the future.')
  const user = await requireUser(deps.orm, userId)
  if (user.userId === caller.user?.userId) throw new ChatError('invalid_input', 'You cannot ban yourself.')
  return changeChat(deps, caller, id, async (chat) => {
    const { tx, change } = chat
    await removeBanned(chat, user)
    const isNew = await store.putBan(tx, {
      chatId: change.chatId,
      userId: user.userId,
      bannedBy: caller.user?.userId ?? null,
      keyId: caller.keyId,
      reason,
      until
    })
    await change.audit('member.banned', { userId: user.userId, data: { until: until?.toISOString() ?? null } })
    const ban = await store.findBan(tx, change.chatId, user.userId)
    // It has ended since.
    if (ban === undefined) throw new ChatError('invalid_input', 'The field "until" must be in the future.')
    return { ban, isNew }
  })
}

/** Checks that a user may be banned, and ends the membership. */
async function removeBanned (chat: LockedChat, user: KnownUser): Promise<void> {
  const { tx, change, authority } = chat
  if (chat.chat.type === 'direct') {
    authority.require('moderate')
    throw new ChatError('chat_is_direct')
  }
  const member = (await findMembers(tx, change.chatId, [user.userId])).get(user.userId)
  authority.requireBanOf(member?.role)
  if (member !== undefined) await remove(chat, user, member)
}

/** Ends a ban. @throws {ChatError} `unknown_chat`, `forbidden`, `unknown_ban`, `updating` */
async function unbanUser (deps: ChatDeps, caller: Caller, id: string, userId: string): Promise<void> {
  const user = await requireBanned(deps.orm, userId)
  await changeChat(deps, caller, id, async ({ tx, authority, change }) => {
    authority.require('moderate')
    if (!(await store.deleteBan(tx, change.chatId, user.userId))) throw new ChatError('unknown_ban')
    await change.audit('member.unbanned', { userId: user.userId })
  })
}

/** Returns a page of the bans of a chat and one more. @throws {ChatError} `unknown_chat`, `forbidden` */
async function listBans (orm: Orm, caller: Caller, id: string, page: PageOf<number>): Promise<Ban[]> {
  return store.listBans(orm, await requireModerator(orm, caller, id), page)
}

/** Returns the ban of a user. @throws {ChatError} `unknown_chat`, `forbidden`, `unknown_ban` */
async function findBan (orm: Orm, caller: Caller, id: string, userId: string): Promise<Ban> {
  const chatId = await requireModerator(orm, caller, id)
  const ban = await store.findBan(orm, chatId, (await requireBanned(orm, userId)).userId)
  if (ban === undefined) throw new ChatError('unknown_ban')
  return ban
}

/** The number of a chat that a caller moderates. @throws {ChatError} `unknown_chat`, `forbidden` */
export async function requireModerator (orm: Orm, caller: Caller, id: string): Promise<number> {
  const { chatId, role, definition } = await requireAccess(orm, caller.user?.userId ?? null, id)
  new Authority(definition, role, caller.user === null).require('moderate')
  return chatId
}

/** A user who may be banned; one who is unknown is not. */
async function requireBanned (orm: Orm, userId: string): Promise<KnownUser> {
  try {
    return await requireUser(orm, userId)
  } catch (error) {
    throw error instanceof ChatError && error.code === 'unknown_user' ? new ChatError('unknown_ban') : error
  }
}
