/** The commands about operators: users who may see what concerns the whole installation. */
import { userIdOf } from '../domain/accounts/user-id.ts'
import { listOperators, setOperator } from '../domain/moderation/operators.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'

/** Commands about operators. */
export const OPERATOR_COMMANDS: readonly Command[] = [
  {
    words: 'user operator',
    usage: '<user> <state>',
    purpose:
      'make a user an operator of the installation (on), who sees the reports of all chats, the audit log and the ' +
      'health report, or end that (off); a user is named by username or by the id of the API',
    run: runSet
  },
  {
    words: 'user operators',
    usage: '',
    purpose: 'list the operators: id, username, and since when',
    run: runList
  }
]

async function runSet ({ context, parameters: [user = '', state = ''] }: Call): Promise<string[]> {
  if (state !== 'on' && state !== 'off') throw new CommandError('The state is on or off.')
  const isChanged = await context.withStore((orm) => setOperator(orm, user, state === 'on'))
  const is = state === 'on' ? 'an operator' : 'no operator'
  return [isChanged ? `${user} is ${is} now.` : `${user} was ${is} already.`]
}

async function runList ({ context }: Call): Promise<string[]> {
  const operators = await context.withStore(listOperators)
  return operators.length === 0
    ? ['There is no operator.']
    : operators.map(({ userId, username, since }) =>
        [userIdOf(userId, username) ?? '', username, since.toISOString()].join('\t'))
}
