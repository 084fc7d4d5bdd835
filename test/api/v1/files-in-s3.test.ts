/** Files in a bucket: clients send and get contents there, by URLs that are signed. */
import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import t, { type Test } from '../../support/tap.ts'
import { jobs } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { announce, download, sendContent, sendFile } from '../../support/clients/files.ts'
import { connectRealtime, request } from '../../support/clients/realtime.ts'
import { type ApiClient, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, textAt } from '../../support/data/json.ts'
import { pictureWithMetadata, SECRET_PLACE } from '../../support/data/pictures.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { eventually } from '../../support/deadline.ts'
import { type Cluster, startCluster } from '../../support/servers/cluster.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { S3_SECRET, type S3Server, startS3 } from '../../support/servers/s3-server.ts'

const TEXT = 'Where is my parcel?\n'

async function newChat (by: ApiClient): Promise<string> {
  return textAt((await by.call('POST', '/chats', { type: 'group' })).body, 'chat', 'id')
}

async function post (by: ApiClient, chat: string, file: string) {
  return by.call('POST', `/chats/${chat}/messages`, { text: '', attachments: [{ file }] })
}

/** Sends a request whose parameters were changed. */
async function changed (url: string, change: (url: URL) => void, options: RequestInit = {}): Promise<number> {
  const copy = new URL(url)
  change(copy)
  const response = await fetch(copy, options)
  await response.body?.cancel()
  return response.status
}

async function sendsAndGets (t: Test, cluster: Cluster, s3: S3Server): Promise<void> {
  const [ann, bob] = [await newUser(cluster), await newUser(cluster)]
  const chat = await newChat(ann)
  await ann.call('POST', `/chats/${chat}/members`, { members: [{ user: bob.id }] })

  await t.test('a file goes past the server, and is looked at when it is attached', async (t) => {
    const announced = await announce(ann, { chat, bytes: TEXT })
    const [id, upload] = [textAt(announced.body, 'file'), at(announced.body, 'upload')]
    t.ok(textAt(upload, 'url').startsWith(`${s3.url}/confab-files/uploads/${id}?`))
    expectProblem(t, await post(ann, chat, id), 409, 'file_incomplete')
    t.equal((await sendContent(upload, TEXT)).status, 200)
    const posted = await post(ann, chat, id)
    t.equal(posted.status, 201, posted.text)
    t.match(at(posted.body, 'message', 'attachments'), [{ file: id, content_type: 'text/plain', size: TEXT.length }])
    const { body } = await bob.call('GET', `/files/${id}`)
    const got = await download(textAt(body, 'url'))
    t.strictSame([got.status, String(got.bytes)], [200, TEXT])
    t.match(Object.fromEntries(got.headers), {
      'content-type': 'text/plain; charset=utf-8', 'content-disposition': /^attachment; filename="a\.txt"/
    })
    t.equal((await download(textAt(body, 'url'), { headers: { range: 'bytes=0-4' } })).status, 206)
    await sendContent(upload, TEXT.toUpperCase())
    t.equal(String((await download(textAt(body, 'url'))).bytes), TEXT, 'what is sent later changes nothing')
  })

  await t.test('a URL is good for what it was signed for', async (t) => {
    const { body } = await announce(ann, { chat, bytes: TEXT })
    const url = textAt(body, 'upload', 'url')
    const put = { method: 'PUT', headers: { 'content-type': 'application/octet-stream' } }
    t.equal(await changed(url, () => undefined, { ...put, body: `${TEXT}more` }), 403, 'another length')
    t.equal(await changed(url, (copy) => copy.searchParams.set('X-Amz-Expires', '99999'), { ...put, body: TEXT }), 403)
    t.equal(await changed(url, (copy) => {
      copy.pathname = copy.pathname.replace('uploads', 'files')
    }, { ...put, body: TEXT }), 403)
    t.equal(await changed(url, () => undefined, { ...put, body: TEXT }), 200)
  })

  await t.test('a picture is cleaned, and sockets wait for that', async (t) => {
    const bytes = await pictureWithMetadata('jpeg')
    const id = await sendFile(ann, { chat, name: 'a.jpg', bytes })
    const socket = await connectRealtime(t, cluster.replica(0), ann.bearer)
    const { answer } = await request(socket, {
      type: 'send', chat, client_id: id, text: '', attachments: [{ file: id }]
    })
    t.equal(answer['type'], 'ack')
    const { body } = await bob.call('GET', `/files/${id}`)
    t.match(body, { content_type: 'image/jpeg', width: 60, height: 40 })
    const got = await download(textAt(body, 'url'))
    t.strictSame([got.bytes.includes(SECRET_PLACE), at(body, 'size')], [false, got.bytes.length])
    t.match(got.headers.get('content-disposition'), /^inline/)
    t.equal((await download(textAt(body, 'thumbnail_url'))).headers.get('content-type'), 'image/webp')
  })

  await t.test('two who look at the same upload at the same time find the same', async (t) => {
    const id = await sendFile(ann, { chat, bytes: TEXT })
    const get = (replica: number) => ann.call('GET', `/files/${id}`, undefined, { replica })
    const answers = await Promise.all([0, 1, 0, 1].map(get))
    for (const { status, body } of answers) t.match([status, body], [200, { content_type: 'text/plain' }])
  })

  await t.test('what is deleted is deleted in the bucket', async (t) => {
    const id = await sendFile(ann, { chat, name: 'a.png', bytes: await pictureWithMetadata('png') })
    const seq = String(at((await post(ann, chat, id)).body, 'seq'))
    const parts = () => [...s3.objects.keys()].filter((key) => key.endsWith(id)).sort()
    t.strictSame(parts(), [`files/${id}`, `thumbnails/${id}`, `uploads/${id}`])
    await ann.call('DELETE', `/chats/${chat}/messages/${seq}`)
    s3.fault = 'fails'
    const isRemoval = and(eq(jobs.kind, 'file-removal'), isNotNull(jobs.reason), isNull(jobs.claim))
    t.ok(await eventually(async () => await cluster.orm.$count(jobs, isRemoval) > 0), 'it is tried again')
    t.equal(parts().length, 3)
    s3.fault = undefined
    t.ok(await eventually(async () => {
      await cluster.orm.update(jobs).set({ dueAt: after(0) }).where(isRemoval)
      return parts().length === 0
    }), 'and then it is gone')
  })
  t.strictSame(s3.refused.filter((request) => !request.includes('/uploads/') && !request.includes('PUT /')), [])
}

