import t from '../../support/tap.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import { register, startChat } from '../../support/data/accounts.ts'
import { at, isRecord } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'
import { claimsOf, signClaims, withoutSignature } from '../../support/data/jwt.ts'

/** Every route that needs a session, with fields that are right otherwise. */
const ROUTES: [target: string, fields: (chatID: number) => object][] = [
  ['/chat/fetch-chats', () => ({})],
  ['/chat/create-chat', () => ({ receiver: 'somebody' })],
  ['/chat/messages', (chatID) => ({ chatID })],
  ['/chat/fetch-archived', () => ({})],
  ['/chat/archive-chat', (chatID) => ({ chatID })],
  ['/chat/unarchive-chat', (chatID) => ({ chatID })],
  ['/chat/create-group', () => ({ name: 'Lunch', members: ['somebody'] })],
  ['/chat/get-members', (chatID) => ({ chatID })],
  ['/chat/add-members', (chatID) => ({ chatID, members: ['somebody'] })],
  ['/chat/remove-members', (chatID) => ({ chatID, members: ['somebody'] })],
  ['/chat/delete-chat', (chatID) => ({ chatID })]
]

await onEachDeployment(
  t,
  async (t, cluster) => {
    await t.test('a session token is taken from the body, and from the Authorization header', async (t) => {
      const { accessToken } = await register(cluster)
      expectOk(t, await cluster.post('/chat/fetch-chats', { session_token: accessToken }), [], 'in the body')
      expectOk(t, await cluster.post('/chat/fetch-chats', {}, { bearer: accessToken }), [], 'in the header')
      expectOk(
        t,
        await cluster.post('/chat/fetch-chats', { session_token: accessToken }, { bearer: accessToken }),
        [],
        'in both'
      )
      expectOk(
        t,
        await cluster.call('POST', '/chat/fetch-chats', { bearer: accessToken }),
        [],
        'in the header, without a body'
      )
      expectOk(
        t,
        await cluster.post('/chat/fetch-chats', {}, { headers: { authorization: `bearer ${accessToken}` } }),
        [],
        'the scheme counts in any case'
      )
    })

    await t.test('the body wins over the header', async (t) => {
      const { ann, bob, chatID } = await startChat(cluster)
      const stranger = await register(cluster)
      const listed = await cluster.post(
        '/chat/fetch-chats',
        { session_token: ann.accessToken },
        { bearer: stranger.accessToken }
      )
      t.equal(at(listed.body, 'response', 0, 'name'), bob.username)
      t.equal(
        (
          await cluster.post(
            '/chat/messages',
            { session_token: ann.accessToken, chatID },
            { bearer: stranger.accessToken }
          )
        ).status,
        200
      )
      expectRefusal(
        t,
        await cluster.post(
          '/chat/messages',
          { session_token: stranger.accessToken, chatID },
          { bearer: ann.accessToken }
        ),
        404
      )
      for (const wrong of ['', 'nonsense']) {
        expectRefusal(
          t,
          await cluster.post('/chat/messages', { session_token: wrong, chatID }, { bearer: ann.accessToken }),
          401,
          JSON.stringify(wrong)
        )
      }
      t.equal(
        (await cluster.post('/chat/fetch-chats', { session_token: ann.accessToken }, { bearer: 'nonsense' })).status,
        200
      )
    })

    await t.test('no route lets in a missing, malformed, forged or expired token', async (t) => {
      const { ann, chatID } = await startChat(cluster)
      const claims = claimsOf(ann.accessToken)
      const now = Math.floor(Date.now() / 1_000)
      const [header = '', payload = '', signature = ''] = ann.accessToken.split('.')
      const tokens: Record<string, string | undefined> = {
        missing: undefined,
        empty: '',
        'no token': 'nonsense',
        'two parts of three': `${header}.${payload}`,
        'without its signature': `${header}.${payload}.`,
        'with another signature': `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
        'unsigned by algorithm none': withoutSignature(ann.accessToken),
        'signed with another key': signClaims(claims, { secret: 'a-key-that-the-server-never-heard-of' }),
        'signed with another algorithm': signClaims(claims, { algorithm: 'HS512', hash: 'sha512' }),
        expired: signClaims({ ...claims, iat: now - 20, exp: now - 10 }),
        'for another installation': signClaims({ ...claims, aud: '00000000-0000-4000-8000-000000000000' }),
        'for several installations': signClaims({ ...claims, aud: [claims['aud']] }),
        'without an end': signClaims({ ...claims, exp: undefined }),
        'without a session': signClaims({ ...claims, sid: undefined }),
        'of an unknown session': signClaims({ ...claims, sid: '00000000-0000-4000-8000-000000000000' }),
        'of a session that is no UUID': signClaims({ ...claims, sid: '\'; drop table sessions; --' }),
        'of a session that is no string': signClaims({ ...claims, sid: { toString: 1 } }),
        'very long': 'x'.repeat(100_000)
      }
      t.equal(
        (await cluster.post('/chat/fetch-chats', { session_token: signClaims({ ...claims, exp: now + 60 }) })).status,
        200,
        'a token that is made like this one is good'
      )
      t.match(claims['aud'], /^[0-9a-f-]{36}$/, 'a token names the installation')
      t.equal(
        (await cluster.post('/chat/fetch-chats', { session_token: signClaims({ ...claims, aud: undefined }) })).status,
        200,
        'and one of 0.1, which does not, is good'
      )
      for (const [target, fields] of ROUTES) {
        for (const [name, token] of Object.entries(tokens)) {
          expectRefusal(
            t,
            await cluster.post(target, { ...fields(chatID), session_token: token }),
            401,
            `${target} in the body: ${name}`
          )
          if (token === undefined || token.length > 10_000) continue
          expectRefusal(
            t,
            await cluster.post(target, fields(chatID), { bearer: token }),
            401,
            `${target} in the header: ${name}`
          )
        }
      }
    })

    await t.test('a malformed Authorization header is refused', async (t) => {
      const { accessToken } = await register(cluster)
      for (const authorization of [
        'Bearer',
        'Bearer ',
        'Basic YTpi',
        accessToken,
        `Token ${accessToken}`,
        `Bearer ${accessToken} x`,
        `Bearer ${'x'.repeat(8_000)}`
      ]) {
        expectRefusal(
          t,
          await cluster.post('/chat/fetch-chats', {}, { headers: { authorization } }),
          401,
          authorization.slice(0, 20)
        )
      }
    })

    await t.test('a session that was revoked is dead on every replica', async (t) => {
      const account = await register(cluster)
      const status = async (replica: number) =>
        (await cluster.post('/chat/fetch-chats', { session_token: account.accessToken }, { replica })).status
      for (const replica of cluster.replicas.keys()) t.equal(await status(replica), 200)
      const tokens = [account.refreshToken]
      for (let step = 0; step < 2; step++) {
        const answer = await cluster.post('/user/refresh-token', { refresh_token: tokens.at(-1) })
        if (isRecord(answer.body)) tokens.push(String(answer.body['refresh_token']))
      }
      expectRefusal(t, await cluster.post('/user/refresh-token', { refresh_token: tokens[0] }), 401)
      for (const replica of cluster.replicas.keys()) {
        t.ok(await eventually(async () => (await status(replica)) === 401), `replica ${String(replica)}`)
        for (const [target, fields] of ROUTES) {
          expectRefusal(
            t,
            await cluster.post(target, { ...fields(1), session_token: account.accessToken }, { replica }),
            401,
            target
          )
        }
      }
    })
  },
  { environment: { REFRESH_REUSE_GRACE: '1ms' } }
)
