/** A key of tokens that is replaced while the server goes on: the old one is accepted until it is taken away. */
import t from '../../support/tap.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import { type Account, logIn, register, registerPending } from '../../support/data/accounts.ts'
import { signClaims, claimsOf } from '../../support/data/jwt.ts'
import { codeOf } from '../../support/data/one-time-codes.ts'
import { codeIn } from '../../support/data/outbox.ts'
import { switchOnTwoFactor } from '../../support/data/two-factor.ts'
import { startCluster, type Cluster } from '../../support/servers/cluster.ts'
import { createStore } from '../../support/servers/database.ts'
import { engineUrl } from '../../support/servers/engine.ts'

const [OLD, NEW] = ['the-key-of-last-year-that-has-to-go', 'the-key-of-this-year-that-replaces-it']

await t.test('tokens and codes of a key are good for as long as it is listed', async (t) => {
  const DATABASE_URL = await createStore(t, engineUrl())
  const withKeys = (JWT_SECRET: string) => startCluster(t, { environment: { DATABASE_URL, JWT_SECRET } })
  const fetchChats = (cluster: Cluster, token: string) => cluster.post('/chat/fetch-chats', { session_token: token })
  const before = await withKeys(OLD)
  const account = await register(before)
  const { username, email } = await registerPending(before)
  const code = codeIn(await before.outbox.take(email))

  const during = await withKeys(` ${NEW}, ${OLD} `)
  expectOk(t, await fetchChats(during, account.accessToken), [])
  expectOk(t, await during.post('/user/verify-email', { username, email_token: code }), 'Email verified!')
  const { accessToken } = await logIn(during, account)
  expectRefusal(t, await fetchChats(before, accessToken), 401, 'the first key signs')
  const forged = signClaims(claimsOf(accessToken), { secret: 'a-key-that-was-never-one-of-these-two' })
  expectRefusal(t, await fetchChats(during, forged), 401)

  const after = await withKeys(NEW)
  expectOk(t, await fetchChats(after, accessToken), [])
  expectRefusal(t, await fetchChats(after, account.accessToken), 401, 'the old key is gone')
})

await t.test('the secret of a second factor is encrypted by the first key when it is used', async (t) => {
  const DATABASE_URL = await createStore(t, engineUrl())
  const withKeys = (JWT_SECRET: string) => startCluster(t, { environment: { DATABASE_URL, JWT_SECRET } })
  const before = await withKeys(OLD)
  const [ann, bob] = [await register(before), await register(before)]
  const { secret } = await switchOnTwoFactor(before, ann)
  const { secret: unused, codes: [spare] } = await switchOnTwoFactor(before, bob)
  const enter = async (cluster: Cluster, { username, password }: Account, code: string | undefined) =>
    (await cluster.post('/v1/auth/login', { username, password, code })).status

  t.equal(await enter(await withKeys(`${NEW},${OLD}`), ann, codeOf(secret)), 200)
  const after = await withKeys(NEW)
  t.equal(await enter(after, ann, codeOf(secret, 1)), 200)
  t.equal(await enter(after, bob, codeOf(unused)), 400, 'that of somebody who did not log in cannot be read')
  t.equal(await enter(after, bob, spare), 200, 'but recovery codes are good')
})
