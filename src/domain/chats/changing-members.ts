/** Changes of the members of chats, and of their roles. */
import { isDeepStrictEqual } from 'node:util'
import { findBanned } from '../../store/bans.ts'
import { listBlockersOf } from '../../store/blocks.ts'
import type { Orm } from '../../store/database.ts'
import { findMembers, hasOtherWithRole, type MemberState, updateMember } from '../../store/members.ts'
import { removeChat } from '../../store/chats.ts'
import { findNewcomers, findUsers, type KnownUser, requireUser } from '../accounts/find-users.ts'
import { checkCustomData } from '../custom-data.ts'
import { ChatError } from '../errors.ts'
import { mergePatch } from '../merge-patch.ts'
import type { Actor, Caller } from './caller.ts'
import { changeChat, type Changed, type LockedChat } from './chat-transaction.ts'
import type { MemberRequest } from './creating.ts'
import type { ChatDeps } from './direct-chats.ts'
import { type Member, memberOf, requireGroup, requireMember } from './member.ts'
import { makeOwner, requireOtherOwner } from './ownership.ts'

/** The outcome for one of several users. */
export type MemberOutcome = { member: Member } | { problem: ChatError }

/** A change of a member: `data` is merged. */
export type MemberChange = { role?: string, data?: Record<string, unknown> }

/**
 * Adds users to a chat, each on its own: others are added although one cannot be.
 * @returns the outcomes in the order of the request
 * @throws {ChatError} `unknown_chat`, `forbidden`, `chat_is_direct`, `updating`
 */
export async function addUsers (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  requests: readonly MemberRequest[]
): Promise<Changed<MemberOutcome[]>> {
  const known = await findNewcomers(deps.orm, requests.map(({ user }) => user))
  return changeChat(deps, caller, id, async (chat) => {
    chat.authority.require('add_members')
    requireGroup(chat)
    const present = await findMembers(chat.tx, chat.chat.chatId, [...known.values()].map(({ userId }) => userId))
    const blockers = await findBlockers(chat.tx, caller, [...known.values()])
    const banned = await findBanned(chat.tx, chat.chat.chatId, [...known.values()].map(({ userId }) => userId))
    const added = new Map<number, KnownUser & { role: string }>()
    const outcomes = requests.map(({ user, role = chat.definition.default_role }) => {
      const newcomer = known.get(user)
      try {
        if (newcomer !== undefined && blockers.has(newcomer.userId) && !present.has(newcomer.userId))
          throw new ChatError('blocked')
        if (newcomer !== undefined && banned.has(newcomer.userId)) throw new ChatError('banned')
        return prepare(chat, newcomer, role, present, added)
      } catch (error) {
        if (error instanceof ChatError) return { problem: error }
        throw error
      }
    })
    const details = await add(chat, [...added.values()])
    return outcomes.map((outcome) => 'problem' in outcome
      ? outcome
      : { member: memberOf(outcome.user, outcome.role, outcome.state ?? details) })
  })
}

/**
 * Adds a user to a chat.
 * @returns the member, and whether the user was none before
 * @throws {ChatError} `unknown_chat`, `unknown_user`, `forbidden`, `chat_is_direct`, `member_exists`, `unknown_role`,
 *   `too_many_members`, `blocked`, `banned`, `updating`
 */
export async function putMember (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  { user, role }: MemberRequest
): Promise<Changed<{ member: Member, isNew: boolean }>> {
  const { seq, result: [outcome] } = await addUsers(deps, caller, id, [{ user, ...(role !== undefined && { role }) }])
  if (outcome === undefined) throw new ChatError('internal')
  if ('problem' in outcome) throw outcome.problem
  return { seq, result: { ...outcome, isNew: seq !== null } }
}

/** Those of these users who have blocked the user that calls. */
export async function findBlockers (
  tx: Orm, { user }: Caller, users: readonly { userId: number }[]
): Promise<ReadonlySet<number>> {
  return user === null ? new Set() : listBlockersOf(tx, user.userId, users.map(({ userId }) => userId))
}

type Prepared = { user: KnownUser, role: string, state: MemberState | undefined }

/** Checks one user to add, and notes those who are no members yet. */
function prepare (
  { definition, authority, change }: LockedChat,
  user: KnownUser | undefined,
  role: string,
  present: ReadonlyMap<number, MemberState>,
  added: Map<number, KnownUser & { role: string }>
): Prepared {
  if (user === undefined) throw new ChatError('unknown_user')
  const state = present.get(user.userId)
  const before = state ?? added.get(user.userId)
  if (before !== undefined) {
    if (before.role !== role) throw new ChatError('member_exists')
    return { user, role, state }
  }
  authority.requireAddition(role)
  if ((change.head.memberCount ?? 0) + added.size >= (definition.limits.max_members ?? Infinity))
    throw new ChatError('too_many_members')
  added.set(user.userId, { ...user, role })
  return { user, role, state: undefined }
}

