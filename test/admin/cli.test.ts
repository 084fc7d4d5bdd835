import { and, eq, gte, inArray } from 'drizzle-orm'
import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import type { Orm } from '../../src/store/database.ts'
import { openPglite } from '../../src/store/pglite.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { chatHeads, messages } from '../../src/store/schema.ts'
import { preparePostBatch } from '../../src/store/messages.ts'
import { addChat } from '../contract/rows.ts'
import { freePort, ROOT, spawnReplica, textAt, withServices } from '../harness.ts'
import { ensureBuilt, runConfab, temporaryFolder } from '../harness/built-server.ts'
import { createDatabase } from '../harness/database.ts'
import { layOutStore } from '../harness/embedded-store.ts'

const POSTS = 40
const FAILED = 1
const MISSPELT = 2

t.setTimeout(300_000)
await ensureBuilt()

await t.test('what is misspelt gets help and 2, and does nothing', async (t) => {
  const environment = { DATA_DIR: `${await temporaryFolder(t)}/not-made` }
  const calls = [
    [], ['users'], ['user'], ['user', 'create', 'ann'], ['user', 'suspend'], ['user', 'suspend', 'ann', 'bob'], ['user', 'suspend', 'ann', '--all'], ['chat', 'check'],
    ['chat', 'check', 'one'], ['chat', 'check', '0'], ['chat', 'check', '1', '--all'], ['migrate', 'now'], ['sessions', 'revoke', 'ann', '--password', 'x'], ['migrate', '--name', 'x']
  ]
  for (const call of calls) {
    const { code, stdout, stderr } = await runConfab(call, environment)
    t.strictSame([code, stdout], [MISSPELT, ''], call.join(' '))
    t.match(stderr, /Usage:\n {2}confab /)
  }
  await t.rejects(readFile(environment.DATA_DIR), { code: 'ENOENT' })
})

await t.test('help is an answer, of one command or of all', async (t) => {
  const all = await runConfab(['--help'], {})
  t.strictSame([all.code, all.stderr], [0, ''])
  for (const words of ['migrate', 'user create', 'user suspend', 'user resume', 'sessions revoke', 'chat check']) t.match(all.stdout, `confab ${words}`)
  t.equal((await runConfab(['chat', 'check', '-h'], {})).stdout.match(/confab [a-z]+ /g)?.length, 1)
})

await t.test('a wrong environment, a store in use and a database that is not there are told in one line without a secret', async (t) => {
  const folder = await temporaryFolder(t)
  await layOutStore(folder)
  await spawnReplica(t, { DATA_DIR: folder })
  const nowhere = `postgres://somebody:hidden-password@127.0.0.1:${String(await freePort())}/nowhere`
  for (const [environment, expected] of [
    [{ DATABASE_URL: 'mysql://hidden' }, /^DATABASE_URL cannot be the value given/],
    [{ DATA_DIR: folder }, /is in use by another process/],
    [{ DATABASE_URL: nowhere }, /^confab failed: .*ECONNREFUSED/]
  ] as const) {
    for (const call of [['migrate'], ['chat', 'check', '--all']]) {
      const { code, stdout, stderr } = await runConfab(call, environment)
      t.strictSame([code, stdout], [FAILED, ''])
      t.match(stderr, expected)
      t.match(stderr, /^[^\n]+\n$/)
      t.notMatch(stderr, /hidden/)
    }
  }
})

