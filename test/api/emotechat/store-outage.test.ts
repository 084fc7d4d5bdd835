import t from '../../support/tap.ts'
import { complaintAboutSentence, expectSentence, registerEmote } from '../../support/data/emotechat.ts'
import { eventually } from '../../support/deadline.ts'
import { startCluster } from '../../support/servers/cluster.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { startTcpProxy } from '../../support/servers/tcp-proxy.ts'

const REQUESTS: [method: string, target: string, body?: object][] = [
  ['POST', '/api/auth/register', { name: 'Emma', email: 'emma@example.org', password: 'a pass phrase' }],
  ['POST', '/api/auth/login', { email: 'emma@example.org', password: 'a pass phrase' }],
  ['GET', '/api/auth/validate'],
  ['GET', '/api/profile/users'],
  ['GET', '/api/conversations'],
  ['POST', '/api/auth/logout'],
  ['POST', '/api/password/reset-request', { email: 'emma@example.org' }],
  ['POST', '/api/password/reset', { token: 'nonsense', password: 'a pass phrase' }]
]

await withServices(
  t,
  'while the database is away every route says so, and nobody is told that their token is bad',
  async (t, { databaseUrl, redisUrl }) => {
    const url = new URL(databaseUrl)
    const proxy = await startTcpProxy(t, { host: url.hostname, port: Number(url.port === '' ? '5432' : url.port) })
    url.host = `127.0.0.1:${String(proxy.port)}`
    const cluster = await startCluster(t, { services: { databaseUrl: url.href, redisUrl }, replicas: 1 })
    const { token } = await registerEmote(cluster)

    await proxy.cut()
    for (const [method, target, body] of REQUESTS) {
      const answer = await cluster.call(method, target, { bearer: token, ...(body !== undefined && { body }) })
      t.equal(complaintAboutSentence(answer, 503), undefined, target)
      t.ok(Number(answer.headers.get('retry-after')) >= 1)
    }
    await proxy.open()
    t.ok(
      await eventually(async () => (await cluster.get('/api/auth/validate', { bearer: token })).status === 200, 30_000),
      'afterwards the same token is good'
    )
    expectSentence(t, await cluster.get('/api/auth/validate'), 401)
    const log = cluster.log.join('')
    t.strictSame(
      [...cluster.secrets, 'emma@example.org', 'a pass phrase'].filter((secret) => log.includes(secret)),
      []
    )
  }
)
