/** The guide of the client library, and the bot of the examples: their programs do what the text says. */
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from '../../support/tap.ts'
import { signUserToken } from '../../../src/client/server/index.ts'
import { createApiKey } from '../../../src/domain/accounts/api-keys.ts'
import { Line, openClient, when } from '../../support/clients/synced-client.ts'
import { USER_TOKEN_SECRETS } from '../../support/data/user-tokens.ts'
import { eventually, within } from '../../support/deadline.ts'
import { onServices } from '../../support/servers/deployments.ts'
import { cleanEnvironment, ROOT } from '../../support/servers/process.ts'

const [SECRET] = USER_TOKEN_SECRETS
const GUIDE = 'docs/guide/client-library.md'
const DEADLINE_MS = 60_000
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** What the page has around the programs of the guide: a platform, an application with its users, and Express. */
const BEFORE = `import { WebSocket } from 'ws'
import { signUserToken, signWebhook } from 'confab-client/server'
globalThis.WebSocket ??= WebSocket
const send = globalThis.fetch
const signed = () => new Response(signUserToken(process.env.USER_TOKEN_SECRET, 'user-17'))
globalThis.fetch = async (target, options) => (target === '/chat-token' ? signed() : send(target, options))
const routes = {}
const app = { post: (path, _parser, handler) => { routes[path] = handler } }
const express = { raw: () => undefined }`

/** Ends the programs, and prints what has become of them. */
const AFTER = `await chat.ready()
const body = JSON.stringify({ type: 'message.created', timestamp: '', data: { chat: 'order-4711', seq: 7 } })
const [id, timestamp] = ['hook-1', String(Math.floor(Date.now() / 1000))]
const signature = signWebhook(process.env.WEBHOOK_SECRET, { id, timestamp, body })
const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
routes['/confab']({ headers, body }, { sendStatus: (status) => console.log('webhook answered', status) })
for (const [key, value] of [['a/2', 2], ['b/1', 3], ['a/1', 1]]) await storage.put(key, value)
await storage.remove('b/1')
console.log('stored', JSON.stringify(await storage.list('a/')), (await storage.list('b/')).length)
careful.connect()
await careful.chat('order-4711').send('carefully')
console.log('unsent', client.unsent, careful.unsent)
stop()
client.close()
careful.close()`

async function newFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-client-guide-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const installed = path.join(folder, 'node_modules', 'confab-client')
  await mkdir(installed, { recursive: true })
  await cp(path.join(ROOT, 'dist/client'), installed, { recursive: true })
  const entries = ['', '/server', '/shared', '/sse']
  const exports = Object.fromEntries(entries.map((entry) => [`.${entry}`, `.${entry}/index.js`]))
  await writeFile(path.join(installed, 'package.json'), JSON.stringify({ type: 'module', exports }))
  await symlink(path.join(ROOT, 'node_modules/ws'), path.join(folder, 'node_modules', 'ws'))
  return folder
}

/** Starts a program. @returns how it ends, and what it has printed so far */
function start (t: Test, folder: string, file: string, environment: Record<string, string>) {
  const program = spawn(process.execPath, [file], { cwd: folder, env: { ...cleanEnvironment(), ...environment } })
  t.teardown(() => program.kill('SIGKILL'))
  let screen = ''
  for (const stream of [program.stdout, program.stderr]) {
    stream.on('data', (text: Buffer) => {
      screen += text.toString()
    })
  }
  const ended = new Promise<number | null>((resolve) => program.on('exit', resolve))
  return { ended, screen: () => screen, kill: (signal: NodeJS.Signals) => program.kill(signal) }
}

await onServices(
  t,
  async (t, cluster) => {
    const { url } = cluster.replica(0)
    const scopes = ['users:write', 'chats:write', 'messages:write'] as const
    const key = await createApiKey(cluster.orm, { name: 'guide', scopes: [...scopes], expiresAt: null })
    const environment = { USER_TOKEN_SECRET: SECRET, CONFAB_KEY: key, CONFAB_URL: url, WEBHOOK_SECRET }

    await t.test('the programs of the guide run', async (t) => {
      const folder = await newFolder(t)
      const text = await readFile(path.join(ROOT, GUIDE), 'utf8')
      const blocks = [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
      t.equal(blocks.length, 8)
      // The users of the backend come first.
      const isBackend = (block: string) => block.includes('new ConfabServer')
      const ordered = [...blocks.filter(isBackend), ...blocks.filter((block) => !isBackend(block))]
      const program = [BEFORE, ...ordered, AFTER].join('\n').replaceAll('https://chat.example.org', url)
      await writeFile(path.join(folder, 'guide.mjs'), withoutDoubles(program))
      const { ended, screen } = start(t, folder, 'guide.mjs', environment)
      t.equal(await within(ended, DEADLINE_MS, 'the programs to end'), 0, screen())
      for (const line of [
        'user-18 Your parcel is on its way. sent', 'user-17 Where is my parcel? sent',
        'hook-1 message.created order-4711 7', 'webhook answered 204', 'stored [1,2] 0', 'unsent 0 0'
      ])
        t.ok(screen().includes(line), line, { screen: screen() })
      t.match(screen(), /^order-4711 \d+ Hello$/m)
    })

    await t.test('the bot answers, and ends when it is asked to', async (t) => {
      const folder = await newFolder(t)
      await cp(path.join(ROOT, 'examples/node/bot.mjs'), path.join(folder, 'bot.mjs'))
      const bot = start(t, folder, 'bot.mjs', environment)
      const ann = openClient(t, new Line(url), signUserToken(SECRET, 'bots-friend'))
      await when(ann.connection, (state) => state === 'online')
      t.ok(await eventually(async () => bot.screen().includes('ready'), DEADLINE_MS), bot.screen())
      await ann.request('/chats/lobby:join', { method: 'POST', body: {} })
      const lobby = ann.chat('lobby')
      await lobby.send('!hello')
      const { items } = await when(lobby.messages, (messages) => messages.items.length === 2, 'the answer')
      t.match(items[1], { author: 'echo', text: 'You said: hello', reply_to: items[0]?.seq })
      bot.kill('SIGTERM')
      t.equal(await within(bot.ended, DEADLINE_MS, 'the bot to end'), 0, bot.screen())
    })
  },
  { environment: { USER_TOKEN_SECRET: SECRET, SWEEP_INTERVAL: '1h' }, replicas: 1, inspectable: true }
)

/** One module imports each name once. */
function withoutDoubles (program: string): string {
  const known = new Set<string>()
  return program.replaceAll(/(?<=^import \{ )(.*)(?= \} from)/gm, (names) => {
    const fresh = names.split(', ').filter((name) => !known.has(name))
    for (const name of fresh) known.add(name)
    return fresh.join(', ')
  })
}
