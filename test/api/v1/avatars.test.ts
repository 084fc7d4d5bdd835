/** Pictures of users and chats: sent, shown, told to others, and deleted. */
import { eq, isNotNull, isNull } from 'drizzle-orm'
import sharp from 'sharp'
import { readdir } from 'node:fs/promises'
import { WebSocket } from 'ws'
import t, { type Test } from '../../support/tap.ts'
import { ConfabClient } from '../../../src/client/index.ts'
import {
  removeChatAvatar, removeOwnAvatar, uploadChatAvatar, uploadOwnAvatar
} from '../../../src/client/management/index.ts'
import { MAX_AVATAR_BYTES } from '../../../src/domain/files/avatars.ts'
import { FILE_GRACE_MS } from '../../../src/server/background-jobs.ts'
import { removeAbandonedAvatars } from '../../../src/store/avatars.ts'
import { avatars } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { download, placedAt } from '../../support/clients/files.ts'
import { type Answer, uniqueName } from '../../support/clients/http.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import { type ApiClient, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, isRecord, textAt } from '../../support/data/json.ts'
import { gifWithComment, pictureWithMetadata, pngOfSize, SECRET_PLACE } from '../../support/data/pictures.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { eventually } from '../../support/deadline.ts'
import { type Cluster, startCluster } from '../../support/servers/cluster.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'
import { startS3 } from '../../support/servers/s3-server.ts'

const DAY_MS = 86_400_000

/** Sends a picture as it is. */
async function put (
  cluster: Cluster, by: ApiClient, path: string, picture: Buffer | string, headers: Record<string, string> = {}
): Promise<Answer> {
  return cluster.call('PUT', `/v1${path}`, {
    bearer: by.bearer, headers, raw: { type: 'image/png', text: new Uint8Array(Buffer.from(picture)) }
  })
}

/** A group with its owner and a member. */
async function newGroup (cluster: Cluster): Promise<{ ann: ApiClient, bob: ApiClient, chat: string }> {
  const [ann, bob, chat] = [await newUser(cluster), await newUser(cluster), uniqueName('chat-')]
  const backend = await newKey(cluster, 'chats:write')
  await backend.call('PUT', `/chats/${chat}`, {
    type: 'group', members: [{ user: ann.id, role: 'owner' }, { user: bob.id }]
  })
  return { ann, bob, chat }
}

/** The picture of a user or a chat, from a replica. */
function shown (cluster: Cluster, user: unknown, options: Parameters<typeof download>[1] = {}, replica = 1) {
  return download(placedAt(cluster.replica(replica), textAt(user, 'avatar')), options)
}

/** Whether the content of an avatar is in the storage. */
async function isStored (cluster: Cluster, avatar: string): Promise<boolean> {
  const { storage } = cluster.replica(0).app.config.files
  if (storage.kind !== 'disk') throw new Error('The files are elsewhere.')
  const id = avatar.slice(avatar.lastIndexOf('/') + 1)
  return (await readdir(storage.folder, { recursive: true })).some((name) => name.endsWith(id))
}

async function expectGone (t: Test, cluster: Cluster, avatar: string): Promise<void> {
  t.equal((await download(placedAt(cluster.replica(2), avatar))).status, 404, 'it is shown no more')
  t.ok(await eventually(async () => !(await isStored(cluster, avatar))), 'its content is deleted')
}

