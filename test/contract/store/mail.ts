/** What every database owes the queue of jobs, mails and the newsletter; see `suite.ts`. */
import { eq, sql } from 'drizzle-orm'
import type { Test } from 'tap'
import * as queue from '../../../src/store/jobs.ts'
import * as outbox from '../../../src/store/outbox.ts'
import { jobs, mailOutbox, subscribers } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { atOnce, MINUTE, type Connections } from '../../support/data/rows.ts'

const JOBS = 300
const CLAIM = 7

/** Runs this part of the suite. */
export async function testMail (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const mail = (recipient: string) => ({ recipient, subject: 'Hello', text: 'secret', html: '<p>secret</p>' })
  const room = (kind: string, room = CLAIM) => ({ kind, room, perTarget: room, busy: {} })
  const claim = (kind: string, limit = CLAIM, leaseMs = MINUTE, one = orm) =>
    queue.claimJobs(one, [room(kind, limit)], leaseMs)
  /** Has the leases and delays of all jobs run out. */
  const elapse = async () => orm.update(jobs).set({ dueAt: after(-MINUTE) })
  const rowsOf = (kind: string) => orm.select().from(jobs).where(eq(jobs.kind, kind))

  await t.test('a mail is owed once its transaction has committed', async (t) => {
    await t.rejects(
      orm.transaction(async (tx) => {
        await outbox.insertMail(tx, mail('nobody@example.org'))
        throw new Error('changed my mind')
      }),
      /changed my mind/
    )
    t.strictSame(await claim('mail'), [])
  })

  await t.test('of several who claim jobs at once, none gets what another has', async (t) => {
    for (let index = 0; index < JOBS; index++) await outbox.insertMail(orm, mail(`${String(index)}@example.org`))
    const claims = (
      await atOnce(
        connections,
        async (orm) => {
          const mine: queue.Job[][] = []
          for (
            let rows = await claim('mail', CLAIM, MINUTE, orm);
            rows.length > 0;
            rows = await claim('mail', CLAIM, MINUTE, orm)
          )
            mine.push(rows)
          return mine
        },
        4
      )
    ).flat()
    t.ok(
      claims.every((rows) => rows.length <= CLAIM),
      'none gets more than they asked for'
    )
    const rows = claims.flat()
    t.equal(rows.length, JOBS)
    t.equal(new Set(rows.map((row) => row.payload['recipient'])).size, JOBS)
    t.ok(rows.every((row) => row.attempts === 1), 'each claim is an attempt')
    t.strictSame(await claim('mail'), [], 'with a lease')
  })

  await t.test('a claimed job comes back after its lease, unless it was done, put off or given up', async (t) => {
    await elapse()
    const rows = await claim('mail', JOBS, -MINUTE)
    t.equal(rows.length, JOBS, 'all leases have run out')
    const [done, late, lost, next] = rows
    if (done === undefined || late === undefined || lost === undefined) throw new Error('There are no jobs.')
    await queue.finishJob(orm, done, {})
    await queue.postponeJob(orm, late, { delayMs: MINUTE })
    await queue.buryJob(orm, lost, { erased: true }, 'nobody there')
    const claimed = await claim('mail', JOBS)
    t.equal(claimed.length, JOBS - 3)
    t.hasStrict(
      claimed.find((row) => row.id === next?.id),
      { attempts: 3, payload: { text: 'secret' } }
    )
    const gone = [done.id, late.id, lost.id]
    t.equal(claimed.some((row) => gone.includes(row.id)), false)
    const left = (await rowsOf('mail')).find((row) => row.id === lost.id)
    t.match(left, { failedAt: Date, reason: 'nobody there', payload: { erased: true } }, 'what is given up stays')
    t.equal(await queue.reviveJobs(orm, { id: lost.id }), 0, 'nothing is left of it to try again')
    t.equal(await queue.dropJobs(orm, { kind: 'mail' }), 1)
    await orm.delete(jobs)
  })

  await t.test('a claim is renewed while it is held, and whoever has lost it changes nothing', async (t) => {
    await queue.insertJob(orm, { kind: 'call', payload: { step: 1 } })
    const [lost] = await claim('call', 1, -MINUTE)
    const [held] = await claim('call', 1, -MINUTE)
    if (lost === undefined || held === undefined) throw new Error('There is no job.')
    t.strictSame(await queue.renewClaims(orm, [lost, held], MINUTE), [held.claim])
    t.strictSame(await claim('call'), [], 'it is held for longer')
    await queue.finishJob(orm, lost, { step: 2 })
    await queue.postponeJob(orm, lost, { delayMs: -MINUTE, fields: { step: 2 } })
    await queue.buryJob(orm, lost, {}, 'given up')
    await queue.hastenJobs(orm, 'call', '')
    t.match(await rowsOf('call'), [{ payload: { step: 1 }, failedAt: null, claim: held.claim }])
    t.strictSame(await claim('call'), [])
    await queue.postponeJob(orm, held, { delayMs: MINUTE, reason: 'busy' })
    t.strictSame(await queue.renewClaims(orm, [held], MINUTE), [], 'it holds it no longer')
    await queue.hastenJobs(orm, 'call', '')
    t.equal((await claim('call')).length, 1, 'what waits is hastened')
    await orm.delete(jobs)
  })

  await t.test('each target has its turn, however much another one has, and kinds do not meet', async (t) => {
    for (let index = 0; index < 20; index++)
      await queue.insertJob(orm, { kind: 'call', target: 'busy', payload: { index } })
    for (const target of ['calm', 'idle', 'still']) await queue.insertJob(orm, { kind: 'call', target, payload: {} })
    await queue.insertJob(orm, { kind: 'other', payload: {} })
    const first = await queue.claimJobs(orm, [{ kind: 'call', room: 5, perTarget: 3, busy: { still: 3 } }], MINUTE)
    t.strictSame(first.map(({ target }) => target).sort(), ['busy', 'busy', 'busy', 'calm', 'idle'])
    const ofBusy = first.filter(({ target }) => target === 'busy')
    t.strictSame(ofBusy.map(({ payload }) => payload['index']).sort(), [0, 1, 2])
    const second = await queue.claimJobs(orm, [room('call', 2), room('other', 2)], MINUTE)
    t.strictSame(second.map(({ kind, target }) => `${kind} ${target}`).sort(), ['call busy', 'call still', 'other '])
    await orm.delete(jobs)
  })

  await t.test('of the jobs with a key one waits, and what it is given meanwhile is not lost', async (t) => {
    const owe = (to: number) => queue.insertJob(orm, {
      kind: 'range', target: 'a', payload: { from: to, to }, unique: { key: 'chat 1', update: { to } }
    })
    await atOnce(connections, (orm, index) => {
      const unique = { key: 'chat 1', update: { [`n${String(index)}`]: 1 } }
      return queue.insertJob(orm, { kind: 'range', target: 'a', payload: { from: 1, to: 1 }, unique })
    })
    t.equal((await rowsOf('range')).length, 1)
    await owe(5)
    const [claimed] = await claim('range')
    t.hasStrict(claimed?.payload, { from: 1, to: 5 })
    await owe(9)
    t.strictSame(await claim('range'), [], 'the lease holds')
    if (claimed !== undefined) await queue.finishJob(orm, claimed, { from: 6 })
    const [again] = await claim('range')
    t.hasStrict(again, { attempts: 1, payload: { from: 6, to: 9 } })
    if (again !== undefined) await queue.finishJob(orm, again, { from: 10 })
    t.strictSame(await rowsOf('range'), [])
  })

  await t.test('mails of earlier builds are taken over, with their attempts', async (t) => {
    await orm.insert(mailOutbox).values([
      { ...mail('due@example.org'), attempts: 3, secretHash: 'hash', secretTtlMs: 1_000 },
      { ...mail('claimed@example.org'), dueAt: after(MINUTE) },
      { ...mail('lost@example.org'), text: '', html: '', failedAt: sql`now()` }
    ])
    await atOnce(connections, (orm) => outbox.adoptMails(orm))
    t.strictSame((await orm.select().from(mailOutbox)).map((row) => row.recipient), ['claimed@example.org'])
    const [taken] = await claim('mail')
    const payload = { ...mail('due@example.org'), secretHash: 'hash', secretTtlMs: 1_000 }
    t.hasStrict(taken, { attempts: 4, payload })
    t.match((await rowsOf('mail')).find((row) => row.failedAt !== null), { payload: { recipient: 'lost@example.org' } })
    await orm.delete(jobs)
  })

  await t.test('an address is subscribed once, in whatever case', async (t) => {
    const email = `${uniqueName('Reader-')}@Example.org`
    await atOnce(connections, (orm, index) =>
      outbox.insertSubscriber(orm, index % 2 === 0 ? email : email.toUpperCase())
    )
    t.equal((await orm.select().from(subscribers)).filter((row) => row.emailKey === email.toLowerCase()).length, 1)
  })
}
