/** The commands of `confab`: each has its usage, does one thing, and returns lines for the operator. */
import type { ChatFault, Hole } from '../domain/accounts/administration.ts'
import { createToken } from '../domain/accounts/secrets.ts'
import type { SessionSummary } from '../domain/accounts/sessions.ts'
import { isDuration, milliseconds } from '../config/durations.ts'
import { CommandError } from './command-error.ts'
import type { AdminContext } from './admin-context.ts'
import { JOB_COMMANDS } from './job-commands.ts'
import { KEY_COMMANDS } from './key-commands.ts'
import { TRANSFER_COMMANDS } from './transfer-commands.ts'
import { WEBHOOK_COMMANDS } from './webhook-commands.ts'

/** The options of commands that are given or not. */
export type Flag = 'all' | 'dead' | 'password-stdin' | 'with-password-hashes' | 'check' | 'discard'

/** The options of commands that have a value. */
export type TextFlag =
  | 'name' | 'scopes' | 'uses' | 'expires' | 'code' | 'kind' | 'url' | 'events' | 'chat-types' | 'chat' | 'user'
  | 'output' | 'from' | 'status'

/** The arguments of a command. */
export type Call = {
  context: AdminContext
  /** Positional parameters after its name. */
  parameters: readonly string[]
  flags: Record<Flag, boolean> & { [Name in TextFlag]?: string | undefined }
  /** The standard input. */
  input: AsyncIterable<string | Uint8Array>
  /** Writes to the standard output; resolves when it takes more. */
  write: (text: string) => Promise<void>
  /** Reads the first line of the standard input. */
  readLine: () => Promise<string>
  /** Checks what a server in this environment needs. */
  diagnose: () => Promise<{ lines: string[], hasFailed: boolean }>
  /** Prints a line to the standard error at once. */
  say: (line: string) => void
  /** Makes the command end with 1 although it prints its lines. */
  markFailed: () => void
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
  {
    words: 'doctor',
    usage: '',
    purpose:
      'check the environment of a server: its variables, ports, Postgres and Redis; exits with 1 when one of them ' +
      'prevents a start',
    run: runDoctor
  },
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
    words: 'user delete',
    usage: '<username>',
    purpose:
      'delete an account for good, as its owner can: its name, address and password are erased at once, and the ' +
      'texts of its messages by the replicas soon after',
    run: runDelete
  },
  {
    words: 'sessions list',
    usage: '<username>',
    purpose: 'list the sessions of an account: id, login, last refresh, end, and what its client called itself',
    run: runListSessions
  },
  {
    words: 'sessions end',
    usage: '<username> <session>',
    purpose: 'end one session of an account, with its sockets',
    run: runEndSession
  },
  {
    words: 'sessions revoke',
    usage: '<username>',
    purpose: 'end all sessions and sockets of an account',
    run: runRevoke
  },
  ...KEY_COMMANDS,
  ...JOB_COMMANDS,
  ...WEBHOOK_COMMANDS,
  ...TRANSFER_COMMANDS,
  {
    words: 'invites create',
    usage: '[--uses <number>] [--expires <duration>] [--code <code>]',
    purpose:
      'make a code to register with (REGISTRATION=invite), for one account and without an end unless you say otherwise',
    run: runCreateInvite
  },
  {
    words: 'invites list',
    usage: '',
    purpose: 'list the invite codes: code, accounts registered and allowed, end, and whether it is good',
    run: runListInvites
  },
  {
    words: 'invites revoke',
    usage: '<code>',
    purpose: 'make an invite code useless; accounts that were registered with it stay',
    run: runRevokeInvite
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
  },
  {
    words: 'installation show',
    usage: '',
    purpose: 'print the id of the installation that the database belongs to, and its epoch',
    run: runShowInstallation
  },
  {
    words: 'installation renew',
    usage: '',
    purpose: 'make a copied database an installation of its own, with a new epoch; access tokens of the origin end',
    run: runRenewInstallation
  }
]

