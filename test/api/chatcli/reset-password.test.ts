import { eq } from 'drizzle-orm'
import t, { type Test } from '../../support/tap.ts'
import { resetTokens, users } from '../../../src/store/schema.ts'
import { expectOk, expectPage, expectRefusal, isSentence } from '../../support/checks/answers.ts'
import { uniqueName, type Answer } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { logIn, register, registerPending, type Account } from '../../support/data/accounts.ts'
import { at } from '../../support/data/json.ts'
import { linkIn } from '../../support/data/outbox.ts'
import { eventually } from '../../support/deadline.ts'
import { PUBLIC_URL, type Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const RESET_ROUTE = '/user/reset-password'

type Link = { token: string, username: string }

/** An account, and the link that was mailed to it. */
async function forget (cluster: Cluster): Promise<{ account: Account, link: Link }> {
  const account = await register(cluster)
  return { account, link: await requestLink(cluster, account) }
}

async function requestLink (cluster: Cluster, { username, email }: Account): Promise<Link> {
  const answer = await cluster.post('/user/reset-password-request', { username })
  if (answer.status !== 200) throw new Error(`The request was answered with ${answer.text}`)
  const { searchParams } = linkIn(await cluster.outbox.take(email))
  const token = searchParams.get('token') ?? ''
  cluster.secrets.add(token)
  return { token, username: searchParams.get('username') ?? '' }
}

function pair (cluster: Cluster): { password: string, confirm_password: string } {
  const password = uniqueName('Fresh-9')
  cluster.secrets.add(password)
  return { password, confirm_password: password }
}

const queryOf = (link: Link) => `${RESET_ROUTE}?${new URLSearchParams(link).toString()}`

function expectReset (t: Test, answer: Answer, title = 'it answers 200 and a message'): void {
  t.strictSame([answer.status, answer.body], [200, { message: 'Password reset successfully' }], title)
}

/** This route answers `error` and `message`, not the envelope. */
function expectNoReset (t: Test, answer: Answer, title = 'it answers 400 with the error and a message'): void {
  t.ok(answer.status === 400 && isSentence(at(answer.body, 'error')) && isSentence(at(answer.body, 'message')), title, {
    found: [answer.status, answer.text]
  })
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    await requesting(t, cluster)
    await showingTheForm(t, cluster)
    await resetting(t, cluster)
    await refusing(t, cluster)
  },
  { inspectable: true }
)

async function requesting (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a request mails a link to the public address, for the username in any case', async (t) => {
    const { username, email } = await register(cluster, uniqueName('MiXed-'))
    expectOk(
      t,
      await cluster.post('/user/reset-password-request', { username: username.toUpperCase() }),
      'Password reset email sent!'
    )
    const link = linkIn(await cluster.outbox.take(email))
    t.equal(link.origin, PUBLIC_URL)
    t.equal(link.searchParams.get('username'), username)
    t.ok((link.searchParams.get('token') ?? '').length >= 22, 'the token has 128 bits or more')
  })

  await t.test('the link does not follow the Host header', async (t) => {
    const { username, email } = await register(cluster)
    await cluster.post(
      '/user/reset-password-request',
      { username },
      { headers: { 'x-forwarded-host': 'evil.example' } }
    )
    t.equal(linkIn(await cluster.outbox.take(email)).origin, PUBLIC_URL)
  })

  await t.test('an unknown user is answered with 404, and so is an account that is not verified', async (t) => {
    expectRefusal(t, await cluster.post('/user/reset-password-request', { username: uniqueName('nobody-') }), 404)
    const { username } = await registerPending(cluster)
    expectRefusal(t, await cluster.post('/user/reset-password-request', { username }), 404)
  })

  await t.test('a request without a username is refused', async (t) => {
    expectRefusal(t, await cluster.post('/user/reset-password-request', {}), 400)
  })
}

