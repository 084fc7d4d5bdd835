/** Before the tables are new enough there is nothing to serve: until then only the probes are answered. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import type { Database } from '../store/database.ts'

/** How often the tables are looked at, in milliseconds. */
const INTERVAL_MS = 500

/** The part of a logger that is used. */
type Log = { warn: (details: object, message: string) => void }

/**
 * Waits until the tables have every migration that this build needs, run by somebody else. Meanwhile it is alive, and
 * says that it is not ready and why.
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
    // A database that is away for a moment is as much behind as before.
    missing = await database.missingMigrations().catch(() => missing)
  }
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
