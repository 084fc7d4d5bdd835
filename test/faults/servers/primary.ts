/** The servers of a cluster whose Postgres gets a copy. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Scope } from '../../support/scope.ts'
import { PostgresServer } from '../../support/servers/postgres-server.ts'
import { freePort } from '../../support/servers/process.ts'
import { RedisServer } from '../../support/servers/redis-server.ts'

/** Starts a Redis, and a Postgres in a folder of its own that can be copied while it runs. */
export async function startPrimary (
  scope: Scope,
  folder: string
): Promise<{ redis: RedisServer, primary: PostgresServer }> {
  await mkdir(folder, { recursive: true })
  const redis = new RedisServer(await freePort(), [])
  scope.teardown(() => redis.stop())
  const primary = await PostgresServer.create(scope, {
    folder: path.join(folder, 'primary'),
    settings: ['hot_standby = on']
  })
  await Promise.all([redis.start(), primary.start()])
  return { redis, primary }
}
