/** A job about a chat with many members is done in parts, and may be given more messages between two of them. */
import { eq, sql } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { createPushNotices } from '../../../src/jobs/push-notices.ts'
import type { JobPayload } from '../../../src/store/jobs.ts'
import { pushMarks } from '../../../src/store/schema.ts'
import { openNewStore } from '../../support/servers/database.ts'

const [MEMBERS, CHAT] = [600, 1]

t.setTimeout(120_000)

await t.test('a message that comes between two parts of a job is for all members', async (t) => {
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
  await orm.execute(sql`insert into notification_settings (user_id, devices) select id, 1 from users`)
  const post = (seq: number) => orm.execute(sql`insert into messages (chat_id, seq, author_id, body, post_key)
    values (${CHAT}, ${seq}, 1, 'x', ${String(seq)})`)
  const countNotified = (seq: number) => orm.$count(pushMarks, eq(pushMarks.seq, seq))
  const kind = createPushNotices({
    orm, findOnline: () => Promise.resolve(new Set()), onlineDelayMs: 0, intervalMs: 0, onJobs: () => undefined
  })
  const run = (payload: JobPayload, signal = new AbortController().signal) => kind.run({
    id: 1, kind: kind.name, target: '', payload, revision: 0, claim: '', attempts: 1, createdAt: new Date(), ageMs: 0
  }, signal)

  await post(1)
  let payload: JobPayload = { chat: CHAT, from: 1, to: 1 }
  const first = await run(payload, AbortSignal.abort())
  t.equal(first.status, 'continues', 'its replica stops')
  t.ok(await countNotified(1) > 0)
  t.ok(await countNotified(1) < MEMBERS - 1)

  await post(2)
  payload = { ...payload, ...('fields' in first && first.fields), to: 2 }
  for (let parts = 0; parts < 10; parts++) {
    const outcome = await run(payload)
    payload = { ...payload, ...('fields' in outcome && outcome.fields) }
    if (outcome.status === 'done') break
  }
  t.match(payload, { from: 3, after: 0 })
  t.equal(await countNotified(2), MEMBERS - 1, 'all but the author')
})
