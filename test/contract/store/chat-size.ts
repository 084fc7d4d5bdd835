/** What a change of membership costs in a large chat: as much as in a small one. */
import { sql } from 'drizzle-orm'
import type { Test } from 'tap'
import { insertNamedChat, lockChat } from '../../../src/store/chats.ts'
import type { Orm } from '../../../src/store/database.ts'
import {
  countMembers, countMembersOf, deleteMembers, findLongestWithRole, findMembers, hasOtherWithRole, insertMembers
} from '../../../src/store/members.ts'
import { preparePostBatch } from '../../../src/store/posts.ts'
import { addUser, type Connections } from '../../support/data/rows.ts'

const MEMBERS = 10_000
/** Rows and entries of indexes that a step may read, whatever the size of the chat. */
const MAX_READ = 10

/** Runs the suite on the handles of one store. */
export async function testChatSize (t: Test, [orm]: Connections): Promise<void> {
  await t.test('in a chat of many members a post, an addition and a removal read no list of them', async (t) => {
    const [owner, guest] = [await addUser(orm), await addUser(orm)]
    const { chatId = 0 } = await insertNamedChat(orm, { type: 'channel', name: 'c', createdBy: owner.id }) ?? {}
    // Users who do not exist: their numbers are enough.
    await orm.execute(sql`insert into participants (chat_id, user_id)
      select ${chatId}::bigint, 1000000000 + n from generate_series(1, ${MEMBERS}::int) n`)
    await insertMembers(orm, chatId, [{ userId: owner.id, role: 'owner', addedBy: null }], 0)
    await orm.execute(sql`update chat_heads set member_count = ${MEMBERS + 1}::int where chat_id = ${chatId}`)
    await orm.execute(sql`analyze participants`)
    const read = async (work: (tx: Orm) => Promise<unknown>) =>
      orm.transaction(async (tx) => {
        const before = await rowsRead(tx)
        await lockChat(tx, chatId)
        await work(tx)
        return (await rowsRead(tx)) - before
      })
    const head = { chatId, lastSeq: 0, membersVersion: 1, memberCount: MEMBERS + 1 }
    for (const [name, work] of [
      ['count', (tx: Orm) => countMembersOf(tx, head)],
      ['find', (tx: Orm) => findMembers(tx, chatId, [owner.id, guest.id])],
      ['add', (tx: Orm) => insertMembers(tx, chatId, [{ userId: guest.id, role: 'member', addedBy: null }], 0)],
      ['find another owner', (tx: Orm) => hasOtherWithRole(tx, chatId, 'owner', [owner.id])],
      ['find an admin', (tx: Orm) => findLongestWithRole(tx, chatId, 'admin')],
      ['remove', (tx: Orm) => deleteMembers(tx, chatId, [guest.id])]
    ] as const) {
      const rows = await read(work)
      t.ok(rows < MAX_READ, `${name}: ${String(rows)} rows`)
    }
    const posted = await read(async (tx) => {
      const [outcome] = await preparePostBatch(tx)([{ chatId, authorId: owner.id, postKey: 'k', text: 'hello' }])
      t.hasStrict(outcome, { outcome: 'stored', seq: 1 })
    })
    t.ok(posted < MAX_READ, `post: ${String(posted)} rows`)
    const all = await read((tx) => countMembers(tx, chatId))
    t.ok(all >= MEMBERS, `a list of them is noticed: ${String(all)} rows`)
  })
}

/** Rows of members that this connection has read, by scans of any kind, and entries of their indexes. */
async function rowsRead (tx: Orm): Promise<number> {
  const [row] = await tx
    .select({
      count: sql`sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid))`.mapWith(Number)
    })
    .from(sql`(select 'participants'::regclass::oid as oid
      union all select indexrelid from pg_index where indrelid = 'participants'::regclass) relations`)
  return row?.count ?? 0
}
