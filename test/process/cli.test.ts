import { and, eq, inArray } from 'drizzle-orm'
import { readFile } from 'node:fs/promises'
import t from '../support/tap.ts'
import { createMemoryBus } from '../../src/bus/memory.ts'
import { createAdministration } from '../../src/domain/accounts/administration.ts'
import { createPasswordHasher, OWASP_COST } from '../../src/domain/accounts/passwords.ts'
import { Sessions } from '../../src/domain/accounts/sessions.ts'
import { UNLIMITED } from '../../src/rate-limits/rate-limiter.ts'
import type { Orm } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres/open.ts'
import { chatHeads, messages } from '../../src/store/schema.ts'
import { preparePostBatch } from '../../src/store/posts.ts'
import { addChat } from '../support/data/rows.ts'
import { textAt } from '../support/data/json.ts'
import { withServices } from '../support/servers/deployments.ts'
import { freePort, ROOT, spawnReplica } from '../support/servers/process.ts'
import { runConfab, spawnConfab, temporaryFolder } from '../support/servers/program.ts'
import { createDatabase } from '../support/servers/database.ts'
import { openEmbeddedStore, temporaryStore } from '../support/servers/embedded-store.ts'

const POSTS = 40
const FAILED = 1
const MISSPELT = 2

t.setTimeout(300_000)

await t.test('what is misspelt gets help and 2, and does nothing', async (t) => {
  const environment = { DATA_DIR: `${await temporaryFolder(t)}/not-made` }
  const calls = [
    [],
    ['users'],
    ['user', 'create', 'ann'],
    ['user', 'suspend', 'ann', 'bob'],
    ['user', 'suspend', 'ann', '--all'],
    ['chat', 'check'],
    ['chat', 'check', '0'],
    ['chat', 'check', '1', '--all'],
    ['migrate', 'now'],
    ['sessions', 'revoke', 'ann', '--password', 'x']
  ]
  await Promise.all(
    calls.map(async (call) => {
      const { code, stdout, stderr } = await runConfab(call, environment)
      t.strictSame([code, stdout], [MISSPELT, ''], call.join(' '))
      t.match(stderr, /Usage:\n {2}confab /)
    })
  )
  await t.rejects(readFile(environment.DATA_DIR), { code: 'ENOENT' })
})

await t.test('help is an answer, of one command or of all', async (t) => {
  const all = await runConfab(['--help'], {})
  t.strictSame([all.code, all.stderr], [0, ''])
  for (const words of [
    'migrate',
    'user create',
    'user suspend',
    'user resume',
    'sessions revoke',
    'chat check',
    'epoch bump',
    'installation show',
    'installation renew'
  ])
    t.match(all.stdout, `confab ${words}`)
  t.equal((await runConfab(['chat', 'check', '-h'], {})).stdout.match(/confab [a-z]+ /g)?.length, 1)
})

await t.test(
  'a wrong environment, a store in use and a database that is not there are told in one line without a secret',
  async (t) => {
    const folder = await temporaryStore(t)
    await spawnReplica(t, { DATA_DIR: folder })
    const nowhere = `postgres://somebody:hidden-password@127.0.0.1:${String(await freePort())}/nowhere`
    for (const [environment, expected] of [
      [{ DATABASE_URL: 'mysql://hidden' }, /^DATABASE_URL cannot be the value given/],
      [{ DATA_DIR: folder }, /is in use by another process/],
      [{ DATABASE_URL: nowhere }, /^confab failed: .*ECONNREFUSED/]
    ] as const) {
      const { code, stdout, stderr } = await runConfab(['chat', 'check', '--all'], environment)
      t.strictSame([code, stdout], [FAILED, ''])
      t.match(stderr, expected)
      t.match(stderr, /^[^\n]+\n$/)
      t.notMatch(stderr, /hidden/)
    }
  }
)

/** A chat with messages. @returns its id */
async function fillChat (orm: Orm): Promise<number> {
  const { chatId, ann } = await addChat(orm)
  await preparePostBatch(orm)(
    Array.from({ length: POSTS }, (_, index) => ({ chatId, authorId: ann.id, postKey: String(index), text: 'hello' }))
  )
  return chatId
}

