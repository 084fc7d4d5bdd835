/** Transactions that change one chat: the rights of the caller are decided under the lock that orders its events. */
import { findChatAccess } from '../../store/chat-access.ts'
import { type ChatRow, findChatWithRole } from '../../store/chat-settings.ts'
import { lockChatType } from '../../store/chat-types.ts'
import { lockChat } from '../../store/chats.ts'
import type { Orm } from '../../store/database.ts'
import { countMembersOf } from '../../store/members.ts'
import { ChatError } from '../errors.ts'
import type { ChatState } from '../events/event.ts'
import { findDefinitions } from './access.ts'
import { Authority } from './authority.ts'
import { parseChatId, publicChatId } from './chat-id.ts'
import { builtInType, type ChatTypeDefinition } from './chat-types.ts'
import type { ChatDeps } from './direct-chats.ts'
import type { Caller } from './caller.ts'
import { MembershipChange } from './membership-change.ts'

/** A locked chat, and what the caller may do in it. */
export type LockedChat = {
  tx: Orm
  chat: ChatRow
  definition: ChatTypeDefinition
  authority: Authority
  change: MembershipChange
  caller: Caller
}

/** How a chat is changed. */
export type ChangeOptions = {
  /** Whether the definition of its type must stay until the end: where it is written down with the chat. */
  keepsType?: true
}

/** The result of a change, and the seq of its last event; null when nothing had to be written. */
export type Changed<Result> = { seq: number | null, result: Result }

/**
 * Runs a transaction on a chat that the caller may see.
 * @throws {ChatError} `unknown_chat`, `updating`, and those of `work`
 */
export async function changeChat<Result> (
  { orm, memberships, features }: ChatDeps,
  caller: Caller,
  id: string,
  work: (chat: LockedChat) => Promise<Result>,
  { keepsType }: ChangeOptions = {}
): Promise<Changed<Result>> {
  await features.requireEvents()
  const found = await findByName(orm, id)
  return memberships.run(async (tx, rules) => {
    if (keepsType === true && builtInType(found.type) === undefined) await lockChatType(tx, found.type, 'share')
    const head = await lockChat(tx, found.chatId)
    const chat = head && await findChatWithRole(tx, found.chatId, caller.user?.userId ?? null)
    const definition = (await findDefinitions(tx, [found.type])).get(found.type)
    if (head === undefined || chat === undefined || definition === undefined) throw new ChatError('unknown_chat')
    const { role, ...row } = chat
    const isHidden = caller.user !== null && role === null && definition.visibility === 'private'
    if (isHidden) throw new ChatError('unknown_chat')
    // Counted once, and then kept with the head. There is nothing to keep of direct chats.
    const memberCount = row.type === 'direct' ? head.memberCount : await countMembersOf(tx, head)
    const change = new MembershipChange(tx, { ...head, memberCount }, caller, rules)
    const authority = new Authority(definition, role, caller.user === null)
    const result = await work({ tx, chat: row, definition, authority, change, caller })
    return { result: { seq: change.seq, result }, change }
  })
}

async function findByName (orm: Orm, id: string): Promise<{ chatId: number, type: string }> {
  const name = parseChatId(id)
  const [row] = name === undefined
    ? []
    : await findChatAccess(orm, null, {
        chatIds: 'chatId' in name ? [name.chatId] : [], chosen: 'chosen' in name ? [name.chosen] : []
      })
  if (row === undefined) throw new ChatError('unknown_chat')
  return row
}

/** A chat as its events show it. */
export function stateOf (row: ChatRow, memberCount: number): ChatState {
  const { chatId, publicId, type, name, description, avatar, data, version, createdAt, frozenAt } = row
  return {
    id: publicChatId(chatId, publicId),
    type,
    name: name === '' ? null : name,
    description,
    avatar,
    data: data ?? {},
    version,
    memberCount,
    createdAt: createdAt.toISOString(),
    frozenAt: frozenAt?.toISOString() ?? null
  }
}
