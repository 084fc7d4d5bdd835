/** Requests to servers of others, which may be slow, broken or hostile. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { once } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from '../../support/tap.ts'
import type { OutboundRequest } from '../../../src/domain/webhooks/outbound.ts'
import {
  OutboundClient, type OutboundOptions
} from '../../../src/integrations/outbound/outbound-client.ts'
import type { FindAddresses } from '../../../src/integrations/outbound/find-addresses.ts'
import { within } from '../../support/deadline.ts'
import { listenOnFreePort } from '../../support/servers/http-server.ts'

const run = promisify(execFile)
/** Long enough for what has an end, and short for what has none. */
const [LONG_MS, SHORT_MS] = [20_000, 300]

function clientOf (t: Test, options: Partial<OutboundOptions> = {}): OutboundClient {
  const client = new OutboundClient({ isPrivateAllowed: true, ...options })
  t.teardown(() => client.close())
  return client
}

const requestTo = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest =>
  ({ url, headers: { 'content-type': 'application/json' }, body: '{}', deadlineMs: LONG_MS, ...more })

/** A server of raw bytes. */
async function startTcp (
  t: Test, onConnection: (socket: Socket) => void
): Promise<{ port: number, sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, sockets }
}

const serve = async (t: Test, listener: RequestListener) => listenOnFreePort(t, createServer(listener))

await t.test('an answer is returned with its status, its beginning, and when to come again', async (t) => {
  const url = await serve(t, (request, response) => {
    response.writeHead(503, { 'retry-after': '7', 'content-type': 'text/plain' })
    response.end(`${request.method ?? ''} ${request.url ?? ''} ${request.headers['content-type'] ?? ''}\0`)
  })
  t.match(await clientOf(t).post(requestTo(`${url}/path?query#fragment`)), {
    kind: 'answer', status: 503, retryAfterMs: 7_000, body: 'POST /path?query application/json\ufffd', cut: undefined,
    isPrivate: true
  })
})

await t.test('a time in Retry-After counts from now on', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(429, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }).end()
  })
  const result = await clientOf(t).post(requestTo(url))
  t.ok(result.kind === 'answer' && (result.retryAfterMs ?? 0) > 3_500_000)
})

await t.test('redirects are not followed', async (t) => {
  const target = await serve(t, () => t.fail('it was followed'))
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await serve(t, (_request, response) => response.writeHead(status, { location: target }).end())
    t.match(await clientOf(t).post(requestTo(url)), { kind: 'failure', reason: 'redirect' }, String(status))
  }
})

await t.test('of an endless answer little is read, and its connection is closed', async (t) => {
  let written = 0
  let isClosed: Promise<unknown> | undefined
  const url = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-length': String(10 * 2 ** 30) })
    const chunk = Buffer.alloc(65_536, 'x')
    const write = () => {
      do written += chunk.length
      while (response.write(chunk))
    }
    response.on('drain', write)
    isClosed = once(response, 'close')
    write()
  })
  const result = await clientOf(t).post(requestTo(url))
  t.match(result, { kind: 'answer', status: 200, cut: 'size' })
  t.equal(result.kind === 'answer' && result.body, 'x'.repeat(4_096))
  await within(Promise.resolve(isClosed), 10_000, 'the end of the connection')
  t.ok(written < 64 * 2 ** 20, `${String(written)} bytes were taken`)
})

await t.test('a longer answer is cut, and its connection used again', async (t) => {
  let connections = 0
  const server = createServer((_request, response) => response.end('y'.repeat(20_000)))
  server.on('connection', () => connections++)
  const [url, client] = [await listenOnFreePort(t, server), clientOf(t)]
  for (let count = 0; count < 3; count++) t.match(await client.post(requestTo(url)), { status: 200, cut: 'size' })
  t.match(await client.post(requestTo(url, { maxAnswerBytes: 20_000 })), { body: 'y'.repeat(20_000), cut: undefined })
  t.equal(connections, 1)
})

