import { eq } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { verificationCodes, users } from '../../../src/store/schema.ts'
import { expectOk, expectRefusal } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { logIn, register, registerPending } from '../../support/data/accounts.ts'
import { codeIn } from '../../support/data/outbox.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const VERIFIED = 'Email verified!'

/** Registers. @returns the account, its code, and a code that is wrong */
async function pending (cluster: Cluster, name?: string) {
  const registration = await registerPending(cluster, name)
  const code = codeIn(await cluster.outbox.take(registration.email))
  const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
  return { ...registration, code, wrong }
}

await onOneDeployment(
  t,
  async (t, cluster) => {
    const submit = async (username: string, code: unknown) =>
      cluster.post('/user/verify-email', { username, email_token: code })

    await t.test('the mailed code verifies the address, once', async (t) => {
      const account = await pending(cluster)
      expectOk(t, await submit(account.username, account.code), VERIFIED)
      expectRefusal(t, await submit(account.username, account.code), 400, 'a used code is refused')
      t.ok(await logIn(cluster, account))
    })

    await t.test('the username counts in any case', async (t) => {
      const account = await pending(cluster, uniqueName('MiXed-'))
      expectOk(t, await submit(account.username.toUpperCase(), account.code), VERIFIED)
    })

    await t.test('a wrong code is refused and a right one still works after four of them', async (t) => {
      const account = await pending(cluster)
      for (let attempt = 1; attempt <= 4; attempt++) {
        expectRefusal(t, await submit(account.username, account.wrong), 400, `wrong try ${String(attempt)}`)
      }
      expectOk(t, await submit(account.username, account.code), VERIFIED)
    })

    await t.test('five wrong tries kill the code', async (t) => {
      const account = await pending(cluster)
      for (let attempt = 1; attempt <= 5; attempt++) {
        expectRefusal(t, await submit(account.username, account.wrong), 400, `wrong try ${String(attempt)}`)
      }
      expectRefusal(t, await submit(account.username, account.code), 400, 'the right code comes too late')
    })

    await t.test('tries at once cannot outrun the bound', async (t) => {
      const account = await pending(cluster)
      await Promise.all(Array.from({ length: 12 }, () => submit(account.username, account.wrong)))
      expectRefusal(t, await submit(account.username, account.code), 400)
    })

    await t.test('a new registration makes a new code with tries of its own', async (t) => {
      const account = await pending(cluster)
      for (let attempt = 1; attempt <= 5; attempt++) await submit(account.username, account.wrong)
      t.equal((await cluster.post('/user/register', account)).status, 200)
      const code = codeIn(await cluster.outbox.take(account.email))
      expectOk(t, await submit(account.username, code), VERIFIED)
    })

    await t.test('an expired code is refused', async (t) => {
      const account = await pending(cluster)
      const [user] = await cluster.orm.select({ id: users.id }).from(users).where(eq(users.username, account.username))
      const [code] = await cluster.orm
        .update(verificationCodes)
        .set({ expiresAt: new Date(Date.now() - 1) })
        .where(eq(verificationCodes.userId, user?.id ?? 0))
        .returning()
      t.ok(code, 'there was a code to expire')
      expectRefusal(t, await submit(account.username, account.code), 400)
    })

    await t.test('a code lives ten minutes', async (t) => {
      const before = Date.now()
      const account = await pending(cluster)
      const after = Date.now()
      const [row] = await cluster.orm
        .select({ expiresAt: verificationCodes.expiresAt })
        .from(verificationCodes)
        .innerJoin(users, eq(users.id, verificationCodes.userId))
        .where(eq(users.username, account.username))
      const end = row?.expiresAt.getTime() ?? 0
      t.ok(end >= before + 600_000 && end <= after + 600_000)
    })

    await t.test('the code of another account, and a code for nobody, are refused', async (t) => {
      const [one, other] = [await pending(cluster), await pending(cluster)]
      if (one.code !== other.code) expectRefusal(t, await submit(one.username, other.code), 400)
      expectRefusal(t, await submit(uniqueName('nobody-'), one.code), 400)
      const verified = await register(cluster)
      expectRefusal(t, await submit(verified.username, one.code), 400, 'an account that has no code')
    })

    await t.test('what is no code is refused', async (t) => {
      const account = await pending(cluster)
      expectRefusal(t, await cluster.post('/user/verify-email', { username: account.username }), 400, 'no code')
      expectRefusal(t, await cluster.post('/user/verify-email', { email_token: account.code }), 400, 'no username')
      for (const code of ['', `${account.code}0`, account.code.slice(1), 'abcdef', Number(account.code)]) {
        expectRefusal(t, await submit((await pending(cluster)).username, code), 400, JSON.stringify(code))
      }
    })

    await t.test('of several uses of a code at once exactly one is good', async (t) => {
      const account = await pending(cluster)
      const answers = await Promise.all(Array.from({ length: 3 }, () => submit(account.username, account.code)))
      t.strictSame(answers.map((answer) => answer.status).sort(), [200, 400, 400])
    })
  },
  { inspectable: true }
)
