/**
 * `npm run demo`: two replicas with people and conversations, for a first look, and a button that kills one of them. It
 * removes its data when it ends.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describeFatalError } from '../server/fatal-error.ts'
import { startEmbeddedPostgres } from '../store/embedded/start.ts'
import { startBots } from './bots.ts'
import { createControlServer } from './control.ts'
import { codeOf, linkOf, mailsIn } from './mails.ts'
import { MAYA, PASSWORD, TEAM } from './people.ts'
import { Replicas } from './replicas.ts'
import { seed } from './seed.ts'

const runProgram = promisify(execFile)
const CLI = fileURLToPath(new URL('../cli.js', import.meta.url))
const DEFAULT_PORT = 5123
const SECRET_BYTES = 32
/** Enough for the pools of both replicas. */
const CONNECTIONS = 40

const say = (...lines: string[]) => {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

async function main (): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-demo-'))
  const enders: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })]
  let stopping: Promise<void> | undefined
  const end = async () => {
    for (const ender of enders.reverse()) await Promise.resolve(ender()).catch(() => undefined)
    process.exit()
  }
  // A terminal and npm may both deliver one Ctrl-C.
  const stop = () => (stopping ??= end())
  process.on('SIGINT', () => void stop())
  process.on('SIGTERM', () => void stop())
  try {
    say('Starting two replicas with a small team in them …')
    await start(folder, enders)
  } catch (error) {
    process.stderr.write(`${describeFatalError(error, 'The demo cannot start')}\n`)
    process.exitCode = 1
    await stop()
  }
}

async function start (folder: string, enders: (() => unknown)[]): Promise<void> {
  // The passwords are public, so it listens on loopback only, unless HOST says otherwise.
  const { HOST: host = '127.0.0.1' } = process.env
  // Connections wait until there is a replica.
  const replicas = new Replicas()
  const proxy = net.createServer((client) => replicas.connect(client))
  const port = await listen(proxy, Number(process.env['PORT'] ?? DEFAULT_PORT), host)
  enders.push(() => proxy.close())
  const url = `http://localhost:${String(port)}`
  const engine = await startEmbeddedPostgres({ dataDir: folder, connections: CONNECTIONS })
  enders.push(() => engine.stop())
  enders.push(() => replicas.stop())
  const environment = environmentOf(folder, engine.url, url)
  await replicas.start(environment)
  const outbox = path.join(folder, 'outbox.jsonl')
  const team = await seed(`http://127.0.0.1:${String(port)}`, outbox)
  enders.push(() => team.close())
  await runProgram(process.execPath, [CLI, 'user', 'operator', MAYA.username, 'on'], { env: environment })
  startBots(team, replicas)
  const control = createControlServer(replicas, `${url}/app`)
  // The next port may be in use.
  const controlPort = await listen(control, port + 1, '127.0.0.1').catch(() => listen(control, 0, '127.0.0.1'))
  enders.push(() => control.close())
  await tell(url, `http://localhost:${String(controlPort)}`, outbox)
}

async function listen (server: net.Server, port: number, host: string): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function environmentOf (folder: string, databaseUrl: string, publicUrl: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    JWT_SECRET: randomBytes(SECRET_BYTES).toString('hex'),
    PUBLIC_URL: publicUrl,
    DATA_DIR: folder,
    FILES: 'disk',
    SEARCH: 'on',
    MAIL_TRANSPORT: 'file',
    RATE_LIMITS: 'off',
    LOG_LEVEL: 'error',
    DRAIN_WINDOW: '1ms'
  }
}

async function tell (url: string, controlUrl: string, outbox: string): Promise<void> {
  let known = mailsIn(await readFile(outbox, 'utf8')).length
  say(
    '',
    `Open ${url}/app and sign in as Maya.`,
    'Maya is an operator: her settings lead to reports, the audit log and the health of the replicas.',
    'In a private window sign in as Ben, and write to each other.',
    'The others answer by themselves.',
    `Kill a replica while you write: ${controlUrl}, or write "kill" to Gremlin.`,
    '',
    `People: ${TEAM.map(({ username }) => username).join(', ')}. Password of each: ${PASSWORD}`,
    'Register a new user, and the code of the mail is shown here.',
    'Ctrl-C ends it, and nothing is left of it.',
    ''
  )
  watch(path.dirname(outbox), (_event, name) => {
    if (name !== path.basename(outbox)) return
    readFile(outbox, 'utf8').then(
      (content) => {
        const mails = mailsIn(content)
        for (const mail of mails.slice(known))
          say(`Mail to ${mail.to}: ${mail.subject}: ${codeOf(mail) ?? linkOf(mail) ?? ''}`)
        known = mails.length
      },
      () => undefined
    )
  })
}

await main()
