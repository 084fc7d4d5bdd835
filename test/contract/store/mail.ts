/** What every database owes the queries on mails; see `suite.ts`. */
import type { Test } from 'tap'
import * as outbox from '../../../src/store/outbox.ts'
import { mailOutbox, subscribers } from '../../../src/store/schema.ts'
import { after } from '../../../src/store/sql.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { atOnce, MINUTE, type Connections } from '../../support/data/rows.ts'

const MAILS = 300
const CLAIM = 7

/** Runs this part of the suite. */
export async function testMail (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const mail = (recipient: string) => ({ recipient, subject: 'Hello', text: 'secret', html: '<p>secret</p>' })
  /** Has the leases and delays of all mails run out. */
  const elapse = async () => orm.update(mailOutbox).set({ dueAt: after(-MINUTE) })

  await t.test('a mail is owed once its transaction has committed', async (t) => {
    await t.rejects(
      orm.transaction(async (tx) => {
        await outbox.insertMail(tx, mail('nobody@example.org'))
        throw new Error('changed my mind')
      }),
      /changed my mind/
    )
    t.strictSame(await outbox.claimMails(orm, CLAIM, MINUTE), [])
  })

  await t.test('of several who claim mails at once, none gets what another has', async (t) => {
    for (let index = 0; index < MAILS; index++) await outbox.insertMail(orm, mail(`${String(index)}@example.org`))
    const claims = (
      await atOnce(
        connections,
        async (orm) => {
          const mine: outbox.OutboxRow[][] = []
          for (
            let rows = await outbox.claimMails(orm, CLAIM, MINUTE);
            rows.length > 0;
            rows = await outbox.claimMails(orm, CLAIM, MINUTE)
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
    t.equal(rows.length, MAILS)
    t.equal(new Set(rows.map((row) => row.recipient)).size, MAILS)
    t.ok(
      rows.every((row) => row.attempts === 1 && row.dueAt.getTime() > row.createdAt.getTime() + MINUTE),
      'each claim is an attempt, with a lease'
    )
  })

  await t.test('a claimed mail comes back after its lease, unless it was sent, put off or given up', async (t) => {
    await elapse()
    const rows = await outbox.claimMails(orm, MAILS, -MINUTE)
    t.equal(rows.length, MAILS, 'all leases have run out')
    const [sent, late, lost, next] = rows.map((row) => row.id)
    await outbox.removeMail(orm, sent ?? 0)
    await outbox.postponeMail(orm, late ?? 0, MINUTE)
    await outbox.giveUpMail(orm, lost ?? 0)
    const claimed = await outbox.claimMails(orm, MAILS, MINUTE)
    t.equal(claimed.length, MAILS - 3)
    t.hasStrict(
      claimed.find((row) => row.id === next),
      { attempts: 3, text: 'secret' }
    )
    t.equal(
      claimed.some((row) => row.id === sent || row.id === late || row.id === lost),
      false
    )
    const left = (await orm.select().from(mailOutbox)).find((row) => row.id === lost)
    t.match(left, { failedAt: Date, text: /^$/, html: /^$/ }, 'what is given up stays to be seen, without its secrets')
  })

  await t.test('an address is subscribed once, in whatever case', async (t) => {
    const email = `${uniqueName('Reader-')}@Example.org`
    await atOnce(connections, (orm, index) =>
      outbox.insertSubscriber(orm, index % 2 === 0 ? email : email.toUpperCase())
    )
    t.equal((await orm.select().from(subscribers)).filter((row) => row.emailKey === email.toLowerCase()).length, 1)
  })
}
