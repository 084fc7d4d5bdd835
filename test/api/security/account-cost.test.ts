import t from '../../support/tap.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { newRegistration, register, registerPending } from '../../support/data/accounts.ts'
import { expectSentence, newEmoteRegistration } from '../../support/data/emotechat.ts'
import { at } from '../../support/data/json.ts'
import { FULL_HASHES } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

/** Requests at once, so many that they meet while a hash is computed. */
const CROWD = 20

for (const HIDE_ACCOUNTS of ['on', 'off']) {
  await onEmbedded(
    t,
    async (t, cluster) => {
      const ann = await register(cluster)
      // Where there is room for one hash, a second one at the same time is turned away: so there was a first one.
      for (const [title, path, body] of [
        ['a taken registration', '/user/register', { ...newRegistration(), email: ann.email }],
        ['a registration with a taken name', '/user/register', { ...newRegistration(), username: ann.username }],
        ['a taken registration in EmoteChat', '/api/auth/register', { ...newEmoteRegistration(), email: ann.email }],
        ['a login of nobody', '/user/login', { username: uniqueName('nobody-'), password: 'Wrong-Pass-1' }],
        [
          'a login of nobody in EmoteChat',
          '/api/auth/login',
          { email: `${uniqueName('nobody-')}@example.org`, password: 'Wrong-Pass-1' }
        ]
      ] as const) {
        await t.test(`${title} costs a hash, as any other does, with HIDE_ACCOUNTS=${HIDE_ACCOUNTS}`, async (t) => {
          const answers = await Promise.all(Array.from({ length: CROWD }, () => cluster.post(path, body)))
          const statuses = new Set(answers.map(({ status }) => status))
          t.strictSame([...statuses].sort(), [HIDE_ACCOUNTS === 'on' && path.endsWith('register') ? 200 : 400, 429])
        })
      }
      if (HIDE_ACCOUNTS === 'on') return
      await t.test('by default the answers of the contracts tell', async (t) => {
        const ann = await register(cluster)
        expectRefusal(t, await cluster.post('/user/register', { ...newRegistration(), username: ann.username }), 400)
        expectRefusal(t, await cluster.post('/user/register', { ...newRegistration(), email: ann.email }), 400)
        expectSentence(
          t,
          await cluster.post('/api/auth/register', { ...newEmoteRegistration(), email: ann.email }),
          400
        )
        expectRefusal(t, await cluster.post('/user/reset-password-request', { username: uniqueName('nobody-') }), 404)
        const { username, password } = await registerPending(cluster)
        t.equal(at((await cluster.post('/user/login', { username, password })).body, 'code'), 'unverified')
        t.ok(at((await cluster.post('/api/auth/register', newEmoteRegistration())).body, 'user', 'id'))
      })
    },
    { environment: { ...FULL_HASHES, HIDE_ACCOUNTS, HASH_CONCURRENCY: '1', HASH_QUEUE: '0' } }
  )
}
