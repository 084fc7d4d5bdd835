/** Changes of chats themselves: their settings, whether they are frozen, and their end. */
import { isDeepStrictEqual } from 'node:util'
import { setFrozen, updateChat } from '../../store/chat-settings.ts'
import { removeChat } from '../../store/chats.ts'
import { countMembers, deleteAllMembers } from '../../store/members.ts'
import { checkCustomData } from '../custom-data.ts'
import { ChatError } from '../errors.ts'
import { mergePatch } from '../merge-patch.ts'
import { requireVersion, type VersionCondition } from '../version-condition.ts'
import { changeChat, type Changed, type LockedChat, stateOf } from './chat-transaction.ts'
import type { ChatDeps } from './direct-chats.ts'
import type { Caller } from './caller.ts'
import { cleanSettings, type SettingsRequest } from './settings-rules.ts'

/**
 * Changes the settings of a chat; `data` is merged.
 * @throws {ChatError} `unknown_chat`, `forbidden`, `version_conflict`, `chat_is_direct`, `invalid_input`, `updating`
 */
export async function updateSettings (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  { data: patch, ...request }: SettingsRequest,
  condition: VersionCondition
): Promise<Changed<undefined>> {
  const settings = cleanSettings(request)
  return changeChat(deps, caller, id, async ({ tx, chat, authority, change }) => {
    authority.require('update_chat')
    if (chat.type === 'direct' && settings.name !== undefined) throw new ChatError('chat_is_direct')
    requireVersion(chat.version, condition)
    const data = patch === undefined ? chat.data : mergePatch(chat.data ?? {}, patch)
    if (data !== null) checkCustomData(data)
    const next = {
      name: settings.name === undefined ? chat.name : settings.name ?? '',
      description: settings.description === undefined ? chat.description : settings.description,
      avatar: settings.avatar === undefined ? chat.avatar : settings.avatar,
      data
    }
    const { name, description, avatar } = chat
    if (isDeepStrictEqual(next, { name, description, avatar, data: chat.data })) return undefined
    const row = await updateChat(tx, chat.chatId, next)
    await change.note({ kind: 'chat.updated', name: row.name ?? '', chat: stateOf(row, await countOf({ tx, change })) })
    return undefined
  })
}

/**
 * Freezes a chat, or ends that.
 * @throws {ChatError} `unknown_chat`, `forbidden`, `updating`
 */
export async function freeze (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  isFrozen: boolean
): Promise<Changed<undefined>> {
  return changeChat(deps, caller, id, async ({ tx, chat, authority, change }) => {
    authority.require('moderate')
    const row = await setFrozen(tx, chat.chatId, isFrozen)
    if (row === undefined) return undefined
    const kind = isFrozen ? 'chat.frozen' : 'chat.unfrozen'
    await change.note({ kind, name: row.name ?? '', chat: stateOf(row, await countOf({ tx, change })) })
    await change.audit(kind)
    return undefined
  }, { keepsType: true })
}

/**
 * Deletes a chat with all that is in it.
 * @throws {ChatError} `unknown_chat`, `forbidden`, `version_conflict`, `updating`
 */
export async function deleteChat (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  condition: VersionCondition
): Promise<void> {
  await changeChat(deps, caller, id, async ({ tx, chat, authority, change }) => {
    authority.require('delete_chat')
    requireVersion(chat.version, condition)
    await change.audit('chat.deleted', { data: { type: chat.type } })
    const users = await deleteAllMembers(tx, chat.chatId)
    await removeChat(tx, chat.chatId)
    change.end(users)
  })
}

/** Number of members of a locked chat. */
async function countOf ({ tx, change: { head, chatId } }: Pick<LockedChat, 'tx' | 'change'>): Promise<number> {
  return head.memberCount ?? countMembers(tx, chatId)
}
