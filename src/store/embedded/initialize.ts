/** Creates the files of a new embedded server in its data folder. */
import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { PostgresBinaries } from './binaries.ts'
import { endOf } from './child-end.ts'
import { EmbeddedStoreError } from './errors.ts'
import { commandAs, findNamedIdentity, type Identity } from './identity.ts'
import { nameCurrentUser } from './name-service.ts'

/** The role that administers the server, the role that owns the database, and the database. */
export const SUPERUSER = 'postgres'
export const OWNER = 'confab'
export const DATABASE = 'confab'
/** Postgres 17 and later have a builtin locale provider; the locales of systems differ. */
const FIRST_MAJOR_WITH_OWN_LOCALE = 17
const OWN_LOCALE = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']
/** The same versions can flush the new files by one call, which Linux has. */
const ONE_FLUSH = process.platform === 'linux' ? ['--sync-method=syncfs'] : []

/** One database, owned by an unprivileged role. An empty line ends a statement. */
const SETUP = [
  `CREATE ROLE ${OWNER} LOGIN;`,
  `ALTER DATABASE postgres RENAME TO ${DATABASE};`,
  `ALTER DATABASE ${DATABASE} OWNER TO ${OWNER};`
].map((statement) => `${statement}\n\n`).join('')

/** How a data folder is created. `fsync` is `false` only for data that may be lost. */
export type InitializeOptions = { fsync?: boolean }

/**
 * Creates the server's files, with checksums, and its database.
 * @param folder an empty folder that belongs to the identity
 * @throws {EmbeddedStoreError} when a program fails, with its output
 */
export async function initialize (
  folder: string, identity: Identity, binaries: PostgresBinaries, { fsync = true }: InitializeOptions
): Promise<void> {
  const users = `${folder}.users`
  const named = await findNamedIdentity(identity, binaries.postgres, folder) ?? await nameCurrentUser(users)
  if (named === undefined) {
    throw new EmbeddedStoreError(
      `User ${String(process.geteuid?.())} has no name in /etc/passwd, which initdb asks for: add one, install ` +
      'libnss-wrapper, or set DATABASE_URL.'
    )
  }
  const newer = binaries.major < FIRST_MAJOR_WITH_OWN_LOCALE ? [] : [...OWN_LOCALE, ...ONE_FLUSH]
  try {
    await run(named, binaries.initdb, [
      `--pgdata=${folder}`, `--username=${SUPERUSER}`, '--encoding=UTF8', '--locale=C', ...newer, '--data-checksums',
      // The folder, and with it the socket, can be opened by its owner only.
      '--auth=trust', '--no-instructions', ...fsync ? [] : ['--no-sync']
    ])
    // Single-user mode: no other process can connect. It looks up the name of its user, too.
    await run(named, binaries.postgres, ['--single', '-j', '-D', folder, 'template1'], SETUP)
  } finally {
    await rm(users, { force: true })
  }
}

async function run (identity: Identity, program: string, args: readonly string[], input = ''): Promise<void> {
  const command = commandAs(identity, program, args)
  const child = spawn(command.file, command.args, { ...command.options, stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [said, { code }] = await Promise.all([text(child.stderr), endOf(child)])
  // Single-user mode continues after a failed statement.
  if (code === 0 && !/^(ERROR|FATAL|PANIC): /m.test(said)) return
  const reason = said.split('\n').findLast((line) => line.trim() !== '') ?? `exit ${String(code)}`
  throw new EmbeddedStoreError(`The embedded store cannot be created: ${reason}`)
}
