/** The list of the commands of `confab`, in the order in which they are shown. */
import { ACCOUNT_COMMANDS } from './account-commands.ts'
import type { Command } from './command.ts'
import { DATA_COMMANDS } from './data-commands.ts'
import { INVITE_COMMANDS } from './invite-commands.ts'
import { JOB_COMMANDS } from './job-commands.ts'
import { KEY_COMMANDS } from './key-commands.ts'
import { OPERATOR_COMMANDS } from './operator-commands.ts'
import { SEARCH_COMMANDS } from './search-commands.ts'
import { SESSION_COMMANDS } from './session-commands.ts'
import { SETUP_COMMANDS } from './setup-commands.ts'
import { TRANSFER_COMMANDS } from './transfer-commands.ts'
import { TWO_FACTOR_COMMANDS } from './two-factor-commands.ts'
import { WEBHOOK_COMMANDS } from './webhook-commands.ts'

/** Servers that `confab` starts; they end by a signal. */
export const SERVERS = [
  { words: 'serve', usage: '', purpose: 'start the server, which the environment configures' },
  {
    words: 'demo',
    usage: '',
    purpose: 'start a server with a team and conversations to look at; its data is removed at the end'
  }
] as const

/** Every command: each has its usage, does one thing, and returns lines for the operator. */
export const COMMANDS: readonly Command[] = [
  ...SETUP_COMMANDS,
  ...ACCOUNT_COMMANDS,
  ...OPERATOR_COMMANDS,
  ...TWO_FACTOR_COMMANDS,
  ...SESSION_COMMANDS,
  ...KEY_COMMANDS,
  ...JOB_COMMANDS,
  ...WEBHOOK_COMMANDS,
  ...SEARCH_COMMANDS,
  ...TRANSFER_COMMANDS,
  ...INVITE_COMMANDS,
  ...DATA_COMMANDS
]
