/** Groups: chats with a name, an owner and any number of members. */
import * as store from '../../store/chats.ts'
import type { Orm } from '../../store/database.ts'
import { countMembersOf, findMembers, findRole, listMemberNames } from '../../store/members.ts'
import { findActiveUsersByNames } from '../../store/users.ts'
import { ChatError, ERRORS } from '../errors.ts'
import { isShowable } from '../text.ts'
import { findDefinitions } from './access.ts'
import { Authority } from './authority.ts'
import { findBlockers } from './changing-members.ts'
import { BUILT_IN_TYPES, type ChatTypeDefinition } from './chat-types.ts'
import { stateOf } from './chat-transaction.ts'
import type { ChatDeps } from './direct-chats.ts'
import { removeFrom } from './leaving.ts'
import { type Actor, byUser, type MemberUser } from './caller.ts'
import { MembershipChange } from './membership-change.ts'

/** Longest name of a group, in characters. */
export const MAX_GROUP_NAME_LENGTH = 100
/** Unknown names that an error lists, and the longest that it repeats. */
const [MAX_LISTED_NAMES, MAX_LISTED_LENGTH] = [3, 32]

/**
 * Makes a group of a user, who becomes its owner, and others.
 * @returns its id
 * @throws {ChatError} `invalid_group_name`; `unknown_member`, `blocked`, and then there is no group; `updating`
 */
export async function createGroup (
  { orm, memberships }: ChatDeps,
  user: Actor,
  { name, members }: { name: string, members: readonly string[] }
): Promise<number> {
  const trimmed = name.trim()
  if (Array.from(trimmed).length > MAX_GROUP_NAME_LENGTH || !isShowable(trimmed))
    throw new ChatError('invalid_group_name')
  const others = (await findNewMembers(orm, members)).filter(({ userId }) => userId !== user.userId)
  return memberships.run(async (tx, rules) => {
    if (!rules.hasEvents) throw new ChatError('updating')
    await requireNoBlocker(tx, user, others)
    const row = await store.insertNamedChat(tx, { type: 'group', name: trimmed, createdBy: user.userId })
    if (row === undefined) throw new ChatError('internal')
    const { chatId } = row
    const head = { chatId, lastSeq: 0, membersVersion: 1, memberCount: 0 }
    const change = new MembershipChange(tx, head, byUser(user), rules)
    const chat = stateOf(row, others.length + 1)
    await change.note({ kind: 'chat.created', name: trimmed, chat })
    await change.add([{ ...user, role: 'owner' }, ...others.map((other) => ({ ...other, role: 'member' }))])
    return { result: chatId, change }
  })
}

/** The names of a group's members, its owner first. @throws {ChatError} `not_a_group` */
export async function listGroupMembers ({ orm }: ChatDeps, userId: number, chatId: number): Promise<string[]> {
  await requireRole(orm, userId, chatId)
  return listMemberNames(orm, chatId)
}

/**
 * Adds users to a group, who see the messages from then on. Those who are members already are passed over.
 * @throws {ChatError} `not_a_group`, `forbidden`, `too_many_members`; `unknown_member`, `blocked`, `banned`, and then
 *   nobody is added; `updating`
 */
export async function addMembers (
  { orm, memberships }: ChatDeps,
  user: Actor,
  chatId: number,
  names: readonly string[]
): Promise<void> {
  await requireRole(orm, user.userId, chatId)
  const users = await findNewMembers(orm, names)
  await memberships.run(async (tx, rules) => {
    if (!rules.hasEvents) throw new ChatError('updating')
    const { head, authority, definition } = await lockGroup(tx, user.userId, chatId)
    authority.require('add_members')
    const present = await findMembers(tx, chatId, users.map(({ userId }) => userId))
    const absent = users.filter(({ userId }) => !present.has(userId))
    if (absent.length === 0) return { result: undefined, change: undefined }
    await requireNoBlocker(tx, user, absent)
    const memberCount = await countMembersOf(tx, head)
    const limit = definition.limits.max_members ?? Infinity
    if (memberCount + absent.length > limit) throw new ChatError('too_many_members')
    const change = new MembershipChange(tx, { ...head, memberCount }, byUser(user), rules)
    const fromSeq = definition.history === 'all' ? 0 : undefined
    await change.add(absent.map((one) => ({ ...one, role: definition.default_role })), fromSeq)
    return { result: undefined, change }
  })
}