await onEachDeployment(t, async (t, cluster) => {
  await t.test('a picture becomes a small square without metadata, which all may show and keep', async (t) => {
    const [ann, bob] = [await newUser(cluster), await newUser(cluster)]
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const sent = await put(cluster, ann, '/me/avatar', await pictureWithMetadata(format, 6))
      t.equal(sent.status, 200, sent.text)
      t.match(textAt(sent.body, 'avatar'), /^https:\/\/chat\.example\.org\/v1\/avatars\/[0-9a-f]{32}$/)
      const { body: seen } = await bob.call('GET', `/users/${ann.id}`, undefined, { replica: 2 })
      t.strictSame([at(seen, 'avatar'), at(seen, 'version')], [at(sent.body, 'avatar'), at(sent.body, 'version')])
      const got = await shown(cluster, seen)
      t.match(await sharp(got.bytes).metadata(), { format: 'webp', width: 40, height: 40 }, 'not enlarged')
      t.notOk(got.bytes.includes(SECRET_PLACE))
      t.match(Object.fromEntries(got.headers), {
        'content-type': 'image/webp', 'content-length': String(got.bytes.length),
        'cache-control': 'private, max-age=31536000, immutable', 'content-disposition': 'inline',
        'content-security-policy': 'sandbox; default-src \'none\'', 'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'cross-origin'
      })
    }
    const large = await sharp({ create: { width: 900, height: 600, channels: 3, background: 'red' } }).png().toBuffer()
    const { body } = await put(cluster, ann, '/me/avatar', large)
    t.match(await sharp((await shown(cluster, body)).bytes).metadata(), { format: 'webp', width: 256, height: 256 })
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
    const heavy = await sharp({ create: { width: 700, height: 700, channels: 3, background: 'red', noise } })
      .png().toBuffer()
    t.ok(heavy.length > 1_000_000 && heavy.length <= MAX_AVATAR_BYTES, String(heavy.length))
    t.equal((await put(cluster, ann, '/me/avatar', heavy)).status, 200)
    const { body: moving } = await put(cluster, ann, '/me/avatar', await gifWithComment())
    const { bytes, headers } = await shown(cluster, moving)
    t.match(await sharp(bytes).metadata(), { format: 'webp', width: 2, height: 2, pages: undefined }, 'it stands still')
    const etag = headers.get('etag') ?? ''
    t.strictSame((await shown(cluster, moving, { headers: { 'if-none-match': `"x", ${etag}` } })).status, 304)
    const head = await shown(cluster, moving, { method: 'HEAD' })
    t.strictSame([head.status, head.headers.get('content-length'), head.bytes.length], [200, String(bytes.length), 0])
  })

  await t.test('the picture of a chat is an event of it, for who may change the chat', async (t) => {
    const { ann, bob, chat } = await newGroup(cluster)
    const picture = await pictureWithMetadata('png')
    const socket = await connectRealtime(t, cluster.replica(1), bob.bearer)
    await request(socket, { type: 'subscribe', chats: [{ chat }] })
    const sent = await put(cluster, ann, `/chats/${chat}/avatar`, picture)
    t.equal(sent.status, 200, sent.text)
    const event = at(await socket.next(({ type }) => type === 'event'), 'event')
    const avatar = textAt(sent.body, 'chat', 'avatar')
    t.match(event, { type: 'chat.updated', seq: at(sent.body, 'seq'), data: { chat: { avatar } } })
    t.equal((await shown(cluster, at(sent.body, 'chat'))).status, 200)

    const stranger = await newUser(cluster)
    const path = `/chats/${chat}/avatar`
    expectProblem(t, await put(cluster, bob, path, picture), 403, 'forbidden')
    expectProblem(t, await bob.call('DELETE', path), 403, 'forbidden')
    expectProblem(t, await put(cluster, stranger, path, picture), 404, 'unknown_chat')
    const { status } = await ann.call('PUT', `/chats/${chat}/bans/${bob.id}`, {})
    t.ok(status < 300, String(status))
    expectProblem(t, await put(cluster, bob, path, picture), 404, 'unknown_chat', 'one who is banned')
    expectProblem(t, await put(cluster, ann, path, picture, { 'if-match': '"1"' }), 412, 'version_conflict')
    t.equal((await shown(cluster, at(sent.body, 'chat'))).status, 200, 'nothing of that has replaced it')
    const direct = await ann.call('PUT', '/chats:direct', { user: stranger.id })
    const id = textAt(direct.body, 'chat', 'id')
    expectProblem(t, await put(cluster, ann, `/chats/${id}/avatar`, picture), 403, 'forbidden', 'a direct chat')
    const removed = await ann.call('DELETE', path)
    t.match([removed.status, at(removed.body, 'chat', 'avatar')], [200, null])
    await expectGone(t, cluster, avatar)
    const backend = await newKey(cluster, 'chats:write')
    t.equal((await put(cluster, backend, path, picture)).status, 200, 'a key needs no user')
  })

  await t.test('what is no picture, or pretends to be a huge one, is refused', async (t) => {
    const ann = await newUser(cluster)
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    const picture = await pictureWithMetadata('png')
    for (const [name, bytes] of [
      ['nothing', ''], ['a text', 'hello'], ['an SVG', svg], ['a page', '<!doctype html><p>'],
      ['a part of a picture', picture.subarray(0, picture.length / 2)],
      ['a bomb', pngOfSize(100_000, 100_000)], ['a wide bomb', pngOfSize(60_000_000, 1)],
      ['a picture that lacks its pixels', pngOfSize(3_000, 3_000)], ['a TIFF', Buffer.from('49492a0008000000', 'hex')]
    ] as const) expectProblem(t, await put(cluster, ann, '/me/avatar', bytes), 400, 'invalid_avatar', name)
    const path = '/me/avatar'
    expectProblem(t, await put(cluster, ann, path, Buffer.alloc(MAX_AVATAR_BYTES + 1)), 413, 'body_too_large')
    expectProblem(t, await put(cluster, ann, path, picture, { 'if-match': '"99"' }), 412, 'version_conflict')
    t.match((await ann.call('GET', '/me')).body, { avatar: null, version: 1 })
    t.equal(await cluster.orm.$count(avatars, isNull(avatars.completedAt)), 0, 'nothing is left of what was refused')
    for (const id of ['x', 'f'.repeat(32), '..%2Ffiles'])
      t.equal((await download(`${cluster.replica(0).url}/v1/avatars/${id}`)).status, 404, id)
  })

  await t.test('a picture goes with the next one, with another URL, with its user and with its chat', async (t) => {
    const { ann, bob, chat } = await newGroup(cluster)
    const [backend, picture] = [await newKey(cluster, 'users:write', 'chats:write'), await pictureWithMetadata('png')]
    const sent = async (by: ApiClient) => textAt((await put(cluster, by, '/me/avatar', picture)).body, 'avatar')
    const [first, ofBob] = [await sent(ann), await sent(bob)]
    const second = await sent(ann)
    t.not(second, first)
    await expectGone(t, cluster, first)
    t.equal((await ann.call('PATCH', '/me', { name: 'Ann' })).status, 200)
    t.equal((await shown(cluster, { avatar: second })).status, 200, 'a new name leaves it')
    t.equal((await backend.call('PATCH', `/users/${ann.id}`, { avatar: ofBob })).status, 200)
    await expectGone(t, cluster, second)
    t.match((await ann.call('DELETE', '/me/avatar')).body, { avatar: null })
    t.equal((await shown(cluster, { avatar: ofBob })).status, 200, 'that of another user is not deleted')
    const ofChat = textAt((await put(cluster, ann, `/chats/${chat}/avatar`, picture)).body, 'chat', 'avatar')
    t.equal((await backend.call('DELETE', `/users/${bob.id}`)).status, 204)
    await expectGone(t, cluster, ofBob)
    t.equal((await shown(cluster, { avatar: ofChat })).status, 200)
    t.equal((await backend.call('DELETE', `/chats/${chat}`)).status, 204)
    await expectGone(t, cluster, ofChat)
  })

  await t.test('what was sent and never became an avatar is deleted after a day', async (t) => {
    const [ann, id] = [await newUser(cluster), 'ab'.repeat(16)]
    await put(cluster, ann, '/me/avatar', await pictureWithMetadata('png'))
    const [own] = await cluster.orm.select().from(avatars).where(isNotNull(avatars.userId))
    await cluster.orm.insert(avatars).values({ id, userId: own?.userId ?? 0, contentType: 'image/webp' })
    t.equal((await download(`${cluster.replica(0).url}/v1/avatars/${id}`)).status, 404)
    for (const [days, left] of [[0.99, 1], [1.01, 0]] as const) {
      await cluster.orm.update(avatars).set({ createdAt: after(-days * DAY_MS) }).where(eq(avatars.id, id))
      await removeAbandonedAvatars(cluster.orm, FILE_GRACE_MS)
      t.equal(await cluster.orm.$count(avatars, eq(avatars.id, id)), left, `${String(days)} days`)
    }
    t.match((await ann.call('GET', '/me')).body, { avatar: String })
  })

  await t.test('a direct chat has the picture of the other one', async (t) => {
    const [ann, bob] = [await newUser(cluster), await newUser(cluster)]
    const { body } = await ann.call('PUT', '/chats:direct', { user: bob.id })
    const id = textAt(body, 'chat', 'id')
    const { body: sent } = await put(cluster, bob, '/me/avatar', await pictureWithMetadata('png'))
    const avatar = textAt(sent, 'avatar')
    t.match((await ann.call('GET', `/chats/${id}`, undefined, { replica: 1 })).body, { name: bob.id, avatar })
    t.match((await ann.call('GET', '/chats')).body, { items: [{ id, avatar }] })
    t.match((await bob.call('GET', `/chats/${id}`)).body, { name: ann.id, avatar: null })
  })

  await t.test('a program sends and removes pictures by the client library', async (t) => {
    const { ann: { bearer }, chat } = await newGroup(cluster)
    const client = new ConfabClient({ url: cluster.replica(0).url, getToken: () => bearer, WebSocket })
    const picture = new Blob([new Uint8Array(await pictureWithMetadata('webp'))], { type: 'image/webp' })
    t.equal((await shown(cluster, await uploadOwnAvatar(client, picture))).status, 200)
    t.match(await removeOwnAvatar(client), { avatar: null })
    t.equal((await shown(cluster, await uploadChatAvatar(client, chat, picture))).status, 200)
    t.match(await removeChatAvatar(client, chat), { id: chat, avatar: null })
    await t.rejects(uploadOwnAvatar(client, new Blob(['x'])), { code: 'invalid_avatar', status: 400 })
  })

  await t.test('contacts are told in their feeds of another picture or name, and of nothing else', async (t) => {
    const { ann, bob } = await newGroup(cluster)
    const stranger = await newUser(cluster)
    const followed = async (user: ApiClient, replica: number) => {
      const { body } = await user.call('GET', '/me')
      const socket = await connectRealtime(t, cluster.replica(replica), user.bearer, {
        feed: { after: Number(at(body, 'pos')) }
      })
      return async () => at(await socket.next(({ type }) => type === 'feed'), 'event')
    }
    const [bobs, anns, strangers] = [await followed(bob, 1), await followed(ann, 2), await followed(stranger, 1)]
    await put(cluster, ann, '/me/avatar', await pictureWithMetadata('png'))
    await ann.call('PATCH', '/me', { data: { a: 1 } })
    await ann.call('PATCH', '/me', { name: 'Another name' })
    const notice = { type: 'user.updated', data: { user: ann.id } }
    for (const next of [bobs, anns]) {
      const [first, second] = [await next(), await next()]
      t.match([first, second], [notice, notice])
      t.equal(Number(at(second, 'pos')), Number(at(first, 'pos')) + 1)
    }
    await stranger.call('PATCH', '/me', { name: 'Barrier' })
    t.match(await strangers(), { data: { user: stranger.id } }, 'who shares no chat is not told')
  })
}, { environment: USER_TOKENS, inspectable: true })

