/** New chats of any type but `direct`. */
import { insertNamedChat } from '../../store/chats.ts'
import { findChosenChat, isChatIdDeleted } from '../../store/chat-settings.ts'
import { lockChatType } from '../../store/chat-types.ts'
import type { Orm } from '../../store/database.ts'
import { findNewcomers } from '../accounts/find-users.ts'
import { ChatError } from '../errors.ts'
import { findAccess, findDefinitions } from './access.ts'
import { Authority } from './authority.ts'
import { isChosenChatId, publicChatId } from './chat-id.ts'
import { stateOf } from './chat-transaction.ts'
import { findBlockers } from './changing-members.ts'
import { builtInType, type ChatTypeDefinition } from './chat-types.ts'
import type { ChatDeps } from './direct-chats.ts'
import type { Caller, Joining } from './caller.ts'
import { MembershipChange } from './membership-change.ts'
import { cleanSettings, type SettingsRequest } from './settings-rules.ts'

/** Maximum number of users in a request. */
export const MAX_USERS = 100

/** A user to add, by the id of `/v1`; without a role with that of the type. */
export type MemberRequest = { user: string, role?: string }

/** A chat to make. */
export type ChatRequest = SettingsRequest & { type: string, members?: readonly MemberRequest[] }

/** A chat by its id in `/v1`, whether it was made, and the seq of the last event of that. */
export type MadeChat = { id: string, isNew: boolean, seq: number | null }

/**
 * Makes a chat; a user who makes it becomes a member.
 * @throws {ChatError} `unknown_chat_type`, `unknown_user`, `unknown_role`, `forbidden`, `too_many_members`,
 *   `blocked`, `invalid_input`, `updating`
 */
export async function createChat (deps: ChatDeps, caller: Caller, request: ChatRequest): Promise<MadeChat> {
  const made = await insert(deps, caller, request, null)
  if (made === undefined) throw new ChatError('internal')
  return made
}

/**
 * Returns the chat with an id that the application has chosen, made if there is none.
 * @throws {ChatError} `chat_exists` when the caller may not see it, `chat_deleted`, `chat_type_differs`, and those of
 *   {@link createChat}
 */
export async function putChat (deps: ChatDeps, caller: Caller, id: string, request: ChatRequest): Promise<MadeChat> {
  if (!isChosenChatId(id)) return findExisting(deps.orm, caller, id, request.type)
  const isTaken = (await findChosenChat(deps.orm, id)) !== undefined
  const made = isTaken ? undefined : await insert(deps, caller, request, id)
  return made ?? findExisting(deps.orm, caller, id, request.type)
}

async function findExisting (orm: Orm, caller: Caller, id: string, type: string): Promise<MadeChat> {
  const access = (await findAccess(orm, caller.user?.userId ?? null, [id])).get(id)
  if (access === undefined) {
    if (!isChosenChatId(id)) throw new ChatError('unknown_chat')
    throw new ChatError(await isChatIdDeleted(orm, id) ? 'chat_deleted' : 'chat_exists')
  }
  if (access.type !== type) throw new ChatError('chat_type_differs')
  return { id, isNew: false, seq: null }
}

/** Makes a chat; undefined when another one has the id. */
async function insert (
  { orm, memberships, features }: ChatDeps,
  caller: Caller,
  { type, members = [], ...request }: ChatRequest,
  publicId: string | null
): Promise<MadeChat | undefined> {
  await features.requireEvents()
  if (type === 'direct') throw new ChatError('invalid_input', 'A direct chat is made with PUT /v1/chats:direct.')
  const { name, description = null, avatar = null, data = null } = cleanSettings(request)
  const users = await resolve(orm, members)
  return memberships.run(async (tx, rules) => {
    const definition = await keepType(tx, type)
    const joining = joiningOf(definition, caller, users)
    if ((await findBlockers(tx, caller, users)).size > 0) throw new ChatError('blocked')
    const row = await insertNamedChat(tx, {
      type,
      name: name ?? '',
      createdBy: caller.user?.userId ?? null,
      publicId,
      description,
      avatar,
      data
    })
    if (row === undefined) return { result: undefined, change: undefined }
    // The chat that had the id may have been deleted while the row was being inserted.
    if (publicId !== null && await isChatIdDeleted(tx, publicId)) throw new ChatError('chat_deleted')
    const head = { chatId: row.chatId, lastSeq: 0, membersVersion: 1, memberCount: 0 }
    const change = new MembershipChange(tx, head, caller, rules)
    await change.note({ kind: 'chat.created', name: name ?? '', chat: stateOf(row, joining.length) })
    if (joining.length > 0) await change.add(joining, 0)
    return { result: { id: publicChatId(row.chatId, publicId), isNew: true, seq: change.seq }, change }
  })
}

/** The definition of a type, which stays as it is until the transaction ends. */
async function keepType (tx: Orm, type: string): Promise<ChatTypeDefinition> {
  if (builtInType(type) === undefined) await lockChatType(tx, type, 'share')
  const definition = (await findDefinitions(tx, [type])).get(type)
  if (definition === undefined) throw new ChatError('unknown_chat_type')
  return definition
}

type Resolved = { userId: number, username: string, role: string | undefined }

/** The users of a request, each once. */
async function resolve (orm: Orm, members: readonly MemberRequest[]): Promise<Resolved[]> {
  const known = await findNewcomers(orm, members.map(({ user }) => user))
  const users = new Map<number, Resolved>()
  for (const { user, role } of members) {
    const found = known.get(user)
    if (found === undefined) throw new ChatError('unknown_user', `There is no user ${JSON.stringify(user)}.`)
    if (users.has(found.userId))
      throw new ChatError('invalid_input', `The user ${JSON.stringify(user)} is there more than once.`)
    users.set(found.userId, { ...found, role })
  }
  return [...users.values()]
}

/** The first members: the one who makes the chat, and those of the request. */
function joiningOf (definition: ChatTypeDefinition, { user }: Caller, users: readonly Resolved[]): Joining[] {
  const { creator_role: creatorRole, default_role: defaultRole, limits } = definition
  const authority = new Authority(definition, user === null ? null : creatorRole, user === null)
  const others = users.filter(({ userId }) => userId !== user?.userId)
    .map((one) => ({ ...one, role: one.role ?? defaultRole }))
  for (const { role } of others) authority.requireAddition(role)
  const joining = user === null ? others : [{ ...user, role: creatorRole }, ...others]
  if (joining.length > (limits.max_members ?? Infinity)) throw new ChatError('too_many_members')
  return joining
}
