import { hash } from 'argon2'
import { eq } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { users } from '../../../src/store/schema.ts'
import { register } from '../../support/data/accounts.ts'
import { FULL_HASHES } from '../../support/servers/cluster.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

const CURRENT = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/

await onEmbedded(
  t,
  async (t, cluster) => {
    const hashOf = async (username: string) => {
      const [row] = await cluster.orm
        .select({ passwordHash: users.passwordHash })
        .from(users)
        .where(eq(users.username, username))
      return row?.passwordHash ?? ''
    }

    await t.test('a hash of a password as it was typed works, and a login replaces it', async (t) => {
      const { username } = await register(cluster)
      const [typed, composed] = ['Zu\u0308rich-9-horses', 'Z\u00fcrich-9-horses']
      const logIn = async (password: string) => (await cluster.post('/user/login', { username, password })).status
      const before = await hash(typed, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
      await cluster.orm.update(users).set({ passwordHash: before }).where(eq(users.username, username))
      t.equal(await logIn(typed), 200)
      t.not(await hashOf(username), before)
      t.strictSame([await logIn(composed), await logIn(typed), await logIn('Zurich-9-horses')], [200, 200, 400])
    })

    for (const [title, options, isUpgraded] of [
      ['less memory', { memoryCost: 8_192, timeCost: 2, parallelism: 1 }, true],
      ['fewer passes', { memoryCost: 19_456, timeCost: 1, parallelism: 1 }, true],
      ['the same', { memoryCost: 19_456, timeCost: 2, parallelism: 1 }, false],
      ['more memory', { memoryCost: 47_104, timeCost: 1, parallelism: 1 }, false]
    ] as const) {
      await t.test(
        `a hash with ${title} is ${isUpgraded ? 'made anew' : 'kept'} by a login that goes well`,
        async (t) => {
          const { username, password } = await register(cluster)
          const before = await hash(password, options)
          await cluster.orm.update(users).set({ passwordHash: before }).where(eq(users.username, username))
          t.equal((await cluster.post('/user/login', { username, password: `${password}x` })).status, 400)
          t.equal(await hashOf(username), before, 'not by a failed one')
          t.equal((await cluster.post('/user/login', { username, password })).status, 200)
          const after = await hashOf(username)
          if (isUpgraded) t.match(after, CURRENT)
          else t.equal(after, before)
          t.equal((await cluster.post('/user/login', { username, password })).status, 200, 'the password still works')
          t.equal(await hashOf(username), after)
        }
      )
    }
  },
  { inspectable: true, environment: FULL_HASHES }
)
