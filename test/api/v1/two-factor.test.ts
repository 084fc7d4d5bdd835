/** The second factor of an account: set up, used at logins, lost and removed. */
import { eq } from 'drizzle-orm'
import t, { type Test } from '../../support/tap.ts'
import { twoFactors } from '../../../src/store/schema.ts'
import { from, newAddress } from '../../support/clients/addresses.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { type Account, logIn, register } from '../../support/data/accounts.ts'
import { expectSentence } from '../../support/data/emotechat.ts'
import { at, integerAt, listAt, textAt } from '../../support/data/json.ts'
import { codeOf } from '../../support/data/one-time-codes.ts'
import { linkIn } from '../../support/data/outbox.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { beginTwoFactor, confirmTwoFactor, switchOnTwoFactor } from '../../support/data/two-factor.ts'
import { signWithSecret, USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEachDeployment, onEmbedded } from '../../support/servers/deployments.ts'

const WRONG_PASSWORD = 'Wrong-Pass-1'
/** Far from the present time step. */
const WRONG_STEPS = 1_000

type Login = { username: string, password: string, code?: string }

const login = (cluster: Cluster, { username, password, code }: Login, replica?: number) =>
  cluster.post('/v1/auth/login', { username, password, ...(code !== undefined && { code }) }, {
    ...(replica !== undefined && { replica })
  })
const stateOf = async (cluster: Cluster, { accessToken }: Account) =>
  (await cluster.get('/v1/me/two-factor', { bearer: accessToken })).body

await onEachDeployment(t, async (t, cluster) => {
  await t.test('from its set-up to its end', (t) => walk(t, cluster))
  await t.test('a code is good for once, also on several replicas at once', (t) => once(t, cluster))
  await t.test('the code before and the one after are good, and none further away', (t) => window(t, cluster))
  await t.test('recovery codes stand in for it, each once', (t) => recovery(t, cluster))
  await t.test('recovery codes are renewed, and those before are void', (t) => renewal(t, cluster))
  await t.test('dialects, whose clients cannot send a code, say so', (t) => dialects(t, cluster))
  await t.test('a new password does not switch it off', (t) => reset(t, cluster))
  await t.test('it is stored so that nobody can use it, and goes with the account', (t) => stored(t, cluster))
}, { inspectable: true, environment: { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0] } })

async function walk (t: Test, cluster: Cluster): Promise<void> {
  const account = await register(cluster)
  const { accessToken: bearer, username, password } = account
  const call = (target: string, body: object) => cluster.post(`/v1/me/two-factor${target}`, body, { bearer })
  t.strictSame(await stateOf(cluster, account), { enabled: false, recovery_codes_left: 0 })
  expectProblem(t, await call(':confirm', { code: '000000' }), 404, 'unknown_two_factor')
  expectProblem(t, await call('', { password: WRONG_PASSWORD }), 403, 'wrong_password')

  const first = await beginTwoFactor(cluster, account)
  const begun = (await call('', { password })).body
  const secret = textAt(begun, 'secret')
  cluster.secrets.add(secret)
  t.not(secret, first, 'another one each time')
  const url = new URL(textAt(begun, 'url'))
  t.strictSame([url.protocol, url.searchParams.get('secret')], ['otpauth:', secret])
  t.ok(decodeURIComponent(url.pathname).endsWith(`:${username}`))
  t.strictSame(await stateOf(cluster, account), { enabled: false, recovery_codes_left: 0 })
  t.equal((await login(cluster, account)).status, 200, 'it is not in force yet')

  for (const code of [codeOf(first), codeOf(secret, WRONG_STEPS), 'x', ''])
    expectProblem(t, await call(':confirm', { code }), 400, 'wrong_code')
  const codes = await confirmTwoFactor(cluster, account, codeOf(secret))
  t.equal(new Set(codes).size, 10)
  t.match(await cluster.outbox.take(account.email), { subject: /is on$/ }, 'a mail says so')
  t.strictSame(await stateOf(cluster, account), { enabled: true, recovery_codes_left: 10 }, 'its session goes on')
  expectProblem(t, await call(':confirm', { code: codeOf(secret, 1) }), 409, 'two_factor_on')
  expectProblem(t, await call('', { password }), 409, 'two_factor_on')

  expectProblem(t, await login(cluster, account), 401, 'two_factor_required')
  const code = codeOf(secret, 1)
  for (const given of [{}, { code }])
    expectProblem(t, await login(cluster, { username, password: WRONG_PASSWORD, ...given }), 401, 'wrong_credentials')
  for (const wrong of [codeOf(secret, WRONG_STEPS), '', 'nonsense'])
    expectProblem(t, await login(cluster, { ...account, code: wrong }), 400, 'wrong_code')
  t.equal((await login(cluster, { ...account, code })).status, 200)

  const [spare = ''] = codes
  expectProblem(t, await call(':remove', { password: WRONG_PASSWORD, code: spare }), 403, 'wrong_password')
  expectProblem(t, await call(':remove', { password, code: codeOf(secret, WRONG_STEPS) }), 400, 'wrong_code')
  t.strictSame(await stateOf(cluster, account), { enabled: true, recovery_codes_left: 10 })
  t.equal((await call(':remove', { password, code: spare })).status, 204)
  t.match(await cluster.outbox.take(account.email), { subject: /is off$/ })
  t.strictSame(await stateOf(cluster, account), { enabled: false, recovery_codes_left: 0 })
  t.equal((await login(cluster, account)).status, 200)
  expectProblem(t, await call(':remove', { password, code: spare }), 404, 'unknown_two_factor')
  expectProblem(t, await call('', { password, code: spare }), 400, 'invalid_input')

  // Users of the application log in there.
  const foreign = { bearer: signWithSecret({ sub: uniqueName('user-') }) }
  expectProblem(t, await cluster.get('/v1/me/two-factor', foreign), 401, 'unauthenticated')
  expectProblem(t, await cluster.post('/v1/me/two-factor', { password }, foreign), 401, 'unauthenticated')
}

