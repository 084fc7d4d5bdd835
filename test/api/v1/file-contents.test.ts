/** What is sent as a file, whatever it pretends to be. */
import { once } from 'node:events'
import net from 'node:net'
import sharp from 'sharp'
import t, { type Test } from '../../support/tap.ts'
import { BUILT_IN_TYPES } from '../../../src/domain/chats/chat-types.ts'
import { announce, download, placedAt, sendContent, sendFile } from '../../support/clients/files.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { scrape } from '../../support/clients/metrics.ts'
import { type ApiClient, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, textAt } from '../../support/data/json.ts'
import { gifWithComment, pictureWithMetadata, pngOfSize, SECRET_PLACE } from '../../support/data/pictures.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { within } from '../../support/deadline.ts'
import { type Cluster, PUBLIC_URL, startCluster } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const DEADLINE_MS = 30_000
const [GIB, MIB] = [2 ** 30, 2 ** 20]
const SCRIPT = '<script>alert(document.domain)</script>'

/** RFC 6266 and RFC 8187. */
const DISPOSITION = /^attachment; filename="[^"\\]*"; filename\*=UTF-8''([A-Za-z0-9%!#$&+.^_`|~-]+)$/

/** A group of one's own. */
async function newChat (by: ApiClient, type = 'group'): Promise<string> {
  const { body } = await by.call('POST', '/chats', { type })
  return textAt(body, 'chat', 'id')
}

/** Sends a file, and gets it by its link. */
async function throughServer (
  cluster: Cluster, by: ApiClient, file: { chat: string, name?: string, type?: string, bytes: Buffer | string }
) {
  const server = cluster.replica(0)
  const { body } = await by.call('GET', `/files/${await sendFile(by, file, server)}`)
  const thumbnail = at(body, 'thumbnail_url')
  return {
    body,
    ...await download(placedAt(server, textAt(body, 'url'))),
    thumbnail: typeof thumbnail === 'string' ? await download(placedAt(server, thumbnail)) : undefined
  }
}

/** Sends the head of an upload, and returns the status of the answer. */
async function statusOfHead (t: Test, url: string, headers: readonly string[]): Promise<string> {
  const { hostname, port, pathname, search } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  socket.write([`PUT ${pathname}${search} HTTP/1.1`, `host: ${hostname}`, ...headers, '', ''].join('\r\n'))
  const answer: unknown[] = await within(once(socket, 'data'), DEADLINE_MS, 'an answer to the head alone')
  return String(answer[0]).split(' ')[1] ?? ''
}

