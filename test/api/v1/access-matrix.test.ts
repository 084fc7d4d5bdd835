/**
 * Who gets in, route by route: a new route needs a row. What the roles of a chat may do is in chat-access.test.ts.
 */
import t from '../../support/tap.ts'
import { SCOPES, type Scope } from '../../../src/domain/accounts/api-keys.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, isRecord } from '../../support/data/json.ts'
import { signWithSecret } from '../../support/data/user-tokens.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

/**
 * `open` to anybody; of a `session` of an account; of the caller's `own` things; in a `chat`, for its members and keys;
 * of the `backend` alone, by an API key; of all `reports`, for operators and keys; of an `operator`, and keys by
 * themselves.
 */
type Family = 'open' | 'session' | 'own' | 'chat' | 'backend' | 'reports' | 'operator'
/** Tokens with the claim `chats` are good for the chats that it names; elsewhere they are refused. */
const HEEDED = 'heeded'
type Row = [route: string, family: Family, scope?: Scope | null, claim?: typeof HEEDED]

const ROWS: readonly Row[] = [
  ['POST /v1/auth/register', 'open'],
  ['POST /v1/auth/verify', 'open'],
  ['POST /v1/auth/login', 'open'],
  ['POST /v1/auth/refresh', 'open'],
  ['POST /v1/auth/logout', 'session'],
  ['POST /v1/auth/logout-all', 'session'],
  ['POST /v1/auth/password-reset', 'open'],
  ['POST /v1/auth/password-reset/confirm', 'open'],
  ['POST /v1/auth/change-password', 'session'],
  ['GET /v1/me/two-factor', 'session'],
  ['POST /v1/me/two-factor', 'session'],
  ['POST /v1/me/two-factor:confirm', 'session'],
  ['POST /v1/me/two-factor:remove', 'session'],
  ['POST /v1/me/two-factor:renew-codes', 'session'],
  ['GET /v1/me/sessions', 'session'],
  ['DELETE /v1/me/sessions', 'session'],
  ['DELETE /v1/me/sessions/{session}', 'session'],
  ['GET /v1/me', 'own', 'users:read', HEEDED],
  ['PATCH /v1/me', 'own', 'users:write', HEEDED],
  ['PUT /v1/me/avatar', 'own', 'users:write', HEEDED],
  ['DELETE /v1/me/avatar', 'own', 'users:write', HEEDED],
  ['GET /v1/avatars/{avatar}', 'open'],
  ['POST /v1/me:erase', 'session'],
  ['GET /v1/me/presence', 'own', 'users:read', HEEDED],
  ['PUT /v1/me/presence', 'own', 'users:write'],
  ['GET /v1/users', 'own', 'users:read', HEEDED],
  ['GET /v1/users/{user}', 'own', 'users:read', HEEDED],
  ['POST /v1/users/{user}:export', 'backend', 'users:read'],
  ['PUT /v1/users/{user}', 'backend', 'users:write'],
  ['PATCH /v1/users/{user}', 'backend', 'users:write'],
  ['DELETE /v1/users/{user}', 'backend', 'users:write'],
  ['POST /v1/users:batch', 'backend', 'users:write'],
  ['POST /v1/users/{user}:suspend', 'backend', 'users:write'],
  ['POST /v1/users/{user}:resume', 'backend', 'users:write'],
  ['POST /v1/users/{user}/tokens:revoke', 'backend', 'users:write'],
  ['GET /v1/keys', 'backend', 'keys:read'],
  ['GET /v1/keys/{key}', 'backend', 'keys:read'],
  ['POST /v1/keys', 'backend', 'keys:write'],
  ['DELETE /v1/keys/{key}', 'backend', 'keys:write'],
  ['GET /v1/webhooks', 'backend', 'webhooks:read'],
  ['GET /v1/webhooks/{webhook}', 'backend', 'webhooks:read'],
  ['POST /v1/webhooks', 'backend', 'webhooks:write'],
  ['PATCH /v1/webhooks/{webhook}', 'backend', 'webhooks:write'],
  ['DELETE /v1/webhooks/{webhook}', 'backend', 'webhooks:write'],
  ['POST /v1/webhooks/{webhook}:rotate-secret', 'backend', 'webhooks:write'],
  ['POST /v1/webhooks/{webhook}:test', 'backend', 'webhooks:write'],
  ['GET /v1/webhooks/{webhook}/deliveries', 'backend', 'webhooks:read'],
  ['POST /v1/webhooks/{webhook}/deliveries:replay', 'backend', 'webhooks:write'],
  ['GET /v1/hooks/before-message', 'backend', 'webhooks:read'],
  ['PUT /v1/hooks/before-message', 'backend', 'webhooks:write'],
  ['DELETE /v1/hooks/before-message', 'backend', 'webhooks:write'],
  ['GET /v1/feed', 'own', null, HEEDED],
  ['GET /v1/chats', 'own', 'chats:read', HEEDED],
  ['GET /v1/chats/{chat}', 'chat', 'chats:read', HEEDED],
  ['POST /v1/chats', 'own', 'chats:write'],
  ['PUT /v1/chats/{chat}', 'chat', 'chats:write'],
  ['PUT /v1/chats:direct', 'own', 'chats:write'],
  ['PATCH /v1/chats/{chat}', 'chat', 'chats:write'],
  ['DELETE /v1/chats/{chat}', 'chat', 'chats:write'],
  ['PUT /v1/chats/{chat}/avatar', 'chat', 'chats:write'],
  ['DELETE /v1/chats/{chat}/avatar', 'chat', 'chats:write'],
  ['GET /v1/chats/{chat}/me', 'chat', 'chats:read', HEEDED],
  ['POST /v1/chats/{chat}:join', 'chat', 'chats:write'],
  ['POST /v1/chats/{chat}:leave', 'chat', 'chats:write'],
  ['POST /v1/chats/{chat}:transfer', 'chat', 'chats:write'],
  ['POST /v1/chats/{chat}:freeze', 'chat', 'chats:write'],
  ['POST /v1/chats/{chat}:unfreeze', 'chat', 'chats:write'],
  ['PATCH /v1/chats/{chat}/me', 'chat', 'chats:write'],
  ['GET /v1/chats/{chat}/members', 'chat', 'chats:read', HEEDED],
  ['POST /v1/chats/{chat}/members', 'chat', 'chats:write'],
  ['PUT /v1/chats/{chat}/members/{user}', 'chat', 'chats:write'],
  ['PATCH /v1/chats/{chat}/members/{user}', 'chat', 'chats:write'],
  ['DELETE /v1/chats/{chat}/members/{user}', 'chat', 'chats:write'],
  ['GET /v1/chats/{chat}/invites', 'chat', 'chats:read'],
  ['GET /v1/chats/{chat}/invites/{invite}', 'chat', 'chats:read'],
  ['POST /v1/chats/{chat}/invites', 'chat', 'chats:write'],
  ['DELETE /v1/chats/{chat}/invites/{invite}', 'chat', 'chats:write'],
  ['POST /v1/invites/{code}:accept', 'own', 'chats:write'],
  ['GET /v1/chats/{chat}/bans', 'chat', 'moderation:read'],
  ['GET /v1/chats/{chat}/bans/{user}', 'chat', 'moderation:read'],
  ['PUT /v1/chats/{chat}/bans/{user}', 'chat', 'moderation:write'],
  ['DELETE /v1/chats/{chat}/bans/{user}', 'chat', 'moderation:write'],
  ['POST /v1/reports', 'chat', 'moderation:write'],
  ['GET /v1/moderation/reports', 'reports', 'moderation:read'],
  ['GET /v1/moderation/reports/{report}', 'own', 'moderation:read'],
  ['PATCH /v1/moderation/reports/{report}', 'own', 'moderation:write'],
  ['GET /v1/audit-log', 'operator', 'ops:read'],
  ['GET /v1/health-report', 'operator', 'ops:read'],
  ['GET /v1/chat-types', 'own', 'chats:read'],
  ['PUT /v1/chat-types/{type}', 'backend', 'chats:write'],
  ['POST /v1/sync', 'own', null, HEEDED],
  ['GET /v1/realtime', 'open'],
  ['GET /v1/realtime/sse', 'own', null, HEEDED],
  ['GET /v1/chats/{chat}/messages', 'chat', 'messages:read', HEEDED],
  ['GET /v1/chats/{chat}/messages/{seq}', 'chat', 'messages:read', HEEDED],
  ['GET /v1/chats/{chat}/messages/{seq}/versions', 'chat', 'messages:read', HEEDED],
  ['GET /v1/chats/{chat}/messages/{seq}/reactions', 'chat', 'messages:read', HEEDED],
  ['GET /v1/chats/{chat}/pins', 'chat', 'messages:read', HEEDED],
  ['GET /v1/chats/{chat}/receipts', 'chat', 'messages:read', HEEDED],
  ['GET /v1/chats/{chat}/events', 'chat', 'messages:read', HEEDED],
  ['POST /v1/chats/{chat}/messages', 'chat', 'messages:write', HEEDED],
  ['PATCH /v1/chats/{chat}/messages/{seq}', 'chat', 'messages:write', HEEDED],
  ['DELETE /v1/chats/{chat}/messages/{seq}', 'chat', 'messages:write', HEEDED],
  ['PUT /v1/chats/{chat}/messages/{seq}/reactions/{emoji}', 'chat', 'messages:write', HEEDED],
  ['DELETE /v1/chats/{chat}/messages/{seq}/reactions/{emoji}', 'chat', 'messages:write', HEEDED],
  ['PUT /v1/chats/{chat}/pins/{seq}', 'chat', 'messages:write', HEEDED],
  ['DELETE /v1/chats/{chat}/pins/{seq}', 'chat', 'messages:write', HEEDED],
  ['PUT /v1/chats/{chat}/read', 'chat', 'messages:write', HEEDED],
  ['PUT /v1/chats/{chat}/typing', 'chat', 'messages:write', HEEDED],
  ['POST /v1/files', 'chat', 'files:write', HEEDED],
  ['GET /v1/files/{file}', 'own', 'files:read', HEEDED],
  ['DELETE /v1/files/{file}', 'own', 'files:write', HEEDED],
  ['PUT /v1/files/{file}/content', 'open'],
  ['GET /v1/files/{file}/content', 'open'],
  ['GET /v1/files/{file}/thumbnail', 'open'],
  ['GET /v1/search/messages', 'own', 'messages:read', HEEDED],
  ['GET /v1/me/blocks', 'own', 'users:read'],
  ['GET /v1/me/blocks/{user}', 'own', 'users:read'],
  ['PUT /v1/me/blocks/{user}', 'own', 'users:write'],
  ['DELETE /v1/me/blocks/{user}', 'own', 'users:write'],
  ['GET /v1/push', 'open'],
  ['GET /v1/me/devices', 'own', 'users:read'],
  ['GET /v1/me/devices/{device}', 'own', 'users:read'],
  ['PUT /v1/me/devices/{device}', 'own', 'users:write'],
  ['DELETE /v1/me/devices/{device}', 'own', 'users:write'],
  ['GET /v1/me/notifications', 'own', 'users:read'],
  ['PUT /v1/me/notifications', 'own', 'users:write'],
  ['GET /v1/unsubscribe', 'open'],
  ['POST /v1/unsubscribe', 'open'],
  ['GET /v1/me/unread', 'own', 'messages:read', HEEDED],
  ['GET /v1/me/receipts', 'own', 'messages:read', HEEDED],
  ['PUT /v1/me/receipts', 'own', 'messages:write']
]

