/** What is left of a deleted account in chats: it is removed in steps, each of which may be repeated. */
import { removeBlocksOf } from '../../store/blocks.ts'
import * as chatStore from '../../store/chats.ts'
import * as store from '../../store/erasures.ts'
import { removeFeed } from '../../store/feeds.ts'
import { findUserById } from '../../store/users.ts'
import type { ChatDeps } from './direct-chats.ts'
import { removeFrom } from './leaving.ts'
import { type Actor, byUser } from './caller.ts'
import { MembershipChange } from './membership-change.ts'

/** Chats that are searched for traces in one step. */
const CHATS_PER_STEP = 1_000
/** Messages that are erased, and so locked, at a time. */
const MESSAGES_AT_A_TIME = 500

/**
 * One step: at the beginning the account leaves all chats, of which direct ones are closed; then the texts of its
 * messages are erased in some of all chats.
 * @param chatId the position that the last step has returned; 0 at first
 * @returns the position of the next step; undefined when nothing is left
 */
export async function eraseStep (deps: ChatDeps, { userId, chatId }: store.Erasure): Promise<number | undefined> {
  const { orm } = deps
  if (chatId === 0) await leaveAll(deps, userId)
  const traces = await store.findTraces(orm, { userId, chatId }, CHATS_PER_STEP)
  if (traces === undefined) return finish(deps, userId)
  for (const { chatId, isPair, hasMessages, hasMarks } of traces.found) {
    if (isPair) await store.closeDirectChat(orm, chatId)
    if (hasMarks) await store.eraseMarks(orm, chatId, userId)
    if (hasMessages) while ((await store.eraseMessages(orm, chatId, userId, MESSAGES_AT_A_TIME)) > 0) continue
  }
  return traces.lastId
}

/** A request that was under way may have made the account a member again: then all is done once more. */
async function finish ({ orm }: ChatDeps, userId: number): Promise<number | undefined> {
  if ((await store.listMemberships(orm, userId)).length > 0) return 0
  await removeFeed(orm, userId)
  await removeBlocksOf(orm, userId)
  const isListed = await orm.transaction(async (tx) => !(await store.closeDirectoryGap(tx, userId)))
  return isListed ? Number.MAX_SAFE_INTEGER : undefined
}

async function leaveAll (deps: ChatDeps, userId: number): Promise<void> {
  const user = await findUserById(deps.orm, userId)
  if (user === undefined) return
  for (const chatId of await store.listMemberships(deps.orm, userId))
    await leaveForGood(deps, { userId, username: user.username }, chatId)
}

async function leaveForGood ({ memberships }: ChatDeps, user: Actor, chatId: number): Promise<void> {
  await memberships.run(async (tx, rules) => {
    const head = await chatStore.lockChat(tx, chatId)
    if (head === undefined) return { result: undefined, change: undefined }
    const change = new MembershipChange(tx, head, byUser(user), rules)
    const isChanged = await removeFrom(tx, change, [user])
    await store.closeDirectChat(tx, chatId)
    return { result: undefined, change: isChanged ? change : undefined }
  })
}
