/** The README and the guides: their commands and programs do what the text says. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t from '../../support/tap.ts'
import { register } from '../../support/data/accounts.ts'
import { at, listAt } from '../../support/data/json.ts'
import { within } from '../../support/deadline.ts'
import { isServiceRequired, onEmbedded, onServices } from '../../support/servers/deployments.ts'
import { cleanEnvironment, freePort, launch, ROOT } from '../../support/servers/process.ts'

const PASTE_DEADLINE_MS = 60_000
const DEMO_DEADLINE_MS = 60_000
const INSTALL = 'npm install confab-client ws'
const run = promisify(execFile)

/** The blocks of a guide to paste, from the given one on, and texts that must appear in the output. */
const PASTES: [page: string, fromBlock: number, shown: string[]][] = [
  [
    'docs/guide/quick-start.md',
    1,
    [
      '"Email verified!"',
      'Carol\'s message is stored as number 1',
      'Dave received from carol: Hello Dave',
      'dave < {"type":"auth_ack","status":"ok"}',
      '"message":"By hand"'
    ]
  ],
  [
    'docs/reference/chatcli.md',
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
    'docs/reference/emotechat.md',
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

/** The blocks of a page in one language. */
async function blocksOf (page: string, language: string): Promise<string[]> {
  const text = await readFile(path.join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , block = '']) => block)
}

/** A folder for pastes, inside another one so that they may make a folder beside it. */
async function newFolder (t: { teardown: (end: () => Promise<void>) => void }): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-guide-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await mkdir(path.join(folder, 'confab'))
  return path.join(folder, 'confab')
}

/** Packages as `npm install` would put them into a folder, without a registry. */
async function installClient (folder: string): Promise<string> {
  const modules = path.join(path.dirname(folder), 'packages', 'node_modules')
  await mkdir(path.join(modules, 'confab-client'), { recursive: true })
  await cp(path.join(ROOT, 'dist/client'), path.join(modules, 'confab-client'), { recursive: true })
  const manifest = { name: 'confab-client', type: 'module', exports: './index.js' }
  await writeFile(path.join(modules, 'confab-client', 'package.json'), JSON.stringify(manifest))
  await symlink(path.join(ROOT, 'node_modules/ws'), path.join(modules, 'ws'))
  return `cp -r '${modules}' .`
}

/**
 * Runs a text in a shell as if it were pasted into a terminal in a folder.
 * @param url replaces the address of the server
 * @returns the output
 */
async function paste (text: string, folder: string, url: string): Promise<string> {
  const script = text
    .replaceAll('http://localhost:5123', url)
    .replaceAll('ws://localhost:5123', url.replace('http', 'ws'))
    .replaceAll(INSTALL, await installClient(folder))
  const { stdout, stderr } = await run('bash', ['-euc', script], {
    cwd: folder,
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
await t.test('the program of the README runs with the demo', async (t) => {
  const demo = await launch(t, {
    command: process.execPath,
    parameters: ['dist/demo/main.js'],
    cwd: ROOT,
    environment: { PORT: String(await freePort()) }
  })
  while (!demo.stdout().includes('Ctrl-C'))
    await within(demo.written(), DEMO_DEADLINE_MS, 'the demo to be ready')
  const folder = await newFolder(t)
  const install = (await blocksOf('README.md', 'sh')).find((block) => block.includes(INSTALL))
  t.ok(install)
  const [program = ''] = await blocksOf('README.md', 'js')
  const script = `${install ?? ''}\ncat > hello.mjs <<'JS'\n${program}JS\nnode hello.mjs`
  const screen = await paste(script, folder, demo.url.replace('127.0.0.1', 'localhost'))
  t.match(screen, /^Maya's message is stored as number \d+\nBen received from Maya: Hello Ben$/m)
})

await onEmbedded(t, async (t, cluster) => {
  for (const [page, fromBlock, shown] of PASTES) {
    await t.test(`${page} can be pasted`, skip, async (t) => {
      const folder = await newFolder(t)
      const script = (await blocksOf(page, 'sh')).slice(fromBlock).join('\n')
      const screen = await paste(
        script.replaceAll('data/outbox.jsonl', cluster.outbox.file), folder, cluster.replica(0).url
      )
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
      const [move = ''] = await blocksOf('docs/guide/from-socket-io.md', 'sql')
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
