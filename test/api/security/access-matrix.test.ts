/**
 * Who may do what: every HTTP route and every frame, asked by everybody from a participant to a forger. A route or a
 * frame without a row fails the test.
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
import { onEachDeployment } from '../../support/servers/deployments.ts'
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
/** Whoever is nobody: the server must not even look at what they want. */
const NOBODY: readonly Role[] = ['anonymous', 'revoked', 'refresh token', 'forged', 'alg none', 'expired']

/** Everything that a request may be about. `chatOf` is a chat that the role's user stands to as the role says. */
type Scene = {
  cluster: Cluster
  ann: Account
  chatOf: (role: Role) => number
  tokenOf: (role: Role, isEmote: boolean) => string | undefined
}

type Request = (scene: Scene, role: Role) => CallOptions | Promise<CallOptions>
/** A request and its answer, for all that are somebody and for those for whom it differs. */
type Row = { request?: Request | undefined, isPublic?: true, status: number, except?: Partial<Record<Role, number>> }

/** A route that asks nobody who they are answers everybody the same. */
const open = (status: number, request?: Request): Row => ({ status, isPublic: true, request })
const about =
  (fields: (chatID: number) => object): Request =>
    ({ chatOf }, role) => ({ body: fields(chatOf(role)) })
const STRANGERS = { outsider: 404, 'one who left': 404, unverified: 404 }

/** In the order in which they are asked: what ends something comes last. */
const ROWS: Record<string, Row> = {
  'GET /': open(200),
  'GET /chat': open(200),
  'GET /user': open(200),
  'GET /livez': open(200),
  'GET /readyz': open(200),
  'GET /openapi.json': open(200),
  'GET /asyncapi.json': open(200),
  'GET /docs': open(200),
  'GET /app': open(200),
  'GET /app/assets/*': open(404),
  'GET /subscribe': open(200),
  'GET /verify-connection': open(200),
  'POST /verify-connection': open(200, () => ({ body: {} })),
  'GET /ws': open(400),
  'POST /subscribe': open(200, () => ({ body: { email: newRegistration().email } })),
  'POST /user/register': open(200, () => ({ body: newRegistration() })),
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
  'POST /chat/create-chat': {
    status: 200,
    request: async ({ cluster }) => ({ body: { receiver: (await register(cluster)).username } })
  },
  'POST /chat/messages': { status: 200, except: STRANGERS, request: about((chatID) => ({ chatID })) },
  'POST /chat/delete-chat': { status: 200, except: STRANGERS, request: about((chatID) => ({ chatID })) },
  'POST /api/auth/logout': { status: 200 }
}

/** What a frame is answered with: a type, or the code of an error. */
type FrameRow = { frame: (scene: Scene, role: Role) => object, answer: string, except?: Partial<Record<Role, string>> }
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
  leave_chat: { frame: ({ chatOf }, role) => ({ chatID: chatOf(role) }), answer: 'ack' }
}

await onEachDeployment(t, async (t, cluster) => {
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
        const answer = await cluster.call(method, target, {
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
    const got = await socket.next(isAnswer)
    t.equal(got['type'] === 'error' ? got['code'] : got['type'], except?.[role] ?? answer, `${role}: ${type}`)
  }
  await socket.close()
}
