import { sql } from 'drizzle-orm'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from '../support/tap.ts'
import { exportRecords } from '../../src/domain/transfer/export.ts'
import type { Orm } from '../../src/store/database.ts'
import { messages } from '../../src/store/schema.ts'
import { at } from '../support/data/json.ts'
import { confab, fileOf, groupOf, usersOf } from '../support/data/transfer.ts'
import { createStore, openDatabase } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { cleanEnvironment, PROGRAMS, ROOT } from '../support/servers/process.ts'

const [LENGTH, HEAP_MIB] = [4_000, 56]
/** More than fits into the memory of a process. */
const COUNT = 12_000

t.setTimeout(300_000)

/** A chat with so many messages. */
async function fill (url: string, orm: Orm, count: number, length: number): Promise<void> {
  await confab({ environment: { DATABASE_URL: url } }, ['import', '-'], fileOf('room', [
    ...usersOf('ann'), ...groupOf('room', ['ann'], [])
  ]))
  await orm.execute(sql`insert into messages (chat_id, seq, author_id, body, post_key, created_at)
    select c.id, seq, u.id, repeat('x', ${length}), 's' || seq, now()
    from chats c, users u, generate_series(1, ${count}) seq`)
  await orm.execute(sql`update chat_heads set last_seq = ${count}`)
}

await t.test('an export and an import hold a part of a chat at a time', async (t) => {
  const [origin, copy] = [await createStore(t, engineUrl()), await createStore(t, engineUrl())]
  const { orm } = await openDatabase(t, origin)
  await fill(origin, orm, COUNT, LENGTH)
  const run = (url: string, ...parameters: string[]) => spawn(
    process.execPath, [`--max-old-space-size=${String(HEAP_MIB)}`, PROGRAMS.cli, ...parameters],
    { cwd: ROOT, env: { ...cleanEnvironment(), DATABASE_URL: url }, stdio: ['pipe', 'pipe', 'pipe'] }
  )
  const [out, into] = [run(origin, 'export', '--chat', 'room'), run(copy, 'import', '-')]
  out.stdout.pipe(into.stdin)
  const [said, problems] = await Promise.all([
    text(into.stdout), Promise.all([text(out.stderr), text(into.stderr)]), once(out, 'exit'), once(into, 'exit')
  ])
  t.strictSame([out.exitCode, into.exitCode], [0, 0], problems.join())
  t.equal(said, 'Imported 1 chat, 12,000 messages and 1 user.\n')
})

await t.test('an export is one state of the store, and is read no faster than it is taken', async (t) => {
  const count = 3_000
  const url = await createStore(t, engineUrl())
  const [{ orm }, { orm: other }] = [await openDatabase(t, url), await openDatabase(t, url)]
  await fill(url, orm, count, 10)
  let [pending, seqs] = [0, 0]
  await exportRecords(orm, { all: true }, {
    hasPasswordHashes: false,
    write: async (line) => {
      if (++pending > 1) t.fail('the next line did not wait')
      if (at(JSON.parse(line), 'record') === 'message' && ++seqs === 1) await other.delete(messages)
      pending--
    }
  })
  t.equal(seqs, count)
  t.equal((await other.select().from(messages)).length, 0)
})
