import { eq, sql } from 'drizzle-orm'
import { randomUUID } from 'node:crypto'
import t, { type Test } from '../../support/tap.ts'
import { selectHeads } from '../../../src/store/chats.ts'
import { listConversations, selectConversations } from '../../../src/store/conversations.ts'
import type { Orm } from '../../../src/store/database.ts'
import {
  listDirectory, numberAccounts, searchDirectory, selectDirectory, selectFound
} from '../../../src/store/directory.ts'
import { listLogAfter, listLogAfterAs } from '../../../src/store/log.ts'
import { listMessagesAfter, listMessagesBefore } from '../../../src/store/messages.ts'
import { messages, participants, sessions } from '../../../src/store/schema.ts'
import { findDeadSessions, selectLiveAmong } from '../../../src/store/sessions.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { createStore, openDatabase, openNewStore } from '../../support/servers/database.ts'
import { rowConditions, rowsVisited } from '../../support/checks/query-plan.ts'

const CHATS = 10_000
const STRANGERS = 5_000
const LONG_CHATS = 4
/** Messages in each of those. */
const LONG = 50_000
const MESSAGES_EACH = 6
const PAGE = 30
const SESSIONS = 2_000
const HOUR_MS = 3_600_000
const OWNER = 1
const UNREAD = 4_000
/** A prepared statement may get a plan for any values after five for those it is given. */
const PLANS_TRIED = 5
const READS = 20
/** As far back as a message of the reader's own is looked for. */
const OWN_POST_WINDOW = 1_000
/** So many accounts a search finds. */
const MAX_FOUND = 1_000

t.setTimeout(120_000)

await t.test('lists stay cheap on the embedded store', async (t) => {
  await testCost(t, (await openNewStore(t)).orm)
})

await withServices(t, 'lists stay cheap on Postgres', async (t, { databaseUrl }) => {
  await testCost(t, (await openDatabase(t, await createStore(t, databaseUrl))).orm)
})

await withServices(
  t,
  'a page of a long chat is planned for any, not anew for each reader',
  async (t, { databaseUrl }) => {
    const { orm } = await openDatabase(t, await createStore(t, databaseUrl))
    await orm.execute(sql`insert into users (id, username, username_key,
      display_name, email, email_key, password_hash, activated_at)
    select i, 'u' || i, 'u' || i, 'U ' || i, i || '@x', i || '@x', '-', now()
    from generate_series(1, ${LONG_CHATS + 1}::int) i`)
    await orm.execute(
      sql`insert into messages (chat_id, seq, author_id, body, post_key) select c, s, c + 1, 'text', 's' || s
        from generate_series(1, ${LONG_CHATS}::int) c, generate_series(1, ${LONG}::int) s`
    )
    await orm.execute(sql`analyze`)
    for (let read = 0; read < READS; read++) {
      await Promise.all([
        listMessagesAfter(orm, 1, 0, PAGE),
        listLogAfter(orm, 1, 0, PAGE),
        listLogAfterAs(orm, OWNER, 1, 0, PAGE),
        listMessagesBefore(orm, 1, { after: 0, before: LONG }, PAGE)
      ])
    }
    const plans = await orm
      .select({ custom: sql`custom_plans`.mapWith(Number) })
      .from(sql`pg_prepared_statements`)
      .where(sql`statement like '%"messages"%order by%'`)
    // The page of somebody who is no member is empty, and then looked for among the events, too.
    t.strictSame(
      plans,
      Array.from({ length: 5 }, () => ({ custom: PLANS_TRIED }))
    )
  }
)

