/**
 * Settings of a session that are sent with the first message of a connection. A pooler in transaction mode refuses
 * those that it cannot keep apart for its clients: from then on they are left out, and the role has to set them.
 */
import type { PostgresAddress } from './address.ts'
import { isRefusedSetting } from './failures.ts'

/** Release 0.1 calls itself `confab`: a replica that sees such a connection stores nothing that 0.1 cannot read. */
const NAME = 'confab-2'
/** Precedes the number of a replica in the names of its connections. */
const MARK = `${NAME} `

/** The number of a replica in the name of a connection, as a regular expression of Postgres. */
export const REPLICA_NAME = `${MARK}([0-9a-f]+)$`

/** Which settings. */
export type StartupOptions = Pick<PostgresAddress, 'applicationName' | 'options'> & {
  /** Time limit of a statement, and of an idle transaction, in milliseconds; without it there is none. */
  timeoutMs?: number | undefined
  /** The number of this replica, by which others recognise its connections. */
  replica?: string | undefined
}

/** The settings of the connections to one server. */
export class StartupSettings {
  readonly #always: Record<string, string>
  readonly #limits: Record<string, number>
  #areLimitsRefused = false

  constructor ({ applicationName, options, timeoutMs, replica }: StartupOptions) {
    const mark = replica === undefined ? undefined : MARK + replica
    const names = [applicationName, mark].filter((name) => name !== undefined)
    this.#always = {
      application_name: names.length === 0 ? NAME : names.join(' '),
      ...(options !== undefined && { options })
    }
    this.#limits =
      timeoutMs === undefined ? {} : { statement_timeout: timeoutMs, idle_in_transaction_session_timeout: timeoutMs }
  }

  /** Whether a pooler has refused the time limits. */
  get areLimitsRefused (): boolean {
    return this.#areLimitsRefused
  }

  /** Those that the next connection sends. */
  get current (): Record<string, string | number> {
    return this.#areLimitsRefused ? { ...this.#always } : { ...this.#always, ...this.#limits }
  }

  /** Leaves the time limits out if that is why a pooler refused the connection. @returns whether that is a change */
  adapt (error: unknown): boolean {
    if (this.#areLimitsRefused || Object.keys(this.#limits).length === 0 || !isRefusedSetting(error)) return false
    return (this.#areLimitsRefused = true)
  }
}
