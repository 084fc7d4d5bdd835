import { createHmac } from 'node:crypto'
import t from '../../support/tap.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { register, registerPending } from '../../support/data/accounts.ts'
import { expectSentence, logInEmote, registerEmote } from '../../support/data/emotechat.ts'
import { at, fieldsOf, isRecord, textAt } from '../../support/data/json.ts'
import { JWT_SECRET } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const ROUTES: [method: string, target: string][] = [
  ['POST', '/api/auth/logout'],
  ['GET', '/api/auth/validate'],
  ['GET', '/api/profile/users'],
  ['GET', '/api/conversations']
]

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function sign (claims: object, secret = JWT_SECRET): string {
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}

await onOneDeployment(t, async (t, cluster) => {
  await t.test(
    'a login answers a token, in the body and in the header, that is good at once on every replica',
    async (t) => {
      const { id, name, username, email, password } = await registerEmote(cluster)
      const answer = await cluster.post('/api/auth/login', { email: email.toUpperCase(), password })
      t.equal(answer.status, 200)
      t.strictSame(fieldsOf(answer.body), ['message', 'token', 'user'])
      const token = textAt(answer.body, 'token')
      t.match(token, /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)
      t.equal(answer.headers.get('authorization'), token)
      t.equal(at(answer.body, 'message'), 'Success')
      t.match(answer.headers.get('cache-control'), 'no-store')
      const user = at(answer.body, 'user')
      t.hasStrict(user, { id, name, username, email, email_verified: false })
      // The socket and the routes of ChatCLI take it as it is, too.
      t.strictSame(await (await connect(t, cluster.replica(0), token)).barrier(), [])
      t.equal((await cluster.post('/chat/fetch-chats', { session_token: token })).status, 200)
      for (const replica of cluster.replicas.keys()) {
        const validated = await cluster.get('/api/auth/validate', { bearer: token, replica })
        t.equal(validated.status, 200)
        t.strictSame(fieldsOf(validated.body), ['message', 'user'])
        t.strictSame(at(validated.body, 'user'), user)
      }
    }
  )

  await t.test('a form logs in as well', async (t) => {
    const { email, password } = await registerEmote(cluster)
    t.equal((await cluster.call('POST', '/api/auth/login', { form: { email, password } })).status, 200)
  })

  await t.test('every cause of a refused login has the same answer', async (t) => {
    const { email, username, password } = await registerEmote(cluster)
    const pending = await registerPending(cluster)
    const answers = [
      await cluster.post('/api/auth/login', { email, password: `${password}x` }),
      await cluster.post('/api/auth/login', { email: `${uniqueName('nobody-')}@example.org`, password }),
      await cluster.post('/api/auth/login', { email: username, password }),
      await cluster.post('/api/auth/login', { email: '', password: '' }),
      await cluster.post('/api/auth/login', { email, password: 'x'.repeat(1_000) }),
      await cluster.post('/api/auth/login', { email: pending.email, password: pending.password })
    ]
    for (const answer of answers) {
      expectSentence(t, answer, 400)
      t.strictSame(answer.body, answers[0]?.body)
      t.notOk(answer.headers.has('authorization'))
    }
    for (const field of ['email', 'password'])
      expectSentence(
        t,
        await cluster.post('/api/auth/login', { email, password, [field]: undefined }),
        400,
        `without ${field}`
      )
  })

  await t.test('a logout ends its session on every replica at once, its sockets included, and no other', async (t) => {
    const account = await registerEmote(cluster)
    const other = await logInEmote(cluster, account)
    const sockets = await Promise.all(
      [...cluster.replicas.keys()].map((index) => connect(t, cluster.replica(index), account.token))
    )
    const bystander = await connect(t, cluster.replica(0), other)
    for (const replica of cluster.replicas.keys())
      t.equal((await cluster.get('/api/auth/validate', { bearer: account.token, replica })).status, 200)

    const answer = await cluster.call('POST', '/api/auth/logout', { bearer: account.token })
    t.equal(answer.status, 200)
    t.strictSame(fieldsOf(answer.body), ['message'])
    for (const replica of cluster.replicas.keys()) {
      for (const [method, target] of ROUTES)
        expectSentence(
          t,
          await cluster.call(method, target, { bearer: account.token, replica }),
          401,
          `${target} on replica ${String(replica)}`
        )
    }
    await Promise.all(sockets.map((socket) => socket.closed()))
    t.strictSame(await bystander.barrier(), [])
    t.equal((await cluster.get('/api/auth/validate', { bearer: other })).status, 200)
    expectSentence(t, await cluster.call('POST', '/api/auth/logout', { bearer: account.token }), 401, 'a second time')
  })

  await t.test('a logout takes whatever body it comes with', async (t) => {
    const account = await registerEmote(cluster)
    for (const options of [{ body: {} }, { form: {} }, { raw: { type: 'application/json', text: '' } }]) {
      t.equal(
        (await cluster.call('POST', '/api/auth/logout', { bearer: await logInEmote(cluster, account), ...options }))
          .status,
        200
      )
    }
  })

  await t.test('no route lets in a missing, malformed, forged, expired or foreign token', async (t) => {
    const account = await registerEmote(cluster)
    const { refreshToken } = await register(cluster)
    const [header = '', payload = '', signature = ''] = account.token.split('.')
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (!isRecord(claims)) throw new Error('The token holds no claims.')
    const now = Math.floor(Date.now() / 1_000)
    t.equal(
      (await cluster.get('/api/auth/validate', { bearer: sign({ ...claims, exp: now + 60 }) })).status,
      200,
      'a token that is made like this one is good'
    )
    const headers: Record<string, string | undefined> = {
      missing: undefined,
      empty: '',
      'the scheme alone': 'Bearer',
      'the scheme and a blank': 'Bearer ',
      'no scheme': account.token,
      'another scheme': `Basic ${account.token}`,
      'two tokens': `Bearer ${account.token} ${account.token}`,
      'the scheme three times': `Bearer Bearer Bearer ${account.token}`,
      'no token': 'Bearer nonsense',
      'very long': `Bearer ${'x'.repeat(10_000)}`,
      'without its signature': `Bearer ${header}.${payload}.`,
      'with another signature':
        `Bearer ${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      'unsigned by algorithm none': `Bearer ${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      'signed with another key': `Bearer ${sign(claims, 'a-key-that-the-server-never-heard-of')}`,
      expired: `Bearer ${sign({ ...claims, exp: now - 10 })}`,
      'without an end': `Bearer ${sign({ ...claims, exp: undefined })}`,
      'of an unknown session': `Bearer ${sign({ ...claims, sid: '00000000-0000-4000-8000-000000000000' })}`,
      'of somebody else\'s session': `Bearer ${sign({ ...claims, sub: '1000000' })}`,
      'a refresh token': `Bearer ${refreshToken}`
    }
    for (const [method, target] of ROUTES) {
      for (const [title, authorization] of Object.entries(headers)) {
        const answer = await cluster.call(method, target, {
          ...(authorization !== undefined && { headers: { authorization } })
        })
        expectSentence(t, answer, 401, `${target}: ${title}`)
      }
    }
    expectSentence(
      t,
      await cluster.call('POST', '/api/auth/logout', { body: { session_token: account.token } }),
      401,
      'the body is no place for it here'
    )
    expectSentence(
      t,
      await cluster.call('POST', '/api/auth/logout', { raw: { type: 'application/json', text: '{' } }),
      401,
      'nothing else is said before'
    )
    t.equal(
      (await cluster.get('/api/auth/validate', { headers: { authorization: `bEaReR   ${account.token} ` } })).status,
      200,
      'the scheme counts in any case'
    )
  })
})
