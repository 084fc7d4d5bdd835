import { eq } from 'drizzle-orm'
import t, { type Test } from '../../support/tap.ts'
import { resetTokens } from '../../../src/store/schema.ts'
import { uniqueName, type Answer } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { logIn, register, registerPending } from '../../support/data/accounts.ts'
import { expectSentence, logInEmote, registerEmote, type EmoteAccount } from '../../support/data/emotechat.ts'
import { at, fieldsOf } from '../../support/data/json.ts'
import { linkIn } from '../../support/data/outbox.ts'
import { PUBLIC_URL, type Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

/** Asks for a mail. @returns the token of its link */
async function requestToken (cluster: Cluster, email: string): Promise<string> {
  const answer = await cluster.post('/api/password/reset-request', { email })
  if (answer.status !== 200) throw new Error(`The request was answered with ${answer.text}`)
  const link = linkIn(await cluster.outbox.take(email))
  const token = link.searchParams.get('token') ?? ''
  cluster.secrets.add(token)
  return token
}

/** An account that has read the mail of its registration, and a token for it. */
async function forget (cluster: Cluster): Promise<{ account: EmoteAccount, token: string }> {
  const account = await registerEmote(cluster)
  await cluster.outbox.take(account.email)
  return { account, token: await requestToken(cluster, account.email) }
}

function fresh (cluster: Cluster): string {
  const password = uniqueName('fresh phrase ')
  cluster.secrets.add(password)
  return password
}

function expectMessage (t: Test, answer: Answer, title = 'it answers 200 and a message'): void {
  t.strictSame(
    [answer.status, fieldsOf(answer.body), typeof at(answer.body, 'message')],
    [200, ['message'], 'string'],
    title
  )
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    await requesting(t, cluster)
    await resetting(t, cluster)
  },
  { inspectable: true }
)

async function requesting (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a request answers the same for a known and an unknown address, and mails the known one', async (t) => {
    const account = await registerEmote(cluster)
    await cluster.outbox.take(account.email)
    const unknown = `${uniqueName('nobody-')}@example.org`
    const answers = [
      await cluster.post('/api/password/reset-request', { email: unknown }),
      await cluster.post('/api/password/reset-request', { email: account.email.toUpperCase() })
    ]
    for (const answer of answers) {
      expectMessage(t, answer)
      t.equal(answer.text, answers[0]?.text)
    }
    const link = linkIn(await cluster.outbox.take(account.email))
    t.equal(link.origin, PUBLIC_URL)
    t.equal(link.searchParams.get('username'), account.username)
    t.strictSame(await cluster.outbox.to(unknown), [])
  })

  await t.test('a form will do', async (t) => {
    const account = await registerEmote(cluster)
    await cluster.outbox.take(account.email)
    expectMessage(t, await cluster.call('POST', '/api/password/reset-request', { form: { email: account.email } }))
    t.ok(linkIn(await cluster.outbox.take(account.email)))
  })

  await t.test('what is no address is refused', async (t) => {
    for (const email of ['', 'nobody', 'a b@example.org', 'a@example.org\r\nBcc: b@example.org', undefined]) {
      expectSentence(t, await cluster.post('/api/password/reset-request', { email }), 400, encodeURI(String(email)))
    }
  })
}

