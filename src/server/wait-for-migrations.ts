/** Answers only the probes until the tables are new enough to be served. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import type { Database } from '../store/database.ts'

/** Interval at which the tables are checked, in milliseconds. */
const INTERVAL_MS = 500

/** The part of a logger that is used. */
type Log = { warn: (details: object, message: string) => void }

/**
 * Waits until the tables have every migration that this build needs, which another process runs. Meanwhile the process
 * is alive, but not ready, and answers with the missing migrations.
 */
export async function waitForMigrations (
  database: Database,
  { host, port }: Pick<Config, 'host' | 'port'>,
  log: Log
): Promise<void> {
  let missing = await database.missingMigrations()
  if (missing.length === 0) return
  log.warn({ missing }, 'the tables are older than this build: waiting for `confab migrate`')
  const server = createServer((request, response) => {
    const isLive = request.url === '/livez'
    response.writeHead(isLive ? 200 : 503, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'close'
    })
    response.end(JSON.stringify(isLive ? { status: 'ok' } : { status: 'unavailable', database: 'behind', missing }))
  }).listen(port, host)
  await once(server, 'listening')
  while (missing.length > 0) {
    await delay(INTERVAL_MS)
    // A database that is unavailable for a moment keeps its last known state.
    missing = await database.missingMigrations().catch(() => missing)
  }
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