async function once (t: Test, cluster: Cluster): Promise<void> {
  const account = await register(cluster)
  const { secret } = await switchOnTwoFactor(cluster, account)
  const code = codeOf(secret)
  const answers = await Promise.all([0, 1, 2].map((replica) => login(cluster, { ...account, code }, replica)))
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 400, 400])
  const next = codeOf(secret, 1)
  t.equal((await login(cluster, { ...account, code: next })).status, 200)
  for (const used of [code, next])
    expectProblem(t, await login(cluster, { ...account, code: used }), 400, 'wrong_code', 'it was used')

  const other = await register(cluster)
  const begun = await beginTwoFactor(cluster, other)
  const first = codeOf(begun)
  const confirmations = await Promise.all([0, 1, 2].map((replica) =>
    cluster.post('/v1/me/two-factor:confirm', { code: first }, { bearer: other.accessToken, replica })))
  const confirmed = confirmations.filter(({ status }) => status === 200)
  t.equal(confirmed.length, 1, 'there is one list of recovery codes')
  expectProblem(t, await login(cluster, { ...other, code: first }), 400, 'wrong_code', 'the confirmation has used it')
}

async function window (t: Test, cluster: Cluster): Promise<void> {
  const account = await register(cluster)
  // By the code of the step before.
  const { secret } = await switchOnTwoFactor(cluster, account)
  for (const steps of [-2, 3])
    expectProblem(t, await login(cluster, { ...account, code: codeOf(secret, steps) }), 400, 'wrong_code')
  t.equal((await login(cluster, { ...account, code: codeOf(secret, 1) })).status, 200)
  const earlier = await login(cluster, { ...account, code: codeOf(secret) })
  expectProblem(t, earlier, 400, 'wrong_code', 'a later one was used')
}

async function recovery (t: Test, cluster: Cluster): Promise<void> {
  const account = await register(cluster)
  const { codes } = await switchOnTwoFactor(cluster, account)
  const [first = '', second = '', third = ''] = codes
  t.equal((await login(cluster, { ...account, code: first })).status, 200)
  expectProblem(t, await login(cluster, { ...account, code: first }), 400, 'wrong_code')
  const answers = await Promise.all([0, 1, 2].map((replica) => login(cluster, { ...account, code: second }, replica)))
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 400, 400])
  t.equal((await login(cluster, { ...account, code: third.toUpperCase().replaceAll('-', ' ') })).status, 200)
  t.equal(integerAt(await stateOf(cluster, account), 'recovery_codes_left'), 7)
  const other = await register(cluster)
  await switchOnTwoFactor(cluster, other)
  expectProblem(t, await login(cluster, { ...other, code: codes[4] ?? '' }), 400, 'wrong_code', 'those of others')
}

async function renewal (t: Test, cluster: Cluster): Promise<void> {
  const account = await register(cluster)
  const { accessToken: bearer, password } = account
  const renew = (body: object, replica = 0) =>
    cluster.post('/v1/me/two-factor:renew-codes', body, { bearer, replica })
  expectProblem(t, await renew({ password, code: '000000' }), 404, 'unknown_two_factor')
  const { secret, codes: [spare = '', other = ''] } = await switchOnTwoFactor(cluster, account)
  await cluster.outbox.take(account.email)
  expectProblem(t, await renew({ password: WRONG_PASSWORD, code: spare }), 403, 'wrong_password')
  expectProblem(t, await renew({ password, code: codeOf(secret, WRONG_STEPS) }), 400, 'wrong_code')
  t.equal((await login(cluster, { ...account, code: spare })).status, 200, 'nothing has changed')

  const answers = await Promise.all([0, 1, 2].map((replica) => renew({ password, code: codeOf(secret) }, replica)))
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 400, 400], 'the code is good for once')
  const renewed = listAt(answers.find(({ status }) => status === 200)?.body, 'recovery_codes').map(String)
  for (const code of renewed) cluster.secrets.add(code)
  t.equal(new Set([...renewed, spare, other]).size, 12)
  t.match(await cluster.outbox.take(account.email), { subject: /^New recovery codes/ })
  t.strictSame(await stateOf(cluster, account), { enabled: true, recovery_codes_left: 10 })
  expectProblem(t, await login(cluster, { ...account, code: other }), 400, 'wrong_code', 'the former ones are void')
  t.equal((await renew({ password, code: renewed[0] })).status, 200, 'by a recovery code, too')
  expectProblem(t, await login(cluster, { ...account, code: renewed[1] ?? '' }), 400, 'wrong_code')
}

