import type { IncomingMessage } from 'node:http'
import t, { type Test } from '../../support/tap.ts'
import { WebSocket } from 'ws'
import { complaintAbout } from '../../support/checks/answers.ts'
import { uniqueName, type Answer } from '../../support/clients/http.ts'
import { register } from '../../support/data/accounts.ts'
import { complaintAboutSentence, newEmoteRegistration } from '../../support/data/emotechat.ts'
import { at } from '../../support/data/json.ts'
import { within } from '../../support/deadline.ts'
import { PUBLIC_URL, type Cluster } from '../../support/servers/cluster.ts'
import { onEmbedded, onServices } from '../../support/servers/deployments.ts'
import { readRefusal, refusedUpgrade } from '../../support/clients/upgrades.ts'

const APP = 'https://app.example.org'
const LOCAL_APP = 'http://localhost:3000'
const FOREIGN = [
  'https://evil.example',
  'http://app.example.org',
  'https://app.example.org:8443',
  'https://app.example.org.evil.example',
  'https://evil.example/https://app.example.org',
  'null',
  'nonsense',
  ''
]
const DEADLINE_MS = 30_000

const ownOrigin = (cluster: Cluster) => cluster.replica(0).url

function allowedOrigin ({ headers }: Answer): string | null {
  return headers.get('access-control-allow-origin')
}

async function preflight (cluster: Cluster, target: string, origin: string): Promise<Answer> {
  return cluster.call('OPTIONS', target, {
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type'
    }
  })
}

/** Tries to open a socket from a page. @returns the status of the answer, and what it says */
async function upgrade (
  t: Test,
  cluster: Cluster,
  headers: Record<string, string>
): Promise<{ status: number, code: unknown }> {
  const socket = new WebSocket(`${ownOrigin(cluster).replace(/^http/, 'ws')}/ws`, { headers })
  t.teardown(() => socket.terminate())
  socket.on('error', () => undefined)
  const answer = await within(
    new Promise<IncomingMessage>((resolve) => {
      socket.once('upgrade', resolve).once('unexpected-response', (_request, response) => resolve(response))
    }),
    DEADLINE_MS,
    'an answer to the upgrade'
  )
  if (answer.statusCode === 101) return { status: 101, code: undefined }
  const { status, body } = await readRefusal(cluster.replica(0), answer)
  return { status, code: at(body, 'code') }
}

async function answersListedPages (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a page of a listed origin may ask and read, on every face', async (t) => {
    const { accessToken } = await register(cluster)
    for (const origin of [APP, LOCAL_APP]) {
      for (const target of ['/user/login', '/chat/fetch-chats', '/api/auth/login', '/api/conversations', '/v1/me']) {
        const { status, headers } = await preflight(cluster, target, origin)
        t.equal(status, 204, target)
        t.strictSame(
          [headers.get('access-control-allow-origin'), headers.get('access-control-allow-credentials')],
          [origin, null]
        )
        t.match(headers.get('access-control-allow-headers'), /authorization.*content-type.*idempotency-key.*if-match/)
        t.match(headers.get('access-control-allow-methods'), /GET.*POST.*PATCH/)
        t.match(headers.get('vary'), /origin/i)
      }
      const answers = [
        await cluster.post('/chat/fetch-chats', { session_token: accessToken }, { headers: { origin } }),
        await cluster.get('/api/conversations', { bearer: accessToken, headers: { origin } }),
        await cluster.get('/api/conversations', { headers: { origin } }),
        await cluster.get('/nowhere', { headers: { origin } })
      ]
      t.strictSame(
        answers.map(({ status }) => status),
        [200, 200, 401, 404]
      )
      for (const answer of answers) t.equal(allowedOrigin(answer), origin, 'it may read what it was refused for, too')
      t.match(answers[0]?.headers.get('access-control-expose-headers'), /authorization.*etag/)
    }
  })
}

async function ignoresForeignPages (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a page of any other origin may not', async (t) => {
    for (const origin of FOREIGN) {
      for (const target of ['/user/login', '/api/auth/login']) {
        const answer = await preflight(cluster, target, origin)
        t.ok(answer.status >= 400 && answer.status < 500, `${origin} at ${target}: ${String(answer.status)}`)
        t.equal(allowedOrigin(answer), null)
        t.notOk(answer.headers.has('access-control-allow-methods'))
      }
      t.equal(allowedOrigin(await cluster.get('/api/conversations', { headers: { origin } })), null)
    }
  })

  await t.test(
    'a body that a page can send without asking is refused unless it is a form from a page that may',
    async (t) => {
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      for (const type of ['text/plain', 'multipart/form-data; boundary=x']) {
        const raw = { type, text: '{"email":"emma@example.org"}' }
        for (const target of [
          '/subscribe',
          '/user/login',
          '/user/reset-password',
          '/api/auth/login',
          '/api/password/reset-request'
        ]) {
          t.equal((await cluster.call('POST', target, { headers, raw })).status, 415, `${type} at ${target}`)
        }
      }
    }
  )
}

