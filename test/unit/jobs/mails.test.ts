import { sql } from 'drizzle-orm'
import t from '../../support/tap.ts'
import { MailRefusedError, type Mail, type Mailer } from '../../../src/mail/mailer.ts'
import { JobRunner } from '../../../src/jobs/job-runner.ts'
import { createMailJobs } from '../../../src/jobs/mails.ts'
import type { MailSecret } from '../../../src/store/mail-secrets.ts'
import { insertMail } from '../../../src/store/outbox.ts'
import { setResetToken } from '../../../src/store/reset-tokens.ts'
import { jobs, verificationCodes } from '../../../src/store/schema.ts'
import { countVerificationAttempt, setVerificationCode } from '../../../src/store/verification.ts'
import { addUser, newUser } from '../../support/data/rows.ts'
import { openNewStore } from '../../support/servers/database.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
/** So long that a test which waits for a poll fails. */
const NEVER_MS = 60 * MINUTE

const { orm } = await openNewStore(t)
t.beforeEach(async () => {
  await orm.delete(jobs)
})

/** Lets a test wait for the nth of something, without asking again and again. */
function counter<Item> () {
  const items: Item[] = []
  const waiting: { amount: number, resolve: () => void }[] = []
  return {
    items,
    add: (item: Item) => {
      items.push(item)
      for (const { amount, resolve } of waiting) if (items.length >= amount) resolve()
    },
    reach: (amount: number) =>
      new Promise<void>((resolve) => {
        if (items.length >= amount) resolve()
        else waiting.push({ amount, resolve })
      })
  }
}

/** A promise that a test settles when it likes. */
function gate () {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

type Line = { level: string, details: object, message: string }

/**
 * A sender's surroundings: a log that can be read, a mailer that does as it is told, and a count of the looks into the
 * outbox.
 */
function surroundings (deliver: (mail: Mail, attempt: number) => Promise<void> | void = () => undefined) {
  const calls = counter<Mail>()
  const lines = counter<Line>()
  const looks = counter<'look'>()
  const log = (level: string) => (details: object, message: string) => lines.add({ level, details, message })
  const mailer: Mailer = {
    description: 'test',
    send: async (mail) => {
      calls.add(mail)
      await deliver(mail, calls.items.length)
    },
    close: async () => undefined
  }
  // A look is the only update that returns rows, and nothing else begins with it.
  const watched = new Proxy(orm, {
    get (target, name) {
      if (name === 'update') looks.add('look')
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) as unknown : value
    }
  })
  const sender = (pollMs = NEVER_MS) =>
    new JobRunner({
      orm: watched,
      kinds: [createMailJobs(orm, mailer)],
      log: { info: log('info'), warn: log('warn'), error: log('error') },
      pollMs
    })
  return {
    calls,
    lines,
    looks,
    sender,
    /** One look into the outbox, and everything that comes of it. */
    round: async () => {
      const one = sender()
      one.start()
      await one.stop()
    }
  }
}

const owe = (recipient = 'ada@example.org', secret?: MailSecret) =>
  insertMail(orm, { recipient, subject: 'Your code', text: 'Hello,\n\n123456\n', html: '<p>123456</p>' }, secret)
const rows = () => orm.select().from(jobs)
/** The clock of the database, in milliseconds since 1970. */
const now = async () => {
  const [row] = await orm.select({ ms: sql<number>`(extract(epoch from clock_timestamp()) * 1000)::float8` })
    .from(sql`(values (1)) as once`)
  return row?.ms ?? 0
}
/** Lets time go by, for the mails. */
const advance = async (ms: number) => {
  await orm.update(jobs).set({ dueAt: sql`${jobs.dueAt} - ${ms}::float8 * interval '1 millisecond'` })
}
const levels = (lines: Line[]) => lines.map(({ level }) => level)

t.test('a mail that is owed is sent and forgotten', async (t) => {
  const { calls, lines, round } = surroundings()
  await owe()
  await round()
  t.match(calls.items, [
    {
      to: 'ada@example.org',
      subject: 'Your code',
      text: 'Hello,\n\n123456\n',
      html: '<p>123456</p>',
      key: /^[0-9a-f]{64}$/
    }
  ])
  t.strictSame(await rows(), [])
  t.strictSame(lines.items, [])
})

