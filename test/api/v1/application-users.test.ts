import t from '../../support/tap.ts'
import { createApiKey, revokeApiKey, type Scope } from '../../../src/domain/accounts/api-keys.ts'
import { apiKeys } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { register } from '../../support/data/accounts.ts'
import { NO_TIMES } from '../../support/data/bad-values.ts'
import { at, fieldsOf, textAt } from '../../support/data/json.ts'
import { signClaims, withoutSignature } from '../../support/data/jwt.ts'
import { expectProblem } from '../../support/data/problems.ts'
import {
  createSigningKey, nowInSeconds, signWithKey, signWithSecret, USER_TOKEN_SECRETS
} from '../../support/data/user-tokens.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const POLICY_VIOLATION = 1008
/** Whatever closes a socket, it is not the look-up of its credential. */
const environment = {
  SESSION_CHECK_INTERVAL: '1h',
  USER_TOKEN_SECRET: USER_TOKEN_SECRETS.join(', '),
  USER_TOKEN_ISSUER: 'https://shop.example',
  USER_TOKEN_AUDIENCE: 'chat'
}
const RIGHT = { iss: environment.USER_TOKEN_ISSUER, aud: environment.USER_TOKEN_AUDIENCE }
const ID = /^[A-Za-z0-9._~-]{1,64}$/

