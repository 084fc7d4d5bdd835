/** The commands for the codes to register with. */
import { isDuration, milliseconds } from '../config/durations.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'

/** Invite codes (REGISTRATION=invite). */
export const INVITE_COMMANDS: readonly Command[] = [
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
  }
]

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