/** User 1 has a chat with each of the next; the latest is that with the highest number. Strangers chat in pairs. */
async function settle (orm: Orm): Promise<void> {
  const [chats, all] = [sql`${CHATS}::int`, sql`${CHATS + STRANGERS}::int`]
  await orm.execute(sql`insert into users (id, username, username_key,
    display_name, email, email_key, password_hash, activated_at)
    select i, 'u' || i, 'u' || i, 'U ' || i, i || '@x', i || '@x', '-', now()
    from generate_series(1, ${CHATS + 2 * STRANGERS + 1}::int) i`)
  await orm.execute(sql`insert into chats (id, user_low, user_high)
    select i, case when i <= ${chats} then 1 else 2 * i - ${chats} end, 
      
      case when i <= ${chats} then i + 1 else 2 * i - ${chats} + 1 end from generate_series(1, ${all}) i`)
  await orm.execute(
    sql`insert into chat_heads (chat_id, last_seq, last_at) select
      i, ${MESSAGES_EACH}::int, '2100-01-01'::timestamptz + i * interval '1 minute' from generate_series(1, ${all}) i`
  )
  await orm.execute(
    sql`insert into participants (chat_id, user_id) select id, user_id
      from chats, lateral (values (user_low), (user_high)) v (user_id)`
  )
  await orm.execute(
    sql`insert into messages (chat_id, seq, author_id, body, post_key) select c.id, s, c.user_high, 'text', 's' || s
      from chats c, generate_series(1, ${MESSAGES_EACH}::int) s`
  )
  await orm.transaction((tx) => numberAccounts(tx))
}

/** Sessions of an account. @returns their ids, and between them as many of sessions that there never were */
async function settleSessions (orm: Orm): Promise<string[]> {
  const ids = Array.from({ length: SESSIONS }, () => randomUUID())
  await orm
    .insert(sessions)
    .values(
      ids
        .filter((_, index) => index % 2 === 0)
        .map((id) => ({ id, userId: OWNER, expiresAt: new Date(Date.now() + HOUR_MS) }))
    )
  await orm.execute(sql`analyze sessions, chat_heads`)
  return ids
}

/** How many messages have been looked at since the database was made. */
async function messagesFetched (orm: Orm): Promise<number> {
  await orm.execute(sql`select pg_stat_force_next_flush()`)
  const [row] = await orm
    .select({ count: sql<number>`idx_tup_fetch + seq_tup_read`.mapWith(Number) })
    .from(sql`pg_stat_user_tables`)
    .where(sql`relname = 'messages'`)
  return row?.count ?? 0
}

