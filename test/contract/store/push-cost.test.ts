/** A page of a large chat costs a page: who is notified of a message is decided for 100,000 members, too. */
import { sql } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { selectNotified, selectReachable } from '../../../src/store/push-notices.ts'
import { rowsVisited } from '../../support/checks/query-plan.ts'
import { openNewStore } from '../../support/servers/database.ts'

const [MEMBERS, PAGE, CHAT] = [20_000, 200, 1]
/** A page, and what is around it. */
const ENOUGH = 3 * PAGE

t.setTimeout(120_000)

await t.test('a page of those who may be notified of a message looks at no other members', async (t) => {
  const { orm } = await openNewStore(t)
  await orm.execute(sql`insert into users (id, username, username_key, display_name, email, email_key, password_hash,
      activated_at)
    select i, 'u' || i, 'u' || i, 'U ' || i, i || '@x', i || '@x', '-', now()
    from generate_series(1, ${MEMBERS}::int) i`)
  await orm.execute(sql`insert into chats (id, type, name, user_low, user_high)
    values (${CHAT}, 'channel', 'crowd', -1, 0)`)
  await orm.execute(sql`insert into chat_heads (chat_id, last_seq, member_count) values (${CHAT}, 1, ${MEMBERS})`)
  await orm.execute(sql`alter table participants disable trigger user`)
  await orm.execute(sql`insert into participants (chat_id, user_id) select ${CHAT}, id from users`)
  await orm.execute(sql`insert into notification_settings (user_id, devices) select id, (id % 2)::integer from users`)
  await orm.execute(sql`insert into messages (chat_id, seq, author_id, body, post_key)
    values (${CHAT}, 1, 1, 'x', 'k')`)
  await orm.execute(sql`analyze`)
  for (const afterUserId of [0, MEMBERS / 2]) {
    const reachable = selectReachable(orm, CHAT, { afterUserId, limit: PAGE })
    const userIds = (await reachable).map(({ userId }) => userId)
    t.strictSame(userIds, Array.from({ length: PAGE }, (_, index) => afterUserId + 2 * index + 1))
    const notified = selectNotified(orm, CHAT, { from: 1, to: 1, userIds })
    t.equal((await notified).length, afterUserId === 0 ? PAGE - 1 : PAGE, 'all but the author')
    for (const query of [reachable, notified]) {
      const visited = await rowsVisited(orm, query)
      for (const table of ['participants', 'messages'])
        t.ok((visited.get(table) ?? 0) <= ENOUGH, `${table}: ${String(visited.get(table))} rows`)
    }
  }
})
