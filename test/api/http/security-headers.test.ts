import t, { type Test } from '../../support/tap.ts'
import { expectPage } from '../../support/checks/answers.ts'
import { call, type Answer } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { register } from '../../support/data/accounts.ts'
import { routesOf } from '../../support/data/routes.ts'
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

function expectHeaders (t: Test, { headers }: Answer, title: string): void {
  const policy = new Map(
    (headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
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
      const [method = '', target = ''] = route.split(' ')
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