/** Codes that keep a caller out; whatever else is answered, the caller is in. */
const REFUSALS = [
  'unauthenticated', 'suspended', 'insufficient_scope', 'unknown_chat', 'chat_exists', 'not_an_operator'
]
const BY_ITSELF = /by itself, not on behalf/

/** What each caller gets. */
type Outcomes = Record<
  | 'noToken' | 'garbage' | 'expired' | 'suspended' | 'stranger' | 'former' | 'narrowedHere' | 'narrowedElsewhere'
  | 'member' | 'onBehalfOfMember' | 'onBehalfOfStranger' | 'onBehalfOfSuspended' | 'keyWithOtherScopes'
  | 'keyWithScope', string
>

function expectedOf ([route, family, scope, claim]: Row): Outcomes {
  const all = (outcome: string): Outcomes => ({
    noToken: 'unauthenticated', garbage: 'unauthenticated', expired: 'unauthenticated',
    suspended: 'unauthenticated', stranger: outcome, former: outcome,
    narrowedHere: outcome, narrowedElsewhere: outcome, member: outcome,
    onBehalfOfMember: outcome, onBehalfOfStranger: outcome, onBehalfOfSuspended: outcome,
    keyWithOtherScopes: outcome, keyWithScope: outcome
  })
  if (family === 'session') return all('unauthenticated')
  const keys = scope === null
    ? {
        onBehalfOfMember: 'unauthenticated', onBehalfOfStranger: 'unauthenticated',
        onBehalfOfSuspended: 'unauthenticated', keyWithOtherScopes: 'unauthenticated', keyWithScope: 'unauthenticated'
      }
    : { keyWithOtherScopes: 'insufficient_scope', keyWithScope: 'in' }
  if (family === 'backend') {
    return {
      ...all('insufficient_scope'), onBehalfOfMember: 'by itself', onBehalfOfStranger: 'by itself',
      onBehalfOfSuspended: 'by itself', ...keys,
      // The example grants more than the key has.
      ...(route === 'POST /v1/keys' && { keyWithScope: 'insufficient_scope' })
    }
  }
  if (family === 'reports' || family === 'operator') {
    const own = { narrowedHere: 'insufficient_scope', narrowedElsewhere: 'insufficient_scope', ...keys }
    const byItself = {
      onBehalfOfMember: 'by itself', onBehalfOfStranger: 'by itself', onBehalfOfSuspended: 'by itself'
    }
    const others = family === 'operator' ? byItself : { onBehalfOfSuspended: 'suspended' }
    return { ...all('not_an_operator'), ...others, ...own }
  }
  const outside = family === 'own' ? 'in' : route === 'PUT /v1/chats/{chat}' ? 'chat_exists' : 'unknown_chat'
  return {
    ...all('in'), stranger: outside, former: outside, onBehalfOfStranger: outside, onBehalfOfSuspended: 'suspended',
    narrowedHere: claim === HEEDED ? 'in' : 'insufficient_scope',
    narrowedElsewhere: claim === HEEDED ? outside : 'insufficient_scope',
    ...keys
  }
}

