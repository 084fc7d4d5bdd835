import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import t, { type Test } from '../../support/tap.ts'
import { expectPage } from '../../support/checks/answers.ts'
import { call, type Answer } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { register } from '../../support/data/accounts.ts'
import { routesOf } from '../../support/data/routes.ts'
import { startCluster } from '../../support/servers/cluster.ts'
import { onEmbedded, onServices } from '../../support/servers/deployments.ts'

const STRICT = { 'default-src': '\'none\'', 'frame-ancestors': '\'none\'', 'base-uri': '\'none\'' }
const PAGES = [
  '/',
  '/subscribe',
  '/user/reset-password?token=nonsense&username=ann',
  '/user/reset-password',
  '/user/verify-email?token=nonsense',
  '/user/verify-email'
]

const KEY = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=='
const upgrade = (target: string, headers: string) =>
  `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n${headers}`

/** Sends a request as it is written, and reads the answer up to the end of the connection. */
async function askRaw (url: string, request: string): Promise<Pick<Answer, 'status' | 'headers' | 'body'>> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${request}\r\n\r\n`)
  const received = new Promise<string>((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8').on('error', reject).on('data', (chunk: string) => {
      text += chunk
      const [head = '', body] = text.split('\r\n\r\n')
      const length = /^content-length: (\d+)$/im.exec(head)?.[1]
      if (body !== undefined && length !== undefined && Buffer.byteLength(body) >= Number(length)) resolve(text)
    }).on('end', () => resolve(text))
  })
  const [head = '', body = ''] = (await received).split('\r\n\r\n')
  socket.destroy()
  const [first = '', ...lines] = head.split('\r\n')
  const headers = new Headers(lines.map((line): [string, string] => {
    const [name = '', ...value] = line.split(': ')
    return [name, value.join(': ')]
  }))
  return { status: Number(first.split(' ')[1]), headers, body: JSON.parse(body) }
}

function expectHeaders (t: Test, { headers }: Pick<Answer, 'headers'>, title: string): void {
  const policy = new Map(
    (headers.get('content-security-policy') ?? '').split(/; ?/).map((directive) => {
      const [name = '', ...sources] = directive.split(' ')
      return [name, sources.join(' ')]
    })
  )
  t.match(
    {
      'x-content-type-options': headers.get('x-content-type-options'),
      'x-frame-options': headers.get('x-frame-options'),
      'referrer-policy': headers.get('referrer-policy'),
      'cache-control': headers.get('cache-control'),
      'cross-origin-opener-policy': headers.get('cross-origin-opener-policy'),
      ...Object.fromEntries(policy)
    },
    {
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      ...STRICT
    },
    title
  )
  t.notMatch([...policy.values()].join(' '), /unsafe|\*|https?:/, title)
  t.notOk(headers.has('server') || headers.has('x-powered-by'), title)
}

await onEmbedded(t, async (t, cluster) => {
  await t.test('every answer of every route has them, whatever it says', async (t) => {
    const { accessToken } = await register(cluster)
    for (const route of routesOf(cluster.replica(0))) {
      const [method = '', pattern = ''] = route.split(' ')
      const target = pattern.replaceAll(/\/:\w+/g, '/x')
      const answers =
        method === 'POST'
          ? [
              await cluster.post(target, {}),
              await cluster.post(target, {}, { bearer: accessToken }),
              await cluster.call(method, target, { raw: { type: 'text/plain', text: 'x' } })
            ]
          : [await cluster.call(method, target), await cluster.call(method, target, { bearer: accessToken })]
      for (const answer of answers) expectHeaders(t, answer, `${route}: ${String(answer.status)}`)
    }
  })

  await t.test('so have answers that no route gives', async (t) => {
    for (const base of ['', '/api']) {
      expectHeaders(t, await cluster.get(`${base}/nowhere`), 'an unknown route')
      expectHeaders(t, await cluster.get(`${base}/%zz`), 'a URL that cannot be read')
      expectHeaders(
        t,
        await cluster.post(`${base}/user/login`, { username: 'x'.repeat(300_000), password: '' }),
        'a body that is too large'
      )
      expectHeaders(t, await cluster.call('OPTIONS', `${base}/nowhere`), 'a method that nothing takes')
    }
  })

  await t.test('so have refusals of what is never routed, in the form of the face of their URL', async (t) => {
    const requests: [title: string, status: number, request: string][] = [
      ['an expectation', 417, 'GET /livez HTTP/1.1\r\nhost: x\r\nexpect: nonsense'],
      ['headers that are too large', 431, `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}`],
      ['no HTTP', 400, 'nonsense'],
      ['a handshake without a key', 400, upgrade('/ws', 'sec-websocket-version: 13')],
      ['a handshake of another version', 400, upgrade('/ws', `sec-websocket-version: 7\r\n${KEY}`)]
    ]
    for (const [title, status, request] of requests) {
      const answer = await askRaw(cluster.replica(0).url, request)
      t.equal(answer.status, status, title)
      expectHeaders(t, answer, title)
      t.hasStrict(answer.body, { status: 'error', response: '', code: 'invalid_input' }, title)
    }
    const emotechat = await askRaw(cluster.replica(0).url, 'GET /api/x HTTP/1.1\r\nhost: x\r\nexpect: nonsense')
    t.strictSame([emotechat.status, emotechat.body], [417, { message: 'The server meets no such expectation.' }])
  })

  await t.test('pages allow themselves their own style and forms to this server, nothing else', async (t) => {
    for (const page of PAGES) {
      const answer = await cluster.get(page)
      expectPage(t, answer, answer.status, page)
      expectHeaders(t, answer, page)
      t.match(answer.headers.get('content-security-policy'), /style-src 'sha256-[^' ]+'; form-action 'self'/)
    }
  })

  await t.test('with an https PUBLIC_URL browsers are told to come by https only', async (t) => {
    for (const target of ['/', '/api/auth/validate', '/%zz'])
      t.match((await cluster.get(target)).headers.get('strict-transport-security'), /^max-age=\d{8,}$/)
  })

  await t.test('a socket still opens', async (t) => {
    const { accessToken } = await register(cluster)
    t.strictSame(await (await connect(t, cluster.replica(0), accessToken)).barrier(), [])
  })
})

await onServices(
  t,
  async (t, cluster) => {
    await t.test('without https nothing is said of it', async (t) => {
      const answer = await call(`${cluster.replica(0).url}/`, 'GET')
      expectHeaders(t, answer, '/')
      t.notOk(answer.headers.has('strict-transport-security'))
    })
  },
  { replicas: 1, environment: { PUBLIC_URL: 'http://chat.example.org' } }
)

await t.test('HSTS extends to subdomains, or is left to a proxy', async (t) => {
  for (const [HSTS, expected] of [['subdomains', /^max-age=\d{8,}; includeSubDomains$/], ['off', null]] as const) {
    const cluster = await startCluster(t, { environment: { HSTS } })
    for (const target of ['/livez', '/%zz']) {
      const header = (await cluster.get(target)).headers.get('strict-transport-security')
      if (expected === null) t.equal(header, null)
      else t.match(header, expected)
    }
  }
})
