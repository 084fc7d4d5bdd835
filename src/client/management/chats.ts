/** Chats: their settings, and what becomes of them. */
import type { CallOptions } from '../http.ts'
import { type ChatInfo, type Membership, type Message, type MessageJson, messageOf, withFields } from '../types.ts'
import { AS_BYTES, call, listAll, type Requester, segment } from './call.ts'

/** The settings of a chat. Null takes one away. */
export type ChatSettings = {
  name?: string | null
  description?: string | null
  /** The URL of a picture. */
  avatar?: string | null
  data?: Readonly<Record<string, unknown>>
}

/** What a member sets for themself. */
export type OwnSettings = Partial<Pick<Membership, 'muted' | 'pinned' | 'archived' | 'notifications'>>

/** A type of chats. */
export type ChatType = {
  readonly type: string
  /** The permissions of each role, the highest role first. */
  readonly roles: Readonly<Record<string, readonly string[]>>
  readonly default_role: string
  readonly creator_role: string
  readonly visibility: 'private' | 'public'
  readonly history: 'all' | 'from_join'
}

const isWritten = withFields<{ chat: ChatInfo }>('chat')
const isOwn = withFields<Membership>('role', 'permissions')
const isMessage = withFields<MessageJson>('chat', 'seq')
const isType = withFields<ChatType>('type', 'roles', 'visibility')

/** Changes the settings of a chat; takes `update_chat`. @throws {ConfabProblem} */
export async function changeChat (
  client: Requester, chat: string, { signal, ...body }: ChatSettings & CallOptions
): Promise<ChatInfo> {
  return (await call(client, `/chats/${segment(chat)}`, isWritten, { method: 'PATCH', body, signal })).chat
}

/**
 * Sends the picture of a chat: a PNG, JPEG, WebP or GIF of at most 2 MiB, of which the server makes a small square.
 * Takes `update_chat`.
 * @throws {ConfabProblem} `invalid_avatar`, `body_too_large`, `files_off`
 */
export async function uploadChatAvatar (
  client: Requester, chat: string, picture: Blob, { signal }: CallOptions = {}
): Promise<ChatInfo> {
  const path = `/chats/${segment(chat)}/avatar`
  return (await call(client, path, isWritten, { method: 'PUT', body: picture, headers: AS_BYTES, signal })).chat
}

/** Removes the picture of a chat; takes `update_chat`. @throws {ConfabProblem} */
export async function removeChatAvatar (
  client: Requester, chat: string, { signal }: CallOptions = {}
): Promise<ChatInfo> {
  return (await call(client, `/chats/${segment(chat)}/avatar`, isWritten, { method: 'DELETE', signal })).chat
}

/** Changes what the user has set for a chat; the others do not notice. @throws {ConfabProblem} */
export async function changeOwnSettings (
  client: Requester, chat: string, { signal, ...body }: OwnSettings & CallOptions
): Promise<Membership> {
  return call(client, `/chats/${segment(chat)}/me`, isOwn, { method: 'PATCH', body, signal })
}

/** Deletes a chat with its messages, for all; takes `delete_chat`. @throws {ConfabProblem} */
export async function deleteChat (client: Requester, chat: string, { signal }: CallOptions = {}): Promise<void> {
  await client.request(`/chats/${segment(chat)}`, { method: 'DELETE', signal })
}

/** Joins a public chat. @throws {ConfabProblem} */
export async function joinChat (client: Requester, chat: string, { signal }: CallOptions = {}): Promise<ChatInfo> {
  return (await call(client, `/chats/${segment(chat)}:join`, isWritten, { method: 'POST', body: {}, signal })).chat
}

/** Leaves a chat. Its last owner names another member as the new one. @throws {ConfabProblem} `last_owner` */
export async function leaveChat (
  client: Requester, chat: string, { newOwner, signal }: { newOwner?: string | undefined } & CallOptions = {}
): Promise<void> {
  const body = newOwner === undefined ? {} : { new_owner: newOwner }
  await client.request(`/chats/${segment(chat)}:leave`, { method: 'POST', body, signal })
}

/** Freezes a chat, so that only moderators may change something in it, or ends that. @throws {ConfabProblem} */
export async function freezeChat (
  client: Requester, chat: string, { isFrozen, signal }: { isFrozen: boolean } & CallOptions
): Promise<ChatInfo> {
  const action = isFrozen ? 'freeze' : 'unfreeze'
  return (await call(client, `/chats/${segment(chat)}:${action}`, isWritten, { method: 'POST', body: {}, signal })).chat
}

/** The pinned messages of a chat, oldest first. @throws {ConfabProblem} */
export async function listPins (client: Requester, chat: string, options: CallOptions = {}): Promise<Message[]> {
  return (await listAll(client, `/chats/${segment(chat)}/pins`, isMessage, options)).map(messageOf)
}

/** The types of chats that the server has. @throws {ConfabProblem} */
export async function listChatTypes (client: Requester, { signal }: CallOptions = {}): Promise<readonly ChatType[]> {
  const { items } = await call(client, '/chat-types', withFields<{ items: readonly unknown[] }>('items'), { signal })
  return items.filter(isType)
}
