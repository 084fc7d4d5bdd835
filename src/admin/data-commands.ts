/** The commands for the data as a whole: whether it is complete, and which it is. */
import type { ChatFault, Hole } from '../domain/accounts/administration.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'

/** Maximum number of gaps listed per chat. */
const MAX_HOLES = 20

/** Checks of chats, the epoch, and the installation. */
export const DATA_COMMANDS: readonly Command[] = [
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
