/** `npm run demo`: a server with people and conversations, for a first look. It removes its data when it ends. */
import { watch } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { loadConfig } from '../config/config.ts'
import { describeFatalError } from '../server/fatal-error.ts'
import { type Replica, startReplica } from '../server/replica.ts'
import { codeOf, linkOf, mailsIn } from './mails.ts'
import { PASSWORD, TEAM } from './people.ts'
import { seed } from './seed.ts'

const say = (...lines: string[]) => {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

async function main (): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-demo-'))
  let replica: Replica | undefined
  let stopping: Promise<void> | undefined
  const end = async () => {
    await replica?.close().catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
    process.exit()
  }
  // A terminal and npm may both deliver one Ctrl-C.
  const stop = () => (stopping ??= end())
  process.on('SIGINT', () => void stop())
  process.on('SIGTERM', () => void stop())
  try {
    say('Starting a server with a small team in it …')
    replica = await startReplica(loadConfig(environmentOf(folder)))
    const url = `http://localhost:${new URL(replica.url).port}`
    await seed(replica.url, path.join(folder, 'outbox.jsonl'))
    await tell(url, folder)
  } catch (error) {
    process.stderr.write(`${describeFatalError(error, 'The demo cannot start')}\n`)
    process.exitCode = 1
    await stop()
  }
}

/** The passwords are public, so the server listens on loopback only, unless HOST says otherwise. */
function environmentOf (folder: string): Record<string, string> {
  const { PORT = '5123', HOST = '127.0.0.1' } = process.env
  return {
    PORT,
    HOST,
    PUBLIC_URL: `http://localhost:${PORT}`,
    DATA_DIR: folder,
    MAIL_TRANSPORT: 'file',
    RATE_LIMITS: 'off',
    LOG_LEVEL: 'error',
    DRAIN_WINDOW: '1ms'
  }
}

async function tell (url: string, folder: string): Promise<void> {
  const outbox = path.join(folder, 'outbox.jsonl')
  let known = mailsIn(await readFile(outbox, 'utf8')).length
  say(
    '',
    `Open ${url}/app and sign in as Maya.`,
    `In a second tab open ${url}/app#/sign-in and sign in as Ben: write to each other.`,
    '',
    `People: ${TEAM.map(({ username }) => username).join(', ')}. Password of each: ${PASSWORD}`,
    'Register a new user, and the code of the mail is shown here.',
    'Ctrl-C ends it, and nothing is left of it.',
    ''
  )
  watch(folder, (_event, name) => {
    if (name !== 'outbox.jsonl') return
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
