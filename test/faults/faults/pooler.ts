/** A pooler between the replicas and Postgres. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from '../../support/servers/process.ts'
import { RedisServer } from '../../support/servers/redis-server.ts'
import type { Fault, Round } from '../fault.ts'
import { FaultCluster } from '../servers/fault-cluster.ts'
import { Pooler } from '../../support/servers/pooler.ts'
import { PostgresServer } from '../../support/servers/postgres-server.ts'
import { isInstalled } from '../../support/servers/bound-program.ts'

const KILLS = 4
const poolers = new WeakMap<FaultCluster, Pooler>()

/** F19. */
const pooled: Fault = {
  id: 'F19',
  title: `pgbouncer in transaction mode, killed and started again ${String(KILLS)} times`,
  missing: () => Promise.resolve(isInstalled('pgbouncer') ? undefined : 'there is no pgbouncer (Debian: pgbouncer)'),
  async deploy (scope, { folder, build }) {
    await mkdir(folder, { recursive: true })
    const redis = new RedisServer(await freePort(), [])
    scope.teardown(() => redis.stop())
    const postgres = await PostgresServer.create(scope, { folder: path.join(folder, 'postgres') })
    await Promise.all([redis.start(), postgres.start()])
    const pooler = await Pooler.start(scope, folder, postgres)
    const cluster = await FaultCluster.start(scope, {
      folder,
      build,
      postgres,
      redis,
      databaseUrl: pooler.url,
      environment: { DATABASE_PREPARE: 'off' }
    })
    poolers.set(cluster, pooler)
    return cluster
  },
  async inject ({ cluster, random, injected, during }: Round) {
    const pooler = poolers.get(cluster)
    for (let count = 0; count < KILLS; count++) {
      await pooler?.kill()
      injected()
      await during(random.integer(100, 800))
      await pooler?.open()
      await during(random.integer(500, 1_500))
    }
    await cluster.healthy()
  }
}

/** All of them. */
export const poolerFaults: readonly Fault[] = [pooled]
