/** The members of a chat, and the invites to it. */
import type { CallOptions } from '../http.ts'
import { type ChatInfo, type Member, withFields } from '../types.ts'
import { call, listAll, type Requester, segment } from './call.ts'

/** A user to add. */
export type MemberToAdd = { user: string, role?: string }

/** What became of a user to add. */
export type MemberOutcome =
  | { readonly member: Member, readonly problem?: never }
  | { readonly problem: { readonly code: string, readonly detail: string }, readonly member?: never }

/** An invite: who has its code may join. */
export type Invite = {
  readonly id: string
  readonly code: string
  readonly created_by: string | null
  /** Null for no limit. */
  readonly max_uses: number | null
  readonly uses: number
  readonly created_at: string
  /** Null for no end. */
  readonly expires_at: string | null
}

const isAdded = withFields<{ items: readonly MemberOutcome[] }>('items')
const isWrittenMember = withFields<{ member: Member }>('member')
const isWrittenChat = withFields<{ chat: ChatInfo }>('chat')
const isInvite = withFields<Invite>('id', 'code', 'uses')

/** Adds users to a chat, at most 100; takes `add_members`. @returns the outcome for each @throws {ConfabProblem} */
export async function addMembers (
  client: Requester, chat: string, { members, signal }: { members: readonly MemberToAdd[] } & CallOptions
): Promise<readonly MemberOutcome[]> {
  const options = { method: 'POST', body: { members }, signal } as const
  return (await call(client, `/chats/${segment(chat)}/members`, isAdded, options)).items
}

/** Changes the role of a member; takes `change_roles`. @throws {ConfabProblem} */
export async function changeRole (
  client: Requester, chat: string, { user, role, signal }: { user: string, role: string } & CallOptions
): Promise<Member> {
  const path = `/chats/${segment(chat)}/members/${segment(user)}`
  return (await call(client, path, isWrittenMember, { method: 'PATCH', body: { role }, signal })).member
}

/** Removes a member; takes `remove_members`. @throws {ConfabProblem} */
export async function removeMember (
  client: Requester, chat: string, { user, signal }: { user: string } & CallOptions
): Promise<void> {
  await client.request(`/chats/${segment(chat)}/members/${segment(user)}`, { method: 'DELETE', signal })
}

/** Makes another member the owner; the user gets the role below. @throws {ConfabProblem} */
export async function transferChat (
  client: Requester, chat: string, { user, signal }: { user: string } & CallOptions
): Promise<Member> {
  const options = { method: 'POST', body: { user }, signal } as const
  return (await call(client, `/chats/${segment(chat)}:transfer`, isWrittenMember, options)).member
}

/** Makes an invite; takes `add_members`. @throws {ConfabProblem} */
export async function createInvite (
  client: Requester,
  chat: string,
  { maxUses = null, expiresAt = null, signal }: { maxUses?: number | null, expiresAt?: Date | null } & CallOptions = {}
): Promise<Invite> {
  const body = { max_uses: maxUses, expires_at: expiresAt?.toISOString() ?? null }
  return call(client, `/chats/${segment(chat)}/invites`, isInvite, { method: 'POST', body, signal })
}

/** The invites to a chat; takes `add_members`. @throws {ConfabProblem} */
export async function listInvites (client: Requester, chat: string, options: CallOptions = {}): Promise<Invite[]> {
  return listAll(client, `/chats/${segment(chat)}/invites`, isInvite, options)
}

/** Deletes an invite. Who has joined with it stays. @throws {ConfabProblem} */
export async function revokeInvite (
  client: Requester, chat: string, { id, signal }: { id: string } & CallOptions
): Promise<void> {
  await client.request(`/chats/${segment(chat)}/invites/${segment(id)}`, { method: 'DELETE', signal })
}

/** Joins a chat by the code of an invite. @throws {ConfabProblem} `unknown_invite` */
export async function acceptInvite (client: Requester, code: string, { signal }: CallOptions = {}): Promise<ChatInfo> {
  const options = { method: 'POST', body: {}, signal } as const
  return (await call(client, `/invites/${segment(code)}:accept`, isWrittenChat, options)).chat
}