await onOneDeployment(t, async (t, cluster) => {
  const { openapi, routes } = cluster.replica(0).app.documents()
  const own = routes.filter(({ face }) => face.prefix === '/v1')
    .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  t.strictSame(ROWS.map(([route]) => route).sort(), own.sort(), 'each route has a row')

  const [owner, member, actedFor, other] = [
    await newUser(cluster), await newUser(cluster), await newUser(cluster), await newUser(cluster)
  ]
  const [stranger, former, suspended] = [await newUser(cluster), await newUser(cluster), await newUser(cluster)]
  const writer = await newKey(cluster, 'users:write', 'chats:write')
  await writer.call('POST', `/users/${suspended.id}:suspend`, {})
  const keys = new Map<string, string>()
  const keyWith = async (scopes: readonly Scope[]) => {
    const bearer = keys.get(scopes.join()) ?? (await newKey(cluster, ...scopes)).bearer
    keys.set(scopes.join(), bearer)
    return bearer
  }
  /** A group of which `former` has been a member. */
  const newChat = async (): Promise<string> => {
    const id = uniqueName('chat-')
    const others = [member, actedFor, other, former].map(({ id: user }) => ({ user }))
    const members = [{ user: owner.id, role: 'owner' }, ...others]
    await writer.call('PUT', `/chats/${id}`, { type: 'group', members })
    const { status } = await writer.call('DELETE', `/chats/${id}/members/${former.id}`)
    if (status !== 200) throw new Error(`The member was not removed: ${String(status)}`)
    return id
  }
  const exampleOf = (method: string, path: string): unknown => {
    const content = at(openapi, 'paths', path, method.toLowerCase(), 'requestBody', 'content', 'application/json')
    return at(content, 'example') ?? at(content, 'schema', 'examples', 0)
  }

  await t.test('an id with a character that none has is refused in a sentence', async (t) => {
    const everything = await keyWith(SCOPES)
    for (const [route] of ROWS.filter(([path]) => path.includes('{'))) {
      const [method = '', path = ''] = route.split(' ')
      const example = exampleOf(method, path)
      for (const id of ['a%2Fb', 'a%3Ab', 'a%20b', 'x'.repeat(65)]) {
        const { status, body } = await cluster.call(method, path.replace(/\{\w+\}/g, id), {
          bearer: everything, ...(example !== undefined && { body: example })
        })
        const [code, isChecked] = [at(body, 'code'), /^\/v1\/(?:me\/blocks|users|chats)\/\{/.test(path)]
        const refusals = ['invalid_input', ...(isChecked ? [] : ['user_required', 'unauthenticated'])]
        const isRefused = refusals.includes(String(code)) || (!isChecked && status === 404 && code !== 'unknown_route')
        t.ok(isRefused, `${method} ${path} with ${id.slice(0, 9)}: ${String(status)} ${String(code)}`)
      }
    }
  })

  for (const row of ROWS) {
    const [route, family, scope = null] = row
    if (family === 'open') continue
    await t.test(route, async (t) => {
      const [method = '', path = ''] = route.split(' ')
      const chat = family === 'chat' ? await newChat() : ''
      const target = path
        .replace('{chat}', chat)
        .replace('{user}', family === 'chat' ? other.id : uniqueName('nobody-'))
        .replace(/\{(seq|invite)\}/, '1')
        .replace('{emoji}', '%F0%9F%91%8D')
        .replace(/\{\w+\}/g, 'x')
      const given = exampleOf(method, path)
      // Where the chat is in the body.
      const example = isRecord(given) && 'chat' in given ? { ...given, chat } : given
      const outcome = async (bearer: string | undefined, userId?: string): Promise<string> => {
        const { body } = await cluster.call(method, target, {
          ...(bearer !== undefined && { bearer }),
          ...(userId !== undefined && { headers: { 'confab-on-behalf-of': userId } }),
          ...(example !== undefined && { body: example })
        })
        if (BY_ITSELF.test(String(at(body, 'detail')))) return 'by itself'
        return REFUSALS.find((code) => code === at(body, 'code')) ?? 'in'
      }
      const narrowed = (id: string) => signWithSecret({ sub: member.id, chats: { [id]: ['read', 'post'] } })
      const granting = SCOPES.filter((each) => each === scope || each === scope?.replace(':read', ':write'))
      const key = await keyWith(scope === null ? SCOPES : [scope])
      const asked: [caller: string, bearer: string | undefined, userId?: string][] = [
        ['noToken', undefined],
        ['garbage', 'garbage'],
        ['expired', signWithSecret({ sub: member.id, exp: 1 })],
        ['suspended', suspended.bearer],
        ['stranger', stranger.bearer],
        ['former', former.bearer],
        ['narrowedHere', narrowed(chat === '' ? 'some-chat' : chat)],
        ['narrowedElsewhere', narrowed('another-chat')],
        ['member', member.bearer],
        ['onBehalfOfMember', key, actedFor.id],
        ['onBehalfOfStranger', key, stranger.id],
        ['onBehalfOfSuspended', key, suspended.id],
        ['keyWithOtherScopes', await keyWith(SCOPES.filter((each) => !granting.includes(each)))]
      ]
      const got = await Promise.all(asked.map(async ([caller, ...by]) => [caller, await outcome(...by)]))
      // It stands above the rights of members, and may have deleted the chat.
      t.strictSame({ ...Object.fromEntries(got), keyWithScope: await outcome(key) }, expectedOf(row))
    })
  }
}, { environment: USER_TOKENS, inspectable: true })