t.test('wake sends at once what was committed since', async (t) => {
  const { calls, sender } = surroundings()
  const running = sender()
  await owe('first@example.org')
  running.start()
  await calls.reach(1)
  await owe('second@example.org')
  running.wake()
  await calls.reach(2)
  await running.stop()
  t.strictSame(
    calls.items.map(({ to }) => to),
    ['first@example.org', 'second@example.org']
  )
})

t.test('a mail is due by the clock of the database, whatever that of the process says', async (t) => {
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  const { calls, round } = surroundings()
  await owe()
  Date.now = () => now() - 90 * SECOND
  await round()
  t.equal(calls.items.length, 1)
  await owe()
  await advance(-MINUTE)
  Date.now = () => now() + 90 * SECOND
  await round()
  t.equal(calls.items.length, 1, 'nor is it before its time')
})

t.test('without a wake the poll finds it', async (t) => {
  const { calls, sender } = surroundings()
  const running = sender(1)
  await owe('first@example.org')
  running.start()
  await calls.reach(1)
  await owe('second@example.org')
  await calls.reach(2)
  await running.stop()
  t.strictSame(await rows(), [])
})

t.test('more mails than are sent at once are all sent, no more at a time than five', async (t) => {
  let now = 0
  let most = 0
  const { calls, sender } = surroundings(async () => {
    most = Math.max(most, ++now)
    await new Promise(setImmediate)
    now--
  })
  for (let index = 0; index < 12; index++) await owe(`user${String(index)}@example.org`)
  const running = sender()
  running.start()
  await calls.reach(12)
  await running.stop()
  t.equal(new Set(calls.items.map(({ to }) => to)).size, 12)
  t.equal(most, 5)
  t.strictSame(await rows(), [])
})

t.test('a mail that hangs holds up no other', async (t) => {
  const hang = gate()
  const { calls, sender } = surroundings((mail) => (mail.to === 'slow@example.org' ? hang.opened : undefined))
  await owe('slow@example.org')
  const running = sender()
  running.start()
  await calls.reach(1)
  await owe('quick@example.org')
  running.wake()
  await calls.reach(2)
  hang.open()
  await running.stop()
  t.strictSame(await rows(), [], 'stop waited for the slow one')
})

t.test('a mail that fails is put off, longer each time, and sent in the end under the same key', async (t) => {
  const { calls, lines, round } = surroundings((_mail, attempt) => {
    if (attempt <= 3) throw new Error('try later')
  })
  await owe()
  for (const [least, most] of [
    [2.5, 5],
    [5, 10],
    [10, 20]
  ] as const) {
    const [before] = await Promise.all([now(), round()])
    const after = await now()
    const [row] = await rows()
    const [longest, shortest] = [before, after].map((moment) => Number(row?.dueAt) - moment)
    t.ok(Number(longest) >= least * SECOND && Number(shortest) <= most * SECOND, `put off by ${String(shortest)} ms`)
    await advance(Number(longest))
  }
  await round()
  t.strictSame(await rows(), [])
  t.equal(calls.items.length, 4)
  t.equal(new Set(calls.items.map(({ key }) => key)).size, 1)
  t.strictSame(levels(lines.items), ['warn', 'warn', 'warn'])
})

t.test('after ten attempts a mail is given up visibly, without its text in the row or the log', async (t) => {
  const { calls, lines, round } = surroundings((mail) => {
    throw new Error(`450 <${mail.to}> has no room for 123456 of ${mail.to.toUpperCase()}`)
  })
  await owe()
  for (let attempt = 0; attempt < 12; attempt++) {
    await round()
    await advance(60 * MINUTE)
  }
  t.equal(calls.items.length, 10)
  const [row] = await rows()
  t.match(row, { attempts: 10, failedAt: Date })
  t.strictSame(row?.payload, { recipient: 'ada@example.org', subject: 'Your code', erased: true })
  t.strictSame(levels(lines.items), [...Array.from({ length: 9 }, () => 'warn'), 'error'])
  t.match(lines.items.at(-1), {
    details: {
      kind: 'mail', job: row?.id, attempts: 10, reason: '450 <[address]> has no room for [removed] of [address]'
    }
  })
  t.notMatch(JSON.stringify(lines.items), /ada@example|123456/i)
})

