import { and, eq, sql } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { jobs, notificationSettings, users } from '../../../src/store/schema.ts'
import { register } from '../../support/data/accounts.ts'
import { USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { makeChat, makeUser } from '../../support/data/v1-chats.ts'
import { eventually } from '../../support/deadline.ts'
import { PUBLIC_URL } from '../../support/servers/cluster.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'

const AFTER_MINUTES = 30
/** A job whose time was changed from outside is found by the next look of a replica. */
const SWEPT_MS = 60_000

await onEachDeployment(t, async (t, cluster) => {
  const ann = await makeUser(cluster, 'ann')
  const bob = await register(cluster)
  const [row] = await cluster.orm.select().from(users).where(eq(users.username, bob.username))
  if (row === undefined) throw new Error('There is no such account.')
  const asBob = (method: string, path: string, body?: object) =>
    cluster.call(method, `/v1/${path}`, { bearer: bob.accessToken, ...(body !== undefined && { body }) })
  const member = { id: `cf~${String(row.id)}`, token: bob.accessToken, userId: row.id }
  const chat = await makeChat(cluster, [ann, member])
  const jobOfBob = () => cluster.orm.select().from(jobs)
    .where(and(eq(jobs.kind, 'unread-mail'), sql`${jobs.payload} ->> 'user' = ${String(row.id)}`))
  /** Has the time be over that the mail waits for. */
  const elapse = async () => {
    t.ok(await eventually(async () => (await jobOfBob()).length === 1), 'a mail waits')
    const [waiting] = await jobOfBob()
    const waitMs = Number(waiting?.dueAt) - Date.now()
    t.ok(waitMs > (AFTER_MINUTES - 1) * 60_000 && waitMs <= AFTER_MINUTES * 60_000)
    await cluster.orm.update(jobs).set({ dueAt: sql`now()` }).where(eq(jobs.kind, 'unread-mail'))
    // One that comes meanwhile is of a message that is noticed later.
    const isOver = async () => !(await jobOfBob()).some(({ id }) => id === waiting?.id)
    t.ok(await eventually(isOver, SWEPT_MS), 'the mail is made')
  }
  const mails = async () => (await cluster.outbox.all()).filter(({ to }) => to === row.email)
  const before = (await mails()).length
  const wanted = { unread_mail: { after_minutes: AFTER_MINUTES } }

  await t.test('only verified addresses are mailed', async (t) => {
    await cluster.orm.update(users).set({ emailVerifiedAt: null }).where(eq(users.id, row.id))
    expectProblem(t, await asBob('PUT', 'me/notifications', wanted), 403, 'unverified')
    await cluster.orm.update(users).set({ emailVerifiedAt: sql`now()` }).where(eq(users.id, row.id))
    t.equal((await asBob('PUT', 'me/notifications', wanted)).status, 204)
  })

  let link = ''
  await t.test('one mail after the time that was chosen, without the texts of messages', async (t) => {
    await chat.post(ann, 'one secret')
    await chat.post(ann, 'another secret')
    await elapse()
    t.ok(await eventually(async () => (await mails()).length === before + 1))
    const mail = (await mails()).at(-1)
    t.equal(mail?.subject, '2 unread messages at Confab')
    t.match(mail?.text, new RegExp(`a chat: 2 messages, the last one by ${ann.id}`))
    t.match(mail?.text, `${PUBLIC_URL}/app`)
    t.match(mail?.html, 'a chat: 2 messages')
    t.notMatch(JSON.stringify(mail), /secret/)
    const headers = at(mail, 'headers')
    t.equal(textAt(headers, 'List-Unsubscribe-Post'), 'List-Unsubscribe=One-Click')
    link = /^<(.*)>$/.exec(textAt(headers, 'List-Unsubscribe'))?.[1] ?? ''
    t.match(mail?.text, link)
    t.ok(link.startsWith(`${PUBLIC_URL}/v1/unsubscribe?token=`))
  })

  await t.test('nothing of the last mail is in the next one, and nothing is mailed that was read', async (t) => {
    await chat.post(ann, 'a third one')
    t.ok(await eventually(async () => (await jobOfBob()).length === 1))
    await chat.call(member, 'PUT', '/read', { body: { seq: 99 } })
    await elapse()
    t.equal((await mails()).length, before + 1)
  })

  await t.test('one click ends the mails, a page asks first, and a wrong link does nothing', async (t) => {
    const path = link.slice(PUBLIC_URL.length)
    const isWanted = async () =>
      (await cluster.orm.select().from(notificationSettings).where(eq(notificationSettings.userId, row.id)))[0]
        ?.mailAfterMinutes !== null
    const page = await cluster.get(path)
    t.match(page.text, /End these mails/)
    t.ok(await isWanted())
    for (const method of ['GET', 'POST']) {
      const wrong = await cluster.call(method, `${path.slice(0, -1)}x`, {
        ...(method === 'POST' && { form: { 'List-Unsubscribe': 'One-Click' } })
      })
      expectProblem(t, wrong, 403, 'invalid_link')
    }
    const done = await cluster.call('POST', path, { form: { 'List-Unsubscribe': 'One-Click' } })
    t.equal(done.status, 200)
    t.match(done.text, /no more mails/)
    t.notOk(await isWanted())
    t.match((await asBob('GET', 'me/notifications')).body, { unread_mail: null })
  })
}, { environment: USER_TOKENS, inspectable: true })
