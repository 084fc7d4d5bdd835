import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from '../../support/tap.ts'
import { within } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded, onServices } from '../../support/servers/deployments.ts'

const DEADLINE_MS = 30_000
const DRIP_MS = 50

/** A bare connection, and all that it got once the server has ended it. */
type Line = { socket: Socket, ended: Promise<string> }

async function dial (t: Test, cluster: Cluster): Promise<Line> {
  const { hostname, port } = new URL(cluster.replica(0).url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: false })
  t.teardown(() => socket.destroy())
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  // Writing to what the server has ended is an error; the end itself says enough.
  socket.on('error', () => undefined)
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(text)))
  await within(once(socket, 'connect'), DEADLINE_MS, 'a connection')
  return { socket, ended }
}

/** Sends something again and again, so that the connection is never idle. */
function drip (t: Test, { socket }: Line, next: () => string): void {
  const timer = setInterval(() => {
    if (socket.writable) socket.write(next())
  }, DRIP_MS)
  t.teardown(() => clearInterval(timer))
}

async function expectCut (t: Test, line: Line, answer: RegExp, title: string): Promise<void> {
  t.match(await within(line.ended, DEADLINE_MS, `the end of a connection: ${title}`), answer, title)
}

await onEmbedded(
  t,
  async (t, cluster) => {
    await t.test('who drips headers, or a body, or says nothing, is cut off', async (t) => {
      const [headers, body, silent, idle] = [
        await dial(t, cluster),
        await dial(t, cluster),
        await dial(t, cluster),
        await dial(t, cluster)
      ]
      headers.socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n')
      let count = 0
      drip(t, headers, () => `X-${String(count++)}: drip\r\n`)
      body.socket.write(
        'POST /user/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ' +
        '100000\r\n\r\n'
      )
      drip(t, body, () => ' ')
      idle.socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
      await Promise.all([
        expectCut(t, headers, /^(HTTP\/1\.1 408 |$)/, 'headers'),
        expectCut(t, body, /^(HTTP\/1\.1 408 |$)/, 'a body'),
        expectCut(t, silent, /^(HTTP\/1\.1 408 |$)/, 'nothing'),
        expectCut(t, idle, /^HTTP\/1\.1 200 /, 'nothing more after an answer')
      ])
      t.equal((await cluster.get('/livez')).status, 200, 'everybody else is served')
    })
    // Long enough for a client that is merely slow to be scheduled.
  },
  { environment: { HEADERS_TIMEOUT: '1s', REQUEST_TIMEOUT: '2s', IDLE_TIMEOUT: '1s' } }
)

await onServices(
  t,
  async (t, cluster) => {
    await t.test('headers larger than 16 KiB are refused', async (t) => {
      const [one, many] = [await dial(t, cluster), await dial(t, cluster)]
      one.socket.write(`GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`)
      many.socket.write(
        'GET /livez HTTP/1.1\r\nHost: localhost\r\n' +
        Array.from({ length: 3_000 }, (_, index) => `X-${String(index)}: y\r\n`).join('') +
        '\r\n'
      )
      for (const line of [one, many]) await expectCut(t, line, /^HTTP\/1\.1 431 /, 'too large')
      t.equal((await cluster.get('/livez', { headers: { 'x-large': 'x'.repeat(10_000) } })).status, 200)
    })

    await t.test('bodies larger than 256 KiB are refused, whether or not they say so', async (t) => {
      const chunk = 'x'.repeat(65_536)
      const line = await dial(t, cluster)
      line.socket.write(
        'POST /user/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: ' +
        'chunked\r\n\r\n'
      )
      for (let index = 0; index < 5; index++) line.socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
      await expectCut(t, line, /^HTTP\/1\.1 413 /, 'in chunks')
      t.equal((await cluster.post('/user/login', { username: 'x'.repeat(262_144), password: '' })).status, 413)
    })
  },
  { replicas: 1 }
)