async function resetting (t: Test, cluster: Cluster): Promise<void> {
  const ways: [title: string, send: (token: string, password: string) => Promise<Answer>][] = [
    ['JSON', (token, password) => cluster.post('/api/password/reset', { token, password })],
    [
      'JSON with new_password',
      (token, password) => cluster.post('/api/password/reset', { token, new_password: password })
    ],
    ['a form', (token, password) => cluster.call('POST', '/api/password/reset', { form: { token, password } })],
    [
      'a form with new_password',
      (token, password) => cluster.call('POST', '/api/password/reset', { form: { token, new_password: password } })
    ]
  ]
  for (const [title, send] of ways) {
    await t.test(`a password is reset by ${title}`, async (t) => {
      const { account, token } = await forget(cluster)
      const password = fresh(cluster)
      expectMessage(t, await send(token, password))
      t.ok(await logInEmote(cluster, { email: account.email, password }), 'the new password works')
      expectSentence(t, await cluster.post('/api/auth/login', account), 400, 'the old one does not')
    })
  }

  await t.test('a reset proves the address and ends every session, sockets included, on every replica', async (t) => {
    const { account, token } = await forget(cluster)
    const sockets = await Promise.all(
      [...cluster.replicas.keys()].map((index) => connect(t, cluster.replica(index), account.token))
    )
    for (const replica of cluster.replicas.keys())
      t.equal((await cluster.get('/api/auth/validate', { bearer: account.token, replica })).status, 200)
    const password = fresh(cluster)
    expectMessage(t, await cluster.post('/api/password/reset', { token, password }))
    for (const replica of cluster.replicas.keys())
      expectSentence(t, await cluster.get('/api/auth/validate', { bearer: account.token, replica }), 401)
    await Promise.all(sockets.map((socket) => socket.closed()))
    const bearer = await logInEmote(cluster, { email: account.email, password })
    t.equal(at((await cluster.get('/api/auth/validate', { bearer })).body, 'user', 'email_verified'), true)
  })

  await t.test('a token works once, however many use it at once, and a newer one kills the older', async (t) => {
    const { account, token: older } = await forget(cluster)
    const token = await requestToken(cluster, account.email)
    expectSentence(t, await cluster.post('/api/password/reset', { token: older, password: fresh(cluster) }), 400)
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => cluster.post('/api/password/reset', { token, password: fresh(cluster) }))
    )
    t.strictSame(answers.map((answer) => answer.status).sort(), [200, 400, 400, 400])
    expectSentence(t, await cluster.post('/api/password/reset', { token, password: fresh(cluster) }), 400)
  })

  await t.test('a weak or missing password is refused, and the token stays good', async (t) => {
    const { account, token } = await forget(cluster)
    for (const password of ['', 'short', 'password', '12345678', 'zzzzzzzzz', 'x'.repeat(257), undefined]) {
      expectSentence(t, await cluster.post('/api/password/reset', { token, password }), 400, String(password))
      expectSentence(
        t,
        await cluster.post('/api/password/reset', { token, new_password: password }),
        400,
        String(password)
      )
    }
    t.ok(await logInEmote(cluster, account), 'the password is unchanged')
    expectMessage(t, await cluster.post('/api/password/reset', { token, password: fresh(cluster) }))
  })

  await t.test('an invalid and an expired token are refused', async (t) => {
    const { account, token } = await forget(cluster)
    for (const wrong of ['', 'nonsense', `${token}x`, token.slice(0, -1), token.toUpperCase(), undefined]) {
      expectSentence(
        t,
        await cluster.post('/api/password/reset', { token: wrong, password: fresh(cluster) }),
        400,
        String(wrong?.length)
      )
    }
    const rows = await cluster.orm
      .update(resetTokens)
      .set({ expiresAt: new Date(Date.now() - 1) })
      .where(eq(resetTokens.userId, account.id))
      .returning()
    t.equal(rows.length, 1, 'there was a token to expire')
    expectSentence(t, await cluster.post('/api/password/reset', { token, password: fresh(cluster) }), 400)
    t.ok(await logInEmote(cluster, account), 'the password is unchanged')
  })

  await t.test('an account of ChatCLI resets its password here, also before its code was used', async (t) => {
    const ann = await register(cluster)
    const password = uniqueName('Fresh-9')
    cluster.secrets.add(password)
    expectMessage(
      t,
      await cluster.post('/api/password/reset', { token: await requestToken(cluster, ann.email), password })
    )
    t.ok(await logIn(cluster, { ...ann, password }))

    const pending = await registerPending(cluster)
    await cluster.outbox.take(pending.email)
    expectMessage(
      t,
      await cluster.post('/api/password/reset', { token: await requestToken(cluster, pending.email), password })
    )
    t.ok(await logIn(cluster, { ...pending, password }), 'it came by mail, so the address is proved')
  })

  await t.test('a token dies with a registration that is replaced', async (t) => {
    const pending = await registerPending(cluster)
    await cluster.outbox.take(pending.email)
    const token = await requestToken(cluster, pending.email)
    const again = { ...pending, email: `${uniqueName('other-')}@example.org` }
    t.equal((await cluster.post('/user/register', again)).status, 200)
    expectSentence(t, await cluster.post('/api/password/reset', { token, password: fresh(cluster) }), 400)
  })
}
