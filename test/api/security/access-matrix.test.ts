/**
 * The authorization matrix: every HTTP route and every frame, requested in every role from a participant to a client
 * with a forged token. A route or a frame without a row fails the test.
 */
import t, { type Test } from '../../support/tap.ts'
import { ACTION_TYPES } from '../../../src/api/chatcli/ws/frames.ts'
import type { CallOptions } from '../../support/clients/http.ts'
import { openSocket, type Frame } from '../../support/clients/socket.ts'
import { createChat, newRegistration, register, type Account } from '../../support/data/accounts.ts'
import { logInEmote, newEmoteRegistration, registerEmote } from '../../support/data/emotechat.ts'
import { routesOf } from '../../support/data/routes.ts'
import { eventually } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'
import { claimsOf, signClaims, withoutSignature } from '../../support/data/jwt.ts'

const ROLES = [
  'participant',
  'other dialect',
  'outsider',
  'one who left',
  'unverified',
  'anonymous',
  'revoked',
  'refresh token',
  'forged',
  'alg none',
  'expired'
] as const
type Role = (typeof ROLES)[number]
/** Roles without a valid session: they are refused before the rest of the request is looked at. */
const NOBODY: readonly Role[] = ['anonymous', 'revoked', 'refresh token', 'forged', 'alg none', 'expired']

/** The fixtures of the requests. `chatOf` returns the chat in which, or outside which, the user of a role is. */
type Scene = {
  cluster: Cluster
  ann: Account
  chatOf: (role: Role) => number
  tokenOf: (role: Role, isEmote: boolean) => string | undefined
}

type Request = (scene: Scene, role: Role) => CallOptions | Promise<CallOptions>
/** A request and the status of its answer, for all roles with a valid session; `except` has the roles that differ. */
type Row = { request?: Request | undefined, isPublic?: true, status: number, except?: Partial<Record<Role, number>> }

/** A route without authentication: the answer is the same in every role. */
const open = (status: number, request?: Request): Row => ({ status, isPublic: true, request })
const about =
  (fields: (chatID: number) => object): Request =>
    ({ chatOf }, role) => ({ body: fields(chatOf(role)) })
const STRANGERS = { outsider: 404, 'one who left': 404, unverified: 404 }

/** The names of the parameters are no ids; `v1/messages.test.ts` has the roles in chats. */
const V1_MESSAGES: Record<string, Row> = Object.fromEntries(([
  ['GET', 'messages'], ['POST', 'messages', { text: 'x' }], ['GET', 'messages/:seq'],
  ['PATCH', 'messages/:seq', { text: 'x' }], ['DELETE', 'messages/:seq'], ['GET', 'messages/:seq/versions'],
  ['GET', 'messages/:seq/reactions'], ['PUT', 'messages/:seq/reactions/:emoji'],
  ['DELETE', 'messages/:seq/reactions/:emoji'], ['GET', 'pins'], ['PUT', 'pins/:seq'], ['DELETE', 'pins/:seq'],
  ['PUT', 'read', { seq: 1 }], ['GET', 'receipts'], ['PUT', 'typing'], ['GET', 'events']
] as const).map(([method, target, body]) => [
  `${method} /v1/chats/:chat/${target}`,
  { status: 404, ...(body !== undefined && { request: () => ({ body }) }) }
]))

