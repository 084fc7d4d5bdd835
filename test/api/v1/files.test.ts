/** Files from their announcement to their deletion, through the server itself. */
import { eq } from 'drizzle-orm'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from '../../support/tap.ts'
import { publicChatId } from '../../../src/domain/chats/chat-id.ts'
import { FILE_GRACE_MS } from '../../../src/server/background-jobs.ts'
import { removeAbandoned } from '../../../src/store/files.ts'
import { files } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { announce, download, type FileToSend, placedAt, sendContent, sendFile } from '../../support/clients/files.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import { join } from '../../support/clients/socket.ts'
import { startChat } from '../../support/data/accounts.ts'
import { type ApiClient, clientOf, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { eventually } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'

const DAY_MS = 86_400_000
const TEXT = 'Where is my parcel?\n'

/** A group with its owner and a member, and files in it. */
class Scene {
  readonly #cluster: Cluster
  readonly backend: ApiClient
  readonly ann: ApiClient
  readonly bob: ApiClient
  readonly chat: string

  private constructor (cluster: Cluster, backend: ApiClient, [ann, bob]: [ApiClient, ApiClient], chat: string) {
    this.#cluster = cluster
    this.backend = backend
    this.ann = ann
    this.bob = bob
    this.chat = chat
  }

  static async begin (cluster: Cluster): Promise<Scene> {
    const backend = await newKey(cluster, 'users:write', 'chats:write', 'files:write', 'messages:write')
    const [ann, bob] = [await newUser(cluster), await newUser(cluster)]
    const chat = uniqueName('chat-')
    await backend.call('PUT', `/chats/${chat}`, {
      type: 'group', members: [{ user: ann.id, role: 'owner' }, { user: bob.id }]
    })
    return new Scene(cluster, backend, [ann, bob], chat)
  }

  /** Sends a file of Ann's. @returns its id */
  async send (file: Partial<FileToSend> = {}): Promise<string> {
    return sendFile(this.ann, { chat: this.chat, bytes: TEXT, ...file }, this.#cluster.replica(0))
  }

  /** Posts a message of Ann's. */
  async post (ids: readonly string[], more: object = {}) {
    return this.ann.call('POST', `/chats/${this.chat}/messages`, {
      text: '', attachments: ids.map((file) => ({ file })), ...more
    })
  }

  /** Gets a file, and its content from a replica by its link. */
  async get (by: ApiClient, id: string, replica = 1) {
    const { body } = await by.call('GET', `/files/${id}`)
    const url = placedAt(this.#cluster.replica(replica), textAt(body, 'url'))
    return { body, url, ...await download(url) }
  }
}

/** The names of all files in the storage. */
async function stored (cluster: Cluster): Promise<string[]> {
  const { storage } = cluster.replica(0).app.config.files
  if (storage.kind !== 'disk') throw new Error('The files are elsewhere.')
  const names = await readdir(storage.folder, { recursive: true, withFileTypes: true })
  return names.filter((entry) => entry.isFile()).map(({ name }) => path.basename(name))
}

async function expectGone (t: Test, cluster: Cluster, { backend }: Scene, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    expectProblem(t, await backend.call('GET', `/files/${id}`), 404, 'unknown_file')
    const isGone = await eventually(async () => (await stored(cluster)).every((name) => !name.startsWith(id)))
    t.ok(isGone, 'its content is deleted')
  }
}

await onEachDeployment(t, async (t, cluster) => {
  await t.test('a file is announced, sent, named in a message, and downloaded by another member', async (t) => {
    const scene = await Scene.begin(cluster)
    const { ann, bob, chat } = scene
    const announced = await announce(ann, { chat, name: 'question.txt', bytes: TEXT })
    t.equal(announced.status, 201)
    const id = textAt(announced.body, 'file')
    t.match(at(announced.body, 'upload'), { method: 'PUT', url: /^https:\/\/chat\.example\.org\/v1\/files\// })
    const before = await ann.call('GET', `/files/${id}`)
    t.match(before.body, {
      file: id, chat, user: ann.id, name: 'question.txt', content_type: null, size: TEXT.length, message: null,
      url: null, thumbnail_url: null, upload: { method: 'PUT' }
    })
    expectProblem(t, await scene.post([id]), 409, 'file_incomplete')
    const sent = await sendContent(at(before.body, 'upload'), TEXT, cluster.replica(1))
    t.equal(sent.status, 204)
    expectProblem(t, await bob.call('GET', `/files/${id}`), 404, 'unknown_file', 'it is in no message yet')
    t.match((await scene.get(ann, id)).bytes.toString(), TEXT)

    const posted = await scene.post([id])
    t.equal(posted.status, 201, posted.text)
    const attachment = { file: id, name: 'question.txt', content_type: 'text/plain', size: TEXT.length }
    t.match(at(posted.body, 'message'), { text: '', attachments: [attachment] })
    const seq = at(posted.body, 'seq')
    const { body: read } = await bob.call('GET', `/chats/${chat}/messages/${String(seq)}`)
    t.strictSame(at(read, 'attachments'), [attachment])
    const { body: events } = await bob.call('GET', `/chats/${chat}/events?after=${String(Number(seq) - 1)}`)
    t.strictSame(at(listAt(events, 'items')[0], 'data', 'message', 'attachments'), [attachment])
    const got = await scene.get(bob, id)
    t.match(got.body, { message: seq, content_type: 'text/plain', thumbnail_url: null })
    t.strictSame([got.status, got.bytes.toString()], [200, TEXT])
    t.match(Object.fromEntries(got.headers), {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(TEXT.length),
      'content-disposition': 'attachment; filename="question.txt"; filename*=UTF-8\'\'question.txt',
      'content-security-policy': 'sandbox; default-src \'none\'',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
      etag: `"${id}"`
    })
  })

  await t.test('a retry of the post is the same message, with other files it is another one', async (t) => {
    const scene = await Scene.begin(cluster)
    const [one, other] = [await scene.send(), await scene.send()]
    const first = await scene.post([one], { client_id: 'a' })
    const again = await scene.post([one], { client_id: 'a' })
    t.strictSame([first.status, again.status, again.body], [201, 200, first.body])
    expectProblem(t, await scene.post([other], { client_id: 'a' }), 422, 'idempotency_key_reused')
    expectProblem(t, await scene.post([], { text: 'x', client_id: 'a' }), 422, 'idempotency_key_reused')
    expectProblem(t, await scene.post([one]), 409, 'file_attached')
    expectProblem(t, await scene.post([other, one]), 409, 'file_attached')
    t.equal((await scene.post([other], { text: 'and another' })).status, 201, 'a refused post has attached nothing')
  })

  await t.test('files come and go on sockets, in their order', async (t) => {
    const scene = await Scene.begin(cluster)
    const { ann, bob, chat } = scene
    const [first, second] = [await scene.send({ name: 'first.txt' }), await scene.send({ name: 'second.txt' })]
    const [sender, reader] = [
      await connectRealtime(t, cluster.replica(0), ann.bearer), await connectRealtime(t, cluster.replica(1), bob.bearer)
    ]
    await request(reader, { type: 'subscribe', chats: [{ chat }] })
    const send = { type: 'send', chat }
    sender.send({ ...send, client_id: '1', text: '', attachments: [{ file: second }, { file: first }], ref: 1 })
    sender.send({ ...send, client_id: '2', text: 'behind it', ref: 2 })
    sender.send({ ...send, client_id: '3', text: '', attachments: [{ file: first }], ref: 3 })
    sender.send({ ...send, client_id: '4', text: '', attachments: [], ref: 4 })
    const answers = []
    for (let count = 0; count < 4; count++) answers.push(await sender.next(({ ref }) => ref !== undefined))
    const bySending = answers.sort((one, other) => Number(one['ref']) - Number(other['ref']))
    t.strictSame(bySending.map(({ type, code }) => code ?? type), ['ack', 'ack', 'file_attached', 'invalid_text'])
    const shown = [await reader.next(({ type }) => type === 'event'), await reader.next(({ type }) => type === 'event')]
      .map((frame) => at(frame, 'event', 'data', 'message'))
    t.strictSame(shown.map((message) => at(message, 'text')), ['', 'behind it'])
    t.strictSame(listAt(shown[0], 'attachments').map((one) => at(one, 'name')), ['second.txt', 'first.txt'])
    const late = await connectRealtime(t, cluster.replica(2), bob.bearer)
    const { before } = await request(late, { type: 'subscribe', chats: [{ chat, last: 2 }] })
    t.strictSame(at(before[0], 'event', 'data', 'message'), shown[0], 'and in a replay')
  })

  await t.test('clients that know no files are shown their names', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const sender = clientOf(cluster, '', ann.accessToken)
    const chat = publicChatId(chatID, null)
    const reader = await join(t, cluster.replica(1), bob.accessToken, chatID)
    const sent = await Promise.all(['one.txt', 'two.txt'].map((name) =>
      sendFile(sender, { chat, name, bytes: TEXT }, cluster.replica(0))))
    const posted = await sender.call('POST', `/chats/${chat}/messages`, {
      text: '', attachments: sent.map((file) => ({ file }))
    })
    t.equal(posted.status, 201, posted.text)
    const names = 'one.txt, two.txt'
    t.match(await reader.next(({ type }) => type === 'new_message'), { message: names })
    const history = await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID })
    t.match(JSON.stringify(history.body), `"message":"${names}"`)
    const { body } = await cluster.get('/api/conversations', { bearer: bob.accessToken })
    t.match(JSON.stringify(body), `"message":"${names}"`)
    const partner = (await sender.call('GET', '/me')).body
    const id = textAt(partner, 'id').replace('cf~', '')
    const pair = await cluster.get(`/api/conversations?partner_id=${id}`, { bearer: bob.accessToken })
    t.match(JSON.stringify(pair.body), `"Content":"${names}"`)
  })

  await t.test('who may see a message may see its files, from the moment of the download', async (t) => {
    const scene = await Scene.begin(cluster)
    const { ann, bob, backend, chat } = scene
    const stranger = await newUser(cluster)
    const id = await scene.send()
    const seq = String(at((await scene.post([id])).body, 'seq'))
    const { url } = await scene.get(bob, id)
    expectProblem(t, await stranger.call('GET', `/files/${id}`), 404, 'unknown_file')
    await backend.call('POST', `/chats/${chat}/members`, { members: [{ user: stranger.id }] })
    expectProblem(t, await stranger.call('GET', `/files/${id}`), 404, 'unknown_file', 'from before joining')
    t.equal((await download(url)).status, 200)
    await backend.call('DELETE', `/chats/${chat}/members/${bob.id}`)
    expectProblem(t, await bob.call('GET', `/files/${id}`), 404, 'unknown_file')
    t.equal((await download(url)).status, 404, 'the link of a removed member is good for nothing')
    t.equal((await scene.get(ann, id)).status, 200)
    t.equal((await scene.get(backend, id)).status, 200, 'the backend sees all')
    await ann.call('DELETE', `/chats/${chat}/messages/${seq}?for=me`)
    expectProblem(t, await ann.call('GET', `/files/${id}`), 404, 'unknown_file', 'hidden with its message')
    const other = await Scene.begin(cluster)
    const foreign = await other.ann.call('POST', `/chats/${other.chat}/messages`, {
      text: '', attachments: [{ file: id }]
    })
    expectProblem(t, foreign, 404, 'unknown_file', 'of another user and chat')
  })

  await t.test('a link is good for what it says, and nobody can make one', async (t) => {
    const scene = await Scene.begin(cluster)
    const [id, other] = [await scene.send(), await scene.send()]
    const { url } = await scene.get(scene.ann, id)
    const [user = '', end = '', signature = ''] = new URL(url).searchParams.get('token')?.split('.') ?? []
    const changed = (token: string) => {
      const copy = new URL(url)
      copy.searchParams.set('token', token)
      return copy.href
    }
    for (const wrong of [
      changed([user, String(Number(end) + 60), signature].join('.')), changed([`${user}1`, end, signature].join('.')),
      changed([user, end, ''].join('.')), changed('x'), url.replace(id, other), url.replace('/content', '/thumbnail')
    ]) {
      const { status, bytes } = await download(wrong)
      t.match([status, JSON.parse(String(bytes))], [403, { code: 'invalid_link' }], wrong)
    }
    t.equal((await download(url, { method: 'PUT' })).status, 403, 'nor is one for a download for an upload')
    t.equal((await download(url.replace(/\?.*/, ''))).status, 400)
  })

  await t.test('parts of a content, and what has not changed', async (t) => {
    const scene = await Scene.begin(cluster)
    const { url } = await scene.get(scene.ann, await scene.send({ bytes: '0123456789' }))
    for (const [range, status, bytes, place] of [
      ['bytes=2-4', 206, '234', 'bytes 2-4/10'], ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'], ['bytes=-30', 206, '0123456789', 'bytes 0-9/10'],
      ['bytes=0-99', 206, '0123456789', 'bytes 0-9/10'], ['bytes=10-', 416, '', 'bytes */10'],
      ['bytes=-0', 416, '', 'bytes */10'], ['bytes=1-2,4-5', 200, '0123456789', null],
      ['bytes=4-2', 200, '0123456789', null], ['lines=1-2', 200, '0123456789', null]
    ] as const) {
      const got = await download(url, { headers: { range } })
      t.strictSame([got.status, got.bytes.toString(), got.headers.get('content-range')], [status, bytes, place], range)
    }
    const etag = (await download(url)).headers.get('etag') ?? ''
    t.equal((await download(url, { headers: { range: 'bytes=1-1', 'if-range': etag } })).status, 206)
    t.equal((await download(url, { headers: { range: 'bytes=1-1', 'if-range': '"x"' } })).status, 200)
    t.strictSame((await download(url, { headers: { 'if-none-match': `"x", ${etag}` } })).status, 304)
    const head = await download(url, { method: 'HEAD' })
    t.strictSame([head.status, head.headers.get('content-length'), head.bytes.length], [200, '10', 0])
  })

  await t.test('a file goes with its message, its chat, its user, and after a day without a message', async (t) => {
    const scene = await Scene.begin(cluster)
    const { ann, chat, backend } = scene
    const [deleted, left, kept, dropped] = [
      await scene.send(), await scene.send(), await scene.send(), await scene.send()
    ]
    const seq = String(at((await scene.post([deleted])).body, 'seq'))
    t.equal((await ann.call('DELETE', `/chats/${chat}/messages/${seq}`)).status, 200)
    await expectGone(t, cluster, scene, [deleted])

    t.equal((await scene.post([kept])).status, 201)
    expectProblem(t, await ann.call('DELETE', `/files/${kept}`), 409, 'file_attached')
    t.equal((await ann.call('DELETE', `/files/${dropped}`)).status, 204)
    expectProblem(t, await ann.call('DELETE', `/files/${dropped}`), 404, 'unknown_file')
    await expectGone(t, cluster, scene, [dropped])

    for (const days of [0.99, 1.01]) {
      await cluster.orm.update(files).set({ createdAt: after(-days * DAY_MS) })
        .where(eq(files.id, left))
      await removeAbandoned(cluster.orm, FILE_GRACE_MS)
      t.equal((await ann.call('GET', `/files/${left}`)).status, days < 1 ? 200 : 404, `${String(days)} days`)
    }
    await expectGone(t, cluster, scene, [left])
    t.equal((await scene.get(ann, kept)).status, 200, 'one with a message stays')

    const unattached = await scene.send()
    const ofBob = await sendFile(scene.bob, { chat, bytes: TEXT }, cluster.replica(0))
    t.equal((await backend.call('DELETE', `/users/${ann.id}`)).status, 204)
    await eventually(async () => (await backend.call('GET', `/files/${kept}`)).status === 404)
    await expectGone(t, cluster, scene, [unattached, kept])
    t.equal((await backend.call('GET', `/files/${ofBob}`)).status, 200)
    t.equal((await backend.call('DELETE', `/chats/${chat}`)).status, 204)
    await expectGone(t, cluster, scene, [ofBob])
    t.strictSame((await stored(cluster)).filter((name) => name.includes('-')), [], 'no temporary file is left')
  })
}, { environment: USER_TOKENS, inspectable: true })