await onOneDeployment(
  t,
  async (t, cluster) => {
    const me = (bearer: string, replica?: number) =>
      cluster.get('/v1/me', { bearer, ...(replica !== undefined && { replica }) })
    const keyWith = (...scopes: Scope[]) => createApiKey(cluster.orm, { name: 'a test', scopes, expiresAt: null })
    const writer = await keyWith('users:write')

    await t.test('the first token makes the user, once however many come at the same time', async (t) => {
      const sub = uniqueName('Ann.')
      const token = signWithSecret({ ...RIGHT, sub, name: 'Ann', picture: 'https://example.org/ann.png' })
      const answers = await Promise.all(Array.from({ length: 6 }, () => me(token)))
      for (const { status, body } of answers) {
        t.equal(status, 200)
        t.strictSame(
          [at(body, 'id'), at(body, 'name'), at(body, 'avatar'), at(body, 'data')],
          [sub, 'Ann', 'https://example.org/ann.png', {}]
        )
      }
      const other = signWithSecret({ ...RIGHT, sub: sub.toLowerCase() }, USER_TOKEN_SECRETS[1])
      t.strictSame(at((await me(other)).body, 'name'), sub.toLowerCase(), 'case matters; the older secret is good, too')
    })

    await t.test('a token changes the profile when it says something new', async (t) => {
      const sub = uniqueName('user-')
      const nameBy = async (claims: object) => at((await me(signWithSecret({ ...RIGHT, sub, ...claims }))).body, 'name')
      t.equal(await nameBy({ name: 'One' }), 'One')
      t.equal((await cluster.call('PUT', `/v1/users/${sub}`, { bearer: writer, body: { name: 'Two' } })).status, 200)
      t.equal(await nameBy({ name: 'One' }), 'Two', 'the last token said One already')
      t.equal(await nameBy({}), 'Two')
      t.equal(await nameBy({ name: 'Three' }), 'Three')
      t.equal(await nameBy({ name: ' \n', picture: 'javascript:alert(1)' }), 'Three', 'which no profile may have')
    })

    await t.test('any other token is refused', async (t) => {
      const sub = uniqueName('user-')
      const right = signWithSecret({ ...RIGHT, sub })
      t.equal((await me(right)).status, 200)
      const cases: [title: string, token: string][] = [
        ['of another secret', signWithSecret({ ...RIGHT, sub }, 'k'.repeat(40))],
        ['of the key of our own tokens', signClaims({ ...RIGHT, sub, exp: nowInSeconds() + 60 })],
        ['without a signature', withoutSignature(right)],
        ['of another algorithm', signWithSecret({ ...RIGHT, sub }, undefined, { alg: 'HS512' })],
        ['by a key that is not known', signWithKey({ ...RIGHT, sub }, createSigningKey('RS256', 'x'))],
        ['expired', signWithSecret({ ...RIGHT, sub, exp: nowInSeconds() - 6 })],
        ['without an end', signWithSecret({ ...RIGHT, sub, exp: undefined })],
        ['not valid yet', signWithSecret({ ...RIGHT, sub, nbf: nowInSeconds() + 60 })],
        ['of another issuer', signWithSecret({ ...RIGHT, sub, iss: 'https://other.example' })],
        ['of no issuer', signWithSecret({ ...RIGHT, sub, iss: undefined })],
        ['for another audience', signWithSecret({ ...RIGHT, sub, aud: 'shop' })],
        ['for no audience', signWithSecret({ ...RIGHT, sub, aud: undefined })],
        ['of an account of ours', signWithSecret({ ...RIGHT, sub: 'cf~1' })],
        ['of no possible id', signWithSecret({ ...RIGHT, sub: 'a/b' })],
        ['of nobody', signWithSecret({ ...RIGHT })],
        ['with critical extensions', signWithSecret({ ...RIGHT, sub }, undefined, { crit: ['x'], x: 1 })],
        ['cut off', right.slice(0, -1)],
        ['of no form', 'x.y.z'],
        ['too long', signWithSecret({ ...RIGHT, sub, filler: 'x'.repeat(8_192) })]
      ]
      for (const [title, token] of cases) expectProblem(t, await me(token), 401, 'unauthenticated', title)
      t.equal((await me(signWithSecret({ ...RIGHT, sub, exp: nowInSeconds() - 2 }))).status, 200, 'clocks may differ')
      t.equal((await me(signWithSecret({ ...RIGHT, sub, aud: ['shop', 'chat'] }))).status, 200, 'one of several')
    })

    await t.test('accounts of ours have an id that no token can have', async (t) => {
      const { accessToken: bearer } = await register(cluster)
      const { status, body } = await me(bearer)
      t.equal(status, 200)
      t.match(at(body, 'id'), /^cf~\d+$/)
      t.match(at(body, 'id'), ID)
      const shown = (await cluster.get(`/v1/users/${textAt(body, 'id')}`, { bearer: writer })).body
      t.notOk(fieldsOf(shown).includes('email'), 'the address is for its owner alone')
      t.hasStrict(body, { ...Object(shown), email: textAt(body, 'email') })
      const put = await cluster.call('PUT', `/v1/users/${textAt(body, 'id')}`, { bearer: writer, body: {} })
      expectProblem(t, put, 404, 'unknown_user')
    })

    await t.test('nothing of a dialect finds a user of the application', async (t) => {
      const sub = uniqueName('user-')
      await me(signWithSecret({ ...RIGHT, sub }))
      const { accessToken } = await register(cluster)
      for (const receiver of [sub, `~${sub}`, `U~${sub}`]) {
        const created = await cluster.post('/chat/create-chat', { session_token: accessToken, receiver })
        t.equal(created.status, 400, receiver)
        t.equal((await cluster.post('/user/login', { username: receiver, password: '' })).status, 400, receiver)
        t.equal((await cluster.post('/api/auth/login', { email: receiver, password: '' })).status, 400, receiver)
      }
    })

    await t.test('tokens of before a moment are refused everywhere, and their sockets closed', async (t) => {
      const sub = uniqueName('user-')
      const [old, young] = [-100, 100].map((age) =>
        signWithSecret({ ...RIGHT, sub, iat: nowInSeconds() + age }))
      const without = signWithSecret({ ...RIGHT, sub, iat: undefined })
      const sockets = await Promise.all([old, without].flatMap((token = '') =>
        cluster.replicas.map((replica) => connect(t, replica, token))))
      const stays = await connect(t, cluster.replica(0), young ?? '')
      const revoke = (body: object, bearer = writer) =>
        cluster.post(`/v1/users/${sub}/tokens:revoke`, body, { bearer })
      expectProblem(t, await revoke({}, await keyWith('users:read')), 403, 'insufficient_scope')
      for (const before of NO_TIMES) expectProblem(t, await revoke({ before }), 400, 'invalid_input', before)
      t.equal((await revoke({ before: '2020-01-01T00:00:00Z' })).status, 204)
      t.equal((await me(old ?? '')).status, 200, 'it is younger than that')
      expectProblem(t, await me(without), 401, 'unauthenticated')
      t.equal((await revoke({})).status, 204)
      for (const socket of sockets) t.equal(await socket.closed(), POLICY_VIOLATION)
      for (const replica of cluster.replicas.keys()) {
        expectProblem(t, await me(old ?? '', replica), 401, 'unauthenticated')
        t.equal((await me(young ?? '', replica)).status, 200)
        await t.rejects(connect(t, cluster.replica(replica), old ?? ''), /closed with 1008/)
      }
      t.strictSame(await stays.barrier(), [])

      const unseen = uniqueName('user-')
      const early = signWithSecret({ ...RIGHT, sub: unseen })
      t.equal((await cluster.post(`/v1/users/${unseen}/tokens:revoke`, {}, { bearer: writer })).status, 204)
      expectProblem(t, await me(early), 401, 'unauthenticated', 'never seen before')
    })

    await t.test('sessions of an account end like tokens', async (t) => {
      const { accessToken } = await register(cluster)
      const id = textAt((await me(accessToken)).body, 'id')
      const socket = await connect(t, cluster.replica(1), accessToken)
      const revoke = (body: object) => cluster.post(`/v1/users/${id}/tokens:revoke`, body, { bearer: writer })
      t.equal((await revoke({ before: '2020-01-01T00:00:00Z' })).status, 204)
      t.equal((await me(accessToken)).status, 200)
      t.equal((await revoke({})).status, 204)
      t.equal(await socket.closed(), POLICY_VIOLATION)
      expectProblem(t, await me(accessToken), 401, 'unauthenticated')
      const nobody = await cluster.post('/v1/users/cf~999999999/tokens:revoke', {}, { bearer: writer })
      expectProblem(t, nobody, 404, 'unknown_user')
    })

    await t.test('a backend manages users by a key, within its scopes', async (t) => {
      const sub = uniqueName('user-')
      const put = (body: object, bearer = writer) => cluster.call('PUT', `/v1/users/${sub}`, { bearer, body })
      const user = { name: 'Bob', avatar: 'https://example.org/bob.png', data: { plan: { seats: 3 } } }
      const made = await put(user)
      t.equal(made.status, 201)
      t.hasStrict(made.body, { id: sub, ...user, version: 1 })
      t.equal(made.headers.get('etag'), '"1"')
      t.strictSame([(await put(user)).status, at((await put(user)).body, 'version')], [200, 1], 'nothing has changed')
      t.hasStrict((await put({})).body, { id: sub, name: sub, avatar: null, data: {}, version: 2 })

      const reader = await keyWith('users:read')
      t.strictSame((await cluster.get(`/v1/users/${sub}`, { bearer: reader })).body, (await put({})).body)
      expectProblem(t, await put({}, reader), 403, 'insufficient_scope')
      expectProblem(t, await put({}, await keyWith('chats:write')), 403, 'insufficient_scope')
      const token = signWithSecret({ ...RIGHT, sub })
      expectProblem(t, await put({}, token), 403, 'insufficient_scope', 'a user is no backend')
      t.equal((await cluster.get(`/v1/users/${sub}`, { bearer: token })).status, 200)
      expectProblem(t, await me(writer), 400, 'user_required', 'a key is no user')
      expectProblem(t, await cluster.get('/v1/users/nobody', { bearer: reader }), 404, 'unknown_user')
      const parseJson = (text: string): unknown => JSON.parse(text)
      const deep = parseJson(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`)
      const bodies: object[] = [
        { nickname: 'x' }, { avatar: 'javascript:alert(1)' }, { data: [] }, { data: { x: 'x'.repeat(8_192) } },
        { data: deep }, { data: { x: '\ud800' } }, { data: { x: '\0' } },
        { data: parseJson('{"__proto__":{}}') }
      ]
      for (const body of bodies) {
        expectProblem(t, await put(body), 400, 'invalid_input', JSON.stringify(body).slice(0, 40))
      }
      expectProblem(t, await put({ name: '\u0007' }), 400, 'invalid_name')
    })

    await t.test('a key that is revoked, expired or invented is refused on every replica', async (t) => {
      const sub = uniqueName('user-')
      await me(signWithSecret({ ...RIGHT, sub }))
      const get = (bearer: string, replica: number) => cluster.get(`/v1/users/${sub}`, { bearer, replica })
      const [revoked, expired] = [await keyWith('users:read'), await keyWith('users:read')]
      for (const replica of cluster.replicas.keys()) t.equal((await get(revoked, replica)).status, 200)
      await revokeApiKey(cluster.orm, revoked)
      await cluster.orm.update(apiKeys).set({ expiresAt: after(-1) })
      const invented = revoked.slice(0, -1) + (revoked.endsWith('A') ? 'B' : 'A')
      for (const replica of cluster.replicas.keys()) {
        for (const key of [revoked, expired, invented, 'cfk_', `${expired}x`])
          expectProblem(t, await get(key, replica), 401, 'unauthenticated')
      }
    })

    await t.test('tokens and keys are in no log', (t) => {
      t.notMatch(cluster.log.join(''), /cfk_|eyJ/)
      t.end()
    })
  },
  { environment, inspectable: true }
)