await onEmbedded(t, async (t, cluster) => {
  const server = cluster.replica(0)
  const backend = await newKey(cluster, 'files:write', 'chats:write')
  const ann = await newUser(cluster)
  const chat = await newChat(ann)
  const send = (bytes: Buffer | string, more: { name?: string, type?: string } = {}) =>
    throughServer(cluster, ann, { chat, bytes, ...more })

  await t.test('what is done with files is counted', async (t) => {
    const counts = async () => {
      const metrics = await scrape(server)
      return ['received', 'kept', 'opened', 'failed'].map((event) => metrics.value('chat_files_total', { event }) ?? 0)
    }
    const before = await counts()
    await send('text')
    t.strictSame((await counts()).map((count, index) => count - (before[index] ?? 0)), [1, 1, 1, 0])
  })

  await t.test('what is too large is refused before it is read', async (t) => {
    expectProblem(t, await announce(ann, { chat, bytes: '' }, 100 * MIB + 1), 413, 'file_too_large')
    const { body } = await announce(ann, { chat, bytes: '' }, 10)
    const url = placedAt(server, textAt(body, 'upload', 'url'))
    t.equal(await statusOfHead(t, url, [`content-length: ${String(6 * GIB)}`]), '400')
    t.equal(await statusOfHead(t, url, ['content-length: 9']), '400')
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) })
    // Of a body that is refused while it is sent the answer may be lost.
    const answer = await fetch(url, { method: 'PUT', body: endless, duplex: 'half' }).catch(() => undefined)
    t.ok(answer === undefined || answer.status === 400)
    const short = new ReadableStream({
      start (controller) {
        controller.enqueue(new Uint8Array(9))
        controller.close()
      }
    })
    const refused = await fetch(url, { method: 'PUT', body: short, duplex: 'half' })
    t.match([refused.status, await refused.json()], [400, { code: 'size_differs' }])
    t.equal((await sendContent(at(body, 'upload'), '0123456789', server)).status, 204, 'then the right one')
    const again = await sendContent(at(body, 'upload'), '9876543210', server)
    t.match([again.status, await again.json()], [409, { code: 'file_complete' }])
  })

  await t.test('what is sent twice at the same time is there once, whole', async (t) => {
    const bytes = 'x'.repeat(MIB)
    const { body } = await announce(ann, { chat, bytes })
    const answers = await Promise.all([1, 2, 3].map(() => sendContent(at(body, 'upload'), bytes, server)))
    t.ok(answers.some(({ status }) => status === 204))
    for (const { status } of answers) t.ok(status === 204 || status === 409, String(status))
    const { body: file } = await ann.call('GET', `/files/${textAt(body, 'file')}`)
    t.equal((await download(placedAt(server, textAt(file, 'url')))).bytes.length, MIB)
  })

  await t.test('an upload that is broken off leaves nothing, and may begin anew', async (t) => {
    const { body } = await announce(ann, { chat, bytes: '0123456789' })
    const { hostname, port, pathname, search } = new URL(placedAt(server, textAt(body, 'upload', 'url')))
    const socket = net.connect(Number(port), hostname)
    socket.write(`PUT ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: 10\r\n\r\n01234`)
    await within(once(socket, 'connect'), DEADLINE_MS, 'a connection')
    socket.destroy()
    t.equal((await sendContent(at(body, 'upload'), '0123456789', server)).status, 204)
  })

  await t.test('a picture loses its metadata and nothing else, and gets a thumbnail', async (t) => {
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const bytes = await pictureWithMetadata(format)
      t.ok(bytes.includes(SECRET_PLACE), 'it had some')
      const got = await send(bytes, { name: `a.${format}`, type: `image/${format}` })
      t.notOk(got.bytes.includes(SECRET_PLACE), format)
      t.match(got.body, { content_type: `image/${format}`, width: 60, height: 40, size: got.bytes.length })
      t.match(got.headers.get('content-disposition'), /^inline; /)
      t.equal(got.headers.get('content-type'), `image/${format}`)
      const [before, after] = await Promise.all([bytes, got.bytes].map((one) => sharp(one).raw().toBuffer()))
      t.ok(before?.equals(after ?? Buffer.alloc(0)), 'the same pixels')
      const { width, height, format: kind } = await sharp(got.thumbnail?.bytes).metadata()
      t.strictSame([got.thumbnail?.headers.get('content-type'), width, height, kind], ['image/webp', 60, 40, 'webp'])
    }
    const turned = await send(await pictureWithMetadata('jpeg', 6), { name: 'turned.jpg' })
    t.match(turned.body, { width: 40, height: 60 }, 'as it is shown')
    t.match([(await sharp(turned.bytes).metadata()).orientation, turned.bytes.includes(SECRET_PLACE)], [6, false])
    const gif = await send(await gifWithComment(), { name: 'a.gif' })
    t.match(gif.body, { content_type: 'image/gif', width: 3, height: 2 })
    t.match([gif.bytes.includes(SECRET_PLACE), (await sharp(gif.bytes).metadata()).pages], [false, 2])
    const red = { width: 3_000, height: 1_500, channels: 3 as const, background: 'red' }
    const large = await sharp({ create: red }).jpeg().toBuffer()
    const { width, height } = await sharp((await send(large)).thumbnail?.bytes).metadata()
    t.strictSame([width, height], [512, 256])
  })

  await t.test('nothing that could run is shown, whatever it is called', async (t) => {
    const jpeg = await pictureWithMetadata('jpeg')
    const almost = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.from(SCRIPT)])
    for (const [name, type, bytes, found] of [
      ['a.svg', 'image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg">${SCRIPT}</svg>`, 'image/svg+xml'],
      ['a.png', 'image/png', `<?xml version="1.0"?><svg onload="alert(1)"></svg>`, 'image/svg+xml'],
      ['a.html', 'text/html', `<!doctype html>${SCRIPT}`, 'text/html'],
      ['a.jpg', 'image/jpeg', SCRIPT, 'text/html'],
      ['a.gif', 'image/gif', `GIF89a=1;/*${SCRIPT}*/`, 'application/octet-stream'],
      ['a.jpg', 'image/jpeg', almost, 'application/octet-stream'],
      ['a.xml', 'text/xml', '<?xml version="1.0"?><x:a xmlns:x="http://www.w3.org/1999/xhtml"/>', 'application/xml'],
      ['a.js', 'text/javascript', 'alert(1)', 'text/plain'],
      ['a.pdf', 'text/html', '%PDF-1.7 ', 'application/pdf'],
      ['a.exe', 'image/png', Buffer.from('4d5a9000', 'hex'), 'application/octet-stream']
    ] as const) {
      const { body, headers } = await send(Buffer.from(bytes), { name, type })
      t.equal(at(body, 'content_type'), found, `${name}: ${found}`)
      t.match(headers.get('content-disposition'), /^attachment; /)
      t.notMatch(headers.get('content-type'), /html|xml|svg|javascript|image/)
      t.equal(headers.get('content-security-policy'), 'sandbox; default-src \'none\'')
      t.equal(headers.get('x-content-type-options'), 'nosniff')
    }
    const polyglot = await send(Buffer.concat([jpeg, Buffer.from(`PK\u0003\u0004${SCRIPT}`)]), { name: 'a.jpg' })
    t.match([polyglot.body, polyglot.bytes.includes(SCRIPT)], [{ content_type: 'image/jpeg' }, false])
    const inComment = await pictureWithMetadata('png')
    t.notOk((await send(Buffer.concat([inComment, Buffer.from(SCRIPT)]))).bytes.includes(SCRIPT))
  })

  await t.test('between a sound and a film its sender decides where the format leaves it open', async (t) => {
    const [webm, ogg] = [Buffer.from('1a45dfa39f42828477656264', 'hex'), Buffer.from('OggS\0\u0002', 'latin1')]
    const mp4 = (brand: string) => Buffer.from(`\0\0\0\u0018ftyp${brand}\0\0\u0002\0`, 'latin1')
    for (const [bytes, type, found] of [
      [webm, 'audio/webm', 'audio/webm'], [ogg, 'audio/ogg', 'audio/ogg'], [mp4('isom'), 'audio/mp4', 'audio/mp4'],
      [mp4('iso5'), 'audio/x-m4a', 'audio/mp4'], [mp4('isom'), 'video/mp4', 'video/mp4'],
      [mp4('isom'), 'audio/mpeg', 'video/mp4'], [mp4('M4A '), 'video/mp4', 'audio/mp4'],
      [Buffer.from(SCRIPT), 'audio/mp4', 'text/html']
    ] as const) {
      const { body, headers } = await send(bytes, { name: 'sound', type })
      t.equal(at(body, 'content_type'), found)
      t.match(headers.get('content-disposition'), /^attachment; /)
    }
  })

  await t.test('a picture that is huge when it is decoded has no thumbnail, and is not shown', async (t) => {
    const bomb = await send(pngOfSize(100_000, 100_000), { name: 'bomb.png', type: 'image/png' })
    t.match(bomb.body, { content_type: 'image/png', width: 100_000, height: 100_000, thumbnail_url: null })
    t.match(Object.fromEntries(bomb.headers), {
      'content-type': 'application/octet-stream', 'content-disposition': /^attachment/
    })
    const damaged = await send(pngOfSize(500, 500), { name: 'damaged.png' })
    t.match(damaged.body, { content_type: 'image/png', width: 500, height: 500 })
    t.equal((await send(pngOfSize(0, 5))).headers.get('content-type'), 'application/octet-stream')
  })

  await t.test('a name is no path and does not deceive', async (t) => {
    for (const [given, name] of [
      ['../../etc/passwd', 'passwd'], ['C:\\Users\\ann\\a.txt', 'a.txt'],
      ['a\r\nset-cookie: x=1', 'a__set-cookie_ x=1'],
      ['say "hi".txt', 'say _hi_.txt'], ['photo_\u202Egpj.exe', 'photo__gpj.exe'], ['..', 'file'], ['a/', 'file'],
      ['Übergröße 100%.txt', 'Übergröße 100%.txt'], ['照片 👍.png', '照片 👍.png'], ['\'(*)\'.txt', '\'(_)\'.txt']
    ] as const) {
      const { body, headers } = await send('x', { name: given })
      t.equal(at(body, 'name'), name)
      const disposition = headers.get('content-disposition') ?? ''
      const [, encoded = ''] = DISPOSITION.exec(disposition) ?? []
      t.equal(decodeURIComponent(encoded), name, disposition)
    }
  })

  await t.test('bad input is refused in a sentence', async (t) => {
    const file = { chat, name: 'a.txt', size: 1, content_type: 'text/plain' }
    for (const [body, code] of [
      [{ ...file, size: 0 }, 'invalid_input'], [{ ...file, size: -1 }, 'invalid_input'],
      [{ ...file, size: 1.5 }, 'invalid_input'], [{ ...file, size: '1' }, 'invalid_input'],
      [{ ...file, name: '' }, 'invalid_input'], [{ ...file, name: 'x'.repeat(256) }, 'invalid_input'],
      [{ ...file, name: 'a\0b' }, 'invalid_input'], [{ ...file, name: 'a\uD800' }, 'invalid_input'],
      [{ ...file, content_type: 'text' }, 'invalid_input'],
      [{ ...file, content_type: 'text/plain; x' }, 'invalid_input'],
      [{ ...file, chat: 'nowhere' }, 'unknown_chat'], [{ ...file, more: 1 }, 'invalid_input'],
      [{ chat, name: 'a' }, 'invalid_input']
    ] as const) {
      const answer = await ann.call('POST', '/files', body)
      t.match([answer.status < 500, at(answer.body, 'code')], [true, code], JSON.stringify(body).slice(0, 80))
    }
    const id = await sendFile(ann, { chat, bytes: 'x' }, server)
    const attach = (attachments: unknown) => ann.call('POST', `/chats/${chat}/messages`, { text: 'x', attachments })
    for (const [attachments, code] of [
      [[{ file: 'nothing' }], 'unknown_file'], [[{ file: '0'.repeat(32) }], 'unknown_file'],
      [[{ file: id }, { file: id }], 'invalid_input'], [[{ file: id, url: 'x' }], 'invalid_input'],
      [[id], 'invalid_input'], [Array.from({ length: 11 }, () => ({ file: id })), 'invalid_input'],
      [{}, 'invalid_input']
    ] as const) t.equal(at((await attach(attachments)).body, 'code'), code, JSON.stringify(attachments).slice(0, 80))
    const blank = await ann.call('POST', `/chats/${chat}/messages`, { text: ' ', attachments: [{ file: id }] })
    expectProblem(t, blank, 400, 'invalid_text')
    expectProblem(t, await ann.call('GET', '/files/..%2F..%2Fetc'), 404, 'unknown_file')
  })

  await t.test('who may not post may not send files', async (t) => {
    const [bob, type] = [await newUser(cluster), uniqueName('plain')]
    const broadcast = await newChat(ann, 'broadcast')
    await backend.call('POST', `/chats/${broadcast}/members`, { members: [{ user: bob.id }] })
    expectProblem(t, await announce(bob, { chat: broadcast, bytes: 'x' }), 403, 'forbidden')
    expectProblem(t, await announce(bob, { chat, bytes: 'x' }), 404, 'unknown_chat')
    expectProblem(t, await announce(backend, { chat, bytes: 'x' }), 400, 'user_required')
    const { roles, ...definition } = BUILT_IN_TYPES.group
    const made = await backend.call('PUT', `/chat-types/${type}`, {
      ...definition,
      roles: Object.fromEntries(roles.map(({ role, permissions }) => [role, permissions])),
      features: { ...definition.features, attachments: false }
    })
    t.ok(made.status < 300, made.text)
    expectProblem(t, await announce(ann, { chat: await newChat(ann, type), bytes: 'x' }), 403, 'feature_off')
    await ann.call('POST', `/chats/${chat}/members`, { members: [{ user: bob.id }] })
    await ann.call('POST', `/chats/${chat}:freeze`, {})
    expectProblem(t, await announce(bob, { chat, bytes: 'x' }), 403, 'chat_frozen')
    await ann.call('POST', `/chats/${chat}:unfreeze`, {})
  })
}, {
  environment: { ...USER_TOKENS, FILES_QUOTA: '1GiB', METRICS_PORT: '0', METRICS_HOST: '127.0.0.1' }, inspectable: true
})