/** In the order in which they are requested: those that end a session or a membership come last. */
const ROWS: Record<string, Row> = {
  'GET /': open(200),
  'GET /chat': open(200),
  'GET /user': open(200),
  'GET /livez': open(200),
  'GET /readyz': open(200),
  'GET /openapi.json': open(200),
  'GET /asyncapi.json': open(200),
  'GET /docs': open(200),
  'GET /errors/:code': open(404),
  'GET /app': open(200),
  'GET /app/app.webmanifest': open(200),
  'GET /app/sw.js': open(200),
  'GET /app/assets/*': open(404),
  'GET /subscribe': open(200),
  'GET /verify-connection': open(200),
  'POST /verify-connection': open(200, () => ({ body: {} })),
  'GET /ws': open(400),
  'GET /ws/:id': open(400),
  'GET /v1/realtime': open(400),
  'GET /v1/realtime/sse': { status: 400 },
  'GET /v1/feed': { status: 200 },
  'POST /v1/sync': { status: 200, request: () => ({ body: { pos: null, epoch: null } }) },
  'POST /subscribe': open(200, () => ({ body: { email: newRegistration().email } })),
  'POST /user/register': open(200, () => ({ body: newRegistration() })),
  'POST /user/resend-verification': open(200, ({ ann }) => ({ body: { username: ann.username } })),
  'GET /user/enable-account': open(400),
  'POST /user/enable-account': open(400, ({ ann }) => ({ body: { username: ann.username, token: 'cen_x' } })),
  'POST /user/verify-email': open(400, ({ ann }) => ({ body: { username: ann.username, email_token: '000000' } })),
  'GET /user/verify-email': open(400),
  'POST /user/login': open(200, ({ ann: { username, password } }) => ({ body: { username, password } })),
  'POST /user/refresh-token': open(401, () => ({ body: { refresh_token: 'cfr_nonsense' } })),
  'POST /user/reset-password-request': open(200, ({ ann: { username } }) => ({ body: { username } })),
  'GET /user/reset-password': open(400),
  'POST /user/reset-password': open(400, ({ ann: { username, password } }) => ({
    body: { token: 'cpr_nonsense', username, password, confirm_password: password }
  })),
  'POST /api/auth/register': open(200, () => ({ body: newEmoteRegistration() })),
  'POST /api/auth/login': open(200, ({ ann: { email, password } }) => ({ body: { email, password } })),
  'POST /api/password/reset-request': open(200, ({ ann: { email } }) => ({ body: { email } })),
  'POST /api/password/reset': open(400, () => ({
    body: { token: 'cpr_nonsense', password: 'a pass phrase that is long' }
  })),
  'GET /api/auth/validate': { status: 200 },
  'GET /api/conversations': { status: 200 },
  'GET /api/profile/users': { status: 200 },
  'POST /chat/fetch-chats': { status: 200, request: () => ({ body: {} }) },
  'POST /chat/fetch-archived': { status: 200, request: () => ({ body: {} }) },
  'POST /chat/archive-chat': { status: 200, except: STRANGERS, request: about((chatID) => ({ chatID })) },
  'POST /chat/unarchive-chat': { status: 200, except: STRANGERS, request: about((chatID) => ({ chatID })) },
  'POST /chat/create-group': {
    status: 200,
    request: async ({ cluster }) => ({ body: { name: 'Lunch', members: [(await register(cluster)).username] } })
  },
  // The chats of the scene are no groups; `chatcli/groups.test.ts` has the roles of those.
  'POST /chat/get-members': { status: 404, request: about((chatID) => ({ chatID })) },
  'POST /chat/add-members': { status: 404, request: about((chatID) => ({ chatID, members: ['ann'] })) },
  'POST /chat/remove-members': { status: 404, request: about((chatID) => ({ chatID, members: ['ann'] })) },
  'POST /chat/create-chat': {
    status: 200,
    request: async ({ cluster }) => ({ body: { receiver: (await register(cluster)).username } })
  },
  'POST /chat/messages': { status: 200, except: STRANGERS, request: about((chatID) => ({ chatID })) },
  'GET /v1/chats': { status: 200 },
  'GET /v1/chat-types': { status: 200 },
  'PUT /v1/chat-types/:type': { status: 403, request: () => ({ body: {} }) },
  'POST /v1/chats': { status: 400, request: () => ({ body: {} }) },
  'PUT /v1/chats:direct': { status: 400, request: () => ({ body: {} }) },
  'GET /v1/chats/:chat': { status: 200, except: STRANGERS },
  'PUT /v1/chats/:chat': { status: 200, request: () => ({ body: { type: 'direct' } }), except: STRANGERS },
  'PATCH /v1/chats/:chat': { status: 403, request: () => ({ body: {} }), except: STRANGERS },
  'DELETE /v1/chats/:chat': { status: 403, except: STRANGERS },
  'POST /v1/chats/:chat:join': { status: 200, request: () => ({ body: {} }), except: STRANGERS },
  'POST /v1/chats/:chat:leave': { status: 404, request: () => ({ body: { new_owner: 'nobody' } }) },
  'POST /v1/chats/:chat:transfer': { status: 404, request: () => ({ body: { user: 'nobody' } }) },
  'POST /v1/chats/:chat:freeze': { status: 403, request: () => ({ body: {} }), except: STRANGERS },
  'POST /v1/chats/:chat:unfreeze': { status: 403, request: () => ({ body: {} }), except: STRANGERS },
  'GET /v1/chats/:chat/me': { status: 200, except: STRANGERS },
  'PATCH /v1/chats/:chat/me': { status: 200, request: () => ({ body: {} }), except: STRANGERS },
  'GET /v1/chats/:chat/members': { status: 200, except: STRANGERS },
  'POST /v1/chats/:chat/members': { status: 403, request: () => ({ body: { members: [] } }), except: STRANGERS },
  'PUT /v1/chats/:chat/members/:user': { status: 403, request: () => ({ body: {} }), except: STRANGERS },
  'PATCH /v1/chats/:chat/members/:user': { status: 404, request: () => ({ body: {} }) },
  'DELETE /v1/chats/:chat/members/:user': { status: 404 },
  'GET /v1/chats/:chat/invites': { status: 403, except: STRANGERS },
  'POST /v1/chats/:chat/invites': { status: 403, request: () => ({ body: {} }), except: STRANGERS },
  'GET /v1/chats/:chat/invites/:invite': { status: 404 },
  'DELETE /v1/chats/:chat/invites/:invite': { status: 404 },
  'GET /v1/chats/:chat/bans': { status: 403, except: STRANGERS },
  // The name of the parameter is no id of a user.
  'GET /v1/chats/:chat/bans/:user': { status: 403, except: STRANGERS },
  'PUT /v1/chats/:chat/bans/:user': { status: 404, request: () => ({ body: {} }) },
  'DELETE /v1/chats/:chat/bans/:user': { status: 404 },
  'POST /v1/reports': { status: 404, request: () => ({ body: { user: 'nobody', reason: 'spam' } }) },
  'GET /v1/moderation/reports': { status: 403 },
  'GET /v1/moderation/reports/:report': { status: 404 },
  'PATCH /v1/moderation/reports/:report': { status: 404, request: () => ({ body: { status: 'resolved' } }) },
  'GET /v1/audit-log': { status: 403 },
  'GET /v1/health-report': { status: 403 },
  'POST /v1/invites/:code:accept': { status: 404, request: () => ({ body: {} }) },
  'POST /chat/delete-chat': { status: 200, except: STRANGERS, request: about((chatID) => ({ chatID })) },
  'POST /user/profile': { status: 200, request: () => ({ body: {} }) },
  // A session, and then nothing to do.
  'POST /user/submit-profile': { status: 400, request: () => ({ body: {} }) },
  'POST /user/change-password': {
    status: 403,
    request: () => ({ body: { current_password: 'Wrong-Pass-1', new_password: 'Correct-Horse-2' } })
  },
  'POST /v1/auth/register': open(204, () => ({ body: newRegistration() })),
  'POST /v1/auth/verify': open(400, ({ ann: { username } }) => ({ body: { username, code: '000000' } })),
  'POST /v1/auth/login': open(200, ({ ann: { username, password } }) => ({ body: { username, password } })),
  'POST /v1/auth/refresh': open(401, () => ({ body: { refresh_token: 'cfr_nonsense' } })),
  'POST /v1/auth/password-reset': open(204, () => ({ body: { email: newRegistration().email } })),
  'POST /v1/auth/password-reset/confirm': open(400, () => ({
    body: { token: 'cpr_nonsense', new_password: 'a pass phrase that is long' }
  })),
  'GET /v1/me/sessions': { status: 200 },
  'POST /v1/auth/change-password': {
    status: 403,
    request: () => ({ body: { current_password: 'Wrong-Pass-1', new_password: 'a pass phrase that is long' } })
  },
  'GET /v1/me/two-factor': { status: 200 },
  'POST /v1/me/two-factor': { status: 403, request: () => ({ body: { password: 'Wrong-Pass-1' } }) },
  'POST /v1/me/two-factor:confirm': { status: 404, request: () => ({ body: { code: '000000' } }) },
  'POST /v1/me/two-factor:remove': {
    status: 403, request: () => ({ body: { password: 'Wrong-Pass-1', code: '000000' } })
  },
  'POST /v1/me/two-factor:renew-codes': {
    status: 403, request: () => ({ body: { password: 'Wrong-Pass-1', code: '000000' } })
  },
  'GET /v1/me': { status: 200 },
  'GET /v1/me/unread': { status: 200 },
  'GET /v1/me/receipts': { status: 200 },
  'PUT /v1/me/receipts': { status: 204, request: () => ({ body: { shared: true } }) },
  'GET /v1/me/presence': { status: 200 },
  'PUT /v1/me/presence': { status: 204, request: () => ({ body: { shared: true } }) },
  'GET /v1/me/blocks': { status: 200 },
  'GET /v1/me/blocks/:user': { status: 404 },
  'PUT /v1/me/blocks/:user': { status: 404 },
  'DELETE /v1/me/blocks/:user': { status: 404 },
  'GET /v1/push': open(200),
  'GET /v1/me/devices': { status: 200 },
  'GET /v1/me/devices/:device': { status: 404 },
  // No token of a service that is configured.
  'PUT /v1/me/devices/:device': { status: 400, request: () => ({ body: { kind: 'web' } }) },
  'DELETE /v1/me/devices/:device': { status: 404 },
  'GET /v1/me/notifications': { status: 200 },
  'PUT /v1/me/notifications': { status: 204, request: () => ({ body: {} }) },
  // The URLs lack their tokens.
  'GET /v1/unsubscribe': open(400),
  'POST /v1/unsubscribe': open(400),
  ...V1_MESSAGES,
  'PATCH /v1/me': { status: 200, request: () => ({ body: { data: { a: 1 } } }) },
  'PUT /v1/me/avatar': { status: 400 },
  'DELETE /v1/me/avatar': { status: 200 },
  'GET /v1/avatars/:avatar': open(404),
  'PUT /v1/chats/:chat/avatar': { status: 404 },
  'DELETE /v1/chats/:chat/avatar': { status: 404 },
  'POST /v1/me:erase': { status: 403, request: () => ({ body: { password: 'Wrong-Pass-1' } }) },
  'GET /v1/users': { status: 200 },
  'POST /v1/users:batch': { status: 403, request: () => ({ body: { users: [{ id: 'ann' }] } }) },
  'PATCH /v1/users/:user': { status: 403, request: () => ({ body: {} }) },
  'DELETE /v1/users/:user': { status: 403 },
  'POST /v1/users/:user:suspend': { status: 403 },
  'POST /v1/users/:user:resume': { status: 403 },
  'POST /v1/users/:user:export': { status: 403, request: () => ({ body: {} }) },
  // The names of the parameters are no ids.
  'GET /v1/users/:user': { status: 404 },
  // Only a key of the application's backend may.
  'PUT /v1/users/:user': { status: 403, request: () => ({ body: {} }) },
  'POST /v1/users/:user/tokens:revoke': { status: 403, request: () => ({ body: {} }) },
  'GET /v1/keys': { status: 403 },
  'GET /v1/keys/:key': { status: 403 },
  'POST /v1/keys': { status: 403, request: () => ({ body: { scopes: ['users:read'] } }) },
  'DELETE /v1/keys/:key': { status: 403 },
  'GET /v1/hooks/before-message': { status: 403 },
  'PUT /v1/hooks/before-message': { status: 403, request: () => ({ body: { url: 'https://shop.example' } }) },
  'DELETE /v1/hooks/before-message': { status: 403 },
  'GET /v1/webhooks': { status: 403 },
  'GET /v1/webhooks/:webhook': { status: 403 },
  'POST /v1/webhooks': { status: 403, request: () => ({ body: { url: 'https://shop.example' } }) },
  'PATCH /v1/webhooks/:webhook': { status: 403, request: () => ({ body: { enabled: false } }) },
  'DELETE /v1/webhooks/:webhook': { status: 403 },
  'POST /v1/webhooks/:webhook:rotate-secret': { status: 403, request: () => ({ body: {} }) },
  'POST /v1/webhooks/:webhook:test': { status: 403, request: () => ({ body: {} }) },
  'GET /v1/webhooks/:webhook/deliveries': { status: 403 },
  'POST /v1/webhooks/:webhook/deliveries:replay': { status: 403, request: () => ({ body: { status: 'dead' } }) },
  // Search is off.
  'GET /v1/search/messages': { status: 404 },
  // The names of the parameters are no ids, and the URLs of contents lack their tokens.
  'POST /v1/files': {
    status: 404, request: () => ({ body: { chat: 'chat', name: 'a.txt', size: 1, content_type: 'text/plain' } })
  },
  'GET /v1/files/:file': { status: 404 },
  'DELETE /v1/files/:file': { status: 404 },
  'PUT /v1/files/:file/content': open(400),
  'GET /v1/files/:file/content': open(400),
  'GET /v1/files/:file/thumbnail': open(400),
  'DELETE /v1/me/sessions/:session': { status: 400 },
  'DELETE /v1/me/sessions': { status: 204, except: { 'other dialect': 401 } },
  'POST /api/auth/logout': { status: 200, except: { participant: 401 } },
  // The sessions of all roles have ended by now.
  'POST /v1/auth/logout': { status: 401 },
  'POST /v1/auth/logout-all': { status: 401 },
  'POST /user/logout': { status: 401, request: () => ({ body: {} }) },
  'POST /user/logout-all': { status: 401, request: () => ({ body: {} }) }
}