await withServices(t, 'on Postgres', async (t, { databaseUrl, redisUrl }) => {
  const url = await createDatabase(t, databaseUrl)
  const environment = { DATABASE_URL: url, REDIS_URL: redisUrl }
  const say = async (...call: string[]) => {
    const { code, stdout, stderr } = await runConfab(call, environment)
    return [code, stdout + stderr]
  }

  await t.test('the tables are made by a command, and nothing else works before', async (t) => {
    t.match(await say('chat', 'check', '--all'), [
      FAILED,
      /^The tables lack 0000_create_tables, .*: run confab migrate first\.\n$/
    ])
    for (let round = 0; round < 2; round++)
      t.strictSame(await say('migrate'), [0, 'The tables are at the version of this build.\n'])
  })

  await t.test('an account is made once, and what it lacks is said', async (t) => {
    t.match(await say('user', 'create', 'carol', 'carol@example.org'), [0, /^Account 1 is carol\./])
    t.strictSame(await say('user', 'create', 'Carol', 'other@example.org'), [
      FAILED,
      'The username or the e-mail address is taken.\n'
    ])
    t.strictSame(await say('user', 'create', 'other', 'CAROL@example.org'), [
      FAILED,
      'The username or the e-mail address is taken.\n'
    ])
    t.match(await say('user', 'create', 'dora', 'nobody'), [FAILED, /^The e-mail address/])
    for (const input of ['weak\n', ''])
      t.match(await runConfab(['user', 'create', 'dora', 'dora@example.org', '--password-stdin'], environment, input), {
        code: FAILED,
        stdout: '',
        stderr: /^A password has/
      })
    for (const words of [
      ['user', 'suspend'],
      ['sessions', 'revoke']
    ])
      t.strictSame(await say(...words, 'nobody'), [FAILED, 'There is no such user.\n'])
  })

  await t.test('a chat that lacks a message is told from a whole one', async (t) => {
    const { orm, close } = await openPostgres({ url, pool: 1, prepare: true, timeoutMs: 5_000 })
    t.teardown(close)
    const [torn, whole] = [await fillChat(orm), await fillChat(orm)]
    t.strictSame(await say('chat', 'check', '--all'), [0, `2 chats with ${String(2 * POSTS)} messages are complete.\n`])
    const { checkChats } = createAdministration({
      orm,
      passwords: await createPasswordHasher({ cost: OWASP_COST, concurrency: 1, queue: 1 }),
      sessions: new Sessions({
        orm, bus: createMemoryBus(), rates: UNLIMITED, refreshTtlMs: 1, maxAgeMs: 1, reuseGraceMs: 1
      })
    })
    const verdict = async (change: Promise<unknown>) => {
      await change
      const { faults } = await checkChats(torn)
      t.strictSame((await checkChats()).faults, faults, 'among all chats it is the only one')
      return faults.map(({ count, highest, lastSeq, holes }) => ({
        count,
        highest,
        lastSeq,
        holes: holes.map(({ first, last }) => [first, last])
      }))
    }
    const remove = async (...seqs: number[]) =>
      orm.delete(messages).where(and(eq(messages.chatId, torn), inArray(messages.seq, seqs)))
    t.strictSame(await verdict(remove()), [])
    t.strictSame(await verdict(remove(7)), [{ count: 39, highest: 40, lastSeq: 40, holes: [[7, 7]] }])
    t.strictSame(await verdict(remove(1, 2, 8)), [
      {
        count: 36,
        highest: 40,
        lastSeq: 40,
        holes: [
          [1, 2],
          [7, 8]
        ]
      }
    ])
    t.strictSame(await verdict(remove(39, 40)), [
      {
        count: 34,
        highest: 38,
        lastSeq: 40,
        holes: [
          [1, 2],
          [7, 8],
          [39, 40]
        ]
      }
    ])
    t.strictSame(await say('chat', 'check', String(torn)), [
      FAILED,
      `Chat ${String(torn)} is not complete: 34 messages, the highest seq is 38, its head says 40; missing: 1–2, ` +
      '7–8, 39–40.\n'
    ])
    const setHead = async (lastSeq: number) => orm.update(chatHeads).set({ lastSeq }).where(eq(chatHeads.chatId, torn))
    t.strictSame(await verdict(setHead(30)), [
      {
        count: 34,
        highest: 38,
        lastSeq: 30,
        holes: [
          [1, 2],
          [7, 8]
        ]
      }
    ])
    t.strictSame(await verdict(orm.delete(chatHeads).where(eq(chatHeads.chatId, torn))), [
      {
        count: 34,
        highest: 38,
        lastSeq: null,
        holes: [
          [1, 2],
          [7, 8]
        ]
      }
    ])
    t.strictSame(await say('chat', 'check', String(whole)), [
      0,
      `Chat ${String(whole)} is complete: ${String(POSTS)} messages.\n`
    ])
    t.strictSame(await say('chat', 'check', '999999'), [FAILED, 'There is no such chat.\n'])
  })
})

await t.test('on the embedded store', async (t) => {
  const environment = { DATA_DIR: await temporaryFolder(t) }
  t.match(
    await runConfab(['user', 'create', 'carol', 'carol@example.org'], environment),
    { code: 0, stdout: /^Account 1 is carol\./ },
    'which is made where there is none'
  )
  const { orm, close } = await openEmbeddedStore(environment.DATA_DIR)
  const chatId = await fillChat(orm)
  await close()
  t.match(await runConfab(['chat', 'check', String(chatId)], environment), { code: 0, stdout: /is complete: 40 messages/ })
  t.match(await runConfab(['user', 'suspend', 'carol'], environment), {
    code: 0,
    stdout: 'carol is suspended; 0 sessions were ended.\n'
  })
  t.match(await runConfab(['migrate'], environment), { code: 0, stderr: '' })
})

await t.test('the program that the package names ends with the code of what it was asked for', async (t) => {
  t.equal(textAt(JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')), 'bin', 'confab'), 'dist/cli.js')
  const [help, misspelt, failed] = await Promise.all([
    spawnConfab(['--help'], {}),
    spawnConfab(['user'], {}),
    spawnConfab(['token', 'ann'], {})
  ])
  t.match(help, { code: 0, stdout: /^Usage:/, stderr: '' })
  t.match(misspelt, { code: MISSPELT, stdout: '', stderr: /^Usage:/ })
  t.match(failed, { code: FAILED, stdout: '', stderr: /^USER_TOKEN_SECRET is not set/ })
})
