import { hash } from 'argon2'
import { eq, sql } from 'drizzle-orm'
import t, { type Test } from '../../support/tap.ts'
import { users } from '../../../src/store/schema.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import { type Account, register } from '../../support/data/accounts.ts'
import { linkIn } from '../../support/data/outbox.ts'
import { eventually } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'
import { uniqueName } from '../../support/clients/http.ts'

const CHEAPER = { memoryCost: 32, timeCost: 1, parallelism: 1 }

/**
 * Replaces the hash of an account while `calls` are on their way that have read it: they come to a stop before the
 * replacement is committed.
 */
async function whileReplacing<Result> (
  t: Test,
  cluster: Cluster,
  { username }: Account,
  passwordHash: string,
  calls: () => Promise<Result>[]
): Promise<Result[]> {
  const pending = await cluster.orm.transaction(async (tx) => {
    await tx.update(users).set({ passwordHash }).where(eq(users.username, username))
    const started = calls()
    const isWaiting = async () => {
      const [row] = await tx.select({ count: sql<number>`count(*)::int` }).from(sql`pg_stat_activity`)
        .where(sql`datname = current_database() and wait_event_type = 'Lock'`)
      return (row?.count ?? 0) >= started.length
    }
    t.ok(await eventually(isWaiting), 'they wait for the new hash')
    return started
  })
  return Promise.all(pending)
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    await t.test('a login with the old password does not outlive a new one that is set meanwhile', async (t) => {
      const account = await register(cluster)
      const { username, email, password } = account
      const [answer] = await whileReplacing(t, cluster, account, await hash('Another-9', CHEAPER), () => [
        cluster.post('/user/login', { username, password })
      ])
      if (answer !== undefined) expectRefusal(t, answer, 400)
      const [other] = await whileReplacing(t, cluster, account, await hash('A-third-9', CHEAPER), () => [
        cluster.post('/api/auth/login', { email, password: 'Another-9' })
      ])
      t.equal(other?.status, 400)
      t.equal((await cluster.post('/user/login', { username, password: 'A-third-9' })).status, 200)
    })

    await t.test('of logins and a reset at once no session of the old password is left', async (t) => {
      const account = await register(cluster)
      const { username } = account
      await cluster.post('/user/reset-password-request', { username })
      const { searchParams } = linkIn(await cluster.outbox.take(account.email))
      const password = uniqueName('Pass-9')
      const [reset, ...logins] = await Promise.all([
        cluster.call('POST', `/user/reset-password?${searchParams.toString()}`, {
          form: { password, confirm_password: password }
        }),
        ...cluster.replicas.flatMap((_, replica) =>
          [1, 2, 3].map(() => cluster.post('/user/login', { username, password: account.password }, { replica })))
      ])
      t.equal(reset.status, 200)
      for (const { body } of logins) {
        if (typeof body !== 'object' || body === null || !('access_token' in body)) continue
        const bearer = String(body.access_token)
        t.equal((await cluster.get('/api/auth/validate', { bearer })).status, 401)
      }
      t.equal((await cluster.post('/user/login', { username, password })).status, 200)
    })

    await t.test('a hash that is made anew meanwhile keeps nobody out', async (t) => {
      const account = await register(cluster)
      const { username, password } = account
      const renewed = await hash(password, CHEAPER)
      const answers = await whileReplacing(t, cluster, account, renewed, () =>
        [1, 2].map(() => cluster.post('/user/login', { username, password }))
      )
      t.strictSame(answers.map(({ status }) => status), [200, 200])
    })
  },
  { inspectable: true }
)