/**
 * Removes users from a group: oneself always, others as its owner, or with another role that permits it. Those who are
 * no members are passed over.
 * @throws {ChatError} `not_a_group`, `not_the_owner`; `unknown_member`, and then nobody is removed
 */
export async function removeMembers (
  { orm, memberships }: ChatDeps,
  user: Actor,
  chatId: number,
  names: readonly string[]
): Promise<void> {
  await requireRole(orm, user.userId, chatId)
  const users = await findUsers(orm, names)
  await memberships.run(async (tx, rules) => {
    const { head, authority } = await lockGroup(tx, user.userId, chatId)
    const others = users.map(({ userId }) => userId).filter((userId) => userId !== user.userId)
    if (others.length > 0) await requireRemovalOf(tx, authority, chatId, others)
    const change = new MembershipChange(tx, head, byUser(user), rules)
    const isChanged = await removeFrom(tx, change, users)
    return { result: undefined, change: isChanged ? change : undefined }
  })
}

/** @throws {ChatError} `not_the_owner` */
async function requireRemovalOf (tx: Orm, authority: Authority, chatId: number, userIds: number[]): Promise<void> {
  const members = await findMembers(tx, chatId, userIds)
  try {
    authority.require('remove_members')
    for (const { role } of members.values()) authority.requireRemovalOf(role)
  } catch (cause) {
    throw new ChatError('not_the_owner', undefined, { cause })
  }
}

/** @throws {ChatError} `blocked` when one of these users has blocked the one who adds them */
async function requireNoBlocker (tx: Orm, user: Actor, users: readonly MemberUser[]): Promise<void> {
  if ((await findBlockers(tx, byUser(user), users)).size > 0) throw new ChatError('blocked')
}

type LockedGroup = { head: store.LockedHead, authority: Authority, definition: ChatTypeDefinition }

/** Locks a group for a change by one of its members. @throws {ChatError} `not_a_group` */
async function lockGroup (tx: Orm, userId: number, chatId: number): Promise<LockedGroup> {
  const head = await store.lockChat(tx, chatId)
  if (head === undefined) throw new ChatError('not_a_group')
  const { role, type } = await requireRole(tx, userId, chatId)
  const definition = (await findDefinitions(tx, [type])).get(type) ?? BUILT_IN_TYPES.group
  return { head, authority: new Authority(definition, role, false), definition }
}

/** The role of a member of a group, and the type of the group. @throws {ChatError} `not_a_group` */
async function requireRole (orm: Orm, userId: number, chatId: number): Promise<{ role: string, type: string }> {
  const role = await findRole(orm, chatId, userId)
  const chat = role === undefined ? undefined : await store.findChat(orm, chatId)
  if (role === undefined || chat === undefined || chat.type === 'direct') throw new ChatError('not_a_group')
  return { role, type: chat.type }
}

/** The same without disabled accounts, which keep their chats and come to no new one. */
async function findNewMembers (orm: Orm, names: readonly string[]): Promise<MemberUser[]> {
  return findUsers(orm, names, ({ disabledAt }) => disabledAt === null)
}

type NamedUser = Awaited<ReturnType<typeof findActiveUsersByNames>>[number]

/** The active users of these names, each once. @throws {ChatError} `unknown_member`, naming those that are unknown */
async function findUsers (
  orm: Orm, names: readonly string[], isFit: (user: NamedUser) => boolean = () => true
): Promise<MemberUser[]> {
  const wanted = new Map(names.map((name) => [name.toLowerCase(), name]))
  const users = (await findActiveUsersByNames(orm, [...wanted.keys()])).filter(isFit)
  for (const { usernameKey } of users) wanted.delete(usernameKey)
  if (wanted.size > 0) throw new ChatError('unknown_member', describeUnknown([...wanted.values()]))
  return users.map(({ id, username }) => ({ userId: id, username }))
}

function describeUnknown (names: readonly string[]): string {
  const listed = names
    .slice(0, MAX_LISTED_NAMES)
    .map((name) => name.slice(0, MAX_LISTED_LENGTH).toWellFormed())
    .filter((name) => /^[\p{L}\p{N}_.-]+$/u.test(name))
  return listed.length === 0 ? ERRORS.unknown_member : `There is no user named ${listed.join(', ')}.`
}
