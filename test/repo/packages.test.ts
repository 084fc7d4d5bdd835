/**
 * The two packages as users install them: what is in them, and that they work with nothing but what they ask for. They
 * are packed once, from a clean clone, as npm does with a dependency on a git repository.
 */
import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import t, { type Test } from '../support/tap.ts'
import { at, fieldsOf, listAt, textAt } from '../support/data/json.ts'
import { JWT_SECRET } from '../support/servers/cluster.ts'
import { createStore } from '../support/servers/database.ts'
import { engineUrl } from '../support/servers/engine.ts'
import { cleanEnvironment, launch, ROOT } from '../support/servers/process.ts'

const RUN_OPTIONS = { maxBuffer: 64 * 1_024 * 1_024, env: cleanEnvironment() }

const run = promisify(execFile)

/** The modules of the client package, and names that each of them has. */
const ENTRIES: readonly [name: string, exported: readonly string[]][] = [
  ['confab-client', ['ConfabClient', 'ConfabProblem', 'MemoryStorage', 'browserStorage', 'newClientId']],
  ['confab-client/react', ['ConfabProvider', 'useChats', 'useChat', 'useMessages', 'useTyping', 'usePresence']],
  ['confab-client/server', ['ConfabServer', 'ConfabProblem', 'signUserToken', 'verifyWebhook']],
  ['confab-client/accounts', ['AccountSession', 'browserTokens', 'ConfabAccounts', 'ConfabProblem']],
  ['confab-client/history', ['MessageWindow', 'MessageLookup', 'seqAt']],
  ['confab-client/files', ['ConfabFiles', 'ConfabProblem']],
  ['confab-client/management', ['addMembers', 'changeProfile', 'ConfabProblem', 'createInvite', 'leaveChat']],
  ['confab-client/moderation', ['banUser', 'ConfabProblem', 'listReports', 'readHealth', 'report']],
  ['confab-client/push', ['enablePush', 'disablePush', 'ConfabProblem']],
  ['confab-client/push-worker', ['handlePush', 'readPush', 'showPush']],
  ['confab-client/search', ['ConfabProblem', 'ConfabSearch', 'splitHighlights']],
  ['confab-client/shared', ['shareSocket']],
  ['confab-client/sse', ['EventStreamSocket', 'orEventStream']],
  ['confab-client/chatcli', ['ConfabClient', 'ConfabError', 'newClientMessageID']]
]
/** What the main entry may weigh, compressed. */
const MAX_CLIENT_BYTES = 15_000

const TYPED_PROGRAM = `import { ConfabClient, ConfabProblem, type EventOf, type ListedMessage } from 'confab-client'
import { useMessages, type UsedMessages } from 'confab-client/react'
import { ConfabServer, signUserToken, verifyWebhook, type Message, type Webhook } from 'confab-client/server'
import { AccountSession, browserTokens, ConfabAccounts } from 'confab-client/accounts'
import { ConfabFiles } from 'confab-client/files'
import { createInvite, type Invite } from 'confab-client/management'
import { enablePush, type PushRegistration } from 'confab-client/push'
import { handlePush, type PushWorker } from 'confab-client/push-worker'
import { EventStreamSocket, orEventStream } from 'confab-client/sse'
import { ConfabClient as ChatCliClient } from 'confab-client/chatcli'
const client = new ConfabClient({ url: '', getToken: async () => signUserToken('secret', { id: 'ann', name: 'Ann' }) })
client.on('message.edited', ({ data }: EventOf<'message.edited'>) => data?.message.version.toFixed())
export const seq: Promise<number> = client.chat('c').send('text', { reply_to: 1 }).then((sent) => sent.seq)
export const items: readonly ListedMessage[] = client.chat('c').messages.getSnapshot().items
export const use = (id: string): UsedMessages => useMessages(id)
export const post: Promise<Message> = new ConfabServer({ url: '', key: '' }).post('c', { as: 'ann', text: 'x' })
const login = new AccountSession({ accounts: new ConfabAccounts({ url: '' }), store: browserTokens() })
export const mine = new ConfabClient({ url: '', getToken: login.tokens() })
const files = new ConfabFiles({ url: '', getToken: () => '' })
export const invite: Promise<Invite> = createInvite(client, 'c', { maxUses: 10 })
export const sent = files.upload('c', new Blob(['x']))
  .then((file) => client.chat('c').send('', { attachments: [file] }))
export const isProblem = (error: unknown): boolean => error instanceof ConfabProblem && error.retryable
export const hook: Webhook = verifyWebhook('whsec_x', { headers: new Headers(), body: '' })
export const stream = new ConfabClient({ url: '', getToken: () => '', WebSocket: orEventStream(EventStreamSocket) })
declare const registration: PushRegistration, worker: PushWorker
export const pushed = enablePush({ url: '/', getToken: () => '', registration }).then(({ device }) => device)
handlePush(worker, { url: (chat) => '/chats/' + chat })
export const old: Promise<number> = new ChatCliClient({ url: '' }).post(1, 'text').then((sent) => sent.seq)
// @ts-expect-error: there is no such event
client.on('message.eaten', () => undefined)
`

