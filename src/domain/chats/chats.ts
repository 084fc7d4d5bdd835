/** Direct chats: one per pair of users; leaving and returning. */
import type { Bus } from '../../bus/bus.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/chats.ts'
import { type ConversationRow, listConversations } from '../../store/conversations.ts'
import type { CountedPage, PageRange } from '../../store/directory.ts'
import { findActiveUserByName } from '../../store/users.ts'
import { ChatError } from '../errors.ts'
import { publishInvalidation } from '../invalidations.ts'

/** A chat can be deleted between two of our statements; more often than this would be a bug. */
const ATTEMPTS = 5

/** Dependencies of the chats. */
export type ChatsDeps = { orm: Orm, bus: Bus }

/** A chat as one of its members sees it. */
export type Conversation = ConversationRow

/** The chats of this server. */
export type Chats = ReturnType<typeof createChats>

/** Wires the chats. */
export function createChats (deps: ChatsDeps) {
  return {
    create: create.bind(undefined, deps),
    leave: leave.bind(undefined, deps),
    list: (userId: number) => store.listChats(deps.orm, userId),
    /** Returns a page of a user's chats with their unread counts, latest activity first. */
    conversations: (userId: number, range: PageRange): Promise<CountedPage<Conversation>> =>
      listConversations(deps.orm, userId, range),
    /** Records that a member has read up to a seq; the mark never goes back. */
    markRead: (userId: number, chatId: number, seq: number) => store.markRead(deps.orm, chatId, userId, seq),
    membership: membership.bind(undefined, deps),
    heads: (chatIds: number[]) => store.findHeads(deps.orm, chatIds),
    participants: (chatId: number) => store.listParticipants(deps.orm, chatId)
  }
}

/**
 * Opens the chat between a user and the named receiver. A member who had left rejoins it and sees only later posts.
 * @returns the chat's id
 * @throws {ChatError} `unknown_receiver`, `chat_with_yourself`, `chat_exists` when both are in it already
 */
async function create (deps: ChatsDeps, userId: number, receiverName: string): Promise<number> {
  const receiver = await findActiveUserByName(deps.orm, receiverName)
  if (receiver === undefined) throw new ChatError('unknown_receiver')
  if (receiver.id === userId) throw new ChatError('chat_with_yourself')
  const [low, high] = userId < receiver.id ? [userId, receiver.id] : [receiver.id, userId]
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const chatId = await deps.orm.transaction(
      async (tx) => (await store.insertChat(tx, low, high)) ?? (await rejoin(tx, low, high))
    )
    if (chatId !== undefined) {
      await announceMembers(deps, chatId)
      return chatId
    }
  }
  throw new ChatError('overloaded')
}

async function rejoin (tx: Orm, low: number, high: number): Promise<number | undefined> {
  const chatId = await store.findChatOfPair(tx, low, high)
  const head = chatId === undefined ? undefined : await store.lockChat(tx, chatId)
  if (head === undefined) return undefined
  const present = await store.listParticipants(tx, head.chatId)
  const absent = [low, high].filter((id) => !present.has(id))
  if (absent.length === 0) throw new ChatError('chat_exists')
  await store.addParticipants(tx, head.chatId, absent, head.lastSeq)
  return head.chatId
}

/**
 * Removes a user from a chat; when its last member leaves, the chat and its messages are deleted.
 * @throws {ChatError} `not_a_participant`
 */
async function leave (deps: ChatsDeps, userId: number, chatId: number): Promise<void> {
  await deps.orm.transaction(async (tx) => {
    const head = await store.lockChat(tx, chatId)
    if (head === undefined || !(await store.removeParticipant(tx, chatId, userId)))
      throw new ChatError('not_a_participant')
    const rest = await store.listParticipants(tx, chatId)
    if (rest.size === 0) await store.removeChat(tx, chatId)
  })
  await announceMembers(deps, chatId)
}

/** Returns a user's membership of a chat. @throws {ChatError} `not_a_participant` */
async function membership (deps: ChatsDeps, userId: number, chatId: number): Promise<store.Membership> {
  const found = await store.findMembership(deps.orm, chatId, userId)
  if (found === undefined) throw new ChatError('not_a_participant')
  return found
}

/** A deleted chat is announced with a version higher than any other. */
async function announceMembers ({ orm, bus }: ChatsDeps, chatId: number): Promise<void> {
  const [head] = await store.findHeads(orm, [chatId])
  publishInvalidation(bus, {
    type: 'members_changed',
    chatId,
    membersVersion: head?.membersVersion ?? Number.MAX_SAFE_INTEGER
  })
}
