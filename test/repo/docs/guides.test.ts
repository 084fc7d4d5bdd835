/** The README and the guides: their commands and programs do what the text says. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import t from '../../support/tap.ts'
import { createApiKey } from '../../../src/domain/accounts/api-keys.ts'
import { importRecords } from '../../../src/domain/transfer/import.ts'
import { openExport } from '../../../src/domain/transfer/lines.ts'
import { USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, listAt } from '../../support/data/json.ts'
import { signWithSecret } from '../../support/data/user-tokens.ts'
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
      'Password reset email sent',
      'You are logged out.',
      'The session token is missing'
    ]
  ]
]

const INTEGRATE = 'docs/guide/integrate.md'
const USER = '{ id: \'17\', name: \'Ann Example\' }'

type Surroundings = { file: string, command?: string, before?: string, after?: string, replace?: [string, string] }
/** What a snippet finds in its application, and how the application calls it, by its first line. */
const FRAMEWORKS: [beginning: string, surroundings: Surroundings][] = [
  ['// Express', {
    file: 'express.mjs',
    before: `const requireLogin = undefined
    const response = { type: () => ({ send: console.log }) }
    const app = { get: (path, guard, handle) => handle({ user: ${USER} }, response) }`
  }],
  ['// Fastify', {
    file: 'fastify.mjs',
    before: `import Fastify from '${path.join(ROOT, 'node_modules/fastify/fastify.js')}'
    const app = Fastify()
    const requireLogin = async (request) => { request.user = ${USER} }`,
    after: 'console.log((await app.inject(\'/chat-token\')).body)'
  }],
  ['// Next.js: app/chat-token/route.js', {
    file: 'next.mjs',
    replace: ['import { auth } from \'@/auth\'', `const auth = async () => ({ user: ${USER} })`],
    after: 'console.log(await (await GET()).text())'
  }],
  ['# Django', {
    file: 'django.py',
    command: 'python3',
    before: `from types import SimpleNamespace
login_required = lambda view: view
HttpResponse = lambda content, content_type: content`,
    after: `user = SimpleNamespace(pk=17, get_full_name=lambda: 'Ann Example')
print(chat_token(SimpleNamespace(user=user)).decode())`
  }]
]

/** The blocks of a page in one language. */
async function blocksOf (page: string, language: string): Promise<string[]> {
  const text = await readFile(path.join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , block = '']) => block)
}

/** The program of a page that begins with this line. */
async function programOf (page: string, beginning: string): Promise<string> {
  const blocks = [...await blocksOf(page, 'js'), ...await blocksOf(page, 'python')]
  const program = blocks.find((block) => block.startsWith(`${beginning}\n`))
  if (program === undefined) throw new Error(`${page} has no program ${beginning}.`)
  return program
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
  const exports = { '.': './index.js', './server': './server/index.js', './chatcli': './chatcli/index.js' }
  const manifest = { name: 'confab-client', type: 'module', exports }
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
    const { url } = cluster.replica(0)
    const environment = {
      ...USER_TOKENS,
      CONFAB_KEY: await createApiKey(cluster.orm, {
        name: 'backend', scopes: ['users:write', 'chats:write', 'messages:write'], expiresAt: null
      })
    }
    /** Runs a program beside the installed client library. @returns its output */
    const execute = async (folder: string, file: string, source: string, command = process.execPath) => {
      await writeFile(path.join(folder, file), source.replaceAll('http://localhost:5123', url))
      const { stdout } = await run(command, [file], {
        cwd: folder, env: { ...cleanEnvironment(), ...environment }, timeout: PASTE_DEADLINE_MS
      })
      return stdout
    }
    const newApplication = async () => {
      const folder = await newFolder(t)
      await run('bash', ['-euc', await installClient(folder)], { cwd: folder })
      return folder
    }
    const messagesFor = async (user: string, chat: string) => listAt(
      (await cluster.get(`/v1/chats/${chat}/messages`, { bearer: signWithSecret({ sub: user }) })).body, 'items'
    )

    await t.test('integrate.md: the programs make a chat and write to it, twice', async (t) => {
      const folder = await newApplication()
      const backend = await programOf(INTEGRATE, '// backend.mjs')
      const client = await programOf(INTEGRATE, '// chat.mjs')
      t.equal(await execute(folder, 'backend.mjs', backend), 'Bob has written to Ann.\n')
      t.match(await execute(folder, 'chat.mjs', client), /^\d+ ann Thank you!\n$/)
      await execute(folder, 'backend.mjs', backend)
      const texts = (await messagesFor('bob', 'order-4711')).map((message) => at(message, 'text'))
      t.strictSame(texts, ['Your parcel is on its way.', 'Thank you!', 'Your parcel is on its way.'])
    })

    await t.test('integrate.md: a token of each framework is good', async (t) => {
      const folder = await newApplication()
      const hasPython = await run('python3', ['--version']).then(() => true, () => false)
      for (const [beginning, surroundings] of FRAMEWORKS) {
        const { before = '', after = '', replace: [from, to] = ['', ''], file, command } = surroundings
        if (command === 'python3' && !hasPython) continue
        const snippet = await programOf(INTEGRATE, beginning)
        t.ok(snippet.trim().split('\n').length <= 12, `${beginning} is short`)
        const token = await execute(folder, file, `${before}\n${snippet.replace(from, to)}\n${after}`, command)
        const { body } = await cluster.get('/v1/me', { bearer: token.trim() })
        t.hasStrict(body, { id: '17', name: 'Ann Example' }, beginning)
      }
    })

    await t.test('import-and-export.md has a file that can be imported', async (t) => {
      const [file = ''] = await blocksOf('docs/guide/import-and-export.md', 'json')
      const { orm } = cluster
      const source = async () => openExport(Readable.from([Buffer.from(file)]))
      t.hasStrict(await importRecords(orm, await source()), { chats: 1, messages: 2 })
      t.hasStrict(await importRecords(orm, await source()), { chats: 0, messages: 0 })
      t.strictSame(
        (await messagesFor('bob', 'room-1')).map((message) => [
          at(message, 'author'), at(message, 'text'), at(message, 'created_at')
        ]),
        [['ann', 'The first', '2025-01-01T10:00:00.000Z'], ['bob', 'The second', '2025-01-01T11:00:00.000Z']]
      )
      const bearer = signWithSecret({ sub: 'ann' })
      t.equal(at((await cluster.get('/v1/chats/room-1', { bearer })).body, 'unread'), 0)
      const posted = await cluster.post('/v1/chats/room-1/messages', { text: 'new' }, { bearer })
      t.equal(at(posted.body, 'seq'), 3)
    })
  },
  { inspectable: true, replicas: 1, environment: USER_TOKENS }
)