async function add ({ definition, change }: LockedChat, users: (KnownUser & { role: string })[]) {
  if (users.length === 0) return undefined
  return change.add(users, definition.history === 'all' ? 0 : undefined)
}

/**
 * Changes the role or the data of a member. A lower role for oneself needs no permission.
 * @throws {ChatError} `unknown_chat`, `not_a_member`, `forbidden`, `unknown_role`, `last_owner`, `chat_is_direct`,
 *   `invalid_input`, `updating`
 */
export async function changeMember (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  userId: string,
  { role, data: patch }: MemberChange
): Promise<Changed<Member>> {
  const user = await findMemberUser(deps, userId)
  return changeChat(deps, caller, id, async (chat) => {
    const { tx, authority, change } = chat
    const before = await requireMember(chat, user)
    const isSteppingDown = caller.user?.userId === user.userId && role !== undefined && authority.isBelow(role)
    if (role !== undefined) {
      requireGroup(chat)
      if (!isSteppingDown) authority.requireChange(before.role, role)
    }
    if (patch !== undefined) authority.require('change_roles')
    const data = patch === undefined ? before.data : mergePatch(before.data ?? {}, patch)
    if (data !== null) checkCustomData(data)
    const next = { ...before, role: role ?? before.role, data }
    if (isDeepStrictEqual(next, before)) return memberOf(user, before.role, before)
    if (next.role !== before.role) await requireOtherOwner(chat, [user], before.role)
    await updateMember(tx, change.chatId, user.userId, { role: next.role, ...(data !== null && { data }) })
    await change.noteMember({ ...user, role: next.role }, next, before.role)
    return memberOf(user, next.role, next)
  })
}

/**
 * Removes a member; oneself without a permission, like {@link leaveChat}.
 * @returns who was the member
 * @throws {ChatError} `unknown_chat`, `not_a_member`, `forbidden`, `last_owner`, `chat_is_direct`, `updating`
 */
export async function removeMember (
  deps: ChatDeps,
  caller: Caller,
  id: string,
  userId: string
): Promise<Changed<Member>> {
  const user = await findMemberUser(deps, userId)
  return changeChat(deps, caller, id, async (chat) => {
    const member = await requireMember(chat, user)
    if (caller.user?.userId !== user.userId) {
      requireGroup(chat)
      chat.authority.requireRemovalOf(member.role)
    }
    return remove(chat, user, member)
  })
}

/**
 * Makes the caller a member of a public chat.
 * @throws {ChatError} `unknown_chat`, `forbidden`, `too_many_members`, `banned`, `updating`
 */
export async function joinChat (
  deps: ChatDeps,
  caller: Caller & { user: Actor },
  id: string
): Promise<Changed<undefined>> {
  return changeChat(deps, caller, id, async (chat) => join(chat, caller.user))
}

/** Adds a user who comes by themself, unless they are a member. */
export async function join (chat: LockedChat, user: KnownUser): Promise<undefined> {
  const { authority, definition, change } = chat
  if (authority.role !== null) return undefined
  if ((change.head.memberCount ?? 0) >= (definition.limits.max_members ?? Infinity))
    throw new ChatError('too_many_members')
  await add(chat, [{ ...user, role: definition.default_role }])
  return undefined
}

/**
 * Ends the caller's membership. When nobody else is in the chat, it is gone.
 * @param newOwnerId a member who gets the caller's role, which has to be the highest
 * @throws {ChatError} `unknown_chat`, `not_a_member`, `last_owner`, `unknown_user`, `forbidden`, `updating`
 */
export async function leaveChat (
  deps: ChatDeps,
  caller: Caller & { user: Actor },
  id: string,
  newOwnerId?: string
): Promise<Changed<Member>> {
  const newOwner = newOwnerId === undefined ? undefined : await requireUser(deps.orm, newOwnerId)
  return changeChat(deps, caller, id, async (chat) => {
    const member = await requireMember(chat, caller.user)
    if (newOwner !== undefined && newOwner.userId !== caller.user.userId) await makeOwner(chat, newOwner)
    return remove(chat, caller.user, member)
  })
}

/** Ends a membership. @throws {ChatError} `last_owner` */
export async function remove (chat: LockedChat, user: KnownUser, state: MemberState): Promise<Member> {
  const { tx, change } = chat
  const isAlone = chat.chat.type === 'direct'
    ? !(await hasOtherWithRole(tx, change.chatId, state.role, [user.userId]))
    : change.head.memberCount === 1
  if (!isAlone) await requireOtherOwner(chat, [user], state.role)
  await change.remove([user])
  // A key leaves an empty chat behind: the application may add others.
  if (isAlone && chat.caller.user !== null) {
    await removeChat(tx, change.chatId)
    change.end()
  }
  return memberOf(user, state.role, state)
}

/** A user who may be a member; one who is unknown is none. */
async function findMemberUser ({ orm }: ChatDeps, id: string): Promise<KnownUser> {
  const user = (await findUsers(orm, [id])).get(id)
  if (user === undefined) throw new ChatError('not_a_member')
  return user
}
