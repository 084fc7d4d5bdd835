/** Every code of `/v1` is seen in an answer or a frame: provoked here, or by the test that names it. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from '../../support/tap.ts'
import { SCOPES } from '../../../src/domain/accounts/api-keys.ts'
import { type Answer, uniqueName } from '../../support/clients/http.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import { newRegistration, register } from '../../support/data/accounts.ts'
import { type ApiClient, clientOf, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, textAt } from '../../support/data/json.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { ROOT } from '../../support/servers/process.ts'

const [MAX_KINDS_OF_REACTIONS, BODY_LIMIT_BYTES, FRAME_BURST] = [50, 1_048_576, 50]

/** Codes by the files, below `test`, that see them. */
const ELSEWHERE: Record<string, readonly string[]> = {
  'api/http/origins.test.ts': ['foreign_origin'],
  'api/http/overload.test.ts': ['over_capacity'],
  'api/v1/access-matrix.test.ts': ['insufficient_scope', 'suspended', 'unauthenticated', 'unknown_chat'],
  'api/v1/auth.test.ts': [
    'account_taken', 'accounts_off', 'invalid_refresh_token', 'invalid_reset_token', 'rate_limited', 'unverified',
    'weak_password', 'wrong_code', 'wrong_credentials'
  ],
  'api/v1/avatars.test.ts': ['invalid_avatar'],
  'api/v1/before-message.test.ts': ['hook_failed', 'message_refused', 'unknown_hook'],
  'api/v1/change-password.test.ts': ['password_unchanged', 'wrong_password'],
  'api/v1/chat-rules.test.ts': ['chat_deleted', 'feature_off', 'slow_mode', 'text_too_long'],
  'api/v1/chats.test.ts': [
    'built_in_chat_type', 'chat_exists', 'chat_is_direct', 'chat_type_differs', 'chat_with_yourself', 'forbidden',
    'last_owner', 'member_exists', 'not_a_member', 'too_many_members', 'unknown_chat_type', 'unknown_invite',
    'unknown_role'
  ],
  'api/v1/feed.test.ts': ['epoch_changed', 'position_unknown'],
  'api/v1/file-contents.test.ts': [
    'file_complete', 'file_quota', 'file_too_large', 'files_off', 'size_differs', 'unknown_file'
  ],
  'api/v1/files.test.ts': ['file_attached', 'file_incomplete', 'invalid_link'],
  'api/v1/file-outages.test.ts': ['storage_unavailable'],
  'api/v1/idempotency.test.ts': ['idempotency_in_progress', 'idempotency_key_reused', 'internal'],
  'api/v1/messages.test.ts': [
    'invalid_emoji', 'invalid_mention', 'invalid_text', 'message_deleted', 'not_the_author', 'unknown_mention',
    'unknown_message', 'user_required', 'version_conflict'
  ],
  'api/v1/moderation.test.ts': ['banned', 'not_an_operator', 'unknown_ban', 'unknown_report'],
  'api/v1/push-devices.test.ts': ['push_off', 'too_many_devices', 'unknown_device'],
  'api/v1/search.test.ts': ['search_off'],
  'api/v1/sessions.test.ts': ['invalid_input', 'method_not_allowed', 'unknown_route', 'unknown_session'],
  'api/v1/two-factor.test.ts': ['two_factor_on', 'two_factor_required', 'unknown_two_factor'],
  'api/v1/users.test.ts': ['blocked', 'invalid_name', 'unknown_block', 'unknown_user', 'user_erased'],
  'api/v1/webhooks.test.ts': ['secret_unreadable', 'too_many_webhooks', 'unknown_webhook'],
  'cluster/limits.test.ts': ['too_many_sockets'],
  'cluster/fairness.test.ts': ['overloaded'],
  'process/drain.test.ts': ['draining'],
  'process/invites.test.ts': ['invalid_invite', 'registration_closed'],
  'process/start.test.ts': ['unavailable'],
  // Where the outcome of a commit is not known, and while a replica of an earlier release is left.
  'faults/clients/journal.ts': ['unconfirmed', 'updating']
}

type Scene = { cluster: Cluster, backend: ApiClient, owner: ApiClient, chat: string, seq: number }
type Provoked = Answer | { body: unknown }

