/** Clients that refresh their session and go on with the access token that they had. */
import { eq } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { sessions } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import { connect } from '../../support/clients/socket.ts'
import { register } from '../../support/data/accounts.ts'
import { claimsOf, signClaims } from '../../support/data/jwt.ts'
import { startCluster, type Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

/** A session, and a token of it that has expired. */
async function openSession (cluster: Cluster) {
  const { accessToken, refreshToken } = await register(cluster)
  const claims = claimsOf(accessToken)
  const now = Math.floor(Date.now() / 1_000)
  const expired = signClaims({ ...claims, iat: now - 20, exp: now - 10 })
  const refresh = async () => {
    const { status } = await cluster.post('/user/refresh-token', { refresh_token: refreshToken })
    if (status !== 200) throw new Error('The session cannot be refreshed.')
  }
  return { expired, refresh, sessionId: String(claims['sid']) }
}

const fetchChats = (cluster: Cluster, token: string) => cluster.post('/chat/fetch-chats', { session_token: token })

await onOneDeployment(
  t,
  async (t, cluster) => {
    await t.test('an expired token is good again while the newest one of its session is', async (t) => {
      const { expired, refresh, sessionId } = await openSession(cluster)
      expectRefusal(t, await fetchChats(cluster, expired), 401, 'before the refresh')
      await t.rejects(connect(t, cluster.replica(0), expired), /closed with 1008/)
      await refresh()
      expectOk(t, await fetchChats(cluster, expired), [])
      const socket = await connect(t, cluster.replica(1), expired)
      t.strictSame(await socket.barrier(), [])
      for (const path of ['/api/auth/validate', '/v1/me/sessions'])
        t.equal((await cluster.get(path, { bearer: expired })).status, 401, path)
      await cluster.orm.update(sessions).set({ refreshedAt: after(-86_400_001) }).where(eq(sessions.id, sessionId))
      expectRefusal(t, await fetchChats(cluster, expired), 401, 'the newest one has expired, too')
    })

    await t.test('a session that has ended is over for each of its tokens', async (t) => {
      const { expired, refresh, sessionId } = await openSession(cluster)
      await refresh()
      await cluster.orm.update(sessions).set({ revokedAt: after(0) }).where(eq(sessions.id, sessionId))
      expectRefusal(t, await fetchChats(cluster, expired), 401)
    })
  },
  { inspectable: true }
)

await t.test('with CHATCLI_CLIENTS=seed a token ends when it says', async (t) => {
  const cluster = await startCluster(t, { environment: { CHATCLI_CLIENTS: 'seed' } })
  const { expired, refresh } = await openSession(cluster)
  await refresh()
  expectRefusal(t, await fetchChats(cluster, expired), 401)
})
