/** The commands for accounts. */
import { createToken } from '../domain/accounts/secrets.ts'
import type { Call, Command } from './command.ts'
import { REPLICAS_NOT_NOTIFIED, sessionsEnded } from './session-commands.ts'

/** With this prefix any random token has all kinds of characters that a password needs. */
const PASSWORD_PREFIX = 'Cf1-'

/** Making, suspending and deleting accounts. */
export const ACCOUNT_COMMANDS: readonly Command[] = [
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
  }
]

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