await t.test('the deadline holds against every kind of slowness', async (t) => {
  const [hanging, trickling] = [
    await startTcp(t, () => undefined),
    await startTcp(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const timer = setInterval(() => socket.write('x: y\r\n'), 20)
      socket.on('close', () => clearInterval(timer))
    })
  ]
  for (const { port } of [hanging, trickling]) {
    const result = clientOf(t).post(requestTo(`http://127.0.0.1:${String(port)}`, { deadlineMs: SHORT_MS }))
    t.match(await within(result, LONG_MS, 'the end'), { kind: 'failure', reason: 'timeout' })
  }
  const slowBody = await serve(t, (_request, response) => {
    response.writeHead(200).write('begun')
    const timer = setInterval(() => response.write('.'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const late = await within(clientOf(t).post(requestTo(slowBody, { deadlineMs: SHORT_MS })), LONG_MS, 'the end')
  t.match(late, { kind: 'answer', status: 200, cut: 'timeout', body: /^begun/ }, 'what was answered counts')
  const never: FindAddresses = () => undefined
  const unnamed = clientOf(t, { findAddresses: never }).post(requestTo('http://a.example', { deadlineMs: SHORT_MS }))
  t.match(await within(unnamed, LONG_MS, 'the end'), { reason: 'timeout' }, 'a resolver that is silent')
})

await t.test('what is no answer has a reason', async (t) => {
  const { port: closing } = await startTcp(t, (socket) => socket.once('data', () => socket.destroy()))
  const { port: silly } = await startTcp(t, (socket) => socket.once('data', () => socket.end('hello\r\n\r\n')))
  const { port: wordy } = await startTcp(t, (socket) => socket.once('data', () => {
    socket.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
  }))
  const upgrading = await startTcp(t, (socket) => socket.once('data', () => {
    socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
  }))
  const free = await serve(t, () => undefined)
  const broken = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('abc', () => response.destroy())
  })
  const local = (port: number) => `http://127.0.0.1:${String(port)}`
  const cases: [url: string, reason: string][] = [
    [local(closing), 'reset'], [local(silly), 'invalid_answer'], [local(wordy), 'invalid_answer'],
    [local(upgrading.port), 'invalid_answer'], ['http://127.0.0.1:1', 'connect'],
    ['http://nobody.invalid', 'dns'], [free.replace('http:', 'https:'), 'tls'], ['ftp://a.example', 'invalid_url']
  ]
  for (const [url, reason] of cases) {
    const result = await within(clientOf(t).post(requestTo(url)), LONG_MS, url)
    t.match(result, { kind: 'failure', reason, message: /^[A-Z].*\.$/ }, url)
  }
  t.match(await clientOf(t).post(requestTo(broken)), { kind: 'answer', status: 200, body: 'abc', cut: 'reset' })
})

await t.test('a kept connection that the server has closed is no failure', async (t) => {
  const [client, seen] = [clientOf(t), [] as Socket[]]
  const server = createServer((request, response) => {
    seen.push(request.socket)
    response.end('ok')
  })
  const url = await listenOnFreePort(t, server)
  t.match(await client.post(requestTo(url)), { status: 200 })
  // The client sends before it learns of the end.
  const next = client.post(requestTo(url))
  seen[0]?.destroy()
  t.match(await next, { kind: 'answer', status: 200 })
})

await t.test('a request can be given up, and the client be closed', async (t) => {
  const url = await serve(t, () => undefined)
  const [client, controller] = [clientOf(t), new AbortController()]
  const [one, two] = [client.post(requestTo(url, { signal: controller.signal })), client.post(requestTo(url))]
  controller.abort()
  t.match(await one, { reason: 'aborted' })
  client.close()
  t.match(await two, { reason: 'aborted' })
  t.match(await client.post(requestTo(url)), { reason: 'aborted' })
})

await t.test('no connection is opened to an address that is not public', async (t) => {
  const { port, sockets } = await startTcp(t, () => undefined)
  const at = (host: string) => requestTo(`https://${host}:${String(port)}`)
  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254'])
    t.match(await clientOf(t, { isPrivateAllowed: false }).post(at(host)), { reason: 'refused_address' }, host)
  t.match(await clientOf(t, { isPrivateAllowed: false }).post(at('localhost')), { reason: 'refused_address' })

  /** A name that has other addresses each time it is looked up. */
  const rebinding = (...answers: string[][]): FindAddresses => (_name, done) => {
    const addresses = answers.shift() ?? []
    done(null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
  }
  for (const [title, addresses] of Object.entries({
    private: ['10.0.0.1'], 'one of several': ['1.1.1.1', '127.0.0.1'], mapped: ['::ffff:127.0.0.1'],
    metadata: ['169.254.169.254'], 'link-local': ['fe80::1%lo']
  })) {
    const client = clientOf(t, { isPrivateAllowed: false, findAddresses: rebinding(addresses) })
    t.match(await client.post(at('a.example')), { reason: 'refused_address', message: /not public/ }, title)
  }
  // Each request looks again, and connects to the address that was looked at.
  const client = clientOf(t, { isPrivateAllowed: false, findAddresses: rebinding([], ['127.0.0.1']) })
  t.match(await client.post(at('a.example')), { reason: 'dns' })
  t.match(await client.post(at('a.example')), { reason: 'refused_address' })
  t.equal(sockets.length, 0, 'nothing was connected to')
})

await t.test('the certificate must be good, for the name', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-tls-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await run('openssl', [
    'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=hooks.example',
    '-addext', 'subjectAltName=DNS:hooks.example', '-keyout', 'key.pem', '-out', 'cert.pem'
  ], { cwd: folder })
  const read = (file: string) => readFile(path.join(folder, file), 'utf8')
  const [key, cert] = [await read('key.pem'), await read('cert.pem')]
  const server = createTlsServer({ key, cert }, (_request, response) => response.end('safe'))
  const { port } = new URL(await listenOnFreePort(t, server))
  const findAddresses: FindAddresses = (_name, done) => done(null, [{ address: '127.0.0.1', family: 4 }])
  const post = async (name: string, ca?: string) =>
    clientOf(t, { findAddresses, ...(ca !== undefined && { ca }) }).post(requestTo(`https://${name}:${port}`))
  t.match(await post('hooks.example', cert), { kind: 'answer', status: 200, body: 'safe' })
  t.match(await post('hooks.example'), { reason: 'tls' }, 'of an unknown authority')
  t.match(await post('other.example', cert), { reason: 'tls' }, 'for another name')
})