await withServices(t, 'on replicas with a bucket', async (t, services) => {
  const s3 = await startS3(t)
  const environment = { ...USER_TOKENS, ...s3.environment }
  const cluster = await startCluster(t, { services, environment, inspectable: true })
  await sendsAndGets(t, cluster, s3)
  t.notOk(cluster.log.some((line) => line.includes(S3_SECRET)), 'no secret is in the log')
})

await t.test('a bucket that fails is said to, and used again when it works', async (t) => {
  const s3 = await startS3(t)
  const cluster = await startCluster(t, { environment: { ...USER_TOKENS, ...s3.environment }, inspectable: true })
  const ann = await newUser(cluster)
  const chat = await newChat(ann)
  const picture = await pictureWithMetadata('png')
  for (const [fault, code, status] of [
    ['fails', 'storage_unavailable', 503], ['lies', 'size_differs', 400], ['floods', 'storage_unavailable', 503],
    ['fails to copy', 'storage_unavailable', 503], ['hangs', 'storage_unavailable', 503]
  ] as const) {
    const bytes = fault === 'fails to copy' ? TEXT : picture
    const id = await sendFile(ann, { chat, bytes })
    s3.fault = fault
    expectProblem(t, await post(ann, chat, id), status, code, fault)
    t.equal((await ann.call('POST', `/chats/${chat}/messages`, { text: 'x' })).status, 201, 'posts go on')
    s3.fault = undefined
    t.equal((await post(ann, chat, id)).status, 201, `after it ${fault}`)
  }
  const small = await announce(ann, { chat, bytes: '' }, TEXT.length + 1)
  s3.put(`uploads/${textAt(small.body, 'file')}`, Buffer.from(TEXT))
  expectProblem(t, await ann.call('GET', `/files/${textAt(small.body, 'file')}`), 400, 'size_differs')
})

await t.test('clients reach the bucket under its public address', async (t) => {
  const s3 = await startS3(t)
  const environment = { ...USER_TOKENS, ...s3.environment, FILES_URL: 'https://files.example.org' }
  const cluster = await startCluster(t, { environment, inspectable: true })
  const ann = await newUser(cluster)
  const { body } = await announce(ann, { chat: await newChat(ann), bytes: TEXT })
  t.match(textAt(body, 'upload', 'url'), /^https:\/\/files\.example\.org\/confab-files\/uploads\//)
  t.equal((await cluster.get('/readyz')).status, 200)
})
