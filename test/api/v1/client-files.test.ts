/** `confab-client/files`, as a program uses it. */
import { WebSocket } from 'ws'
import t from '../../support/tap.ts'
import { ConfabFiles } from '../../../src/client/files/index.ts'
import { ConfabClient } from '../../../src/client/index.ts'
import { placedAt } from '../../support/clients/files.ts'
import { newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { pictureWithMetadata } from '../../support/data/pictures.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

await onOneDeployment(t, async (t, cluster) => {
  const server = cluster.replica(0)
  const ann = await newUser(cluster)
  const chat = textAt((await ann.call('POST', '/chats', { type: 'group' })).body, 'chat', 'id')
  let failures = 0
  /** Reaches the server under its public address, which it has not in a test. */
  const send: typeof fetch = async (input, init) => {
    if (init?.method === 'PUT' && failures-- > 0) throw new TypeError('fetch failed')
    return fetch(placedAt(server, input instanceof Request ? input.url : String(input)), init)
  }
  const filesOf = (getToken: () => string, more: object = {}) =>
    new ConfabFiles({ url: server.url, getToken, fetch: send, ...more })

  await t.test('a picture is sent, named in a message, and shown', async (t) => {
    const files = filesOf(() => ann.bearer)
    failures = 1
    const progress: number[] = []
    const content = new File([new Uint8Array(await pictureWithMetadata('jpeg'))], 'parcel.jpg', { type: 'image/jpeg' })
    const attachment = await files.upload(chat, content, { onProgress: ({ sent }) => progress.push(sent) })
    t.match(attachment, { name: 'parcel.jpg', content_type: 'image/jpeg', width: 60, height: 40 })
    t.strictSame(progress, [content.size])
    const client = new ConfabClient({ url: server.url, getToken: () => ann.bearer, WebSocket })
    t.teardown(() => client.close())
    client.connect()
    const { seq } = await client.chat(chat).send('', { attachments: [attachment] })
    const { body } = await ann.call('GET', `/chats/${chat}/messages`)
    const last = listAt(body, 'items').at(-1)
    t.strictSame([at(last, 'seq'), at(last, 'attachments')], [seq, [attachment]])
    const url = await files.downloadUrl(attachment.file)
    t.equal(await files.downloadUrl(attachment.file), url, 'the same while it is good')
    t.equal((await send(url)).headers.get('content-type'), 'image/jpeg')
    const thumbnail = await files.downloadUrl(attachment.file, { thumbnail: true })
    t.equal((await send(thumbnail)).headers.get('content-type'), 'image/webp')
    await t.rejects(files.remove(attachment.file), { code: 'file_attached' })
    const other = textAt((await ann.call('POST', '/chats', { type: 'group' })).body, 'chat', 'id')
    const copy = await files.copy(attachment, other)
    t.strictSame({ ...copy, file: attachment.file, size: attachment.size }, attachment)
    t.match(await files.get(copy.file), { chat: other, message: null })
  })

  await t.test('a backend sends files for a user, and what is refused is a problem', async (t) => {
    const { bearer } = await newKey(cluster, 'files:write')
    const files = filesOf(() => bearer, { as: ann.id })
    const { file } = await files.upload(chat, new TextEncoder().encode('hello'), { name: 'hello.txt' })
    t.match(await files.get(file), { user: ann.id, content_type: 'text/plain', size: 5, message: null })
    await files.remove(file)
    await t.rejects(files.get(file), { code: 'unknown_file', status: 404 })
    await t.rejects(files.upload('nowhere', new Blob(['x'])), { code: 'unknown_chat' })
    const aborted = AbortSignal.abort(new Error('enough'))
    await t.rejects(files.upload(chat, new Blob(['x']), { signal: aborted }), { message: 'enough' })
  })
}, { environment: USER_TOKENS, inspectable: true })