async function showingTheForm (t: Test, cluster: Cluster): Promise<void> {
  await t.test('the link leads to a page with the form, as often as it is opened', async (t) => {
    const { link } = await forget(cluster)
    for (let visit = 0; visit < 3; visit++) {
      const answer = await cluster.get(queryOf(link))
      expectPage(t, answer, 200)
      t.match(answer.text, /<form[^>]* method="post"/i)
      t.match(answer.text, /<input[^>]* name="password"/i)
      t.match(answer.text, /<input[^>]* name="confirm_password"/i)
      t.equal(answer.headers.get('referrer-policy'), 'no-referrer', 'the token does not leak to other sites')
      t.match(answer.headers.get('cache-control'), 'no-store')
    }
    expectReset(t, await cluster.call('POST', queryOf(link), { form: pair(cluster) }), 'opening it did not use it up')
  })

  await t.test('a link without one of its parameters answers a page with 400', async (t) => {
    for (const query of ['', '?token=x', '?username=x', '?token=&username=', '?token=x&username=']) {
      expectPage(t, await cluster.get(RESET_ROUTE + query), 400, query)
    }
  })

  await t.test('the page escapes its parameters', async (t) => {
    const nasty = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'`'
    for (const link of [
      { token: nasty, username: 'ann' },
      { token: 'x', username: nasty }
    ]) {
      const answer = await cluster.get(queryOf(link))
      t.notMatch(answer.text, /<script|<img/i)
    }
  })
}

async function resetting (t: Test, cluster: Cluster): Promise<void> {
  for (const [title, send] of [
    [
      'form data, with the link in the query',
      async (link: Link, fields: object) => cluster.call('POST', queryOf(link), { form: { ...fields } })
    ],
    [
      'form data that holds the link',
      async (link: Link, fields: object) => cluster.call('POST', RESET_ROUTE, { form: { ...fields, ...link } })
    ],
    ['JSON, with the link in the query', async (link: Link, fields: object) => cluster.post(queryOf(link), fields)],
    [
      'JSON that holds the link',
      async (link: Link, fields: object) => cluster.post(RESET_ROUTE, { ...fields, ...link })
    ]
  ] as const) {
    await t.test(`a password is reset by ${title}`, async (t) => {
      const { account, link } = await forget(cluster)
      const fields = pair(cluster)
      expectReset(t, await send(link, fields))
      t.ok(await logIn(cluster, { ...account, password: fields.password }), 'the new password works')
      expectRefusal(t, await cluster.post('/user/login', account), 400, 'the old one does not')
    })
  }

  await t.test(
    'a browser that posts the form gets pages: the form again with the reason, then the good news',
    async (t) => {
      const { account, link } = await forget(cluster)
      const fields = pair(cluster)
      const refused = await cluster.call('POST', RESET_ROUTE, {
        form: { ...link, ...fields, confirm_password: 'Other-Pass-1' },
        accept: BROWSER
      })
      expectPage(t, refused, 400)
      t.match(refused.text, /<input[^>]* name="confirm_password"/i)
      t.notOk(refused.text.includes(fields.password), 'no password is sent back')
      expectPage(t, await cluster.call('POST', RESET_ROUTE, { form: { ...link, ...fields }, accept: BROWSER }), 200)
      t.ok(await logIn(cluster, { ...account, password: fields.password }))
    }
  )

  await t.test('the username of the link counts in any case', async (t) => {
    const { link } = await forget(cluster)
    expectReset(
      t,
      await cluster.call('POST', queryOf({ ...link, username: link.username.toUpperCase() }), { form: pair(cluster) })
    )
  })

  await t.test('a link works once', async (t) => {
    const { account, link } = await forget(cluster)
    const fields = pair(cluster)
    expectReset(t, await cluster.call('POST', queryOf(link), { form: fields }))
    expectNoReset(t, await cluster.call('POST', queryOf(link), { form: pair(cluster) }))
    t.ok(await logIn(cluster, { ...account, password: fields.password }), 'the password of the first use stays')
  })

  await t.test('of several uses of a link at once exactly one is good', async (t) => {
    const { link } = await forget(cluster)
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => cluster.call('POST', queryOf(link), { form: pair(cluster) }))
    )
    t.strictSame(answers.map((answer) => answer.status).sort(), [200, 400, 400, 400])
  })

  await t.test('a reset ends every session of the account, its sockets included, and nobody else\'s', async (t) => {
    const { account, link } = await forget(cluster)
    const second = await logIn(cluster, account)
    const stranger = await register(cluster)
    const sockets = await Promise.all(
      [account, second].map((session, index) => connect(t, cluster.replica(index), session.accessToken))
    )
    const bystander = await connect(t, cluster.replica(0), stranger.accessToken)
    const status = async (token: string, replica: number) =>
      (await cluster.post('/chat/fetch-chats', { session_token: token }, { replica })).status
    for (const replica of cluster.replicas.keys()) t.equal(await status(account.accessToken, replica), 200)

    expectReset(t, await cluster.call('POST', queryOf(link), { form: pair(cluster) }))
    for (const { accessToken, refreshToken } of [account, second]) {
      expectRefusal(t, await cluster.post('/user/refresh-token', { refresh_token: refreshToken }), 401)
      for (const replica of cluster.replicas.keys()) {
        t.ok(
          await eventually(async () => (await status(accessToken, replica)) === 401),
          `the access token is dead on replica ${String(replica)}`
        )
      }
    }
    await Promise.all(sockets.map((socket) => socket.closed()))
    t.strictSame(await bystander.barrier(), [])
  })
}

