import { eq, sql } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { createApiKey } from '../../../src/domain/accounts/api-keys.ts'
import { Idempotency } from '../../../src/domain/idempotency.ts'
import { apiKeys, idempotencyKeys } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { removeAnswersKeptFor } from '../../../src/store/idempotency-keys.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { at, textAt } from '../../support/data/json.ts'
import { expectProblem } from '../../support/data/problems.ts'
import { startCluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

await onOneDeployment(
  t,
  async (t, cluster) => {
    const makeKey = () =>
      createApiKey(cluster.orm, { name: 'a test', scopes: ['keys:write', 'users:write'], expiresAt: null })
    const bearer = await makeKey()
    const grant = (name: string, key: string | undefined, { replica = 0, by = bearer, scopes = ['keys:read'] } = {}) =>
      cluster.post('/v1/keys', { name, scopes }, {
        bearer: by, replica, ...(key !== undefined && { headers: { 'idempotency-key': key } })
      })
    const countOf = async (name: string) =>
      (await cluster.orm.select().from(apiKeys).where(eq(apiKeys.name, name))).length

    await t.test('the same request at the same time, on any replica, has one effect and one answer', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      const answers = await Promise.all([0, 1, 2, 0, 1].map((replica) => grant(name, key, { replica })))
      t.equal(await countOf(name), 1)
      t.strictSame(answers.map(({ status }) => status), answers.map(() => 201))
      t.equal(new Set(answers.map(({ body }) => at(body, 'id'))).size, 1)
      const first = answers.filter(({ headers }) => headers.get('idempotency-replayed') === null)
      t.equal(first.length, 1)
      t.equal(answers.filter(({ body }) => at(body, 'secret') !== undefined).length, 1, 'a secret is shown once')
      const late = await grant(name, key, { replica: 2 })
      t.equal(late.headers.get('idempotency-replayed'), 'true')
      t.strictSame({ ...Object(late.body), secret: at(first[0]?.body, 'secret') }, first[0]?.body)
    })

    await t.test('the order of fields does not matter, everything else does', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      const text = (name: string) => `{"scopes":["keys:read"], "name":"${name}"}`
      const send = (name: string, by = bearer) => cluster.call('POST', '/v1/keys', {
        bearer: by, headers: { 'idempotency-key': key }, raw: { type: 'application/json', text: text(name) }
      })
      t.equal((await grant(name, key)).status, 201)
      t.strictSame([(await send(name)).status, await countOf(name)], [201, 1])
      expectProblem(t, await send(`${name}!`), 422, 'idempotency_key_reused')
      const elsewhere = await cluster.post('/v1/users/ann/tokens:revoke', {}, {
        bearer, headers: { 'idempotency-key': key }
      })
      expectProblem(t, elsewhere, 422, 'idempotency_key_reused')
      t.equal((await send(name, await makeKey())).headers.get('idempotency-replayed'), null, 'of another caller')
      t.equal(await countOf(name), 2)
      t.strictSame([(await grant(name, undefined)).status, await countOf(name)], [201, 3], 'without a key')
    })

    await t.test('a request that was refused may be made again', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      for (let attempt = 1; attempt <= 2; attempt++)
        expectProblem(t, await grant(name, key, { scopes: ['chats:read'] }), 403, 'insufficient_scope')
      t.equal((await grant(name, key)).status, 201, 'with another body, since nothing was done')
    })

    await t.test('a request that is still running is waited for, but not long', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      await cluster.orm.transaction(async (tx) => {
        const caller = `key:${bearer.split('_')[1] ?? ''}`
        await tx.insert(idempotencyKeys).values({ caller, key, fingerprint: 'x' })
        expectProblem(t, await grant(name, key), 409, 'idempotency_in_progress')
        tx.rollback()
      }).catch(() => undefined)
      t.strictSame([(await grant(name, key)).status, await countOf(name)], [201, 1], 'it was given up')
    })

    await t.test('an answer without a body is kept, too', async (t) => {
      const [path, key] = [`/v1/users/${uniqueName('user-')}/tokens:revoke`, uniqueName('key-')]
      const answers = await Promise.all([0, 1].map((replica) =>
        cluster.post(path, {}, { bearer, replica, headers: { 'idempotency-key': key } })))
      t.strictSame(answers.map(({ status, text }) => [status, text]), [[204, ''], [204, '']])
      t.strictSame(answers.map(({ headers }) => headers.get('idempotency-replayed')).sort(), [null, 'true'])
    })

    await t.test('answers are kept for seven days', async (t) => {
      const [name, key] = [uniqueName('shop '), uniqueName('key-')]
      const day = 86_400_000
      await grant(name, key)
      const age = async (days: number) => {
        await cluster.orm.update(idempotencyKeys).set({ createdAt: after(-days * day) })
          .where(eq(idempotencyKeys.key, key))
        await removeAnswersKeptFor(cluster.orm, 7 * day)
      }
      await age(6.9)
      t.equal((await grant(name, key)).headers.get('idempotency-replayed'), 'true')
      await age(7.1)
      t.equal((await grant(name, key)).headers.get('idempotency-replayed'), null)
    })

    await t.test('a key has 1 to 64 printable characters', async (t) => {
      for (const key of ['', 'x'.repeat(65), 'a b'])
        expectProblem(t, await grant(uniqueName('shop '), key), 400, 'invalid_input', key)
      t.equal((await grant(uniqueName('shop '), '!'.repeat(64))).status, 201)
    })

    await t.test('a key grants what it has, and no longer', async (t) => {
      const made = await grant(uniqueName('shop '), undefined, { scopes: ['users:read', 'keys:write'] })
      const weaker = textAt(made.body, 'secret')
      expectProblem(t, await grant('x', undefined, { by: weaker, scopes: ['users:write'] }), 403, 'insufficient_scope')
      t.equal((await grant('x', undefined, { by: weaker, scopes: ['users:read'] })).status, 201)
    })
  },
  { inspectable: true }
)