t.test('a mail that is refused is given up at once', async (t) => {
  const { calls, lines, round } = surroundings(() => {
    throw new MailRefusedError('550 no such user')
  })
  await owe()
  await round()
  await advance(60 * MINUTE)
  await round()
  t.equal(calls.items.length, 1)
  t.match(await rows(), [{ attempts: 1, failedAt: Date, payload: { erased: true } }])
  t.match(lines.items, [{ level: 'error', details: { attempts: 1, reason: '550 no such user' } }])
})

t.test('two senders on one store share the work and send each mail once', async (t) => {
  const start = gate()
  const left = counter<string>()
  const leave = async (mail: Mail) => {
    await start.opened
    left.add(mail.to)
  }
  const one = surroundings(leave)
  const two = surroundings(leave)
  for (let index = 0; index < 20; index++) await owe(`user${String(index)}@example.org`)
  const senders = [one.sender(), two.sender()]
  for (const sender of senders) sender.start()
  // Both are full; only then may any mail leave.
  await Promise.all([one.calls.reach(5), two.calls.reach(5)])
  start.open()
  await left.reach(20)
  await Promise.all(senders.map((sender) => sender.stop()))
  t.equal(one.calls.items.length + two.calls.items.length, 20)
  t.equal(new Set(left.items).size, 20)
  t.strictSame(await rows(), [])
})

t.test('what a process claimed before it died is sent by another when the claim runs out', async (t) => {
  const death = gate()
  const dead = surroundings(() => death.opened)
  const abandoned = dead.sender()
  await owe()
  abandoned.start()
  await dead.calls.reach(1)

  const living = surroundings()
  await living.round()
  t.equal(living.calls.items.length, 0, 'the claim holds')
  await advance(16 * SECOND)
  await living.round()
  t.strictSame(living.calls.items, dead.calls.items, 'the same mail under the same key')
  t.strictSame(await rows(), [])
  death.open()
  await abandoned.stop()
})

t.test('an attempt that fails after another process has taken over is no failure of the mail', async (t) => {
  const hang = gate()
  const slow = surroundings(async () => {
    await hang.opened
    throw new Error('the connection was closed')
  })
  const running = slow.sender()
  await owe()
  running.start()
  await slow.calls.reach(1)
  await advance(16 * SECOND)
  const other = surroundings(() => {
    throw new Error('try later')
  })
  await other.round()
  const before = await rows()
  hang.open()
  await running.stop()
  t.strictSame(levels(slow.lines.items), ['info'])
  t.strictSame(await rows(), before, 'nor does it change when the next one is')
  t.strictSame(levels(other.lines.items), ['warn'])
})

t.test('a mail on which every attempt has died is given up without another', async (t) => {
  const { calls, lines, round } = surroundings()
  await owe()
  await orm.update(jobs).set({ attempts: 10 })
  await round()
  t.equal(calls.items.length, 0)
  t.match(await rows(), [{ attempts: 11, failedAt: Date }])
  t.match(lines.items, [{ level: 'error' }])
})

t.test('a mail whose removal fails is not sent again: the removal is', async (t) => {
  await orm.execute(
    sql`create function refuse_removal() returns trigger language
      plpgsql as $$ begin raise exception 'the disk is full'; end $$`
  )
  await orm.execute(
    sql`create trigger refuse_removal before delete on jobs for each row execute function refuse_removal()`
  )
  const { calls, lines, looks, sender } = surroundings()
  await owe()
  const running = sender()
  running.start()
  await lines.reach(1)
  t.match(lines.items, [{ level: 'error', message: /cannot be reached/ }])
  t.equal((await rows()).length, 1)

  await advance(5 * MINUTE)
  await orm.execute(sql`drop function refuse_removal cascade`)
  const before = looks.items.length
  running.wake()
  await looks.reach(before + 1)
  await running.stop()
  t.equal(calls.items.length, 1, 'though its claim had run out')
  t.strictSame(await rows(), [])
  t.strictSame(levels(lines.items), ['error', 'info'])
})