await t.test('the files of a user have a quota, however many are announced at once', async (t) => {
  const cluster = await startCluster(t, {
    environment: { ...USER_TOKENS, FILES_QUOTA: '10KiB', FILES_MAX_SIZE: '8KiB' }, inspectable: true
  })
  const [ann, bob] = [await newUser(cluster), await newUser(cluster)]
  const chat = await newChat(ann)
  expectProblem(t, await announce(ann, { chat, bytes: '' }, 8 * 1_024 + 1), 413, 'file_too_large')
  const answers = await Promise.all(Array.from({ length: 8 }, () => announce(ann, { chat, bytes: '' }, 3 * 1_024)))
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 201, 201, 403, 403, 403, 403, 403])
  expectProblem(t, await announce(ann, { chat, bytes: '' }, 3 * 1_024), 403, 'file_quota')
  const [first] = answers.filter(({ status }) => status === 201)
  t.equal((await ann.call('DELETE', `/files/${textAt(first?.body, 'file')}`)).status, 204)
  t.equal((await announce(ann, { chat, bytes: '' }, 3 * 1_024)).status, 201, 'what is deleted counts no more')
  const ofBob = await announce(bob, { chat: await newChat(bob), bytes: '' }, 8 * 1_024)
  t.equal(ofBob.status, 201, 'each user has their own')
})