/** A frame and its answer: a type, or the code of an error; undefined for a frame that is not answered. */
type FrameRow = {
  frame: (scene: Scene, role: Role) => object
  answer: string | undefined
  except?: Partial<Record<Role, string>>
}
const NO_PARTICIPANT = {
  outsider: 'not_a_participant',
  'one who left': 'not_a_participant',
  unverified: 'not_a_participant'
}

const FRAME_ROWS: Record<string, FrameRow> = {
  auth: { frame: ({ tokenOf }, role) => ({ token: tokenOf(role, false) }), answer: 'auth_ack' },
  join_chat: {
    frame: ({ chatOf }, role) => ({ chatID: chatOf(role), after: 0 }),
    answer: 'ack',
    except: NO_PARTICIPANT
  },
  post_msg: {
    frame: ({ chatOf }, role) => ({ chatID: chatOf(role), text: 'for participants' }),
    answer: 'ack',
    except: NO_PARTICIPANT
  },
  // Whoever is a participant is told that there is no such message; nobody else is told more.
  edit_msg: {
    frame: ({ chatOf }, role) => ({ chatID: chatOf(role), messageID: 999_999_999, text: 'changed' }),
    answer: 'unknown_message',
    except: NO_PARTICIPANT
  },
  delete_msg: {
    frame: ({ chatOf }, role) => ({ chatID: chatOf(role), messageID: 999_999_999 }),
    answer: 'unknown_message',
    except: NO_PARTICIPANT
  },
  join_idle: { frame: () => ({}), answer: 'online_users' },
  typing: { frame: ({ chatOf }, role) => ({ chatID: chatOf(role) }), answer: undefined },
  chat_created: { frame: ({ chatOf }, role) => ({ chatID: chatOf(role) }), answer: undefined, except: NO_PARTICIPANT },
  leave_chat: { frame: ({ chatOf }, role) => ({ chatID: chatOf(role) }), answer: 'ack' }
}