async function checksForms (t: Test, cluster: Cluster, own: Record<string, string>[]): Promise<void> {
  const forms: [target: string, form: () => Record<string, string>][] = [
    ['/subscribe', () => ({ email: `${uniqueName('reader-')}@example.org` })],
    ['/api/auth/register', newEmoteRegistration]
  ]

  await t.test('a form of another site is refused', async (t) => {
    const foreign = [
      ...FOREIGN.filter((origin) => origin !== '' && origin !== 'null').map((origin) => ({ origin })),
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://sub.example.org', 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' }
    ]
    for (const headers of foreign) {
      for (const [target, form] of forms) {
        const answer = await cluster.call('POST', target, { form: form(), headers })
        const complaint = target.startsWith('/api') ? complaintAboutSentence(answer, 403) : complaintAbout(answer, 403)
        t.equal(complaint, undefined, `${target} ${JSON.stringify(headers)}`)
      }
      const reset = await cluster.call('POST', '/user/reset-password', {
        form: { token: 'nonsense', username: 'ann', password: 'Pass-word-9', confirm_password: 'Pass-word-9' },
        headers
      })
      t.equal(reset.status, 403)
      t.equal(
        (
          await cluster.call('POST', '/subscribe', {
            raw: { type: 'Application/X-WWW-Form-URLencoded; charset=utf-8', text: 'email=a%40example.org' },
            headers
          })
        ).status,
        403,
        'however its type is written'
      )
    }
  })

  await t.test('a form of our own pages, of a listed page or of a program is taken', async (t) => {
    for (const headers of [
      ...own,
      { origin: ownOrigin(cluster) },
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
      {}
    ]) {
      for (const [target, form] of forms)
        t.equal(
          (await cluster.call('POST', target, { form: form(), headers, replica: 0 })).status,
          200,
          `${target} ${JSON.stringify(headers)}`
        )
    }
  })
}

async function checksUpgrades (t: Test, cluster: Cluster, own: string[]): Promise<void> {
  await t.test(
    'a socket is opened for pages that may and for programs, and refused to other pages with 403',
    async (t) => {
      for (const headers of [{}, ...['file://', ...own, ownOrigin(cluster)].map((origin) => ({ origin }))]) {
        t.equal((await upgrade(t, cluster, headers)).status, 101, JSON.stringify(headers))
      }
      for (const origin of FOREIGN.filter((value) => value !== '')) {
        t.strictSame(await upgrade(t, cluster, { origin }), { status: 403, code: 'foreign_origin' }, origin)
      }
      const form = await refusedUpgrade(t, cluster.replica(0), {
        origin: 'https://evil.example',
        'content-type': 'application/x-www-form-urlencoded'
      })
      t.equal(form.status, 403, 'however early it is refused, the connection ends')
      t.strictSame(
        await upgrade(t, cluster, { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' }),
        { status: 403, code: 'foreign_origin' },
        'no forwarded host is believed'
      )
    }
  )
}

await onEmbedded(
  t,
  async (t, cluster) => {
    await answersListedPages(t, cluster)
    await ignoresForeignPages(t, cluster)
    await checksForms(t, cluster, [{ origin: APP, 'sec-fetch-site': 'cross-site' }, { origin: PUBLIC_URL }])
    await checksUpgrades(t, cluster, [APP, LOCAL_APP, PUBLIC_URL])

    await t.test('where browsers say more, a page without a name is a stranger', async (t) => {
      t.equal(
        (await cluster.call('POST', '/subscribe', { form: { email: 'a@example.org' }, headers: { origin: 'null' } }))
          .status,
        403
      )
    })
  },
  { environment: { CORS_ORIGINS: `${APP}, ${LOCAL_APP}` } }
)

await t.test('without a list, and without TLS', async (t) => {
  await onServices(
    t,
    async (t, cluster) => {
      await ignoresForeignPages(t, cluster)
      await checksForms(t, cluster, [{ origin: 'null' }])
      await checksUpgrades(t, cluster, ['http://chat.example.org'])
      t.strictSame(await upgrade(t, cluster, { origin: APP }), { status: 403, code: 'foreign_origin' })
      t.equal(
        allowedOrigin(await cluster.get('/api/conversations', { headers: { origin: ownOrigin(cluster) } })),
        null,
        'nobody is listed'
      )
    },
    { replicas: 1, environment: { PUBLIC_URL: 'http://chat.example.org' } }
  )
})