await t.test('an upload takes its time, but not without any progress', async (t) => {
  const environment = { ...USER_TOKENS, REQUEST_TIMEOUT: '400ms' }
  const cluster = await startCluster(t, { environment, inspectable: true })
  const ann = await newUser(cluster)
  const chat = await newChat(ann)
  const server = cluster.replica(0)
  const bytes = Buffer.alloc(24, 'x')
  const { body } = await announce(ann, { chat, bytes })
  const url = placedAt(server, textAt(body, 'upload', 'url'))
  let sent = 0
  // A client of a slow network, which needs thrice the time of other requests.
  const slow = new ReadableStream({
    async pull (controller) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      if (sent++ < bytes.length) controller.enqueue(new Uint8Array([0x78]))
      else controller.close()
    }
  })
  t.equal((await fetch(url, { method: 'PUT', body: slow, duplex: 'half' })).status, 204)
  const { body: other } = await announce(ann, { chat, bytes })
  const { hostname, port, pathname, search } = new URL(placedAt(server, textAt(other, 'upload', 'url')))
  const stalled = net.connect(Number(port), hostname)
  stalled.on('error', () => undefined)
  stalled.resume()
  stalled.write(`PUT ${pathname}${search} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: 24\r\n\r\nxxx`)
  await within(once(stalled, 'close'), DEADLINE_MS, 'the end of a connection that sends nothing')
})

