import t from '../../support/tap.ts'
import { createApiKey, SCOPES, type Scope } from '../../../src/domain/accounts/api-keys.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { addV1Chat, addV1User, connectRealtime, request } from '../../support/clients/realtime.ts'
import { connect } from '../../support/clients/socket.ts'
import { register } from '../../support/data/accounts.ts'
import { at } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { signWithSecret, USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

/** Accounts of ours, the socket, which has its token in its first frame, and contents, whose links have theirs. */
const WITHOUT_KEYS = [
  '/v1/me/sessions', '/v1/me/two-factor', '/v1/me:erase', '/v1/realtime', '/v1/files/{file}/content',
  '/v1/files/{file}/thumbnail', '/v1/avatars/{avatar}', '/v1/push', '/v1/unsubscribe'
]

await onEmbedded(
  t,
  async (t, cluster) => {
    const keyWith = (scopes: readonly Scope[]) => createApiKey(cluster.orm, { name: 'a test', scopes, expiresAt: null })

    await t.test('each route says who may call it, and no key gets in without its scope', async (t) => {
      const { routes } = cluster.replica(0).app.documents()
      const own = routes.filter(({ face, path }) => face.prefix === '/v1' && !path.startsWith('/v1/auth/'))
      const keys = new Map<string, string>()
      const statusWith = async (method: string, path: string, scopes: readonly Scope[]) => {
        const name = scopes.join()
        const bearer = keys.get(name) ?? await keyWith(scopes)
        keys.set(name, bearer)
        const { status, body } = await cluster.call(method.toUpperCase(), path.replace(/\{\w+\}/g, 'x'), {
          bearer, ...(['put', 'post', 'patch'].includes(method) && { body: {} })
        })
        return ['insufficient_scope', 'unauthenticated'].includes(String(at(body, 'code'))) ? status : 200
      }
      for (const { method, path, route: { config } } of own) {
        const { callers } = config ?? {}
        if (callers === undefined) {
          t.ok(WITHOUT_KEYS.some((beginning) => path.startsWith(beginning)), `${method} ${path} says who may call it`)
          continue
        }
        const { key } = callers
        const granting = SCOPES.filter((scope) => scope === key || scope === key?.replace(':read', ':write'))
        for (const scope of granting)
          t.equal(await statusWith(method, path, [scope]), 200, `${method} ${path} ${scope}`)
        const others = SCOPES.filter((scope) => !granting.includes(scope))
        const refusal = key === undefined ? 401 : 403
        t.equal(await statusWith(method, path, others), refusal, `${method} ${path} with all other scopes`)
      }
      t.ok(own.length >= 8)
    })

    await t.test('a key acts for a user where users may', async (t) => {
      const sub = uniqueName('user-')
      const [reader, writer] = [await keyWith(['users:read']), await keyWith(['users:write'])]
      const me = (userId?: string) => cluster.get('/v1/me', {
        bearer: reader, ...(userId !== undefined && { headers: { 'confab-on-behalf-of': userId } })
      })
      expectProblem(t, await me(), 400, 'user_required')
      expectProblem(t, await me(sub), 404, 'unknown_user')
      t.equal((await cluster.call('PUT', `/v1/users/${sub}`, { bearer: writer, body: {} })).status, 201)
      t.strictSame(at((await me(sub)).body, 'id'), sub)
      const { accessToken } = await register(cluster)
      const account = (await cluster.get('/v1/me', { bearer: accessToken })).body
      t.strictSame((await me(String(at(account, 'id')))).body, account)
      const headers = { 'confab-on-behalf-of': sub }
      const put = await cluster.call('PUT', `/v1/users/${sub}`, { bearer: writer, headers, body: {} })
      expectProblem(t, put, 400, 'invalid_input')
      const other = signWithSecret({ sub: uniqueName('user-') })
      t.not(at((await cluster.get('/v1/me', { bearer: other, headers })).body, 'id'), sub, 'a user acts for nobody')
    })

    await t.test('a token that is narrowed to chats is good where that is heeded', async (t) => {
      const claim = (chats: unknown) => signWithSecret({ sub: uniqueName('user-'), chats })
      const narrowed = claim({ 'order-1': ['read', 'post'], 'team-*': ['read'] })
      t.equal((await cluster.get('/v1/me', { bearer: narrowed })).status, 200)
      await t.rejects(connect(t, cluster.replica(0), narrowed), /closed with 1008/)
      for (const chats of [null, [], 'all', { a: 'read' }, { a: ['write'] }, { 'a*b': ['read'] }, { 'a/b': [] }])
        expectProblem(t, await cluster.get('/v1/me', { bearer: claim(chats) }), 401, 'unauthenticated')
    })

    await t.test('such a token sees and changes nothing else, by requests and by its socket', async (t) => {
      const user = await addV1User(cluster, 'user')
      const [full, readable, foreign] = [
        await addV1Chat(cluster.orm, [user.userId]), await addV1Chat(cluster.orm, [user.userId]),
        await addV1Chat(cluster.orm, [user.userId])
      ]
      const chats = { [full.id]: ['read', 'post'], [readable.id]: ['read'] }
      const token = signWithSecret({ sub: user.id, chats })
      const post = (chat: string, bearer: string) =>
        cluster.post(`/v1/chats/${chat}/messages`, { text: 'Hello' }, { bearer })
      t.equal((await post(full.id, token)).status, 201)
      expectProblem(t, await post(readable.id, token), 403, 'forbidden')
      expectProblem(t, await post(foreign.id, token), 404, 'unknown_chat')
      t.equal((await post(foreign.id, user.token)).status, 201, 'the user could')
      for (const [chat, status] of [[full, 200], [readable, 200], [foreign, 404]] as const)
        t.equal((await cluster.get(`/v1/chats/${chat.id}/events`, { bearer: token })).status, status)

      const socket = await connectRealtime(t, cluster.replica(0), token)
      const { before } = await request(socket, { type: 'subscribe', chats: [
        { chat: full.id }, { chat: readable.id }, { chat: foreign.id }
      ] })
      const codes = before.map((frame) => [frame['chat'], frame['type'] === 'problem' ? frame['code'] : frame['type']])
      t.strictSame(codes.sort(), [
        [full.id, 'subscribed'], [readable.id, 'subscribed'], [foreign.id, 'unknown_chat']
      ].sort())
      const send = async (chat: string) =>
        (await request(socket, { type: 'send', chat, client_id: uniqueName('id-'), text: 'x' })).answer
      t.hasStrict(await send(full.id), { type: 'ack' })
      t.hasStrict(await send(readable.id), { type: 'problem', code: 'forbidden' })
      t.hasStrict(await send(foreign.id), { type: 'problem', code: 'unknown_chat' })
      const renew = async (claims: object) =>
        (await request(socket, { type: 'token', token: signWithSecret({ sub: user.id, ...claims }) })).answer
      t.hasStrict(await renew({}), { type: 'problem', code: 'unauthenticated' }, 'it would follow more')
      t.hasStrict(await renew({ chats }), { type: 'ack' })
    })
  },
  { environment: { USER_TOKEN_SECRET: USER_TOKEN_SECRETS[0] }, inspectable: true }
)