async function testCost (t: Test, orm: Orm): Promise<void> {
  await settle(orm)

  await t.test('a list of ids is read once, however many rows there are to be compared with it', async (t) => {
    const ids = await settleSessions(orm)
    t.strictSame((await findDeadSessions(orm, ids)).length, ids.length / 2)
    const chatIds = `{${Array.from({ length: CHATS }, (_, index) => index + 1).join()}}`
    for (const query of [selectLiveAmong(orm, ids), selectHeads(orm, chatIds)]) {
      const conditions = await rowConditions(orm, query)
      t.notOk(
        conditions.some((condition) => condition.includes('[]')),
        conditions.join()
      )
    }
  })

  await t.test(
    'a page of 10,000 chats looks at their narrow rows, and beyond that at its own chats only',
    async (t) => {
      for (const offset of [0, CHATS / 2, CHATS - PAGE]) {
        const { items, totalCount } = await listConversations(orm, OWNER, { offset, limit: PAGE })
        t.strictSame(
          [totalCount, items.map(({ chatId }) => chatId)],
          [CHATS, Array.from({ length: PAGE }, (_, index) => CHATS - offset - index)]
        )
        t.ok(items.every(({ unreadCount, lastMessage }) => unreadCount === MESSAGES_EACH && lastMessage !== null))
        const visited = await rowsVisited(orm, selectConversations(orm, OWNER, { offset, limit: PAGE }))
        const within = (table: string, bound: number) =>
          t.ok(
            (visited.get(table) ?? Infinity) <= bound,
            `${table}: ${String(visited.get(table))} rows, at most ${String(bound)}`
          )
        within('participants', CHATS + PAGE)
        within('chat_heads', CHATS + STRANGERS)
        within('chats', PAGE)
        within('users', 2 * PAGE)
        within('messages', PAGE * (1 + MESSAGES_EACH))
      }
    }
  )

  await t.test(
    'a chat full of unread messages costs no more than those among which one\'s own is looked for',
    async (t) => {
      await orm.execute(
        sql`insert into messages (chat_id, seq, author_id, body, post_key)
          select ${CHATS}::int, s, ${CHATS + 1}::int, 'text', 's' || s
          from generate_series(${MESSAGES_EACH + 1}::int, ${UNREAD}::int) s`
      )
      await orm.execute(sql`update chat_heads set last_seq = ${UNREAD}::int where chat_id = ${CHATS}::int`)
      const newest = { offset: 0, limit: 1 }
      t.equal((await listConversations(orm, OWNER, newest)).items[0]?.unreadCount, UNREAD)
      const visited = (await rowsVisited(orm, selectConversations(orm, OWNER, newest))).get('messages')
      t.ok(visited !== undefined && visited <= OWN_POST_WINDOW + 1, `${String(visited)} rows`)
      await orm.update(participants).set({ readSeq: UNREAD }).where(eq(participants.userId, OWNER))
      t.equal(
        (await rowsVisited(orm, selectConversations(orm, OWNER, newest))).get('messages'),
        1,
        'and nothing once it is read'
      )
      t.equal(await orm.$count(messages, eq(messages.chatId, CHATS)), UNREAD)
    }
  )

  await t.test(
    'a page of history looks at its own messages only, also once its plan is one for all chats',
    async (t) => {
      await orm.execute(sql`analyze`)
      const before = await messagesFetched(orm)
      for (let read = 0; read < READS; read++) {
        const pages = [
          await listMessagesAfter(orm, CHATS, 0, PAGE),
          await listLogAfterAs(orm, OWNER, CHATS, 0, PAGE),
          await listMessagesBefore(orm, CHATS, { after: 0, before: UNREAD + 1 }, PAGE)
        ]
        t.strictSame(
          pages.map((page) => [page.length, page[0]?.seq]),
          [
            [PAGE, 1],
            [PAGE, 1],
            [PAGE, UNREAD - PAGE + 1]
          ]
        )
      }
      const fetched = (await messagesFetched(orm)) - before
      t.ok(fetched > 0 && fetched <= READS * 3 * PAGE, `${String(fetched)} rows`)
      t.strictSame(await listLogAfterAs(orm, OWNER + 2, CHATS, 0, PAGE), [], 'and a stranger gets none')
    }
  )

  await t.test('any page of the accounts looks at its own rows only', async (t) => {
    const total = CHATS + 2 * STRANGERS + 1
    for (const offset of [0, total / 2 - 0.5, total - PAGE]) {
      const { items, totalCount } = await listDirectory(orm, { offset, limit: PAGE })
      t.strictSame(
        [totalCount, items.map(({ id }) => id)],
        [total, Array.from({ length: PAGE }, (_, index) => offset + index + 1)]
      )
      const visited = (await rowsVisited(orm, selectDirectory(orm, { offset, limit: PAGE }))).get('users')
      t.ok(visited !== undefined && visited <= PAGE + 1, `${String(visited)} rows`)
    }
  })

  await t.test('a search for a name looks at what it finds only, and at no more than it may find', async (t) => {
    const counts = { 'u 1999': 11, U1999: 11, 'u 20001': 1, nobody: 0, u: MAX_FOUND }
    for (const [prefix, count] of Object.entries(counts)) {
      const { items, totalCount } = await searchDirectory(orm, prefix, { offset: 0, limit: PAGE })
      t.strictSame([totalCount, items.length], [count, Math.min(count, PAGE)], prefix)
      const visited = (await rowsVisited(orm, selectFound(orm, prefix, { offset: 0, limit: PAGE }))).get('users') ?? 0
      t.ok(visited <= count + 1, `${prefix}: ${String(visited)} rows`)
    }
  })
}