await t.test('an effect whose answer cannot be kept is undone', async (t) => {
  const cluster = await startCluster(t, { inspectable: true })
  const bearer = await createApiKey(cluster.orm, { name: 'a test', scopes: ['keys:write'], expiresAt: null })
  const grant = () => cluster.post('/v1/keys', { name: 'shop', scopes: ['keys:read'] }, {
    bearer, headers: { 'idempotency-key': 'once' }
  })
  const countMade = async () => (await cluster.orm.select().from(apiKeys).where(eq(apiKeys.name, 'shop'))).length
  await cluster.orm.execute(sql`alter table idempotency_keys add constraint no_answer check (status = 0)`)
  t.strictSame([(await grant()).status, await countMade()], [500, 0])
  await cluster.orm.execute(sql`alter table idempotency_keys drop constraint no_answer`)
  t.strictSame([(await grant()).status, await countMade()], [201, 1])
  t.strictSame([(await grant()).status, await countMade()], [201, 1])
})

await t.test('what others learn of an effect waits for its commit', async (t) => {
  const cluster = await startCluster(t, { inspectable: true })
  const idempotency = new Idempotency(cluster.orm, 1)
  let told = 0
  for (const [answer, toldAfter] of [
    [undefined, 0], [{ status: 200, headers: {}, body: '{}' }, 1], [{ status: 200, headers: {}, body: null }, 1]
  ] as const) {
    const begun = await idempotency.begin({ caller: 'user:1', key: 'once', fingerprint: 'x', userId: 1 })
    if (!('finish' in begun)) {
      t.strictSame(begun, { status: 200, headers: {}, body: '{}' }, 'the answer of the second one')
      continue
    }
    await begun.afterCommit(() => {
      told++
    })
    t.equal(told, 0)
    await begun.finish(answer)
    t.equal(told, toldAfter)
  }
})
