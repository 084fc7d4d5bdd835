/** Invites to chats: whoever has the code of one may join. */
import { randomBytes } from 'node:crypto'
import * as store from '../../store/chat-invites.ts'
import { findChatWithRole } from '../../store/chat-settings.ts'
import type { PageOf } from '../../store/chat-views.ts'
import type { Orm } from '../../store/database.ts'
import { lockChat } from '../../store/chats.ts'
import { countMembersOf } from '../../store/members.ts'
import { ChatError } from '../errors.ts'
import { requireAccess, findDefinitions } from './access.ts'
import { Authority } from './authority.ts'
import { publicChatId } from './chat-id.ts'
import { changeChat } from './chat-transaction.ts'
import { join } from './changing-members.ts'
import type { ChatDeps } from './direct-chats.ts'
import type { Actor, Caller } from './caller.ts'
import { MembershipChange } from './membership-change.ts'

/** An invite. */
export type { ChatInvite } from '../../store/chat-invites.ts'

const CODE_BYTES = 16
const MAX_INVITES = 100

/** Limits of an invite. */
export type InviteRequest = { maxUses: number | null, expiresAt: Date | null }

/** Wires the invites. */
export function bindInvites (deps: ChatDeps) {
  return {
    createInvite: createInvite.bind(undefined, deps),
    listInvites: listInvites.bind(undefined, deps.orm),
    findInvite: findInvite.bind(undefined, deps.orm),
    deleteInvite: deleteInvite.bind(undefined, deps),
    acceptInvite: acceptInvite.bind(undefined, deps)
  }
}

/** Makes an invite. @throws {ChatError} `unknown_chat`, `forbidden`, `chat_is_direct`, `invalid_input`, `updating` */
async function createInvite (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  { maxUses, expiresAt }: InviteRequest
): Promise<store.ChatInvite> {
  if (expiresAt !== null && !(expiresAt.getTime() > Date.now()))
    throw new ChatError('invalid_input', 'The field "expires_at" must be in the future.')
  const { result } = await changeChat(deps, caller, id, async ({ tx, chat, authority }) => {
    authority.require('add_members')
    if (chat.type === 'direct') throw new ChatError('chat_is_direct')
    if ((await store.countChatInvites(tx, chat.chatId)) >= MAX_INVITES)
      throw new ChatError('invalid_input', `A chat has at most ${String(MAX_INVITES)} invites: delete one first.`)
    const inviteId = await store.insertChatInvite(tx, {
      chatId: chat.chatId,
      code: randomBytes(CODE_BYTES).toString('base64url'),
      createdBy: caller.user?.userId ?? null,
      maxUses,
      expiresAt
    })
    return store.findChatInvite(tx, inviteId)
  })
  if (result === undefined) throw new ChatError('internal')
  return result
}

/** Returns a page of the invites of a chat and one more. @throws {ChatError} `unknown_chat`, `forbidden` */
async function listInvites (
  orm: Orm,
  caller: Caller,
  id: string,
  page: PageOf<number>
): Promise<store.ChatInvite[]> {
  return store.listChatInvites(orm, await requireInviter(orm, caller, id), page)
}

/** Returns an invite of a chat. @throws {ChatError} `unknown_chat`, `forbidden`, `unknown_invite` */
async function findInvite (orm: Orm, caller: Caller, id: string, inviteId: number): Promise<store.ChatInvite> {
  const chatId = await requireInviter(orm, caller, id)
  const invite = await store.findChatInvite(orm, inviteId)
  if (invite?.chatId !== chatId) throw new ChatError('unknown_invite')
  return invite
}

async function requireInviter (orm: Orm, caller: Caller, id: string): Promise<number> {
  const { chatId, role, definition } = await requireAccess(orm, caller.user?.userId ?? null, id)
  new Authority(definition, role, caller.user === null).require('add_members')
  return chatId
}

/** Deletes an invite. @throws {ChatError} `unknown_chat`, `forbidden`, `unknown_invite`, `updating` */
async function deleteInvite (deps: ChatDeps, caller: Caller, id: string, inviteId: number): Promise<void> {
  await changeChat(deps, caller, id, async ({ tx, chat, authority }) => {
    authority.require('add_members')
    if (!(await store.deleteChatInvite(tx, chat.chatId, inviteId))) throw new ChatError('unknown_invite')
  })
}

/**
 * Makes a user a member of the chat that a code is for. A member uses up nothing.
 * @returns the id of the chat, and the seq of the event
 * @throws {ChatError} `unknown_invite`, `too_many_members`, `banned`, `updating`
 */
async function acceptInvite (
  { orm, memberships, features }: ChatDeps,
  user: Actor,
  code: string
): Promise<{ id: string, seq: number | null }> {
  await features.requireEvents()
  const chatId = await store.findChatOfInvite(orm, code)
  if (chatId === undefined) throw new ChatError('unknown_invite')
  return memberships.run(async (tx, rules) => {
    const head = await lockChat(tx, chatId)
    const found = head && await findChatWithRole(tx, chatId, user.userId)
    const definition = found && (await findDefinitions(tx, [found.type])).get(found.type)
    if (head === undefined || found === undefined || definition === undefined) throw new ChatError('unknown_invite')
    const { role, ...chat } = found
    const isGood = role === null ? await store.useChatInvite(tx, code) : await store.isChatInviteUsable(tx, code)
    if (!isGood) throw new ChatError('unknown_invite')
    const caller: Caller = { user, keyId: null }
    const change = new MembershipChange(tx, { ...head, memberCount: await countMembersOf(tx, head) }, caller, rules)
    await join({ tx, chat, definition, authority: new Authority(definition, role, false), change, caller }, user)
    return { result: { id: publicChatId(chatId, chat.publicId), seq: change.seq }, change }
  })
}
