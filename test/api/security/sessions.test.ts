import t from '../../support/tap.ts'
import { connect } from '../../support/clients/socket.ts'
import { logIn, register } from '../../support/data/accounts.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const POLICY_VIOLATION = 1008

await onOneDeployment(t, async (t, cluster) => {
  const sessionsOf = (index: number) => cluster.replica(index).app.services.sessions
  const isGood = async (token: string, replica: number) =>
    (await cluster.get('/api/auth/validate', { bearer: token, replica })).status === 200

  await t.test('a user sees their living sessions alone on every replica, the newest first', async (t) => {
    const ann = await register(cluster)
    const bob = await register(cluster)
    const second = await logIn(cluster, ann)
    const [{ userId, sessionId: first }, { sessionId: newest }, stranger] = await Promise.all(
      [ann, second, bob].map(({ accessToken }) => cluster.replica(0).app.accessTokens.authenticate(accessToken))
    ).then(([one, two, three]) => {
      if (one === undefined || two === undefined || three === undefined) throw new Error('A session is missing.')
      return [one, two, three] as const
    })
    for (const index of cluster.replicas.keys()) {
      t.strictSame(
        (await sessionsOf(index).list(userId)).map(({ sessionId }) => sessionId),
        [newest, first]
      )
    }

    const sockets = await Promise.all(
      [...cluster.replicas.keys()].map((index) => connect(t, cluster.replica(index), ann.accessToken))
    )
    const other = await connect(t, cluster.replica(1), second.accessToken)
    t.equal(await sessionsOf(0).logOut(stranger.userId, first), false, 'nobody ends the session of another')
    t.ok(await isGood(ann.accessToken, 1))

    t.equal(await sessionsOf(0).logOut(userId, first), true)
    for (const index of cluster.replicas.keys()) {
      t.notOk(await isGood(ann.accessToken, index), 'its token is dead at once')
      t.strictSame(
        (await sessionsOf(index).list(userId)).map(({ sessionId }) => sessionId),
        [newest]
      )
    }
    for (const socket of sockets) t.equal(await socket.closed(), POLICY_VIOLATION)
    t.strictSame(await other.barrier(), [])
    t.equal(await sessionsOf(1).logOut(userId, first), false, 'it ends once')
    t.equal((await cluster.post('/user/refresh-token', { refresh_token: ann.refreshToken })).status, 401)
  })
})