/** Nobody is there; the platform is poor: no socket but a given one, a window without events, and no randomness. */
const ENDING_PROGRAM = `import { ConfabClient } from 'confab-client'
Object.defineProperty(globalThis, 'crypto', { value: undefined })
globalThis.window = {}
class Away extends EventTarget {
  constructor () { super(); setTimeout(() => this.dispatchEvent(Object.assign(new Event('close'), { code: 1006 }))) }
  send () {}
  close () {}
}
const hour = { baseMs: 3_600_000, maxMs: 3_600_000 }
const options = { url: 'http://127.0.0.1:9', WebSocket: Away, getToken: () => 'token', backoff: hour }
const client = new ConfabClient(options)
client.chat('c').messages.subscribe(() => {})
client.on('state', (state) => {
  if (state !== 'offline') return
  client.request('/me').catch(({ code }) => {
    client.close()
    console.log(client.connection.getSnapshot(), code)
  })
})
client.connect()
client.chat('c').send('text')
client.chat('c').notifyTyping()
`

/** A package as npm has packed it. */
type Packed = { file: string, files: string[] }

async function isRepository (): Promise<boolean> {
  return run('git', ['rev-parse', '--verify', 'HEAD'], { cwd: ROOT }).then(
    () => true,
    () => false
  )
}

/** Packs a folder without downloading anything. */
async function pack (folder: string, destination: string): Promise<Packed> {
  const { stdout } = await run('npm', ['pack', '--json', `--pack-destination=${destination}`], {
    ...RUN_OPTIONS,
    cwd: folder
  })
  // What the scripts of the package print comes first.
  const [packed] = listAt(JSON.parse(stdout.slice(stdout.search(/^\[\n/m))))
  return {
    file: path.join(destination, textAt(packed, 'filename')),
    files: listAt(packed, 'files').map((file) => textAt(file, 'path')).sort()
  }
}

/** Installs a packed package into a folder, with the installed packages that it asks for and no others. */
async function install (
  folder: string,
  { file }: Packed,
  name: string,
  dependencies: readonly string[]
): Promise<string> {
  const modules = path.join(folder, 'node_modules')
  await mkdir(path.join(modules, name), { recursive: true })
  await run('tar', ['xzf', file, '--strip-components=1', '-C', path.join(modules, name)])
  await linkPackages(modules, dependencies)
  return path.join(modules, name)
}

async function linkPackages (modules: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(path.dirname(path.join(modules, name)), { recursive: true })
    await symlink(path.join(ROOT, 'node_modules', name), path.join(modules, name))
  }
}

async function manifestOf (folder: string): Promise<unknown> {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'))
}