const HERE: Record<string, (scene: Scene) => Promise<Provoked>> = {
  body_too_large: ({ owner }) => owner.call('POST', '/chats', { type: 'group', name: 'x'.repeat(BODY_LIMIT_BYTES) }),
  chat_closed: async ({ cluster, owner }) => {
    const account = await register(cluster)
    const other = clientOf(cluster, '', account.accessToken)
    const partner = textAt((await other.call('GET', '/me')).body, 'id')
    const chat = textAt((await owner.call('PUT', '/chats:direct', { user: partner })).body, 'chat', 'id')
    await other.call('POST', '/me:erase', { password: account.password })
    return owner.call('POST', `/chats/${chat}/messages`, { text: 'hello' })
  },
  chat_frozen: async ({ backend, owner }) => {
    const chat = uniqueName('chat-')
    await backend.call('PUT', `/chats/${chat}`, { type: 'group', members: [{ user: owner.id, role: 'guest' }] })
    await backend.call('POST', `/chats/${chat}:freeze`, {})
    return owner.call('POST', `/chats/${chat}/messages`, { text: 'hello' })
  },
  conflict: async ({ cluster, owner, chat }) => {
    const socket = await connectRealtime(t, cluster.replica(0), owner.bearer)
    const send = { type: 'send', chat, client_id: uniqueName('id-') }
    await request(socket, { ...send, text: 'one' })
    socket.send({ ...send, text: 'another' })
    return { body: await socket.next(({ type }) => type === 'problem') }
  },
  invalid_email: ({ cluster }) => cluster.post('/v1/auth/register', { ...newRegistration(), email: 'x' }),
  invalid_username: ({ cluster }) => cluster.post('/v1/auth/register', { ...newRegistration(), username: '!' }),
  nested_thread: async ({ owner, chat, seq }) => {
    const reply = await owner.call('POST', `/chats/${chat}/messages`, { text: 'reply', parent: seq })
    return owner.call('POST', `/chats/${chat}/messages`, { text: 'again', parent: at(reply.body, 'seq') })
  },
  too_many_chats: async ({ cluster, owner }) => {
    const socket = await connectRealtime(t, cluster.replica(0), owner.bearer)
    const chats = []
    for (let count = 0; count < 3; count++)
      chats.push({ chat: textAt((await owner.call('POST', '/chats', { type: 'group' })).body, 'chat', 'id') })
    const { before, answer } = await request(socket, { type: 'subscribe', chats })
    return { body: [...before, answer].find(({ type }) => type === 'problem') }
  },
  too_many_frames: async ({ cluster, owner }) => {
    const socket = await connectRealtime(t, cluster.replica(0), owner.bearer)
    for (let count = 0; count < FRAME_BURST * 2; count++) socket.send({ type: 'unwatch', users: ['x'] })
    return { body: await socket.next(({ type }) => type === 'problem') }
  },
  too_many_marks: async ({ owner, chat, seq }) => {
    const react = (emoji: string) => owner.call('PUT', `/chats/${chat}/messages/${String(seq)}/reactions/${emoji}`)
    for (let count = 0; count < MAX_KINDS_OF_REACTIONS; count++) await react(`r${String(count)}`)
    return react('one-more')
  },
  unknown_action: async ({ cluster, owner }) => {
    const socket = await connectRealtime(t, cluster.replica(0), owner.bearer)
    socket.send({ type: 'dance' })
    return { body: await socket.next(({ type }) => type === 'problem') }
  },
  unknown_key: ({ backend }) => backend.call('GET', '/keys/0123456789abcdef'),
  unsupported_media_type: ({ cluster, owner }) =>
    cluster.call('POST', '/v1/chats', { bearer: owner.bearer, raw: { type: 'text/plain', text: 'hello' } })
}

await onOneDeployment(t, async (t, cluster) => {
  const { errors, faces } = cluster.replica(0).app.documents()
  const face = faces.find(({ prefix }) => prefix === '/v1')
  const inFrames: readonly string[] = face?.socket?.errors ?? []
  const codes = errors.map(({ code, status }) => ({ code, isAnswered: status.has(face?.name ?? '') }))
    .flatMap(({ code, isAnswered }) => (isAnswered || inFrames.includes(code) ? [code] : []))
  const seen = [...Object.values(ELSEWHERE).flat(), ...Object.keys(HERE)]
  t.strictSame(seen.sort(), codes.sort(), 'each code is seen, in one place')

  for (const [file, named] of Object.entries(ELSEWHERE)) {
    const source = await readFile(path.join(ROOT, 'test', file), 'utf8')
    t.strictSame(named.filter((code) => !source.includes(`'${code}'`)), [], file)
  }

  const [backend, owner, chat] = [await newKey(cluster, ...SCOPES), await newUser(cluster), uniqueName('chat-')]
  await backend.call('PUT', `/chats/${chat}`, { type: 'group', members: [{ user: owner.id, role: 'owner' }] })
  const { body } = await owner.call('POST', `/chats/${chat}/messages`, { text: 'first' })
  const scene = { cluster, backend, owner, chat, seq: Number(at(body, 'seq')) }
  for (const [code, provoke] of Object.entries(HERE))
    t.equal(at((await provoke(scene)).body, 'code'), code)
}, {
  environment: {
    ...USER_TOKENS, MAX_CHATS_PER_SOCKET: '2', RATE_LIMITS: 'on', FRAMES_PER_SECOND: '1',
    FRAME_BURST: String(FRAME_BURST)
  },
  inspectable: true
})
