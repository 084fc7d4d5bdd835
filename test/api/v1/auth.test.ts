import t from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { newRegistration, register } from '../../support/data/accounts.ts'
import { at, textAt } from '../../support/data/json.ts'
import { codeIn, linkIn } from '../../support/data/outbox.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { signWithSecret, USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { startCluster } from '../../support/servers/cluster.ts'
import { onOneDeployment, onServices } from '../../support/servers/deployments.ts'

const POLICY_VIOLATION = 1008

await onOneDeployment(t, async (t, cluster) => {
  const auth = (path: string, body?: object, bearer?: string) =>
    cluster.call('POST', `/v1/auth/${path}`, {
      ...(body !== undefined && { body }), ...(bearer !== undefined && { bearer })
    })
  const me = async (bearer: unknown) => (await cluster.get('/v1/me', { bearer: String(bearer) })).status

  await t.test('an account from its registration to a new password', async (t) => {
    const { username, email } = newRegistration()
    const password = uniqueName('a pass phrase ')
    cluster.secrets.add(password)
    t.equal((await auth('register', { username, email, password })).status, 204)
    expectProblem(t, await auth('login', { username, password }), 403, 'unverified')
    expectProblem(t, await auth('verify', { username, code: 'x' }), 400, 'wrong_code')
    const code = codeIn(await cluster.outbox.take(email))
    t.equal((await auth('verify', { username, code })).status, 204)
    expectProblem(t, await auth('register', { username, email, password }), 409, 'account_taken')
    expectProblem(t, await auth('login', { username, password: 'wrong' }), 401, 'wrong_credentials')

    const first = await auth('login', { email, password })
    t.strictSame([first.status, at(first.body, 'token_type'), at(first.body, 'expires_in')], [200, 'Bearer', 86_400])
    t.equal(await me(at(first.body, 'access_token')), 200)
    const refreshed = await auth('refresh', { refresh_token: at(first.body, 'refresh_token') })
    const again = await auth('refresh', { refresh_token: at(first.body, 'refresh_token') })
    expectProblem(t, again, 401, 'invalid_refresh_token')
    const token = textAt(refreshed.body, 'access_token')

    const other = textAt((await auth('login', { username, password })).body, 'access_token')
    const socket = await connect(t, cluster.replica(1), token)
    t.equal((await auth('logout', undefined, token)).status, 204)
    t.equal(await socket.closed(), POLICY_VIOLATION)
    t.strictSame([await me(token), await me(other)], [401, 200])
    t.equal((await auth('logout-all', undefined, other)).status, 204)
    t.equal(await me(other), 401)

    t.equal((await auth('password-reset', { email })).status, 204)
    const link = linkIn(await cluster.outbox.take(email))
    const next = { token: link.searchParams.get('token'), new_password: uniqueName('another phrase ') }
    cluster.secrets.add(next.new_password)
    expectProblem(t, await auth('password-reset/confirm', { ...next, new_password: '1' }), 400, 'weak_password')
    t.equal((await auth('password-reset/confirm', next)).status, 204)
    expectProblem(t, await auth('password-reset/confirm', next), 400, 'invalid_reset_token')
    t.equal((await auth('login', { username, password: next.new_password })).status, 200)
  })

  await t.test('a request is refused by name', async (t) => {
    for (const [path, body, words] of [
      ['login', { password: 'x' }, /either the field "username" or the field "email"/],
      ['login', { username: 'x', email: 'x', password: 'x' }, /either the field/],
      ['login', { username: 'x', password: 'x', remember: true }, /"remember" is unknown/],
      ['register', { username: 'x' }, /"email" is missing/],
      ['refresh', {}, /"refresh_token" is missing/]
    ] as const) {
      const answer = await auth(path, body)
      expectProblem(t, answer, 400, 'invalid_input')
      t.match(at(answer.body, 'detail'), words)
    }
    for (const [path, body, errors] of [
      ['refresh', {}, [{ pointer: '#/refresh_token', code: 'missing' }]],
      ['refresh', { refresh_token: 1 }, [{ pointer: '#/refresh_token', code: 'invalid' }]],
      ['refresh', { refresh_token: 'x', 'a/b': 1 }, [{ pointer: '#/a~1b', code: 'unknown' }]]
    ] as const) t.match(at((await auth(path, body)).body, 'errors'), errors)
    t.equal((await auth('password-reset', { email: `${uniqueName('nobody-')}@example.org` })).status, 204)
  })
})

await onServices(
  t,
  async (t, cluster) => {
    await t.test('limits are stated, shared by replicas and by the faces', async (t) => {
      const login = (replica: number) =>
        cluster.post('/v1/auth/login', { username: uniqueName('nobody-'), password: 'x' }, { replica })
      for (const [index, replica] of [0, 1, 2, 0].entries()) {
        const { headers, status } = await login(replica)
        t.equal(status, 401)
        t.equal(headers.get('ratelimit-policy'), '"login";q=5;w=60')
        t.match(headers.get('ratelimit'), new RegExp(`^"login";r=${String(4 - index)};t=([1-5]?\\d|60)$`))
      }
      t.equal((await cluster.post('/user/login', { username: 'nobody', password: 'x' })).status, 400)
      const refused = await login(1)
      expectProblem(t, refused, 429, 'rate_limited')
      t.match(refused.headers.get('ratelimit'), /^"login";r=0;t=/)
      t.match(refused.headers.get('retry-after'), /^\d+$/)
    })
  },
  { environment: { RATE_LIMITS: 'on' } }
)

await t.test('without accounts of ours there is no way in, but for users of the application', async (t) => {
  const environment = { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0] }
  const cluster = await startCluster(t, { environment: { ...environment, ACCOUNTS: 'off' } })
  for (const path of ['register', 'verify', 'login', 'password-reset', 'password-reset/confirm'])
    expectProblem(t, await cluster.post(`/v1/auth/${path}`, {}), 404, 'accounts_off', path)
  for (const path of [
    '/user/register', '/user/verify-email', '/user/resend-verification', '/user/login', '/user/reset-password-request',
    '/user/reset-password'
  ]) {
    const { status, body } = await cluster.post(path, {})
    t.strictSame([status, at(body, 'code')], [404, 'accounts_off'], path)
  }
  for (const path of ['auth/register', 'auth/login', 'password/reset-request', 'password/reset']) {
    const { status, body } = await cluster.post(`/api/${path}`, {})
    t.strictSame([status, at(body, 'message')], [
      404, 'This server has no accounts of its own: your application logs you in.'
    ], path)
  }
  t.equal((await cluster.get('/v1/me', { bearer: signWithSecret({ sub: 'ann' }) })).status, 200)
  await t.rejects(register(cluster))
})