await onOneDeployment(t, async (t, cluster) => {
  const scene = await setUp(t, cluster)

  await t.test('every route and every frame has a row', async (t) => {
    t.strictSame(Object.keys(ROWS).sort(), routesOf(cluster.replica(0)))
    t.strictSame(Object.keys(FRAME_ROWS).sort(), [...ACTION_TYPES].sort())
  })

  await t.test('frames', async (t) => {
    for (const role of ROLES) await tryFrames(t, scene, role)
  })

  for (const [route, row] of Object.entries(ROWS)) {
    await t.test(route, async (t) => {
      const [method = '', target = ''] = route.split(' ')
      for (const role of ROLES) {
        const token = scene.tokenOf(role, target.startsWith('/api/'))
        const path = target.replace('/:chat', `/cf~${String(scene.chatOf(role))}`).replace(/\/:\w+/g, '/nonsense')
        const answer = await cluster.call(method, path, {
          ...(await row.request?.(scene, role)),
          ...(token !== undefined && { bearer: token })
        })
        const expected =
          row.isPublic === true ? row.status : NOBODY.includes(role) ? 401 : (row.except?.[role] ?? row.status)
        t.equal(answer.status, expected, role)
      }
    })
  }
})

async function setUp (t: Test, cluster: Cluster): Promise<Scene> {
  const [ann, bob, outsider, revoked] = [
    await register(cluster),
    await register(cluster),
    await register(cluster),
    await register(cluster)
  ]
  const unverified = await registerEmote(cluster)
  // Of each chat one has left, and the other ends it for good in the last rows; hence one for each dialect.
  const [chat, chatOfOtherDialect] = [await createChat(cluster, ann, bob), await createChat(cluster, ann, outsider)]
  await cluster.post('/chat/delete-chat', { session_token: bob.accessToken, chatID: chat })
  await cluster.post('/api/auth/logout', {}, { bearer: revoked.accessToken })
  for (const replica of cluster.replicas.keys()) {
    t.ok(
      await eventually(
        async () =>
          (await cluster.post('/chat/fetch-chats', { session_token: revoked.accessToken }, { replica })).status === 401
      ),
      'the logout has arrived'
    )
  }
  const ofEmote = await logInEmote(cluster, ann)
  const claims = claimsOf(ann.accessToken)
  const now = Math.floor(Date.now() / 1_000)
  const tokens: Record<Exclude<Role, 'participant' | 'other dialect'>, string | undefined> = {
    outsider: outsider.accessToken,
    'one who left': bob.accessToken,
    unverified: unverified.token,
    anonymous: undefined,
    revoked: revoked.accessToken,
    'refresh token': ann.refreshToken,
    forged: signClaims(claims, { secret: 'a-key-that-the-server-never-heard-of' }),
    'alg none': withoutSignature(ann.accessToken),
    expired: signClaims({ ...claims, iat: now - 20, exp: now - 10 })
  }
  return {
    cluster,
    ann,
    chatOf: (role) => (role === 'other dialect' ? chatOfOtherDialect : chat),
    tokenOf: (role, isEmote) =>
      role === 'participant' || role === 'other dialect'
        ? (role === 'participant') === isEmote
            ? ofEmote
            : ann.accessToken
        : tokens[role]
  }
}

async function tryFrames (t: Test, scene: Scene, role: Role): Promise<void> {
  const socket = await openSocket(t, scene.cluster.replica(ROLES.indexOf(role)))
  const isAnswer = (frame: Frame) => frame['type'] !== 'new_message'
  for (const [type, { frame, answer, except }] of Object.entries(FRAME_ROWS)) {
    socket.send({ type, ref: type, ...frame(scene, role) })
    if (NOBODY.includes(role)) {
      t.equal(await socket.closed(), 1008, `${role}: ${type}`)
      t.strictSame(socket.frames, [], `${role} hears nothing`)
      return
    }
    const expected = except?.[role] ?? answer
    if (expected === undefined) continue
    const got = await socket.next(isAnswer)
    t.equal(got['type'] === 'error' ? got['code'] : got['type'], expected, `${role}: ${type}`)
  }
  await socket.close()
}
