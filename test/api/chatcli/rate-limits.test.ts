import t from '../../support/tap.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { register } from '../../support/data/accounts.ts'
import { onOneDeployment, onEmbedded } from '../../support/servers/deployments.ts'

const MINUTE_S = 60

/** How often a minute one address may ask, and what refusal it gets until then. */
const LIMITS: [target: string, limit: number, body: object, status: number][] = [
  ['/user/register', 5, { username: '?' }, 400],
  ['/user/verify-email', 5, { username: 'nobody', email_token: '000000' }, 400],
  ['/user/login', 5, { username: 'nobody', password: 'Wrong-Pass-1' }, 400],
  ['/user/reset-password-request', 5, { username: 'nobody' }, 404],
  [
    '/user/reset-password',
    5,
    { username: 'nobody', token: 'x', password: 'Fresh-Pass-1', confirm_password: 'Fresh-Pass-1' },
    400
  ],
  ['/user/submit-profile', 10, {}, 401],
  ['/user/profile', 60, {}, 401],
  ['/user/enable-account', 20, { username: 'nobody', token: 'x' }, 400]
]

await onOneDeployment(
  t,
  async (t, cluster) => {
    for (const [target, limit, body, status] of LIMITS) {
      await t.test(
        `POST ${target} is answered ${String(limit)} times a minute, then with 429, on all replicas together`,
        async (t) => {
          for (let count = 1; count <= limit; count++) {
            t.equal((await cluster.post(target, body)).status, status, `request ${String(count)}`)
          }
          for (const replica of cluster.replicas.keys()) {
            const answer = await cluster.post(target, body, { replica })
            expectRefusal(t, answer, 429, `one more, on replica ${String(replica)}`)
            const retryAfter = Number(answer.headers.get('retry-after'))
            t.ok(
              Number.isInteger(retryAfter) && retryAfter >= 1 && retryAfter <= MINUTE_S,
              `Retry-After is ${String(answer.headers.get('retry-after'))}`
            )
          }
        }
      )
    }

    await t.test('an address that an untrusted client claims to have does not help', async (t) => {
      for (const headers of [
        { 'x-forwarded-for': '203.0.113.9' },
        { forwarded: 'for=203.0.113.9' },
        { 'x-real-ip': '203.0.113.9' }
      ]) {
        expectRefusal(
          t,
          await cluster.post('/user/login', { username: 'nobody', password: 'Wrong-Pass-1' }, { headers }),
          429
        )
      }
    })

    await t.test('the other routes go on', async (t) => {
      for (let count = 0; count < 12; count++) {
        t.equal((await cluster.get('/verify-connection')).status, 200)
        t.equal((await cluster.post('/chat/fetch-chats', {})).status, 401)
        t.equal((await cluster.get('/user/reset-password?token=x&username=y')).status, 200)
      }
    })
  },
  { environment: { RATE_LIMITS: 'on' } }
)

await onEmbedded(
  t,
  async (t, cluster) => {
    await t.test('behind a trusted proxy each client has a count of its own', async (t) => {
      const attempt = async (address: string) =>
        cluster.post(
          '/user/login',
          { username: uniqueName('nobody-'), password: 'Wrong-Pass-1' },
          { headers: { 'x-forwarded-for': address } }
        )
      for (let count = 0; count < 5; count++) t.equal((await attempt('203.0.113.1')).status, 400)
      expectRefusal(t, await attempt('203.0.113.1'), 429)
      expectRefusal(
        t,
        await attempt('198.51.100.7, 203.0.113.1'),
        429,
        'what stands before the proxy\'s own entry is not believed'
      )
      t.equal((await attempt('203.0.113.2')).status, 400)
      t.equal((await attempt('2001:db8::1')).status, 400)
    })

    await t.test('who stays below the limits notices nothing', async (t) => {
      t.ok(await register(cluster))
    })

    await t.test('the addresses of a /64 share one count, and an entry that is none is the proxy', async (t) => {
      const attempt = async (address: string) =>
        cluster.post(
          '/user/login',
          { username: uniqueName('nobody-'), password: 'Wrong-Pass-1' },
          { headers: { 'x-forwarded-for': address } }
        )
      for (let host = 1; host <= 5; host++) t.equal((await attempt(`2001:db8:1:1::${String(host)}`)).status, 400)
      expectRefusal(t, await attempt('2001:db8:1:1:ffff::'), 429)
      t.equal((await attempt('2001:db8:1:2::1')).status, 400)
      for (let port = 1; port <= 5; port++) await attempt(`unknown:${String(port)}`)
      expectRefusal(t, await attempt('unknown:6'), 429)
      t.match(cluster.log.filter((line) => line.includes('X-Forwarded-For')), { length: 1 }, 'which is logged once')
    })

    await t.test('a client that is named with its port is told apart from others, by its address alone', async (t) => {
      const attempt = async (address: string) =>
        cluster.post(
          '/user/login',
          { username: uniqueName('nobody-'), password: 'Wrong-Pass-1' },
          { headers: { 'x-forwarded-for': address } }
        )
      for (let port = 1; port <= 5; port++) t.equal((await attempt(`203.0.113.7:${String(port)}`)).status, 400)
      expectRefusal(t, await attempt('203.0.113.7:6'), 429)
      t.equal((await attempt('203.0.113.8:7')).status, 400)
      t.equal((await attempt('[2001:db8:7::1]:51234')).status, 400)
    })
  },
  { environment: { RATE_LIMITS: 'on', TRUST_PROXY: '127.0.0.1' } }
)

await onEmbedded(
  t,
  async (t, cluster) => {
    await t.test('an address that is told from outside the trusted networks changes nothing', async (t) => {
      for (let count = 1; count <= 6; count++) {
        const headers = {
          'x-forwarded-for': `10.0.0.${String(count)}, 203.0.113.${String(count)}`,
          'x-forwarded-host': 'evil.example',
          'x-forwarded-proto': 'https'
        }
        const answer = await cluster.post(
          '/user/login',
          { username: uniqueName('nobody-'), password: 'Wrong-Pass-1' },
          { headers }
        )
        t.equal(answer.status, count <= 5 ? 400 : 429)
      }
      t.notMatch(cluster.log.join(''), /203\.0\.113|10\.0\.0\.[1-6]|evil/, 'nor is it logged')
    })
  },
  { environment: { RATE_LIMITS: 'on', TRUST_PROXY: '10.0.0.0/8, 2001:db8::/32' } }
)
