/** The commands of `confab`: each has its usage, does one thing, and returns lines for the operator. */
import type { ChatFault, Hole } from '../domain/accounts/administration.ts'
import { createToken } from '../domain/accounts/secrets.ts'
import { CommandError } from './command-error.ts'
import type { AdminContext } from './admin-context.ts'

/** The arguments of a command. */
export type Call = {
  context: AdminContext
  /** Positional parameters after its name. */
  parameters: readonly string[]
  flags: { all: boolean, 'password-stdin': boolean, name?: string | undefined }
  /** Reads the first line of the standard input. */
  readLine: () => Promise<string>
}

/** A command: the words that call it, its parameters in words, and its purpose. */
export type Command = { words: string, usage: string, purpose: string, run: (call: Call) => Promise<string[]> }

/** With this prefix any random token has all kinds of characters that a password needs. */
const PASSWORD_PREFIX = 'Cf1-'
const REPLICAS_NOT_NOTIFIED =
  'No Redis was reached: open sockets on the replicas end at the next check of their sessions ' +
  '(SESSION_CHECK_INTERVAL).'
/** Maximum number of gaps listed per chat. */
const MAX_HOLES = 20

/** Servers that `confab` starts; they end by a signal. */
export const SERVERS = [
  { words: 'serve', usage: '', purpose: 'start the server, which the environment configures' },
  {
    words: 'demo',
    usage: '',
    purpose: 'start a server with a team and conversations to look at; its data is removed at the end'
  }
] as const

/** Every command. */
export const COMMANDS: readonly Command[] = [
  { words: 'migrate', usage: '', purpose: 'run the missing migrations', run: runMigrate },
  {
    words: 'migrate-embedded',
    usage: '',
    purpose: 'convert the embedded store of Confab 0.1 in DATA_DIR, which stays; downloads its library by npm',
    run: runMigrateEmbedded
  },
  {
    words: 'upgrade-embedded',
    usage: '',
    purpose: 'move the embedded store in DATA_DIR to a newer Postgres; downloads the old one by npm if needed',
    run: runUpgradeEmbedded
  },
  {
    words: 'user create',
    usage: '<username> <address> [--name <name>] [--password-stdin]',
    purpose:
      'create an account with a verified address; without --password-stdin its password is generated and shown once',
    run: runCreate
  },
  {
    words: 'user suspend',
    usage: '<username>',
    purpose: 'suspend an account and end its sessions and sockets on every replica',
    run: runSuspend
  },
  { words: 'user resume', usage: '<username>', purpose: 'let a suspended account log in again', run: runResume },
  {
    words: 'sessions revoke',
    usage: '<username>',
    purpose: 'end all sessions and sockets of an account',
    run: runRevoke
  },
  {
    words: 'chat check',
    usage: '<id> | --all',
    purpose: 'check that a chat has every message from the first to the last; exits with 1 when one is missing',
    run: runCheck
  },
  {
    words: 'epoch bump',
    usage: '',
    purpose: 'make clients start over after the data went back in time by means that Postgres does not notice',
    run: runBump
  }
]

async function runMigrate ({ context }: Call): Promise<string[]> {
  await context.migrate()
  return ['The tables are at the version of this build.']
}

async function runMigrateEmbedded ({ context }: Call): Promise<string[]> {
  const old = await context.migrateEmbedded()
  return [`The embedded store is made. The old one in ${old} is not used any more: remove it once all is well.`]
}

async function runUpgradeEmbedded ({ context }: Call): Promise<string[]> {
  const old = await context.upgradeEmbedded()
  return [`The embedded store is upgraded. The old one in ${old} is not used any more: remove it once all is well.`]
}

async function runCreate ({
  context,
  parameters: [username = '', email = ''],
  flags,
  readLine
}: Call): Promise<string[]> {
  const given = flags['password-stdin'] ? await readLine() : undefined
  const password = given ?? createToken(PASSWORD_PREFIX)
  const account = await context.administrate((administration) =>
    administration.createAccount({ username, name: flags.name ?? username, email, password })
  )
  return [
    `Account ${String(account.id)} is ${account.username}.`,
    ...(given === undefined ? [`Its password, which is not shown again: ${password}`] : [])
  ]
}

async function runSuspend ({ context, parameters: [username = ''] }: Call): Promise<string[]> {
  return context.administrate(async (administration, reachesReplicas) => {
    const ended = await administration.suspend(username)
    return [`${username} is suspended; ${sessionsEnded(ended)}`, ...(reachesReplicas ? [] : [REPLICAS_NOT_NOTIFIED])]
  })
}

async function runResume ({ context, parameters: [username = ''] }: Call): Promise<string[]> {
  await context.administrate((administration) => administration.resume(username))
  return [`${username} may log in again.`]
}

async function runRevoke ({ context, parameters: [username = ''] }: Call): Promise<string[]> {
  return context.administrate(async (administration, reachesReplicas) => [
    sessionsEnded(await administration.revokeSessions(username)),
    ...(reachesReplicas ? [] : [REPLICAS_NOT_NOTIFIED])
  ])
}

function sessionsEnded (count: number): string {
  return count === 1 ? '1 session was ended.' : `${String(count)} sessions were ended.`
}

/** @throws {CommandError} when a chat has gaps */
async function runCheck ({ context, parameters: [id], flags }: Call): Promise<string[]> {
  const chatId = flags.all ? undefined : Number(id)
  const { chats, messages, faults } = await context.administrate((administration) => administration.checkChats(chatId))
  if (faults.length > 0) throw new CommandError(faults.map(describeFault).join('\n'))
  return [
    chatId === undefined
      ? `${String(chats)} chats with ${String(messages)} messages are complete.`
      : `Chat ${String(chatId)} is complete: ${String(messages)} messages.`
  ]
}

async function runBump ({ context }: Call): Promise<string[]> {
  await context.administrate((administration) => administration.bumpEpoch())
  return ['A new epoch has begun: replicas notice within SWEEP_INTERVAL.']
}

function describeFault ({ chatId, count, highest, lastSeq, holes }: ChatFault): string {
  const shown = holes.slice(0, MAX_HOLES).map(describeHole).join(', ')
  const missing =
    holes.length === 0
      ? ''
      : `; missing: ${shown}${holes.length > MAX_HOLES ? ` and ${String(holes.length - MAX_HOLES)} more gaps` : ''}`
  return `Chat ${String(chatId)} is not complete: ${String(count)} messages, the highest seq is ${String(highest)}, ` +
    `its head says ${lastSeq === null ? 'nothing' : String(lastSeq)}${missing}.`
}

function describeHole ({ first, last }: Hole): string {
  return first === last ? String(first) : `${String(first)}–${String(last)}`
}
