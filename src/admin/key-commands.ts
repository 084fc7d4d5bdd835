/** The commands for an application with users of its own: API keys of its backend, and a token for a trial. */
import {
  type ApiKeySummary,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  SCOPES
} from '../domain/accounts/api-keys.ts'
import { isExternalId } from '../domain/accounts/user-id.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'

const TRIAL_TOKEN_LIFE_MS = 3_600_000

/** Commands about API keys and tokens. */
export const KEY_COMMANDS: readonly Command[] = [
  {
    words: 'keys create',
    usage: '--scopes <scopes> [--name <name>] [--expires <date>]',
    purpose:
      'create an API key for the backend of your application, and print it alone; it is not shown again. Scopes, ' +
      `with commas between them: ${SCOPES.join(', ')}`,
    run: runCreate
  },
  {
    words: 'keys list',
    usage: '',
    purpose: 'list the API keys: id, scopes, creation, end, last use, and name',
    run: runList
  },
  {
    words: 'keys revoke',
    usage: '<key>',
    purpose: 'refuse an API key, named by its id, from now on and on every replica',
    run: runRevoke
  },
  {
    words: 'token',
    usage: '<user>',
    purpose: 'sign a token of an hour for a user of your application with USER_TOKEN_SECRET, for a trial',
    run: runToken
  }
]

async function runCreate ({ context, flags: { scopes = '', name = '', expires } }: Call): Promise<string[]> {
  const expiresAt = expires === undefined ? null : new Date(expires)
  if (expiresAt !== null && Number.isNaN(expiresAt.getTime()))
    throw new CommandError('--expires must be a date such as 2027-01-31.')
  const request = { name, expiresAt, scopes: scopes.split(',').map((scope) => scope.trim()) }
  return [await context.withStore((orm) => createApiKey(orm, request))]
}

async function runList ({ context }: Call): Promise<string[]> {
  const keys = await context.withStore(listApiKeys)
  return keys.length === 0 ? ['There is no API key.'] : keys.map(describeKey)
}

/** One line with tabs between its columns. */
function describeKey ({ id, scopes, createdAt, expiresAt, lastUsedAt, name }: ApiKeySummary): string {
  const times = [createdAt, expiresAt, lastUsedAt].map((time) => time?.toISOString() ?? 'never')
  return [id, scopes.join(), ...times, name].join('\t')
}

async function runRevoke ({ context, parameters: [key = ''] }: Call): Promise<string[]> {
  const isRevoked = await context.withStore((orm) => revokeApiKey(orm, key))
  if (!isRevoked) throw new CommandError('There is no such API key.')
  return ['The API key is refused from now on.']
}

async function runToken ({ context, parameters: [user = ''] }: Call): Promise<string[]> {
  if (!isExternalId(user)) {
    throw new CommandError(
      'The id of a user has 1 to 64 characters: letters, digits, ".", "_", "~" and "-". It does not begin with "cf~".'
    )
  }
  return [context.signUserToken(user, TRIAL_TOKEN_LIFE_MS)]
}
