import t from '../../support/tap.ts'
import { expectSentence } from '../../support/data/emotechat.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const LIMIT = 5

/** Routes that may be tried so many times a minute by one address, and what refusal or answer it gets until then. */
const ROUTES: [target: string, body: object, status: number][] = [
  ['/api/auth/register', { name: '' }, 400],
  ['/api/auth/login', { email: 'nobody@example.org', password: 'wrong' }, 400],
  ['/api/password/reset-request', { email: 'nobody@example.org' }, 200],
  ['/api/password/reset', { token: 'x', password: 'a pass phrase' }, 400]
]

await onOneDeployment(
  t,
  async (t, cluster) => {
    for (const [target, body, status] of ROUTES) {
      await t.test(
        `POST ${target} is answered ${String(LIMIT)} times a minute, then with 429, on all replicas together`,
        async (t) => {
          for (let count = 1; count <= LIMIT; count++)
            t.equal((await cluster.post(target, body)).status, status, `request ${String(count)}`)
          for (const replica of cluster.replicas.keys()) {
            const answer = await cluster.post(target, body, { replica })
            expectSentence(t, answer, 429, `one more, on replica ${String(replica)}`)
            t.ok(Number(answer.headers.get('retry-after')) >= 1)
          }
        }
      )
    }

    await t.test('the other routes go on', async (t) => {
      for (let count = 0; count < 2 * LIMIT; count++) expectSentence(t, await cluster.get('/api/auth/validate'), 401)
    })
  },
  { environment: { RATE_LIMITS: 'on' } }
)