/** The modules that the sources of a clone are compiled to. */
async function modulesOf (clone: string): Promise<string[]> {
  const names = await readdir(path.join(clone, 'src'), { recursive: true })
  const sources = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  const outputs = sources.map((name) => name.replace(/\.ts$/, '.js'))
  const kitFiles = await readdir(path.join(clone, 'conformance'), { recursive: true })
  const kit = kitFiles.filter((name) => name.endsWith('.ts'))
  const isOfPage = (name: string) => name.startsWith('web/app/')
  // Their names have hashes.
  const bundle = await readdir(path.join(clone, 'dist', 'web-client'))
  return [
    ...outputs.filter((name) => !isOfPage(name)).map((name) => `dist/${name}`),
    ...kit.map((name) => `dist/conformance/${name.replace(/\.ts$/, '.js')}`),
    ...outputs.filter((name) => name.startsWith('client/')).map((name) => `dist/browser/${name}`),
    ...bundle.map((name) => `dist/web-client/${name}`)
  ]
}

t.setTimeout(180_000)

await t.test('the packages', { skip: await isRepository() ? false : 'this is no git repository' }, async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-packages-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const clone = path.join(folder, 'clone')
  await run('git', ['clone', '--quiet', '--no-hardlinks', ROOT, clone])
  const dependencies = fieldsOf(at(await manifestOf(clone), 'dependencies'))
  await testWithoutTools(t, clone, dependencies)
  await symlink(path.join(ROOT, 'node_modules'), path.join(clone, 'node_modules'))
  const server = await pack(clone, folder)
  await testServer(t, { folder, clone, server, dependencies })
  await run(process.execPath, ['build-client.js'], { ...RUN_OPTIONS, cwd: clone })
  await testClient(t, folder, await pack(path.join(clone, 'dist-client'), folder))
})

async function testWithoutTools (t: Test, clone: string, dependencies: readonly string[]): Promise<void> {
  await t.test('npm start without the development dependencies says in one sentence what to do', async (t) => {
    const modules = path.join(clone, 'node_modules')
    await mkdir(modules)
    await linkPackages(modules, dependencies)
    const { stdout, stderr, code } = await run('npm', ['start'], { ...RUN_OPTIONS, cwd: clone }).then(
      (result) => ({ ...result, code: 0 }),
      (error: unknown) =>
        ({ stdout: textAt(error, 'stdout'), stderr: textAt(error, 'stderr'), code: at(error, 'code') })
    )
    t.equal(code, 1)
    t.match(stderr, 'run npm ci without --omit=dev')
    t.notMatch(stdout + stderr, /^ {4}at /m)
    await rm(modules, { recursive: true })
  })
}

type ServerPackage = { folder: string, clone: string, server: Packed, dependencies: readonly string[] }

async function testServer (t: Test, { folder, clone, server, dependencies }: ServerPackage): Promise<void> {
  await t.test('that of the server has its modules and its migrations, and nothing else', async (t) => {
    const migrations = (await readdir(path.join(clone, 'drizzle'))).filter((name) => name.endsWith('.sql'))
    t.strictSame(
      server.files,
      [
        ...await modulesOf(clone),
        ...migrations.map((name) => `drizzle/${name}`),
        'drizzle/meta/_journal.json', 'build.js', 'build-web.js', 'CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'
      ].sort()
    )
  })

  await t.test('it serves from an empty folder', async (t) => {
    const empty = path.join(folder, 'server')
    const installed = await install(empty, server, 'confab-chat', dependencies)
    const command = path.join(installed, textAt(await manifestOf(installed), 'bin', 'confab'))
    const { stdout } = await run(process.execPath, [command, '--help'], { ...RUN_OPTIONS, cwd: empty })
    t.match(stdout, 'migrate')
    const environment = {
      DATABASE_URL: await createStore(t, engineUrl()), JWT_SECRET, MAIL_TRANSPORT: 'file', DATA_DIR: empty
    }
    const replica = await launch(t, {
      command: process.execPath, parameters: [command, 'serve'], cwd: empty, environment
    })
    for (const target of ['/', '/app', '/app/assets/icon.svg', '/docs'])
      t.equal((await fetch(replica.url + target)).status, 200, target)
    replica.kill('SIGTERM')
    t.strictSame(await replica.exited, { code: 0, signal: null })
  })
}

