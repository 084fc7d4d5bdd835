import t from '../../support/tap.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { newRegistration, register, registerPending, verify } from '../../support/data/accounts.ts'
import { at, fieldsOf, textAt } from '../../support/data/json.ts'
import { ELECTRON_HEADERS, unwrapOnce } from '../../support/clients/electron-client.ts'
import { startCluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

await onOneDeployment(t, async (t, cluster) => {
  await t.test('a login answers both tokens beside the envelope', async (t) => {
    const { username, password } = await register(cluster)
    const answer = await cluster.post('/user/login', { username, password })
    t.equal(answer.status, 200)
    t.hasStrict(answer.body, { status: 'ok', message: 'Login successful', response: '' })
    t.ok(textAt(answer.body, 'access_token'))
    t.ok(textAt(answer.body, 'refresh_token'))
    t.not(at(answer.body, 'access_token'), at(answer.body, 'refresh_token'))
    t.match(answer.headers.get('cache-control'), 'no-store', 'no cache keeps the tokens')
  })

  await t.test('the Electron client finds both tokens, and caches are told why', async (t) => {
    const { username, password } = await register(cluster)
    const answer = await cluster.post('/user/login', { username, password }, { headers: ELECTRON_HEADERS })
    t.equal(answer.status, 200)
    t.strictSame(fieldsOf(answer.body).sort(), ['access_token', 'message', 'refresh_token'])
    const taken = unwrapOnce(answer)
    t.equal((await cluster.post('/chat/fetch-chats', { session_token: textAt(taken, 'access_token') })).status, 200)
    const refreshed = await cluster.post('/user/refresh-token', { refresh_token: textAt(taken, 'refresh_token') })
    t.equal(refreshed.status, 200)
    for (const headers of [ELECTRON_HEADERS, {}, { 'user-agent': 'node-fetch' }]) {
      const other = await cluster.post('/user/login', { username, password }, { headers })
      t.match(other.headers.get('vary'), 'User-Agent')
      t.equal(fieldsOf(other.body).includes('response'), headers !== ELECTRON_HEADERS)
    }
  })

  await t.test('the username counts in any case', async (t) => {
    const { username, password } = await register(cluster, uniqueName('MiXed-'))
    for (const name of [username.toLowerCase(), username.toUpperCase()]) {
      t.equal((await cluster.post('/user/login', { username: name, password })).status, 200, name)
    }
  })

  await t.test('every login opens a session of its own, and the earlier ones stay', async (t) => {
    const { username, password, accessToken } = await register(cluster)
    const second = textAt((await cluster.post('/user/login', { username, password })).body, 'access_token')
    t.not(second, accessToken)
    for (const token of [accessToken, second]) {
      t.equal((await cluster.post('/chat/fetch-chats', { session_token: token })).status, 200)
    }
  })

  await t.test('a wrong password and an unknown user are refused with the same words', async (t) => {
    const { username, password } = await register(cluster)
    const wrong = await cluster.post('/user/login', { username, password: `${password}x` })
    const unknown = await cluster.post('/user/login', { username: uniqueName('nobody-'), password })
    expectRefusal(t, wrong, 400)
    expectRefusal(t, unknown, 400)
    t.strictSame(unknown.body, wrong.body)
  })

  await t.test('an unverified account is refused, with either password', async (t) => {
    const { username, password } = await registerPending(cluster)
    expectRefusal(t, await cluster.post('/user/login', { username, password }), 400)
    expectRefusal(t, await cluster.post('/user/login', { username, password: `${password}x` }), 400)
  })

  await t.test('a missing field is refused', async (t) => {
    const { username, password } = await register(cluster)
    expectRefusal(t, await cluster.post('/user/login', { username }), 400, 'no password')
    expectRefusal(t, await cluster.post('/user/login', { password }), 400, 'no username')
    expectRefusal(t, await cluster.post('/user/login', {}), 400, 'neither')
  })

  await t.test('the e-mail address is no username', async (t) => {
    const { email, password } = await register(cluster)
    expectRefusal(t, await cluster.post('/user/login', { username: email, password }), 400)
  })
})

await t.test('CHATCLI_CLIENTS decides for all requests', async (t) => {
  for (const [CHATCLI_CLIENTS, headers, hasResponse] of [
    ['seed', ELECTRON_HEADERS, true],
    ['current', {}, false]
  ] as const) {
    const cluster = await startCluster(t, { environment: { CHATCLI_CLIENTS } })
    const { username, email, password } = newRegistration()
    await cluster.post('/user/register', { username, email, password })
    await verify(cluster, { username, email, password })
    const answer = await cluster.post('/user/login', { username, password }, { headers })
    t.equal(fieldsOf(answer.body).includes('response'), hasResponse, CHATCLI_CLIENTS)
    t.notMatch(answer.headers.get('vary') ?? '', /user-agent/i)
  }
})
