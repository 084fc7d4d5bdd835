/** Direct chats: one per pair of users. */
import { isPairBlocked, lockPair } from '../../store/blocks.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/chats.ts'
import { listParticipants } from '../../store/members.ts'
import { findActiveUserByName, findUserById, type UserRow } from '../../store/users.ts'
import { requireUser } from '../accounts/find-users.ts'
import { ChatError } from '../errors.ts'
import type { Features } from '../features.ts'
import { publicChatId } from './chat-id.ts'
import { type Actor, byUser, type Joining } from './caller.ts'
import { type ChangeRules, MembershipChange } from './membership-change.ts'
import type { Memberships } from './membership.ts'

/** A chat can be deleted between two of our statements; more often than this would be a bug. */
const ATTEMPTS = 5

/** Dependencies of chats of any type. */
export type ChatDeps = { orm: Orm, memberships: Memberships, features: Features }

/**
 * A direct chat, and whether both users were in it already. `isNew` if it was made; `seq` is that of the last event, if
 * there was any.
 */
export type OpenedChat = { chatId: number, existed: boolean, isNew: boolean, seq: number | null }

/**
 * Opens the chat between a user and the named receiver, and takes it out of the user's archive. A member who had left
 * rejoins it and sees only later posts.
 * @throws {ChatError} `unknown_receiver`, `chat_with_yourself`, `blocked`
 */
export async function openDirectChat (
  deps: ChatDeps,
  user: Actor,
  receiverName: string
): Promise<OpenedChat> {
  return open(deps, user, await findActiveUserByName(deps.orm, receiverName))
}

/**
 * The same by the receiver's id in `/v1`.
 * @throws {ChatError} `unknown_user`, `chat_with_yourself`, `blocked`
 */
export async function putDirectChat (
  deps: ChatDeps,
  user: Actor,
  receiverId: string
): Promise<{ id: string, isNew: boolean, seq: number | null }> {
  const { userId: id, username, disabledAt } = await requireUser(deps.orm, receiverId)
  const { chatId, isNew, seq } = await open(deps, user, { id, username, disabledAt })
  return { id: publicChatId(chatId, null), isNew, seq }
}

/**
 * Returns the chat between a user and a receiver, both of whom are in it afterwards.
 * @throws {ChatError} `unknown_receiver`, `chat_with_yourself`, `blocked`
 */
export async function chatWithUser (deps: ChatDeps, user: Actor, receiverId: number): Promise<number> {
  const { orm } = deps
  const pair = [user.userId, receiverId].sort((one, other) => one - other)
  const chatId = await store.findChatOfPair(orm, pair[0] ?? 0, pair[1] ?? 0)
  if (chatId !== undefined && (await listParticipants(orm, chatId, pair)).size === pair.length) return chatId
  const receiver = await findUserById(orm, receiverId)
  return (await open(deps, user, receiver?.activatedAt == null ? undefined : receiver)).chatId
}

async function open (
  { memberships }: ChatDeps,
  user: Actor,
  receiver: Pick<UserRow, 'id' | 'username' | 'disabledAt'> | undefined
): Promise<OpenedChat> {
  if (receiver === undefined) throw new ChatError('unknown_receiver')
  if (receiver.id === user.userId) throw new ChatError('chat_with_yourself')
  const pair = [user, { userId: receiver.id, username: receiver.username }]
    .map((one): Joining => ({ ...one, role: 'member' }))
    .sort((one, other) => one.userId - other.userId)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const opened = await memberships.run(async (tx, rules) => {
      // A disabled account keeps its chats, and gets no new one.
      if (receiver.disabledAt !== null && !(await isInChatOf(tx, pair, receiver.id)))
        throw new ChatError('unknown_receiver')
      await lockPair(tx, user.userId, receiver.id)
      const created = await insert(tx, user, pair)
      return created ?? rejoin(tx, user, pair, rules)
    })
    if (opened?.isNew === true) memberships.announceLists(pair.map(({ userId }) => userId))
    if (opened !== undefined) return opened
  }
  throw new ChatError('overloaded')
}

type Outcome = { result: OpenedChat | undefined, change: MembershipChange | undefined }

async function isInChatOf (tx: Orm, [low, high]: readonly Joining[], userId: number): Promise<boolean> {
  const chatId = await store.findChatOfPair(tx, low?.userId ?? 0, high?.userId ?? 0)
  return chatId !== undefined && (await listParticipants(tx, chatId, [userId])).size > 0
}

async function insert (tx: Orm, { userId }: Actor, pair: readonly Joining[]): Promise<Outcome | undefined> {
  const [low, high] = pair
  if (low === undefined || high === undefined) return undefined
  const chatId = await store.insertChat(tx, low.userId, high.userId, userId)
  if (chatId !== undefined) await requireNoBlock(tx, pair)
  return chatId === undefined
    ? undefined
    : { result: { chatId, existed: false, isNew: true, seq: null }, change: undefined }
}

async function rejoin (tx: Orm, user: Actor, pair: readonly Joining[], rules: ChangeRules): Promise<Outcome> {
  const [low, high] = pair.map(({ userId }) => userId)
  const chatId = await store.findChatOfPair(tx, low ?? 0, high ?? 0)
  const head = chatId === undefined ? undefined : await store.lockChat(tx, chatId)
  if (head === undefined) return { result: undefined, change: undefined }
  const present = await listParticipants(tx, head.chatId)
  const absent = pair.filter(({ userId }) => !present.has(userId))
  if (present.has(user.userId)) await store.setArchived(tx, head.chatId, user.userId, false)
  const { chatId: id } = head
  if (absent.length === 0) return { result: { chatId: id, existed: true, isNew: false, seq: null }, change: undefined }
  await requireNoBlock(tx, pair)
  const change = new MembershipChange(tx, head, byUser(user), rules)
  await change.add(absent)
  return { result: { chatId: id, existed: false, isNew: false, seq: change.seq }, change }
}

/** @throws {ChatError} `blocked` */
async function requireNoBlock (tx: Orm, [low, high]: readonly Joining[]): Promise<void> {
  if (await isPairBlocked(tx, low?.userId ?? 0, high?.userId ?? 0)) throw new ChatError('blocked')
}
