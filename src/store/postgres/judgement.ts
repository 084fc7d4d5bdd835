/** What the facts about a Postgres server mean for this build. */
import type { Finding } from '../../lib/finding.ts'
import type { Migration } from '../migrations.ts'
import { OLDEST_MAJOR } from '../supported-versions.ts'
import { missingSince, type PostgresFacts } from './preconditions.ts'
import { describeTls, type TlsSettings } from './tls-settings.ts'

/** Versions are `major * 10,000 + minor`. */
const VERSIONS_PER_MAJOR = 10_000
/** Clocks that differ by more make times in the log and in traces misleading, in milliseconds. */
const CLOCK_TOLERANCE_MS = 2_000
const MS_PER_S = 1_000

/** The facts, and what this build expects. */
export type Judged = {
  facts: PostgresFacts
  /** Those of this build. */
  migrations: readonly Migration[]
  /** Whether this process runs the missing ones; true by default. */
  migrate?: boolean
  timeoutMs: number
  tls: TlsSettings
}

type Judgement = Pick<Finding, 'level' | 'text'>

const failure = (text: string): Judgement => ({ level: 'failure', text })
const warning = (text: string): Judgement => ({ level: 'warning', text })

/** The failures and warnings, or that all is well. */
export function judgeFacts (judged: Judged): Judgement[] {
  if (judged.facts.isStandby)
    return [failure('it is a standby, which takes no writes: name the primary in DATABASE_URL, or promote it')]
  const found = [...serverFaults(judged), ...rightFaults(judged), ...durabilityFaults(judged), ...clockFaults(judged)]
  if (found.length > 0) return found
  const { facts, tls } = judged
  return [{ level: 'ok', text: `PostgreSQL ${facts.versionText}, ${facts.encoding}, ${describeTls(tls)}` }]
}

function serverFaults ({ facts, timeoutMs }: Judged): Judgement[] {
  const { version, versionText, encoding, isReadOnly, role } = facts
  const found: Judgement[] = []
  if (version < OLDEST_MAJOR * VERSIONS_PER_MAJOR)
    found.push(failure(`it is PostgreSQL ${versionText}: Confab needs ${String(OLDEST_MAJOR)} or newer, upgrade it`))
  if (encoding !== 'UTF8') {
    found.push(failure(
      `its encoding is ${encoding}, which cannot store every message: use a database that was made with ` +
      'create database … encoding \'UTF8\' template template0'
    ))
  }
  if (isReadOnly) {
    found.push(failure(
      'it is read-only: set default_transaction_read_only = off for the server, the database and the role ' + role
    ))
  }
  if (facts.areLimitsRefused && facts.statementTimeout === '0') {
    const limit = `'${String(timeoutMs)}ms'`
    found.push(warning(
      'its pooler does not pass on the time limits of statements: alter role ' +
      `${role} set statement_timeout = ${limit}; alter role ${role} set idle_in_transaction_session_timeout = ${limit}`
    ))
  }
  return found
}

function rightFaults ({ facts, migrations, migrate = true }: Judged): Judgement[] {
  const { role, hasJournal, mayReadJournal, mayCreateSchema, mayCreateTables, missingRights } = facts
  if (hasJournal && !mayReadJournal) {
    return [failure(
      `the role ${role} may not read the table of migrations: grant usage on schema drizzle to ${role}; ` +
      `grant select on drizzle.__drizzle_migrations to ${role}`
    )]
  }
  const isComplete = missingSince(facts.lastMigration, migrations).length === 0
  const found: Judgement[] = []
  if (isComplete && !facts.seesTables)
    found.push(failure(`the role ${role} does not see the tables: grant usage on schema public to ${role}`))
  if (missingRights.length > 0)
    found.push(failure(`the role ${role} lacks rights: ${missingRights.join(', ')}: grant them`))
  if (!migrate || isComplete) return found
  const lacking = [
    ...(mayCreateSchema ? [] : ['create on the database']),
    ...(mayCreateTables ? [] : ['create on the schema public'])
  ]
  if (lacking.length > 0) {
    found.push(failure(
      `tables have to be made, and the role ${role} lacks ${lacking.join(' and ')}: grant it, or run confab migrate ` +
      'as their owner and set DATABASE_MIGRATE=off'
    ))
  }
  return found
}

function durabilityFaults ({ facts }: Judged): Judgement[] {
  const settings = [
    { name: 'fsync', value: facts.fsync, event: 'a power cut' },
    { name: 'full_page_writes', value: facts.fullPageWrites, event: 'a power cut' },
    { name: 'synchronous_commit', value: facts.synchronousCommit, event: 'a crash of the server' }
  ]
  return settings
    .filter(({ value }) => value === 'off')
    .map(({ name, event }) => warning(`${name} is off: acknowledged messages are lost at ${event}. Set ${name} = on`))
}

function clockFaults ({ facts: { clockAheadMs } }: Judged): Judgement[] {
  if (Math.abs(clockAheadMs) <= CLOCK_TOLERANCE_MS) return []
  const seconds = (Math.abs(clockAheadMs) / MS_PER_S).toFixed(1)
  const direction = clockAheadMs > 0 ? 'behind' : 'ahead of'
  return [warning(`the clock of this machine is ${seconds} s ${direction} that of the server: synchronise both (NTP)`)]
}
