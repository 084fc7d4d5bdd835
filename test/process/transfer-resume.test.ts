import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from '../support/tap.ts'
import { importRecords } from '../../src/domain/transfer/import.ts'
import { openExport } from '../../src/domain/transfer/lines.ts'
import type { Orm } from '../../src/store/database.ts'
import { chatHeads, imports, messages, threadReplies } from '../../src/store/schema.ts'
import { confab, exportedLines, fileOf, groupOf, timeAt, usersOf } from '../support/data/transfer.ts'
import { eventually } from '../support/deadline.ts'
import { createStore, openDatabase } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { cleanEnvironment, PROGRAMS, ROOT } from '../support/servers/process.ts'
import { runConfab, temporaryFolder } from '../support/servers/program.ts'

t.setTimeout(300_000)

const USERS = ['ann', 'bob', 'cleo']
const message = (index: number, more: object = {}) => {
  const user = USERS[index % USERS.length]
  return { record: 'message', user, text: `text ${String(index)}`, created_at: timeAt(index), ...more }
}

/** A little of everything. */
const RECORDS = [
  ...usersOf(...USERS),
  {
    record: 'user',
    id: 'cf~7',
    created_at: timeAt(0),
    account: { username: 'dora', email: 'dora@example.org', activated_at: timeAt(0) }
  },
  { record: 'user', id: 'cf~9', created_at: timeAt(0), erased_at: timeAt(5) },
  { record: 'block', user: 'ann', blocked: 'cleo', created_at: timeAt(1) },
  ...groupOf('unsorted', USERS, [
    message(5, { id: 'late', parent: 'early' }),
    message(1, { id: 'early', reactions: [{ emoji: '👍', user: 'bob' }, { emoji: '🎉', user: 'ann' }] }),
    message(3, { reply_to: 'early', mentions: ['cleo', '@all'], edited_at: timeAt(4) }),
    message(2, {
      pinned: { at: timeAt(9), by: 'ann' },
      data: { x: 1 },
      attachments: [{ file: 'f'.repeat(32), name: 'plan.pdf', content_type: 'application/pdf', size: 7, width: null }]
    }),
    message(4, { text: undefined, deleted_at: timeAt(8) })
  ]),
  { record: 'chat', type: 'direct', users: ['ann', 'cf~7'], created_at: timeAt(0) },
  { record: 'member', user: 'ann', joined_at: timeAt(0) },
  { record: 'member', user: 'cf~7', joined_at: timeAt(0), read_at: timeAt(1) },
  message(0, { client_id: 'one' }),
  message(1, { user: 'cf~9' }),
  message(2, { user: 'cf~7', client_id: 'one' }),
  ...groupOf('given', ['bob'], [
    { record: 'event', seq: 1, kind: 'chat.created', at: timeAt(0), by: 'bob', data: { name: 'given' } },
    message(1, { seq: 2 }),
    { record: 'event', seq: 3, kind: 'member.joined', at: timeAt(2), by: 'ann', user: 'ann', data: { role: 'member' } },
    { record: 'event', seq: 4, kind: 'message.edited', at: timeAt(3), by: 'bob', message: 2 }
  ])
]
const FILE = fileOf('everything', RECORDS)

async function * cutAfter (lines: number): AsyncGenerator<Buffer> {
  const all = FILE.split('\n')
  yield Buffer.from(all.slice(0, lines).map((line) => `${line}\n`).join(''))
  if (lines < all.length) throw new Error('cut')
}

const importFrom = async (orm: Orm, bytes: AsyncIterable<Uint8Array>, partSize: number) =>
  importRecords(orm, await openExport(bytes), { partSize })

await t.test('an import that ends anywhere goes on there, and stores everything once', async (t) => {
  const whole = { environment: { DATABASE_URL: await createStore(t, engineUrl()) } }
  await confab(whole, ['import', '-'], FILE)
  const expected = await exportedLines(whole)
  const lines = FILE.split('\n').length
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 8 }), fc.array(fc.integer({ min: 2, max: lines }), { maxLength: 5 }),
    async (partSize, cuts) => {
      const url = await createStore(t, engineUrl())
      const { orm } = await openDatabase(t, url)
      for (const cut of cuts) {
        await importFrom(orm, cutAfter(cut), partSize).catch((error: unknown) => {
          if (!(error instanceof Error && /cut/.test(error.message))) throw error
        })
      }
      await importFrom(orm, cutAfter(lines), partSize)
      t.strictSame(await exportedLines({ environment: { DATABASE_URL: url } }), expected)
    }
  ), { numRuns: 12 })
})