/** What both stores owe the commands. */
async function testCommands (t: Test, environment: Record<string, string>, withOrm: (work: (orm: Orm) => Promise<void>) => Promise<void>): Promise<void> {
  const say = async (...call: string[]) => {
    const { code, stdout, stderr } = await runConfab(call, environment)
    return [code, stdout + stderr]
  }

  await t.test('the tables are made by a command', async (t) => {
    t.strictSame(await say('migrate'), [0, 'The tables are at the version of this build.\n'])
    t.strictSame(await say('migrate'), [0, 'The tables are at the version of this build.\n'])
  })

  await t.test('an account is made once, and what it lacks is said', async (t) => {
    t.match(await say('user', 'create', 'carol', 'carol@example.org'), [0, /^Account 1 is carol\./])
    t.strictSame(await say('user', 'create', 'Carol', 'other@example.org'), [FAILED, 'The username or the e-mail address is taken.\n'])
    t.strictSame(await say('user', 'create', 'other', 'CAROL@example.org'), [FAILED, 'The username or the e-mail address is taken.\n'])
    t.match(await say('user', 'create', '?', 'x@example.org'), [FAILED, /^A username has/])
    t.match(await say('user', 'create', 'dora', 'nobody'), [FAILED, /^The e-mail address/])
    for (const input of ['weak\n', '', '\n']) t.match(await runConfab(['user', 'create', 'dora', 'dora@example.org', '--password-stdin'], environment, input), { code: FAILED, stdout: '', stderr: /^A password has/ })
    for (const words of [['user', 'suspend'], ['user', 'resume'], ['sessions', 'revoke']]) t.strictSame(await say(...words, 'nobody'), [FAILED, 'There is no such user.\n'])
  })

  await t.test('a chat that lacks a message is told from a whole one', async (t) => {
    let [torn, whole] = [0, 0]
    await withOrm(async (orm) => {
      const post = preparePostBatch(orm)
      const chats = [await addChat(orm), await addChat(orm)]
      for (const { chatId, ann } of chats) await post(Array.from({ length: POSTS }, (_, index) => ({ chatId, authorId: ann.id, postKey: String(index), text: 'hello' })));
      [torn, whole] = chats.map(({ chatId }) => chatId) as [number, number]
    })
    t.strictSame(await say('chat', 'check', '--all'), [0, `2 chats with ${String(2 * POSTS)} messages are whole.\n`])
    const verdict = async (change: (orm: Orm) => Promise<unknown>) => {
      await withOrm(async (orm) => { await change(orm) })
      const one = await say('chat', 'check', String(torn))
      t.strictSame(await say('chat', 'check', '--all'), one, 'all are one torn chat more')
      return one
    }
    const remove = (...seqs: number[]) => (orm: Orm) => orm.delete(messages).where(and(eq(messages.chatId, torn), inArray(messages.seq, seqs)))
    t.strictSame(await verdict(remove(7)), [FAILED, `Chat ${String(torn)} is not whole: 39 messages, the highest seq is 40, its head says 40; missing: 7.\n`])
    t.strictSame(await verdict(remove(1, 2, 8)), [FAILED, `Chat ${String(torn)} is not whole: 36 messages, the highest seq is 40, its head says 40; missing: 1–2, 7–8.\n`])
    t.strictSame(await verdict((orm) => orm.delete(messages).where(and(eq(messages.chatId, torn), gte(messages.seq, 39)))), [FAILED, `Chat ${String(torn)} is not whole: 34 messages, the highest seq is 38, its head says 40; missing: 1–2, 7–8, 39–40.\n`])
    t.strictSame(await verdict((orm) => orm.update(chatHeads).set({ lastSeq: 30 }).where(eq(chatHeads.chatId, torn))), [FAILED, `Chat ${String(torn)} is not whole: 34 messages, the highest seq is 38, its head says 30; missing: 1–2, 7–8.\n`])
    t.strictSame(await verdict((orm) => orm.delete(chatHeads).where(eq(chatHeads.chatId, torn))), [FAILED, `Chat ${String(torn)} is not whole: 34 messages, the highest seq is 38, its head says nothing; missing: 1–2, 7–8.\n`])
    t.strictSame(await say('chat', 'check', String(whole)), [0, `Chat ${String(whole)} is whole: ${String(POSTS)} messages.\n`])
    t.strictSame(await say('chat', 'check', '999999'), [FAILED, 'There is no such chat.\n'])
  })
}

await t.test('on the embedded store', async (t) => {
  const folder = await temporaryFolder(t)
  await testCommands(t, { DATA_DIR: folder }, async (work) => {
    const database = await openPglite(folder)
    await work(database.orm)
    await database.close()
  })
})

await withServices(t, 'on Postgres', async (t, { databaseUrl, redisUrl }) => {
  const url = await createDatabase(t, databaseUrl)
  t.match(await runConfab(['chat', 'check', '--all'], { DATABASE_URL: url }), { code: FAILED, stderr: /^The tables lack 0000_create_tables, .*: run confab migrate first\.\n$/ })
  await testCommands(t, { DATABASE_URL: url, REDIS_URL: redisUrl }, async (work) => {
    const database = await openPostgres({ url, pool: 1, prepare: true, timeoutMs: 5_000 })
    await work(database.orm)
    await database.close()
  })
})

await t.test('the package names the command that the tests run', async (t) => {
  t.equal(textAt(JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')), 'bin', 'confab'), 'dist/cli.js')
})