await t.test('contents have an origin of their own', async (t) => {
  const cluster = await startCluster(t, {
    environment: { ...USER_TOKENS, FILES_URL: 'https://files.example.org/' }, inspectable: true
  })
  const ann = await newUser(cluster)
  const server = cluster.replica(0)
  const { body } = await announce(ann, { chat: await newChat(ann), bytes: 'x' })
  const url = textAt(body, 'upload', 'url')
  t.match(url, /^https:\/\/files\.example\.org\/v1\/files\//)
  const answerTo = (...lines: string[]) => new Promise<string>((resolve, reject) => {
    const { hostname, port } = new URL(server.url)
    const socket = net.connect(Number(port), hostname).on('error', reject).setEncoding('latin1')
    socket.once('data', (text) => {
      resolve(String(text))
      socket.destroy()
    })
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  })
  const ask = async (host: string, target: string) =>
    (await answerTo(`GET ${target} HTTP/1.1`, `host: ${host}`)).split(' ')[1]
  const content = new URL(url).pathname + new URL(url).search
  t.equal(await ask('files.example.org', content), '403', 'it is there, by the right link')
  t.equal(await ask('chat.example.org', content), '404')
  for (const [host, status] of [['files.example.org', '404'], ['chat.example.org', '200']] as const)
    t.equal(await ask(host, '/app'), status, host)
  t.equal(await ask('files.example.org', '/livez'), '200')
  // The pages of this server send files there, from another origin.
  const preflight = (origin: string) => answerTo(
    `OPTIONS ${content} HTTP/1.1`, 'host: files.example.org', `origin: ${origin}`, 'access-control-request-method: PUT',
    'access-control-request-headers: content-type'
  )
  const { origin } = new URL(PUBLIC_URL)
  const allowed = await preflight(origin)
  t.match(allowed, new RegExp(`^HTTP/1.1 204 [^]*\r\naccess-control-allow-origin: ${origin}\r\n`, 'i'))
  t.match(allowed, /\r\naccess-control-allow-methods: [^\r]*PUT/i)
  t.notMatch(await preflight('https://evil.example'), /access-control-allow-origin/i)
})

await t.test('without a storage there are no files', async (t) => {
  const cluster = await startCluster(t, { environment: { ...USER_TOKENS, FILES: 'off' }, inspectable: true })
  const ann = await newUser(cluster)
  const chat = await newChat(ann)
  const id = '0'.repeat(32)
  for (const answer of [
    await announce(ann, { chat, bytes: 'x' }),
    await ann.call('GET', `/files/${id}`),
    await ann.call('DELETE', `/files/${id}`),
    await ann.call('POST', `/chats/${chat}/messages`, { text: '', attachments: [{ file: id }] })
  ]) expectProblem(t, answer, 404, 'files_off')
  t.equal((await ann.call('POST', `/chats/${chat}/messages`, { text: 'x' })).status, 201)
})
