import { eq } from 'drizzle-orm'
import t from '../support/tap.ts'
import { buryJob, claimJobs, insertJob, postponeJob } from '../../src/store/jobs.ts'
import { jobs } from '../../src/store/schema.ts'
import { createStore, openDatabase } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { runConfab } from '../support/servers/program.ts'

t.setTimeout(120_000)

await t.test('an operator sees what waits and what was given up, and tries that again or drops it', async (t) => {
  const DATABASE_URL = await createStore(t, engineUrl())
  const confab = async (...parameters: string[]) => {
    const { code, stdout, stderr } = await runConfab(parameters, { DATABASE_URL })
    return { code, lines: stdout.trimEnd().split('\n'), stderr }
  }
  t.match(await confab('jobs', 'list'), { code: 0, lines: ['There are no jobs.'] })
  const { orm } = await openDatabase(t, DATABASE_URL)
  for (const target of ['a', 'b', 'c', 'd']) await insertJob(orm, { kind: 'call', target, payload: {} })
  await insertJob(orm, { kind: 'mail', payload: { text: 'secret' } })
  const rows = await orm.select().from(jobs)
  const idOf = (wanted: string) => rows.find(({ kind, target }) => kind === wanted || target === wanted)?.id ?? 0
  const rooms = ['call', 'mail'].map((kind) => ({ kind, room: 4, perTarget: 4, busy: {} }))
  for (const job of await claimJobs(orm, rooms, 60_000)) {
    if (job.target === 'a') await postponeJob(orm, job, { delayMs: 0, attempts: 0 })
    else if (job.kind === 'call') await buryJob(orm, job, {}, 'it is not there')
    else await buryJob(orm, job, { recipient: 'ann@example.org', erased: true }, 'no such user')
  }

  const waiting = await confab('jobs', 'list', '--kind', 'call')
  t.match(waiting.lines[0], /^call\t1 waiting\t3 dead\toldest \d+ s$/)
  t.match(waiting.lines.slice(1), [new RegExp(`^${String(idOf('a'))}\tcall\ta\t\\S+Z\t0\t\\S+Z$`)])
  const dead = await confab('jobs', 'list', '--dead')
  t.equal(dead.lines.length, 2 + 4)
  t.match(dead.lines.at(-1), /\tmail\t\t.*\tno such user$/)
  t.notMatch(dead.lines.join(), /secret|ann@/)

  t.match(await confab('jobs', 'retry', String(idOf('b'))), { code: 0, lines: ['1 to be tried again.'] })
  t.match(await orm.select().from(jobs).where(eq(jobs.id, idOf('b'))), [{ attempts: 0, failedAt: null, reason: null }])
  t.match(await confab('jobs', 'drop', String(idOf('c'))), { code: 0, lines: ['1 deleted.'] })
  t.match(await confab('jobs', 'retry', '--kind', 'call'), { code: 0, lines: ['1 to be tried again.'] })
  t.match(await confab('jobs', 'retry', String(idOf('mail'))), { code: 1, stderr: /nothing is left of it/ })
  t.match(await confab('jobs', 'drop', '--all'), { code: 0, lines: ['1 deleted.'] })
  t.equal((await orm.select().from(jobs)).length, 3)

  t.match(await confab('jobs', 'drop', String(idOf('a'))), { code: 1, stderr: /no such dead job/ }, 'not one that waits')
  t.match(await confab('jobs', 'drop'), { code: 1, stderr: /Name a job by its id/ })
  t.match(await confab('jobs', 'retry', 'x'), { code: 1, stderr: /is a number/ })
  t.match(await confab('jobs', 'retry', '1', '--kind', 'call'), { code: 1, stderr: /Name a job by its id/ })
  t.match(await confab('jobs', 'list', '1'), { code: 2, stderr: /Usage/ })
})
