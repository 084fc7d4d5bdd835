import { eq } from 'drizzle-orm'
import t, { type Test } from '../../support/tap.ts'
import { sessions as rows } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import { connect } from '../../support/clients/socket.ts'
import { logIn, register, type Account } from '../../support/data/accounts.ts'
import { logInEmote } from '../../support/data/emotechat.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { claimsOf } from '../../support/data/jwt.ts'
import { expectProblem } from '../../support/data/problems.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const POLICY_VIOLATION = 1008
const DAY_MS = 86_400_000
/** Whatever closes a socket, it is not the look-up of its session. */
const NEVER = { SESSION_CHECK_INTERVAL: '1h', SESSION_MAX_AGE: '3d', REFRESH_TOKEN_TTL: '2d' }
const UNKNOWN = '6a1b7c1e-0c5c-4f0e-9c56-0b7a1b6b6f0a'

const idOf = (token: string) => String(claimsOf(token)['sid'])

await onOneDeployment(
  t,
  async (t, cluster) => {
    const list = async (bearer: string) => listAt((await cluster.get('/v1/me/sessions', { bearer })).body, 'items')
    const isAlive = async (bearer: string) =>
      (await cluster.get('/v1/me/sessions', { bearer })).status === 200
    const age = (token: string, ms: number) =>
      cluster.orm.update(rows).set({ createdAt: after(-ms) }).where(eq(rows.id, idOf(token)))

    await t.test('the sessions of an account are listed, of both dialects, the newest first', async (t) => {
      const account = await register(cluster)
      const second = await logInEmote(cluster, account)
      const stranger = await register(cluster)
      const listed = await list(second)
      t.strictSame(
        listed.map((session) => [at(session, 'id'), at(session, 'current'), at(session, 'user_agent')]),
        [[idOf(second), true, 'node'], [idOf(account.accessToken), false, 'node']]
      )
      t.notOk(listed.some((session) => at(session, 'id') === idOf(stranger.accessToken)))
      for (const session of listed) t.equal(at(session, 'last_used_at'), at(session, 'created_at'))
    })

    await t.test('a refresh is a use', async (t) => {
      const { accessToken, refreshToken } = await register(cluster)
      await age(accessToken, DAY_MS)
      const { body } = await cluster.post('/user/refresh-token', { refresh_token: refreshToken })
      const [session] = await list(textAt(body, 'access_token'))
      const used = Date.parse(textAt(session, 'last_used_at'))
      t.ok(used - Date.parse(textAt(session, 'created_at')) >= DAY_MS - 60_000)
    })

    await t.test('a session ends at its maximum age, however often it is refreshed', async (t) => {
      const { accessToken, refreshToken } = await register(cluster)
      await age(accessToken, 2 * DAY_MS)
      const first = await cluster.post('/user/refresh-token', { refresh_token: refreshToken })
      const bearer = textAt(first.body, 'access_token')
      const [session] = await list(bearer)
      const life = Date.parse(textAt(session, 'expires_at')) - Date.parse(textAt(session, 'created_at'))
      t.equal(Math.round(life / 1_000), 3 * DAY_MS / 1_000)
      await age(accessToken, 3 * DAY_MS + 1)
      const late = await cluster.post('/user/refresh-token', { refresh_token: textAt(first.body, 'refresh_token') })
      expectRefusal(t, late, 401)
      expectProblem(t, await cluster.get('/v1/me/sessions', { bearer }), 401, 'unauthenticated')
    })

    await t.test('a session is ended by its owner, on every replica and with its sockets', async (t) => {
      const { account, other, sockets } = await setScene(t, cluster)
      const stranger = await register(cluster)
      const path = `/v1/me/sessions/${idOf(other)}`
      expectProblem(t, await cluster.call('DELETE', path, { bearer: stranger.accessToken }), 404, 'unknown_session')
      t.ok(await isAlive(other))
      const ended = await cluster.call('DELETE', path, { bearer: account.accessToken })
      t.strictSame([ended.status, ended.text], [204, ''])
      for (const socket of sockets) t.equal(await socket.closed(), POLICY_VIOLATION)
      for (const replica of cluster.replicas.keys())
        expectProblem(t, await cluster.get('/v1/me/sessions', { bearer: other, replica }), 401, 'unauthenticated')
      t.ok(await isAlive(account.accessToken))
      expectProblem(t, await cluster.call('DELETE', path, { bearer: account.accessToken }), 404, 'unknown_session')
      for (const [id, status, code] of [[UNKNOWN, 404, 'unknown_session'], ['x', 400, 'invalid_input']] as const) {
        const answer = await cluster.call('DELETE', `/v1/me/sessions/${id}`, { bearer: account.accessToken })
        expectProblem(t, answer, status, code)
      }
    })

    await t.test('all other sessions are ended at once, and the own one stays with its sockets', async (t) => {
      const { account, sockets } = await setScene(t, cluster)
      const own = await connect(t, cluster.replica(0), account.accessToken)
      const third = (await logIn(cluster, account)).accessToken
      const { status } = await cluster.call('DELETE', '/v1/me/sessions', { bearer: account.accessToken })
      t.equal(status, 204)
      for (const socket of sockets) t.equal(await socket.closed(), POLICY_VIOLATION)
      t.notOk(await isAlive(third))
      t.strictSame(await own.barrier(), [])
      t.equal((await list(account.accessToken)).length, 1)
    })

    await t.test('an error has a page, and an unknown URL or method is a problem like any other', async (t) => {
      t.match((await cluster.get('/errors/unknown_session')).text, 'There is no such session.')
      t.equal((await cluster.get('/errors/nothing')).status, 404)
      for (const path of ['/v1/nothing', '/v1', '/v1/me/sessions/x/y', '/v1/users/x:nothing'])
        expectProblem(t, await cluster.get(path), 404, 'unknown_route', path)
      for (const [method, path, allow] of [
        ['PUT', '/v1/me/sessions', 'DELETE, GET, HEAD'], ['POST', '/v1/me/sessions/', 'DELETE, GET, HEAD'],
        ['GET', '/v1/users/x:suspend?a=b', 'POST'], ['POST', '/v1/users/x', 'DELETE, GET, HEAD, PATCH, PUT']
      ] as const) {
        const answer = await cluster.call(method, path)
        expectProblem(t, answer, 405, 'method_not_allowed', path)
        t.equal(answer.headers.get('allow'), allow)
      }
      expectProblem(t, await cluster.get('/v1/%zz'), 400, 'invalid_input')
    })
  },
  { environment: NEVER, inspectable: true }
)

/** An account with another session that has a socket on every replica. */
async function setScene (t: Test, cluster: Cluster) {
  const account: Account = await register(cluster)
  const { accessToken: other } = await logIn(cluster, account)
  const sockets = await Promise.all(cluster.replicas.map((replica) => connect(t, replica, other)))
  return { account, other, sockets }
}