async function testClient (t: Test, folder: string, client: Packed): Promise<void> {
  const empty = path.join(folder, 'client')
  const program = (load: (name: string, as: string) => string) =>
    ENTRIES.map(([name], index) => load(name, `entry${String(index)}`)).join('\n') +
    `\nconsole.log(JSON.stringify([${ENTRIES.map(([, names], index) =>
      names.map((name) => `typeof entry${String(index)}.${name}`).join()).join()}]))`
  const shown = `${JSON.stringify(ENTRIES.flatMap(([, names]) => names.map(() => 'function')))}\n`

  await t.test('that of the client has two kinds of modules with their types, and needs nothing else', async (t) => {
    const installed = await install(empty, client, 'confab-client', ['react', '@types/react'])
    t.strictSame(fieldsOf(at(await manifestOf(installed), 'dependencies') ?? {}), [])
    t.equal(textAt(await manifestOf(installed), 'version'), textAt(await manifestOf(ROOT), 'version'))
    const types = (kind: string) => client.files.filter((name) => name.startsWith(`${kind}/`) && name.endsWith('.d.ts'))
    t.ok(types('esm').length > 10)
    t.equal(types('cjs').length, types('esm').length)
    const folders = [
      '', 'accounts/', 'chatcli/', 'files/', 'history/', 'management/', 'moderation/', 'push/', 'push-worker/',
      'react/', 'search/', 'server/', 'shared/', 'sse/'
    ]
    const modules = [...folders.map((name) => `${name}index.js`), 'package.json']
    t.strictSame(
      client.files.filter((name) => !name.endsWith('.d.ts')),
      ['LICENSE', 'README.md', 'package.json', ...modules.flatMap((name) => [`cjs/${name}`, `esm/${name}`])].sort()
    )
  })

  await t.test('it is imported, required, and bundled for browsers', async (t) => {
    await writeFile(path.join(empty, 'program.mjs'), program((name, as) => `import * as ${as} from '${name}'`))
    await writeFile(path.join(empty, 'program.cjs'), program((name, as) => `const ${as} = require('${name}')`))
    for (const name of ['program.mjs', 'program.cjs'])
      t.equal((await run(process.execPath, [name], { ...RUN_OPTIONS, cwd: empty })).stdout, shown, name)
    const { outputFiles: [bundle] } = await build({
      absWorkingDir: empty,
      stdin: { contents: 'export * from \'confab-client\'', resolveDir: empty },
      bundle: true,
      minify: true,
      platform: 'browser',
      format: 'esm',
      write: false
    })
    const size = gzipSync(bundle?.contents ?? '').length
    t.ok(size > 0 && size <= MAX_CLIENT_BYTES, `${String(size)} bytes compressed`)
  })

  await t.test('a program ends after close(), whatever the client was waiting for', async (t) => {
    await writeFile(path.join(empty, 'ends.mjs'), ENDING_PROGRAM)
    const { stdout } = await run(process.execPath, ['ends.mjs'], { ...RUN_OPTIONS, cwd: empty, timeout: 20_000 })
    t.equal(stdout, 'closed unreachable\n')
  })

  await t.test('its types are found by modules of either kind, and by bundlers', async (t) => {
    for (const name of ['types.mts', 'types.cts', 'types.ts']) await writeFile(path.join(empty, name), TYPED_PROGRAM)
    const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--lib', 'es2023,dom']
    const kinds = [
      ['--module', 'node16', 'types.mts', 'types.cts'],
      ['--module', 'esnext', '--moduleResolution', 'bundler', 'types.ts']
    ]
    for (const kind of kinds) {
      const parameters = [compiler, ...options, ...kind]
      const problems = await run(process.execPath, parameters, { ...RUN_OPTIONS, cwd: empty }).then(
        () => '',
        (error: unknown) => textAt(error, 'stdout')
      )
      t.equal(problems, '', kind.join(' '))
    }
  })
}