async function dialects (t: Test, cluster: Cluster): Promise<void> {
  const account = await register(cluster)
  await switchOnTwoFactor(cluster, account)
  const { username, email, password } = account
  const chatcli = await cluster.post('/user/login', { username, password })
  expectRefusal(t, chatcli, 400)
  t.match(chatcli.body, { code: 'two_factor_required', message: /second factor, and this client cannot send its code/ })
  const emotechat = await cluster.post('/api/auth/login', { email, password })
  expectSentence(t, emotechat, 400)
  t.match(at(emotechat.body, 'message'), /second factor, and this client cannot send its code/)
  t.match((await cluster.post('/user/login', { username, password: WRONG_PASSWORD })).body, {
    code: 'wrong_credentials'
  })
  t.match(at((await cluster.post('/api/auth/login', { email, password: WRONG_PASSWORD })).body, 'message'), /is wrong/)
}

async function reset (t: Test, cluster: Cluster): Promise<void> {
  const account = await register(cluster)
  const { codes: [spare = ''] } = await switchOnTwoFactor(cluster, account)
  t.match((await cluster.outbox.take(account.email)).subject, /is on$/)
  await cluster.post('/v1/auth/password-reset', { email: account.email })
  const token = linkIn(await cluster.outbox.take(account.email)).searchParams.get('token')
  const password = uniqueName('a new pass phrase ')
  cluster.secrets.add(password)
  const { status } = await cluster.post('/v1/auth/password-reset/confirm', { token, new_password: password })
  t.equal(status, 204)
  expectProblem(t, await login(cluster, { ...account, password }), 401, 'two_factor_required')
  t.equal((await login(cluster, { ...account, password, code: spare })).status, 200)
}

async function stored (t: Test, cluster: Cluster): Promise<void> {
  const account = await register(cluster)
  const { body } = await cluster.get('/api/auth/validate', { bearer: account.accessToken })
  const userId = integerAt(body, 'user', 'id')
  const rows = async () => cluster.orm.select().from(twoFactors).where(eq(twoFactors.userId, userId))
  const { secret, codes } = await switchOnTwoFactor(cluster, account)
  const kept = JSON.stringify(await rows())
  for (const text of [secret, ...codes, ...codes.map((code) => code.replaceAll('-', ''))]) t.notOk(kept.includes(text))
  const { password, accessToken: bearer } = account
  t.equal((await cluster.post('/v1/me:erase', { password }, { bearer })).status, 204)
  t.strictSame(await rows(), [])
}

await t.test('wrong codes count like wrong passwords, and missing ones do not', async (t) => {
  await onEmbedded(
    t,
    async (t, cluster) => {
      const account = await register(cluster)
      const { secret, codes: [spare = ''] } = await switchOnTwoFactor(cluster, account)
      const { username, password } = account
      const enter = (address: string, code?: string) =>
        cluster.post('/v1/auth/login', { username, password, ...(code !== undefined && { code }) }, from(address))
      const [here, there] = [newAddress(), newAddress()]
      for (let attempt = 1; attempt <= 4; attempt++) expectProblem(t, await enter(here), 401, 'two_factor_required')
      t.equal((await enter(here, codeOf(secret))).status, 200)

      for (let attempt = 1; attempt <= 3; attempt++)
        expectProblem(t, await enter(there, codeOf(secret, WRONG_STEPS)), 400, 'wrong_code')
      expectProblem(t, await enter(there, spare), 429, 'rate_limited')
      expectProblem(t, await enter(there), 429, 'rate_limited')
      t.equal((await enter(newAddress(), spare)).status, 200, 'and nobody else waits')

      const own = { bearer: account.accessToken, ...from(newAddress()) }
      const remove = () => cluster.post('/v1/me/two-factor:remove', { password, code: '000000' }, own)
      for (let attempt = 1; attempt <= 3; attempt++) expectProblem(t, await remove(), 400, 'wrong_code')
      expectProblem(t, await remove(), 429, 'rate_limited')
      await t.rejects(logIn(cluster, account))
    },
    { environment: { TRUST_PROXY: '127.0.0.1', RATE_LIMITS: 'on', LOGIN_FAILURES_PER_ADDRESS: '3' } }
  )
})
