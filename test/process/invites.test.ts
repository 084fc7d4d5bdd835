import t, { type Test } from '../support/tap.ts'
import { expectRefusal } from '../support/checks/answers.ts'
import type { Answer } from '../support/clients/http.ts'
import { uniqueName } from '../support/clients/http.ts'
import { newRegistration, register, type Registration, verify } from '../support/data/accounts.ts'
import { expectSentence, newEmoteRegistration } from '../support/data/emotechat.ts'
import { at } from '../support/data/json.ts'
import { type Cluster, type Services, startCluster } from '../support/servers/cluster.ts'
import { createDatabase } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { runConfab } from '../support/servers/program.ts'

const CODE = /^([A-HJ-NP-Z2-9]{4}-){2}[A-HJ-NP-Z2-9]{4}$/
const FEW = 3

t.setTimeout(300_000)

/** Replicas with a policy of registration, and the command on their store. */
async function startWith (t: Test, services: Services, policy: string, url?: string) {
  const databaseUrl = url ?? (await createDatabase(t, services.databaseUrl))
  const shared = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: services.redisUrl,
    REDIS_PREFIX: `${new URL(databaseUrl).pathname.slice(1)}:`
  }
  const cluster = await startCluster(t, { services, environment: { ...shared, REGISTRATION: policy } })
  const confab = async (...parameters: string[]) => {
    const { code, stdout, stderr } = await runConfab(parameters, shared)
    t.strictSame([code, stderr], [0, ''], parameters.join(' '))
    return stdout.trim()
  }
  return { cluster, confab, shared }
}

const enroll = (cluster: Cluster, registration: Registration, code: unknown, replica = 0) =>
  cluster.post('/user/register', { ...registration, invite_code: code }, { replica })

function expectNoInvite (t: Test, answer: Answer, title: string): void {
  expectRefusal(t, answer, 400, title)
  t.equal(at(answer.body, 'code'), 'invalid_invite', title)
}

await withServices(t, 'registration with invites', async (t, services) => {
  const { cluster, confab, shared } = await startWith(t, services, 'invite')
  const usesOf = async (code: string) =>
    (await confab('invites', 'list')).split('\n').find((line) => line.startsWith(`${code}\t`))?.split('\t').slice(1)

  await t.test('needs a code that is good, which it uses up', async (t) => {
    const code = await confab('invites', 'create')
    t.match(code, CODE)
    const expired = await confab('invites', 'create', '--expires', '0s')
    const revoked = await confab('invites', 'create', '--code', uniqueName('Own '))
    t.equal(await confab('invites', 'revoke', revoked.toUpperCase()), 'The code is revoked.')
    const [taken, other] = [newRegistration(), newRegistration()]
    t.equal((await enroll(cluster, taken, ` ${code.toLowerCase()} `)).status, 200, 'in any case, with blanks')
    await verify(cluster, taken)
    for (const bad of [undefined, '', 'AAAA-BBBB-CCCC', code, expired, revoked])
      expectNoInvite(t, await enroll(cluster, other, bad), String(bad))
    expectNoInvite(t, await enroll(cluster, taken, code), 'before it is told that the name is taken')
    t.strictSame(await usesOf(code), ['1/1', 'never', 'used up'])
    t.strictSame((await usesOf(expired))?.at(-1), 'expired')
    t.strictSame((await usesOf(revoked))?.at(-1), 'revoked')
  })

  await t.test('that fails costs no use, and the same account registering again is not charged twice', async (t) => {
    const code = await confab('invites', 'create', '--uses', '2', '--expires', '7d')
    const taken = newRegistration()
    t.equal((await enroll(cluster, taken, code)).status, 200)
    await verify(cluster, taken)
    const again = await enroll(cluster, taken, code)
    expectRefusal(t, again, 400)
    t.equal(at(again.body, 'code'), 'account_taken', 'there is a use left')
    expectRefusal(t, await enroll(cluster, { ...newRegistration(), password: 'weak' }, code), 400)
    t.strictSame((await usesOf(code))?.[0], '1/2')
    const pending = newRegistration()
    for (let round = 0; round < FEW; round++)
      t.equal((await enroll(cluster, { ...pending, email: `${String(round)}${pending.email}` }, code)).status, 200)
    t.strictSame((await usesOf(code))?.[0], '2/2')
    expectNoInvite(t, await enroll(cluster, newRegistration(), code), 'another account')
  })

  await t.test('gives the last use to one of many registrations at once', async (t) => {
    const code = await confab('invites', 'create')
    const answers = await Promise.all(
      Array.from({ length: 2 * cluster.replicas.length }, (_, index) =>
        enroll(cluster, newRegistration(), code, index % cluster.replicas.length)
      )
    )
    t.equal(answers.filter(({ status }) => status === 200).length, 1)
    t.strictSame(await usesOf(code), ['1/1', 'never', 'used up'])
  })

  await t.test('of EmoteChat takes the code, too', async (t) => {
    const code = await confab('invites', 'create')
    const registration = newEmoteRegistration()
    const enter = (body: object) => cluster.post('/api/auth/register', { ...registration, ...body })
    expectSentence(t, await enter({}), 400)
    t.equal((await enter({ invite_code: code })).status, 200)
    expectSentence(t, await enter({ email: `x${registration.email}`, invite_code: code }), 400)
  })

  await t.test('has commands that refuse what makes no sense', async (t) => {
    const own = await confab('invites', 'create', '--code', uniqueName('own-'))
    for (const parameters of [
      ['create', '--code', own.toUpperCase()],
      ['create', '--code', ' '],
      ['create', '--code', 'x'.repeat(65)],
      ['create', '--uses', '0'],
      ['create', '--expires', 'soon'],
      ['create', '--expires', '99999999d'],
      ['revoke', 'no such code']
    ]) {
      const { code, stdout, stderr } = await runConfab(['invites', ...parameters], shared)
      t.strictSame([code, stdout], [1, ''], parameters.join(' '))
      t.match(stderr, /^[^\n]+\n$/)
    }
  })

  await t.test('is refused to everybody when it is closed', async (t) => {
    const code = await confab('invites', 'create')
    const closed = await startWith(t, services, 'closed', shared.DATABASE_URL)
    const answer = await enroll(closed.cluster, newRegistration(), code)
    expectRefusal(t, answer, 403)
    t.equal(at(answer.body, 'code'), 'registration_closed')
    expectSentence(
      t,
      await closed.cluster.post('/api/auth/register', { ...newEmoteRegistration(), invite_code: code }),
      403
    )
  })

  await t.test('ignores the code when it is open', async (t) => {
    const open = await startWith(t, services, 'open', shared.DATABASE_URL)
    t.equal((await enroll(open.cluster, newRegistration(), 'whatever')).status, 200)
    t.ok(await register(open.cluster))
  })
})