t.test('a mail that could not be removed until the end is named in the log', async (t) => {
  await orm.execute(
    sql`create function refuse_removal() returns trigger language
      plpgsql as $$ begin raise exception 'the disk is full'; end $$`
  )
  await orm.execute(
    sql`create trigger refuse_removal before delete on jobs for each row execute function refuse_removal()`
  )
  t.teardown(() => orm.execute(sql`drop function refuse_removal cascade`))
  const { lines, round } = surroundings()
  await owe()
  await round()
  const [row] = await rows()
  t.match(lines.items.at(-1), { level: 'error', details: { jobs: [row?.id] } })
})

t.test('a store that is away is logged once, not with every look, and once when it is back', async (t) => {
  await orm.execute(sql`alter table jobs rename to jobs_away`)
  const { calls, lines, looks, sender } = surroundings()
  const running = sender(1)
  running.start()
  await looks.reach(5)
  await orm.execute(sql`alter table jobs_away rename to jobs`)
  await lines.reach(2)
  await owe()
  await calls.reach(1)
  await running.stop()
  t.strictSame(levels(lines.items), ['error', 'info'])
  t.strictSame(await rows(), [])
})

t.test('a code or a link lives from when its mail is sent, however late', async (t) => {
  const { calls, round } = surroundings((_mail, attempt) => {
    if (attempt === 1) throw new Error('try later')
  })
  const { id } = await addUser(orm, { ...newUser(), isActive: false })
  const secret = { hash: `code of ${String(id)}`, ttlMs: 10 * MINUTE }
  await setVerificationCode(orm, id, { codeHash: secret.hash, networkKey: null, ttlMs: secret.ttlMs })
  await owe('late@example.org', secret)
  const [before] = await Promise.all([now(), round()])
  // The mail server is away for eleven minutes.
  await advance(11 * MINUTE)
  await orm.update(verificationCodes).set({ expiresAt: new Date(before - MINUTE) })
  t.equal(await countVerificationAttempt(orm, id, 5), undefined, 'meanwhile it is not good')
  await round()
  t.equal(calls.items.length, 2)
  const { expiresAt } = (await countVerificationAttempt(orm, id, 5)) ?? {}
  t.ok(Number(expiresAt) >= before + 10 * MINUTE)
})

t.test('a mail with a void code or link is not sent late', async (t) => {
  const { calls, lines, round } = surroundings()
  const { id } = await addUser(orm)
  await setResetToken(orm, id, 'a newer link', 60 * MINUTE)
  const oweAll = async (...recipients: [string, string]) => {
    await owe(`${recipients[0]}@example.org`, { hash: 'an older link', ttlMs: 60 * MINUTE })
    await owe(`${recipients[1]}@example.org`, { hash: 'a newer link', ttlMs: 60 * MINUTE })
  }
  await oweAll('void', 'good')
  await orm.update(jobs).set({ createdAt: new Date(await now() - 61 * MINUTE) })
  await oweAll('replaced', 'current')
  await round()
  t.strictSame(
    calls.items.map(({ to }) => to).sort(),
    ['current@example.org', 'good@example.org', 'replaced@example.org']
  )
  t.strictSame(await rows(), [])
  t.strictSame(lines.items, [])
})

t.test('starting twice is starting once, and stopping before the start is fine', async (t) => {
  const { calls, sender, looks } = surroundings()
  const running = sender()
  await owe()
  running.start()
  running.start()
  await running.stop()
  await running.stop()
  t.equal(calls.items.length, 1)
  const idle = sender()
  await idle.stop()
  const before = looks.items.length
  idle.start()
  t.equal(looks.items.length, before, 'nothing begins after the stop')
})
