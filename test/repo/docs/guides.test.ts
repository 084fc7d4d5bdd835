/** The guides: what they tell people to paste does what they say. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import t from '../../support/tap.ts'
import { register } from '../../support/data/accounts.ts'
import { at, listAt } from '../../support/data/json.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { isServiceRequired, onEmbedded, onServices } from '../../support/servers/deployments.ts'
import { cleanEnvironment, ROOT } from '../../support/servers/process.ts'

const PASTE_DEADLINE_MS = 60_000
const run = promisify(execFile)

/** What is to be pasted from each guide, beginning with the block so counted, and what is then on the screen. */
const PASTES: [page: string, fromBlock: number, shown: string[]][] = [
  [
    'guide/quick-start.md',
    1,
    ['"Email verified!"', 'Carol\'s message is stored as number 1', 'Dave hears carol: Hello Dave']
  ],
  [
    'reference/chatcli.md',
    0,
    [
      '"Verification email sent!"',
      '"Email verified!"',
      '"name":"frank"',
      '\n[]\n',
      '"Chat deleted successfully!"',
      '"code":"not_a_participant"'
    ]
  ],
  [
    'reference/emotechat.md',
    0,
    [
      '"username":"grace-h"',
      'The token is valid.',
      '"users":[',
      '"conversations":[]',
      'a mail with a link is on its way',
      'You are logged out.',
      'The session token is missing'
    ]
  ]
]

/** The blocks of a guide in one language. */
async function blocksOf (page: string, language: string): Promise<string[]> {
  const text = await readFile(path.join(ROOT, 'docs', page), 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , block = '']) => block)
}

/** Has a shell run a text as if it were pasted next to the data of a server. @returns what is then on the screen */
async function paste (text: string, cluster: Cluster): Promise<string> {
  const script = text
    .replaceAll('http://localhost:5123', cluster.replica(0).url)
    .replaceAll('data/outbox.jsonl', cluster.outbox.file)
  // Without what the test runner puts into each program that a test starts.
  const { stdout, stderr } = await run('bash', ['-euc', script], {
    cwd: ROOT,
    env: cleanEnvironment(),
    timeout: PASTE_DEADLINE_MS
  })
  return `${stdout}${stderr}`
}

const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false
)
const skip = hasCurl || isServiceRequired() ? {} : { skip: 'there is no curl' }
await onEmbedded(t, async (t, cluster) => {
  for (const [page, fromBlock, shown] of PASTES) {
    await t.test(`${page} can be pasted`, skip, async (t) => {
      const screen = await paste((await blocksOf(page, 'sh')).slice(fromBlock).join('\n'), cluster)
      for (const text of shown) t.ok(screen.includes(text), text, { screen })
    })
  }
})

await onServices(
  t,
  async (t, cluster) => {
    await t.test('from-socket-io.md moves chats and messages', async (t) => {
      const [ann, bob] = [await register(cluster), await register(cluster)]
      const { orm } = cluster
      const [move = ''] = await blocksOf('guide/from-socket-io.md', 'sql')
      await orm.execute('CREATE SCHEMA old')
      await orm.execute('CREATE TABLE old.chats (id text, user_a text, user_b text)')
      await orm.execute(
        'CREATE TABLE old.messages (id int, chat_id text, author text, text text, created_at timestamptz)'
      )
      await orm.execute(
        `INSERT INTO old.chats VALUES ('room-1', '${ann.username}', '${bob.username.toUpperCase()}'), ('room-2', ` +
        `'${bob.username}', '${ann.username}'), ('room-3', '${ann.username}', 'nobody')`
      )
      await orm.execute(`INSERT INTO old.messages VALUES
      (3, 'room-1', '${bob.username}', 'third', '2025-01-01 12:00:02Z'),
      (1, 'room-1', '${ann.username}', 'first', '2025-01-01 12:00:00Z'),
      (2, 'room-2', '${bob.username}', 'second', '2025-01-01 12:00:01Z'),
      (4, 'room-1', '${ann.username}', '  ', '2025-01-01 12:00:03Z'),
      (5, 'room-3', '${ann.username}', 'lost', '2025-01-01 12:00:04Z')`)
      for (const statement of move.split(/;\n/)) if (statement.trim() !== '') await orm.execute(statement)

      const chats = (await cluster.post('/chat/fetch-chats', { session_token: bob.accessToken })).body
      t.equal(listAt(chats, 'response').length, 1)
      const chatID = at(chats, 'response', 0, 'chatID')
      const { body: history } = await cluster.post('/chat/messages', { session_token: bob.accessToken, chatID })
      t.strictSame(
        Array.isArray(history)
          ? history.map((message) => [at(message, 'seq'), at(message, 'message'), at(message, 'timestamp')])
          : history,
        [
          [1, 'first', '2025-01-01T12:00:00.000Z'],
          [2, 'second', '2025-01-01T12:00:01.000Z'],
          [3, 'third', '2025-01-01T12:00:02.000Z']
        ]
      )
    })
  },
  { inspectable: true, replicas: 1 }
)
