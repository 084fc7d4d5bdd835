/** F10 and F11 at one address: another server, or other data, is behind the one that the replicas know. */
import path from 'node:path'
import { startTcpProxy, type TcpProxy } from '../../support/servers/tcp-proxy.ts'
import type { Scope } from '../../support/scope.ts'
import type { Deployment, Fault, Round } from '../fault.ts'
import { FaultCluster } from '../servers/fault-cluster.ts'
import { startPrimary } from '../servers/primary.ts'
import { PostgresServer } from '../../support/servers/postgres-server.ts'
import { settleLoss } from './data-loss.ts'

const AWAY_MS = 3_000
const SINCE_BACKUP_MS = 2_000

/** A cluster whose replicas reach Postgres through a proxy, and a place beside its data. */
type Arrangement = { readonly proxy: TcpProxy, readonly beside: PostgresServer }

const arrangements = new WeakMap<FaultCluster, Arrangement>()

function arrangementOf (cluster: FaultCluster): Arrangement {
  const arrangement = arrangements.get(cluster)
  if (arrangement === undefined) throw new Error('This cluster reaches Postgres directly.')
  return arrangement
}

async function startBehindProxy (scope: Scope, { folder, build }: Deployment): Promise<FaultCluster> {
  const { redis, primary } = await startPrimary(scope, folder)
  const beside = await PostgresServer.reserve(scope, path.join(folder, 'beside'))
  const proxy = await startTcpProxy(scope, addressOf(primary))
  const databaseUrl = `postgres://postgres@127.0.0.1:${String(proxy.port)}/postgres`
  const cluster = await FaultCluster.start(scope, { folder, build, postgres: primary, redis, databaseUrl })
  arrangements.set(cluster, { proxy, beside })
  return cluster
}

function addressOf ({ port }: PostgresServer): { host: string, port: number } {
  return { host: '127.0.0.1', port }
}

/**
 * F10: a name in DNS or a virtual address leads to the standby for a while. Connections that were made meanwhile stay
 * open when it leads to the primary again.
 */
const standbyInBetween: Fault = {
  id: 'F10.standby',
  title: `the address of the database leads to a standby for ${String(AWAY_MS / 1_000)} s`,
  deploy: startBehindProxy,
  async inject ({ cluster, injected, during }: Round) {
    const { proxy, beside: standby } = arrangementOf(cluster)
    await standby.copyFrom(cluster.postgres, { asStandby: true })
    await standby.start()
    proxy.redirect(addressOf(standby))
    proxy.drop()
    injected()
    await during(AWAY_MS)
    proxy.redirect(addressOf(cluster.postgres))
    await cluster.healthy()
  }
}

/** F11: the server comes back at its address, with the data of a backup. */
const restoredInPlace: Fault = {
  id: 'F11.in-place',
  title: `a base backup that is ${String(SINCE_BACKUP_MS / 1_000)} s old is restored into the same server: loss is ` +
    'noticed',
  changesEpoch: true,
  deploy: startBehindProxy,
  async inject (round: Round) {
    const { cluster, injected, during } = round
    const { beside: backup } = arrangementOf(cluster)
    await backup.copyFrom(cluster.postgres)
    await during(SINCE_BACKUP_MS)
    await cluster.postgres.stop('fast')
    const lostAt = Date.now()
    await cluster.postgres.restoreFrom(backup)
    await cluster.postgres.start()
    await cluster.postgres.promoted()
    injected()
    await settleLoss(round, lostAt)
  }
}

/** All of them. */
export const postgresAddressFaults: readonly Fault[] = [standbyInBetween, restoredInPlace]
