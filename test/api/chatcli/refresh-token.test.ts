import { eq } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { sessions, users } from '../../../src/store/schema.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import type { Answer } from '../../support/clients/http.ts'
import { logIn, register } from '../../support/data/accounts.ts'
import { at, textAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { onOneDeployment, onEmbedded } from '../../support/servers/deployments.ts'

const tokensIn = (answer: Answer) => ({
  access: textAt(answer.body, 'access_token'),
  refresh: textAt(answer.body, 'refresh_token')
})

await onOneDeployment(
  t,
  async (t, cluster) => {
    const refresh = async (token: unknown) => cluster.post('/user/refresh-token', { refresh_token: token })
    const isAlive = async (token: string, replica?: number) =>
      (await cluster.post('/chat/fetch-chats', { session_token: token }, replica === undefined ? {} : { replica }))
        .status === 200

    await t.test('a refresh answers new tokens beside the envelope, and both work', async (t) => {
      const account = await register(cluster)
      const answer = await refresh(account.refreshToken)
      t.equal(answer.status, 200)
      t.hasStrict(answer.body, { status: 'ok', message: 'Token refreshed', response: '' })
      const { access, refresh: next } = tokensIn(answer)
      t.not(next, account.refreshToken)
      t.ok(await isAlive(access))
      t.ok(await isAlive(account.accessToken), 'the older access token lives on until its end')
      t.equal((await refresh(next)).status, 200)
    })

    await t.test('a chain of refreshes goes round all replicas', async (t) => {
      let { refreshToken } = await register(cluster)
      for (let step = 0; step < 6; step++) {
        const { access, refresh: next } = tokensIn(await refresh(refreshToken))
        t.ok(await isAlive(access))
        refreshToken = next
      }
    })

    await t.test('a used token that comes back revokes the session, the newest tokens included', async (t) => {
      const account = await register(cluster)
      const bystander = await logIn(cluster, account)
      const second = tokensIn(await refresh(account.refreshToken))
      const third = tokensIn(await refresh(second.refresh))
      for (const replica of cluster.replicas.keys()) t.ok(await isAlive(third.access, replica))

      expectRefusal(t, await refresh(account.refreshToken), 401, 'the used token is refused')
      expectRefusal(t, await refresh(third.refresh), 401, 'the newest refresh token is dead')
      for (const replica of cluster.replicas.keys()) {
        for (const token of [third.access, second.access, account.accessToken]) {
          t.ok(
            await eventually(async () => !(await isAlive(token, replica))),
            `an access token is dead on replica ${String(replica)}`
          )
        }
      }
      expectRefusal(t, await cluster.post('/chat/fetch-chats', { session_token: third.access }), 401)
      t.ok(await isAlive(bystander.accessToken), 'another session of the account lives on')
    })

    await t.test('what is no refresh token is refused', async (t) => {
      const account = await register(cluster)
      const { length } = account.refreshToken
      for (const token of [
        '',
        'nonsense',
        account.accessToken,
        account.refreshToken.slice(0, length - 1),
        `${account.refreshToken}x`,
        'x'.repeat(10_000)
      ]) {
        expectRefusal(t, await refresh(token), 401, token.slice(0, 10))
      }
      t.equal((await refresh(account.refreshToken)).status, 200, 'and costs its owner nothing')
    })

    await t.test('a refresh token is no session token', async (t) => {
      const { refreshToken } = await register(cluster)
      expectRefusal(t, await cluster.post('/chat/fetch-chats', { session_token: refreshToken }), 401)
    })

    await t.test('an expired session cannot be refreshed', async (t) => {
      const account = await register(cluster)
      const [user] = await cluster.orm.select({ id: users.id }).from(users).where(eq(users.username, account.username))
      const rows = await cluster.orm
        .update(sessions)
        .set({ expiresAt: new Date(Date.now() - 1) })
        .where(eq(sessions.userId, user?.id ?? 0))
        .returning()
      t.equal(rows.length, 1)
      expectRefusal(t, await refresh(account.refreshToken), 401)
    })
  },
  { inspectable: true, environment: { REFRESH_REUSE_GRACE: '1ms' } }
)

await onOneDeployment(t, async (t, cluster) => {
  await t.test('of several refreshes with one token at once exactly one wins, and the session lives on', async (t) => {
    const { refreshToken } = await register(cluster)
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => cluster.post('/user/refresh-token', { refresh_token: refreshToken }))
    )
    t.strictSame(answers.map((answer) => answer.status).sort(), [200, 401, 401, 401, 401, 401])
    const winner = answers.find((answer) => answer.status === 200)
    t.equal((await cluster.post('/chat/fetch-chats', { session_token: at(winner?.body, 'access_token') })).status, 200)
    t.equal(
      (await cluster.post('/user/refresh-token', { refresh_token: at(winner?.body, 'refresh_token') })).status,
      200
    )
  })
})

await onEmbedded(
  t,
  async (t, cluster) => {
    const refresh = (token: string) => cluster.post('/user/refresh-token', { refresh_token: token })
    for (let { refreshToken } of [await register(cluster), await register(cluster)]) {
      for (let count = 0; count < 10; count++) refreshToken = tokensIn(await refresh(refreshToken)).refresh
      expectRefusal(t, await refresh(refreshToken), 429, 'a session may be refreshed 10 times a minute')
      expectRefusal(t, await refresh(refreshToken), 429, 'and its token is not spent')
    }
    for (let count = 0; count < 12; count++) expectRefusal(t, await refresh('nonsense'), 401)
  },
  { environment: { RATE_LIMITS: 'on' } }
)
