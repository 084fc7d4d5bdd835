/** What the erasure of a deleted account owes: nothing of it is left, and whoever begins it need not end it. */
import { eq } from 'drizzle-orm'
import type { Test } from 'tap'
import { createMemoryBus } from '../../../src/bus/memory.ts'
import { createChats } from '../../../src/domain/chats/chats.ts'
import { ReadMarks } from '../../../src/domain/chats/read-marks.ts'
import { Features } from '../../../src/domain/features.ts'
import { createErasures } from '../../../src/jobs/erasures.ts'
import { JobRunner } from '../../../src/jobs/job-runner.ts'
import { preparePostBatch } from '../../../src/store/posts.ts'
import { findHeads } from '../../../src/store/chats.ts'
import { listDirectory, numberAccounts } from '../../../src/store/directory.ts'
import { claimJobs } from '../../../src/store/jobs.ts'
import { adoptErasures } from '../../../src/store/erasures.ts'
import { findRole } from '../../../src/store/members.ts'
import { eraseUser } from '../../../src/store/owner-changes.ts'
import { erasures, jobs, messages, users } from '../../../src/store/schema.ts'
import { lockUser, type UserRow } from '../../../src/store/users.ts'
import { addUser, type ChatOfTwo, addChat, type Connections, pick } from '../../support/data/rows.ts'
import type { Orm } from '../../../src/store/database.ts'
import { eventually } from '../../support/deadline.ts'

/** More than are erased at a time. */
const MANY = 1_203
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** Runs the suite on the handles of one store. */
export async function testErasures (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const bus = createMemoryBus()
  t.teardown(() => bus.close())
  const chatsOn = (handle: Orm) => createChats({
    orm: handle, bus, features: new Features(handle), readMarks: new ReadMarks({ orm: handle, receiptsMaxMembers: 0 }),
    memberEventsMax: 1_000
  })
  const erase = (userId: number) =>
    orm.transaction(async (tx) => {
      const user = await lockUser(tx, userId)
      if (user !== undefined) await eraseUser(tx, user)
    })
  /** A replica that does nothing but erase, until the test ends. */
  const startEraser = (t: Test, handle: Orm) => {
    const erasures = createErasures({ step: chatsOn(handle).eraseStep, onJobs: () => runner.wake(), log: SILENT })
    const runner = new JobRunner({ orm: handle, kinds: [erasures.kind], log: SILENT, pollMs: 20 })
    t.teardown(() => runner.stop())
    runner.start()
    return erasures
  }
  const waiting = () => orm.$count(jobs, eq(jobs.kind, 'erasure'))
  const textsOf = (userId: number) =>
    orm.selectDistinct({ body: messages.body }).from(messages).where(eq(messages.authorId, userId))

  async function write (chatId: number, authorId: number, count: number): Promise<void> {
    const post = preparePostBatch(orm)
    await post(Array.from({ length: count }, (_, index) => ({
      chatId,
      authorId,
      postKey: `k${String(index)}`,
      text: `secret ${String(index)}`
    })))
  }

  /** An account with a group that it owns, a direct chat, and messages in a chat that it has left. */
  async function setScene (): Promise<ChatOfTwo & { carl: UserRow, groupId: number, leftId: number }> {
    const pair = await addChat(orm)
    const { ann, bob, chatId } = pair
    const actor = { userId: ann.id, username: ann.username }
    const carl = await addUser(orm)
    const groupId = await chatsOn(orm).createGroup(actor, { name: 'g', members: [bob.username, carl.username] })
    const leftId = await chatsOn(orm).createGroup(actor, { name: 'l', members: [bob.username] })
    await write(chatId, ann.id, MANY)
    await write(chatId, bob.id, 1)
    await write(groupId, ann.id, 2)
    await write(leftId, ann.id, 2)
    await chatsOn(orm).leave(actor, leftId)
    return { ...pair, carl, groupId, leftId }
  }

  await t.test('an account leaves its chats, and nothing can be read of it', async (t) => {
    const { ann, bob, carl, chatId, groupId, leftId } = await setScene()
    const unread = async () => {
      const { items } = await chatsOn(orm).conversations(bob.id, { offset: 0, limit: 9 })
      return [chatId, groupId, leftId].map((id) => items.find((chat) => chat.chatId === id)?.unreadCount)
    }
    await write(groupId, carl.id, 1)
    t.strictSame(await unread(), [0, 3, 2])
    await orm.transaction((tx) => numberAccounts(tx))
    const before = await listDirectory(orm, { offset: 0, limit: 1 })
    await erase(ann.id)
    await startEraser(t, orm).erase(ann.id)
    t.strictSame(await textsOf(ann.id), [{ body: '' }])
    t.strictSame(await unread(), [0, 1, 0], 'what is erased is not unread')
    t.strictSame(await textsOf(bob.id), [{ body: 'secret 0' }], 'those of others stay')
    const members = await Promise.all([chatId, groupId].map((chat) => chatsOn(orm).participants(chat, [ann.id])))
    t.strictSame(members.map(({ size }) => size), [0, 0])
    t.equal(await findRole(orm, groupId, bob.id), 'owner', 'the longest member')
    t.strictSame(
      await preparePostBatch(orm)([{ chatId, authorId: bob.id, postKey: 'late', text: 'late' }]),
      [{ outcome: 'closed' }]
    )
    t.hasStrict(
      await preparePostBatch(orm)([{ chatId, authorId: bob.id, postKey: 'k0', text: 'secret 0' }]),
      [{ outcome: 'duplicate' }],
      'a repetition is still answered'
    )
    t.hasStrict(
      await preparePostBatch(orm)([{ chatId: groupId, authorId: bob.id, postKey: 'late', text: 'late' }]),
      [{ outcome: 'stored' }]
    )
    const { totalCount } = await listDirectory(orm, { offset: 0, limit: 1 })
    t.equal(totalCount, before.totalCount - 1)
    const { items } = await listDirectory(orm, { offset: 0, limit: totalCount })
    t.equal(items.length, totalCount, 'without a gap')
    const [row] = await orm.select().from(users).where(eq(users.id, ann.id))
    t.hasStrict(row, { username: `deleted_${String(ann.id)}`, passwordHash: '' })
    t.notMatch(JSON.stringify(row), new RegExp(ann.username, 'i'))
    t.ok(await eventually(async () => await waiting() === 0))
  })

  await t.test('another replica goes on where one has died', async (t) => {
    const { ann, chatId } = await setScene()
    await erase(ann.id)
    const room = { kind: 'erasure', room: 1, perTarget: 1, busy: {} }
    t.hasStrict(await claimJobs(orm, [room], 1), [{ payload: { user: ann.id } }])
    const position = await chatsOn(orm).eraseStep({ userId: ann.id, chatId: 0 })
    t.ok(position !== undefined && position >= chatId)
    startEraser(t, pick(connections, 1))
    t.ok(await eventually(async () => await waiting() === 0))
    t.strictSame(await textsOf(ann.id), [{ body: '' }])
    t.equal((await findHeads(orm, [chatId])).length, 1)
  })
  await t.test('what an earlier build has left to erase is erased', async (t) => {
    const { ann } = await setScene()
    await erase(ann.id)
    await orm.delete(jobs).where(eq(jobs.kind, 'erasure'))
    await orm.insert(erasures).values({ userId: ann.id })
    await adoptErasures(orm)
    t.strictSame(await orm.select().from(erasures), [])
    startEraser(t, orm)
    t.ok(await eventually(async () => await waiting() === 0))
    t.strictSame(await textsOf(ann.id), [{ body: '' }])
  })
}
