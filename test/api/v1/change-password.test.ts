import t from '../../support/tap.ts'
import { from, newAddress } from '../../support/clients/addresses.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { logIn, register } from '../../support/data/accounts.ts'
import { linkIn } from '../../support/data/outbox.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { at } from '../../support/data/json.ts'
import { onOneDeployment, onEmbedded } from '../../support/servers/deployments.ts'

const POLICY_VIOLATION = 1008

await onOneDeployment(
  t,
  async (t, cluster) => {
    const change = (bearer: string, body: object, replica = 0) =>
      cluster.post('/v1/auth/change-password', body, { bearer, replica })
    const statusOfLogin = async (username: string, password: string) =>
      (await cluster.post('/user/login', { username, password })).status

    await t.test('a new password replaces the old one, and every other session ends with its sockets', async (t) => {
      const account = await register(cluster)
      const other = (await logIn(cluster, account)).accessToken
      const sockets = await Promise.all(cluster.replicas.map((replica) => connect(t, replica, other)))
      const own = await connect(t, cluster.replica(1), account.accessToken)
      const next = uniqueName('a new pass phrase ')
      const body = { current_password: account.password, new_password: next }
      const answer = await change(account.accessToken, body)
      t.strictSame([answer.status, answer.text], [204, ''])
      for (const socket of sockets) t.equal(await socket.closed(), POLICY_VIOLATION)
      t.strictSame(await own.barrier(), [], 'the own one goes on')
      t.equal((await cluster.get('/v1/me/sessions', { bearer: account.accessToken })).status, 200)
      t.strictSame(
        [await statusOfLogin(account.username, account.password), await statusOfLogin(account.username, next)],
        [400, 200]
      )
      await cluster.outbox.take(account.email)
      const mails = await cluster.outbox.to(account.email)
      t.match(mails.at(-1)?.subject, /password was changed/)
    })

    await t.test('it needs the current password, and a new one that is strong and different', async (t) => {
      const account = await register(cluster)
      const { accessToken: bearer, password: current } = account
      for (const [body, status, code] of [
        [{ current_password: 'Wrong-Pass-1', new_password: 'a pass phrase that is long' }, 403, 'wrong_password'],
        [{ current_password: current, new_password: 'password' }, 400, 'weak_password'],
        [{ current_password: current, new_password: current }, 400, 'password_unchanged'],
        [{ current_password: current }, 400, 'invalid_input'],
        [{ current_password: current, new_password: 'a pass phrase', username: 'x' }, 400, 'invalid_input']
      ] as const)
        expectProblem(t, await change(bearer, body), status, code)
      const unknown = await change(bearer, { current_password: '', new_password: 'a pass phrase', extra: 1 })
      t.match(at(unknown.body, 'detail'), /"extra" is unknown/)
      t.equal(await statusOfLogin(account.username, current), 200)
    })

    await t.test('a link that was mailed for the old password is void', async (t) => {
      const account = await register(cluster)
      await cluster.post('/user/reset-password-request', { username: account.username })
      const { pathname, search } = linkIn(await cluster.outbox.take(account.email))
      const next = uniqueName('a new pass phrase ')
      const body = { current_password: account.password, new_password: next }
      t.equal((await change(account.accessToken, body)).status, 204)
      const password = 'Third-Pass-9'
      const reset = await cluster.post(pathname + search, { password, confirm_password: password })
      t.equal(reset.status, 400)
    })

    await t.test('of changes at once one succeeds, and its password is the account\'s', async (t) => {
      const account = await register(cluster)
      const next = [1, 2, 3].map(() => uniqueName('a new pass phrase '))
      const answers = await Promise.all(
        next.map((new_password, replica) =>
          change(account.accessToken, { current_password: account.password, new_password }, replica)
        )
      )
      const logins = await Promise.all(next.map((password) => statusOfLogin(account.username, password)))
      t.strictSame(answers.map(({ status }) => status).sort(), [204, 403, 403])
      t.strictSame(logins, answers.map(({ status }) => (status === 204 ? 200 : 400)))
    })
  }
)

await t.test('wrong current passwords count like failed logins', async (t) => {
  await onEmbedded(
    t,
    async (t, cluster) => {
      const { username, password, accessToken } = await register(cluster)
      const here = newAddress()
      const change = (current_password: string, address: string) =>
        cluster.post(
          '/v1/auth/change-password',
          { current_password, new_password: 'a pass phrase that is long' },
          { bearer: accessToken, ...from(address) }
        )
      for (let attempt = 1; attempt <= 3; attempt++)
        expectProblem(t, await change('Wrong-Pass-1', here), 403, 'wrong_password')
      expectProblem(t, await change(password, here), 429, 'rate_limited')
      t.equal((await cluster.post('/user/login', { username, password }, from(here))).status, 429)
      t.equal((await change(password, newAddress())).status, 204)
    },
    { environment: { TRUST_PROXY: '127.0.0.1', RATE_LIMITS: 'on', LOGIN_FAILURES_PER_ADDRESS: '3' } }
  )
})