async function runDoctor ({ diagnose, markFailed }: Call): Promise<string[]> {
  const { lines, hasFailed } = await diagnose()
  if (hasFailed) markFailed()
  return lines
}

async function runMigrate ({ context, say }: Call): Promise<string[]> {
  await context.migrate(say)
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

async function runDelete ({ context, parameters: [username = ''] }: Call): Promise<string[]> {
  return context.administrate(async (administration, reachesReplicas) => {
    const { formerName, ended } = await administration.remove(username)
    return [
      `${username} is deleted, and shown as ${formerName}; ${sessionsEnded(ended)}`,
      'A running server erases the texts of its messages within half a minute.',
      ...(reachesReplicas ? [] : [REPLICAS_NOT_NOTIFIED])
    ]
  })
}

async function runRevoke ({ context, parameters: [username = ''] }: Call): Promise<string[]> {
  return context.administrate(async (administration, reachesReplicas) => [
    sessionsEnded(await administration.revokeSessions(username)),
    ...(reachesReplicas ? [] : [REPLICAS_NOT_NOTIFIED])
  ])
}

async function runListSessions ({ context, parameters: [username = ''] }: Call): Promise<string[]> {
  const sessions = await context.administrate((administration) => administration.listSessions(username))
  return sessions.length === 0 ? [`${username} has no session.`] : sessions.map(describeSession)
}

/** One line with tabs between its columns. A client can call itself anything, but not so as to control a terminal. */
function describeSession ({ sessionId, createdAt, lastUsedAt, expiresAt, userAgent }: SessionSummary): string {
  const times = [createdAt, lastUsedAt, expiresAt].map((time) => time.toISOString())
  return [sessionId, ...times, (userAgent ?? '').replace(/[^\x20-\x7e]/g, '?')].join('\t')
}

async function runEndSession ({ context, parameters: [username = '', sessionId = ''] }: Call): Promise<string[]> {
  return context.administrate(async (administration, reachesReplicas) => {
    await administration.endSession(username, sessionId)
    return [sessionsEnded(1), ...(reachesReplicas ? [] : [REPLICAS_NOT_NOTIFIED])]
  })
}

function sessionsEnded (count: number): string {
  return count === 1 ? '1 session was ended.' : `${String(count)} sessions were ended.`
}

/** @throws {CommandError} for an option that has no meaning */
async function runCreateInvite ({ context, flags: { uses = '1', expires, code } }: Call): Promise<string[]> {
  if (!/^[1-9]\d{0,6}$/.test(uses)) throw new CommandError('--uses takes a number, such as 5.')
  if (expires !== undefined && !isDuration(expires)) throw new CommandError('--expires takes a duration, such as 7d.')
  const ttlMs = expires === undefined ? undefined : milliseconds(expires)
  return [
    await context.administrate((administration) => administration.createInvite({ code, maxUses: Number(uses), ttlMs }))
  ]
}

async function runListInvites ({ context }: Call): Promise<string[]> {
  const invites = await context.administrate((administration) => administration.listInvites())
  return invites.length === 0
    ? ['There are no invite codes.']
    : invites.map(({ code, uses, maxUses, expiresAt, state }) =>
        [code, `${String(uses)}/${String(maxUses)}`, expiresAt?.toISOString() ?? 'never', state].join('\t')
      )
}

async function runRevokeInvite ({ context, parameters: [code = ''] }: Call): Promise<string[]> {
  await context.administrate((administration) => administration.revokeInvite(code))
  return ['The code is revoked.']
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

async function runShowInstallation ({ context }: Call): Promise<string[]> {
  return [describeIdentity(await context.administrate((administration) => administration.readIdentity()))]
}

async function runRenewInstallation ({ context }: Call): Promise<string[]> {
  const identity = await context.administrate(async (administration) => {
    await administration.renewInstallation()
    return administration.readIdentity()
  })
  return [describeIdentity(identity), 'Replicas notice within SWEEP_INTERVAL; clients have to refresh their tokens.']
}

function describeIdentity ({ installationId, epoch }: { installationId: string, epoch: string }): string {
  return `Installation ${installationId}, epoch ${epoch}.`
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
