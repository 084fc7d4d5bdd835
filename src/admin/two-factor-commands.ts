/** The command about second factors. */
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'

/** Commands about second factors. */
export const TWO_FACTOR_COMMANDS: readonly Command[] = [
  {
    words: 'user two-factor',
    usage: '<username> <state>',
    purpose:
      'switch the second factor of an account off (off), for an owner who has neither the authenticator app nor a ' +
      'recovery code any more',
    run: runSet
  }
]

async function runSet ({ context, parameters: [username = '', state = ''] }: Call): Promise<string[]> {
  if (state !== 'off') throw new CommandError('The state is off: only the owner of an account switches it on.')
  const wasOn = await context.administrate((administration) => administration.removeTwoFactor(username))
  return [wasOn ? `${username} logs in by password alone now.` : `${username} had no second factor.`]
}