await t.test('pictures are in a bucket, and are shown through the server', async (t) => {
  const s3 = await startS3(t)
  const cluster = await startCluster(t, { environment: { ...USER_TOKENS, ...s3.environment }, inspectable: true })
  const ann = await newUser(cluster)
  const { body } = await put(cluster, ann, '/me/avatar', await pictureWithMetadata('jpeg'))
  const keyOf = (user: unknown) => `files/${textAt(user, 'avatar').slice(-32)}`
  t.match(s3.objects.get(keyOf(body)), { type: 'image/webp', disposition: 'inline' })
  const got = await shown(cluster, body, {}, 0)
  t.strictSame([got.status, got.headers.get('content-type')], [200, 'image/webp'])
  s3.fault = 'fails'
  expectProblem(t, await put(cluster, ann, '/me/avatar', await pictureWithMetadata('png')), 503, 'storage_unavailable')
  t.equal((await shown(cluster, body, {}, 0)).status, 503)
  s3.fault = undefined
  t.equal((await shown(cluster, body, {}, 0)).status, 200, 'the picture before it is still there')
  t.equal((await put(cluster, ann, '/me/avatar', await pictureWithMetadata('png'))).status, 200)
  t.ok(await eventually(async () => !s3.objects.has(keyOf(body))), 'its object is deleted with the next one')
})

await t.test('without a storage there are no pictures', async (t) => {
  const cluster = await startCluster(t, { environment: { ...USER_TOKENS, FILES: 'off' } })
  const ann = await newUser(cluster)
  const picture = await pictureWithMetadata('png')
  expectProblem(t, await put(cluster, ann, '/me/avatar', picture), 404, 'files_off')
  t.equal((await download(`${cluster.replica(0).url}/v1/avatars/${'a'.repeat(32)}`)).status, 404)
  t.ok(isRecord((await ann.call('DELETE', '/me/avatar')).body), 'a URL can be removed')
})