async function refusing (t: Test, cluster: Cluster): Promise<void> {
  await t.test('passwords that differ and weak ones are refused, and the link stays good', async (t) => {
    const { account, link } = await forget(cluster)
    for (const [password, confirmation, title] of [
      ['Fresh-Pass-1', 'Fresh-Pass-2', 'they differ'],
      ['Fresh-Pass-1', '', 'one is missing'],
      ['Fresh-Pass-1', 'fresh-pass-1', 'the case differs'],
      ['weak', 'weak', 'too short'],
      ['fresh-pass-1', 'fresh-pass-1', 'no upper case'],
      [`Aa1!${'a'.repeat(253)}`, `Aa1!${'a'.repeat(253)}`, 'too long']
    ] as const) {
      expectNoReset(
        t,
        await cluster.call('POST', queryOf(link), { form: { password, confirm_password: confirmation } }),
        title
      )
    }
    t.ok(await logIn(cluster, account), 'the password is unchanged')
    expectReset(t, await cluster.call('POST', queryOf(link), { form: pair(cluster) }))
  })

  await t.test('missing fields are refused', async (t) => {
    const { link } = await forget(cluster)
    expectNoReset(t, await cluster.call('POST', queryOf(link), { form: {} }), 'no passwords')
    expectNoReset(
      t,
      await cluster.call('POST', queryOf(link), { form: { password: 'Fresh-Pass-1' } }),
      'no confirmation'
    )
    expectNoReset(t, await cluster.call('POST', RESET_ROUTE, { form: pair(cluster) }), 'no link')
    expectNoReset(
      t,
      await cluster.call('POST', RESET_ROUTE, { form: { ...pair(cluster), token: link.token } }),
      'no username'
    )
    expectNoReset(t, await cluster.post(RESET_ROUTE, {}), 'nothing')
  })

  await t.test('an invalid token, and the token of somebody else, are refused', async (t) => {
    const [{ link }, other] = [await forget(cluster), await forget(cluster)]
    for (const wrong of [
      { ...link, token: 'nonsense' },
      { ...link, token: `${link.token}x` },
      { ...link, username: other.link.username },
      { ...link, username: uniqueName('nobody-') }
    ]) {
      expectNoReset(t, await cluster.call('POST', queryOf(wrong), { form: pair(cluster) }))
    }
    expectReset(t, await cluster.call('POST', queryOf(link), { form: pair(cluster) }), 'the link is still good')
  })

  await t.test('an expired link is refused', async (t) => {
    const { account, link } = await forget(cluster)
    const [user] = await cluster.orm.select({ id: users.id }).from(users).where(eq(users.username, account.username))
    const rows = await cluster.orm
      .update(resetTokens)
      .set({ expiresAt: new Date(Date.now() - 1) })
      .where(eq(resetTokens.userId, user?.id ?? 0))
      .returning()
    t.equal(rows.length, 1, 'there was a link to expire')
    expectNoReset(t, await cluster.call('POST', queryOf(link), { form: pair(cluster) }))
    t.ok(await logIn(cluster, account), 'the password is unchanged')
  })

  await t.test('a link lives one hour', async (t) => {
    const before = Date.now()
    const { account } = await forget(cluster)
    const after = Date.now()
    const [row] = await cluster.orm
      .select({ expiresAt: resetTokens.expiresAt })
      .from(resetTokens)
      .innerJoin(users, eq(users.id, resetTokens.userId))
      .where(eq(users.username, account.username))
    const end = row?.expiresAt.getTime() ?? 0
    t.ok(end >= before + 3_600_000 && end <= after + 3_600_000)
  })
}