await t.test('an import that is killed again and again loses and doubles nothing', async (t) => {
  const records = [
    ...usersOf(...USERS),
    ...['one', 'two'].flatMap((id) =>
      groupOf(id, USERS, Array.from({ length: 6_000 }, (_, index) => message(index, { client_id: String(index) }))))
  ]
  const file = path.join(await temporaryFolder(t), 'export.ndjson')
  await writeFile(file, fileOf('killed', records))
  const [killed, whole] = [await createStore(t, engineUrl()), await createStore(t, engineUrl())]
  const { orm } = await openDatabase(t, killed)
  const stored = async () => (await orm.select().from(imports))[0]?.records ?? 0
  for (let before = -1, now = 0; before < now && now < records.length; before = now, now = await stored()) {
    const child = spawn(process.execPath, [PROGRAMS.cli, 'import', file], {
      cwd: ROOT, env: { ...cleanEnvironment(), DATABASE_URL: killed }, stdio: 'ignore'
    })
    const ended = once(child, 'exit')
    t.ok(await eventually(async () => child.exitCode !== null || (await stored()) > now, 60_000))
    child.kill('SIGKILL')
    await ended
  }
  await confab({ environment: { DATABASE_URL: killed } }, ['import', file])
  await confab({ environment: { DATABASE_URL: whole } }, ['import', file])
  const lines = await exportedLines({ environment: { DATABASE_URL: killed } })
  t.ok(lines.join('\n') === (await exportedLines({ environment: { DATABASE_URL: whole } })).join('\n'))
  t.match(await confab({ environment: { DATABASE_URL: killed } }, ['import', file]), /^An earlier run has stored 12,\d{3} records/)
})

await t.test('of two imports of a file at the same time one goes on', async (t) => {
  const url = await createStore(t, engineUrl())
  const [one, other] = await Promise.all([openDatabase(t, url), openDatabase(t, url)])
  const ends = await Promise.allSettled([one, other].map(({ orm }) => importFrom(orm, cutAfter(Infinity), 3)))
  const failed = ends.filter((end) => end.status === 'rejected')
  t.ok(failed.length < 2)
  for (const { reason } of failed) t.match(String(reason), /another process imports this file/)
  const whole = await createStore(t, engineUrl())
  await confab({ environment: { DATABASE_URL: whole } }, ['import', '-'], FILE)
  t.strictSame(
    await exportedLines({ environment: { DATABASE_URL: url } }),
    await exportedLines({ environment: { DATABASE_URL: whole } })
  )
})

await t.test('what an import has left can be removed, and begun anew', async (t) => {
  const url = await createStore(t, engineUrl())
  const { orm } = await openDatabase(t, url)
  const environment = { DATABASE_URL: url }
  const file = fileOf('discarded', [...usersOf('bob'), ...groupOf('room', ['bob'], [
    message(1, { seq: 1 }), message(4, { seq: 2, parent: 1 }), message(7, { seq: 3 })
  ])])
  const [, ...lines] = file.split('\n')
  const cut = file.slice(0, file.indexOf(lines.at(-3) ?? ''))
  await importFrom(orm, Readable.from([Buffer.from(cut)]), 1).catch((error: unknown) => t.match(error, /cut off/))
  t.equal((await orm.select().from(messages)).length, 2)
  t.match(await confab({ environment }, ['import', '-', '--discard'], file), /^The import is forgotten/)
  for (const table of [messages, chatHeads, threadReplies, imports])
    t.strictSame(await orm.select().from(table), [])
  t.match(await confab({ environment }, ['import', '-', '--discard'], file), /^Nothing of the file is stored/)
  t.match(await confab({ environment }, ['import', '-'], file), /^Imported 1 chat, 3 messages/)
})

await t.test('a file may be mended behind what is stored, and not before', async (t) => {
  const url = await createStore(t, engineUrl())
  const { orm } = await openDatabase(t, url)
  const environment = { DATABASE_URL: url }
  await importFrom(orm, cutAfter(12), 4).catch(() => undefined)
  const changed = await runConfab(['import', '-'], environment, FILE.replace('"BOB"', '"Robert"'))
  t.match(changed, { code: 1, stdout: '', stderr: /that part of the file has changed since/ })
  t.match(await runConfab(['import', '-'], environment, FILE.replace('text 5', 'text five')), { code: 0 })
})
