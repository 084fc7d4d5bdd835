/** What the list of conversations owes: order, previews and unread counts that follow from the messages themselves. */
import { eq } from 'drizzle-orm'
import type { Test } from 'tap'
import { insertChat } from '../../../src/store/chats.ts'
import { markRead } from '../../../src/store/read-marks.ts'
import { listConversations } from '../../../src/store/conversations.ts'
import type { Orm } from '../../../src/store/database.ts'
import { preparePostBatch } from '../../../src/store/posts.ts'
import { chatHeads } from '../../../src/store/schema.ts'
import type { UserRow } from '../../../src/store/users.ts'
import {
  addChat, addParticipants, addUser, minutes, removeParticipant, type ChatOfTwo
} from '../../support/data/rows.ts'

const ALL = { offset: 0, limit: 100 }

/** Runs the suite on one store. */
export async function testConversations (t: Test, orm: Orm): Promise<void> {
  const post = preparePostBatch(orm)
  let keys = 0
  const say = async ({ chatId }: ChatOfTwo, author: UserRow, ...texts: string[]) =>
    post(texts.map((text) => ({ chatId, authorId: author.id, postKey: `k${String(keys++)}`, text })))
  const onlyOf = async (user: UserRow) => (await listConversations(orm, user.id, ALL)).items[0]

  await t.test('a chat shows who is in it, its last message and what is new', async (t) => {
    const chat = await addChat(orm)
    const { chatId, ann, bob } = chat
    const brief = ({ id, username, displayName }: UserRow) => ({ id, username, displayName })
    t.hasStrict(await onlyOf(ann), {
      chatId,
      members: [brief(ann), brief(bob)],
      other: brief(bob),
      lastMessage: null,
      unreadCount: 0
    })
    await say(chat, bob, 'one', 'two')
    t.hasStrict(await onlyOf(ann), { lastMessage: { authorId: bob.id, text: 'two' }, unreadCount: 2 })
    t.hasStrict(await onlyOf(bob), {
      members: [brief(bob), brief(ann)],
      other: brief(ann),
      lastMessage: { authorId: bob.id, text: 'two' },
      unreadCount: 0
    })
    await removeParticipant(orm, chatId, bob.id)
    t.hasStrict(await onlyOf(ann), { other: brief(bob), members: [brief(ann)] })
    t.strictSame(await listConversations(orm, bob.id, ALL), { items: [], totalCount: 0 })
  })

  await t.test('reading moves the mark forward only, and a message of one\'s own counts as having read', async (t) => {
    const chat = await addChat(orm)
    const { chatId, ann, bob } = chat
    const unread = async () => (await onlyOf(ann))?.unreadCount
    const read = (seq: number) => markRead(orm, { chatId, userId: ann.id, seq, parentSeq: undefined }, 0)
    await say(chat, bob, 'one', 'two', 'three')
    await read(2)
    t.equal(await unread(), 1)
    await read(1)
    t.equal(await unread(), 1)
    t.equal((await onlyOf(bob))?.unreadCount, 0)
    await say(chat, ann, 'mine')
    t.equal(await unread(), 0)
    await say(chat, bob, 'five', 'six')
    t.equal(await unread(), 2)
    await read(6)
    t.equal(await unread(), 0)
    t.equal((await onlyOf(bob))?.unreadCount, 0)
  })

  await t.test('who comes back sees nothing from before, and has the chat on top', async (t) => {
    const chat = await addChat(orm)
    const { chatId, ann, bob } = chat
    await say(chat, ann, 'one', 'two')
    await orm
      .update(chatHeads)
      .set({ lastAt: minutes(0) })
      .where(eq(chatHeads.chatId, chatId))
    await removeParticipant(orm, chatId, bob.id)
    await addParticipants(orm, chatId, [bob.id], 2)
    const conversation = await onlyOf(bob)
    t.hasStrict(conversation, { lastMessage: null, unreadCount: 0 })
    t.ok(Date.now() - (conversation?.updatedAt.getTime() ?? 0) < 60_000)
    await say(chat, ann, 'three')
    t.hasStrict(await onlyOf(bob), { lastMessage: { text: 'three' }, unreadCount: 1 })
  })

  await t.test('the latest activity comes first, page by page', async (t) => {
    const ann = await addUser(orm)
    const chatIds: number[] = []
    for (let index = 0; index < 5; index++) {
      const other = await addUser(orm)
      chatIds.push((await orm.transaction((tx) => insertChat(tx, ann.id, other.id))) ?? 0)
    }
    // Later than any of the memberships began.
    const order = [3, 0, 4, 1, 2].map((index) => chatIds[index] ?? 0)
    for (const [age, chatId] of order.entries())
      await orm
        .update(chatHeads)
        .set({ lastAt: new Date(Date.UTC(2100, 0, 31 - age)) })
        .where(eq(chatHeads.chatId, chatId))
    const idsOf = async (offset: number, limit: number) =>
      (await listConversations(orm, ann.id, { offset, limit })).items.map(({ chatId }) => chatId)
    t.strictSame(await idsOf(0, 100), order)
    t.strictSame(
      [await idsOf(0, 2), await idsOf(2, 2), await idsOf(4, 2)],
      [order.slice(0, 2), order.slice(2, 4), order.slice(4)]
    )
    t.strictSame(await listConversations(orm, ann.id, { offset: 6, limit: 2 }), { items: [], totalCount: 5 })
  })
}
