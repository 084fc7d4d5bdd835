/** Waits until the tables are new enough to be served. */
import { setTimeout as delay } from 'node:timers/promises'
import type { StartState } from '../api/ops/readiness.ts'
import type { Database } from '../store/database.ts'

/** Interval at which the tables are checked, in milliseconds. */
const INTERVAL_MS = 500

/** A start that waits. */
export type Waiting = {
  /** Receives what is waited for. */
  onState: (state: StartState) => void
  /** The part of a logger that is used. */
  log: { warn: (details: object, message: string) => void }
  /** Ends the wait: its reason is thrown. */
  signal: AbortSignal
}

/** Waits until the tables have every migration that this build needs, which another process runs. */
export async function waitForMigrations (database: Database, { onState, log, signal }: Waiting): Promise<void> {
  let missing = await database.missingMigrations()
  if (missing.length > 0) log.warn({ missing }, 'the tables are older than this build: waiting for `confab migrate`')
  while (missing.length > 0) {
    onState({ status: 'unavailable', database: 'behind', missing })
    await delay(INTERVAL_MS, undefined, { signal })
    // A database that is unavailable for a moment keeps its last known state.
    missing = await database.missingMigrations().catch(() => missing)
  }
}
