/** The routes of the caller's own account, as the Electron clients use them. */
import t, { type Test } from '../../support/tap.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import { ELECTRON_HEADERS, unwrapTwice } from '../../support/clients/electron-client.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { logIn, register, type Account } from '../../support/data/accounts.ts'
import { at } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const POLICY_VIOLATION = 1008

/** An account with two sessions, and a socket of each on every replica. */
async function setScene (t: Test, cluster: Cluster) {
  const account = await register(cluster)
  const other: Account = { ...account, ...(await logIn(cluster, account)) }
  const everywhere = (token: string) => Promise.all(cluster.replicas.map((replica) => connect(t, replica, token)))
  const sockets = { own: await everywhere(account.accessToken), other: await everywhere(other.accessToken) }
  return { account, other, sockets }
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    const post = (path: string, { accessToken }: { accessToken: string }, body: object = {}) =>
      cluster.post(path, { session_token: accessToken, ...body }, { headers: ELECTRON_HEADERS })
    const isOver = async ({ accessToken, refreshToken }: Account) => {
      const profile = await post('/user/profile', { accessToken })
      const refresh = await cluster.post('/user/refresh-token', { refresh_token: refreshToken })
      return profile.status === 401 && refresh.status === 401
    }
    const expectClosed = async (t: Test, sockets: readonly Awaited<ReturnType<typeof connect>>[]) => {
      for (const socket of sockets) t.equal(await socket.closed(), POLICY_VIOLATION)
    }

    await t.test('the profile is the own name and address', async (t) => {
      const account = await register(cluster, uniqueName('Ann-'))
      const answer = await post('/user/profile', account)
      const fields = { username: account.username, email: account.email }
      t.strictSame(unwrapTwice(answer), fields)
      t.hasStrict(answer.body, { status: 'ok', message: '', ...fields })
      expectRefusal(t, await cluster.post('/user/profile', {}), 401)
    })

    await t.test('a logout ends the session of its token, with its sockets', async (t) => {
      const { account, other, sockets } = await setScene(t, cluster)
      const answer = await post('/user/logout', account, { refresh_token: account.refreshToken })
      t.equal(unwrapTwice(answer), 'Logged out successfully!')
      await expectClosed(t, sockets.own)
      t.ok(await isOver(account))
      for (const socket of sockets.other) t.strictSame(await socket.barrier(), [])
      expectRefusal(t, await post('/user/logout', account), 401)
      expectOk(t, await post('/user/logout', other), 'Logged out successfully!', 'without a refresh token')
    })

    await t.test('a logout from everywhere ends every session, with its sockets', async (t) => {
      const { account, other, sockets } = await setScene(t, cluster)
      t.equal(unwrapTwice(await post('/user/logout-all', account)), 'Logged out everywhere!')
      await expectClosed(t, [...sockets.own, ...sockets.other])
      t.ok((await isOver(account)) && (await isOver(other)))
      t.ok(await logIn(cluster, account))
    })

    await t.test('a new password replaces the old one and ends every session', async (t) => {
      const { account, other, sockets } = await setScene(t, cluster)
      const password = ` ${uniqueName('Next-9')} `
      const change = (body: object) => post('/user/change-password', account, body)
      const right = { current_password: account.password, new_password: password }
      for (const [body, status, code] of [
        [{ ...right, current_password: 'Wrong-Pass-1' }, 403, 'wrong_password'],
        [{ ...right, current_password: `${account.password} ` }, 403, 'wrong_password'],
        [{ ...right, new_password: 'a pass phrase that is long' }, 400, 'weak_password'],
        [{ ...right, new_password: account.password }, 400, 'password_unchanged'],
        [{ new_password: password }, 400, 'invalid_input']
      ] as const) {
        const refusal = await change(body)
        expectRefusal(t, refusal, status, code)
        t.equal(at(refusal.body, 'code'), code)
        t.throws(() => unwrapTwice(refusal), 'the client shows the sentence')
      }
      t.equal(unwrapTwice(await change(right)), 'Password changed successfully!')
      await expectClosed(t, [...sockets.own, ...sockets.other])
      t.ok((await isOver(account)) && (await isOver(other)))
      t.ok(await logIn(cluster, { ...account, password }), 'as it was sent, with its blanks')
      const { username } = account
      expectRefusal(t, await cluster.post('/user/login', { username, password: password.trim() }), 400)
    })
  },
  { environment: { SESSION_CHECK_INTERVAL: '1h' } }
)
