/** F10 and F11: Postgres is replaced by a server that knows as much, or less. */
import path from 'node:path'
import type { Scope } from '../../support/scope.ts'
import type { Deployment, Fault, Round } from '../fault.ts'
import { FaultCluster } from '../servers/fault-cluster.ts'
import { startPrimary } from '../servers/primary.ts'
import { PostgresServer } from '../../support/servers/postgres-server.ts'
import { settleLoss } from './data-loss.ts'

const LAG_MS = 1_000
const SINCE_BACKUP_MS = 2_000
const successors = new WeakMap<FaultCluster, PostgresServer>()

/** Starts a cluster whose replicas know two servers, the second of which is to come. */
async function startWithSuccessor (
  scope: Scope,
  { folder, build }: Deployment,
  succeed: (primary: PostgresServer, folder: string) => Promise<PostgresServer>
): Promise<FaultCluster> {
  const { redis, primary } = await startPrimary(scope, folder)
  const successor = await succeed(primary, path.join(folder, 'successor'))
  const hosts = [primary, successor].map(({ port }) => `127.0.0.1:${String(port)}`).join()
  const databaseUrl = `postgres://postgres@${hosts}/postgres`
  const cluster = await FaultCluster.start(scope, { folder, build, postgres: primary, redis, databaseUrl })
  successors.set(cluster, successor)
  return cluster
}

async function withStandby (scope: Scope, deployment: Deployment): Promise<FaultCluster> {
  return startWithSuccessor(scope, deployment, async (primary, folder) => {
    const standby = await PostgresServer.reserve(scope, folder)
    await standby.copyFrom(primary, { asStandby: true })
    await standby.start()
    return standby
  })
}

function successorOf (cluster: FaultCluster): PostgresServer {
  const successor = successors.get(cluster)
  if (successor === undefined) throw new Error('This cluster has no second Postgres.')
  return successor
}

async function killAndPromote ({ cluster, injected }: Round): Promise<void> {
  const standby = successorOf(cluster)
  // As if its machine were gone: no process of it may live on and answer.
  await cluster.postgres.stop('immediate')
  await standby.promote()
  cluster.postgres = standby
  injected()
}

/** F10, with commits that wait for the standby: nothing may be missing. */
const synchronous: Fault = {
  id: 'F10.sync',
  title: 'the primary is killed, and its synchronous standby promoted',
  changesEpoch: true,
  deploy: withStandby,
  async inject (round: Round) {
    const { cluster, during } = round
    await cluster.postgres.set({ synchronous_standby_names: 'standby' })
    await during(1_500)
    await killAndPromote(round)
    await cluster.postgres.set({ synchronous_standby_names: '' })
    await cluster.healthy()
    await during(2_000)
  }
}

/** F10, with commits that wait for nobody: what the standby did not get is gone, and everybody has to be told. */
const asynchronous: Fault = {
  id: 'F10.async',
  title: `the primary is killed, and a standby promoted that is ${String(LAG_MS / 1_000)} s behind: loss is noticed`,
  changesEpoch: true,
  deploy: withStandby,
  async inject (round: Round) {
    const { cluster, during } = round
    const senders = await cluster.sql<{ pid: number }[]>`select pid from pg_stat_replication`
    // The sender stands still: what is written from here on stays with the primary.
    for (const { pid } of senders) process.kill(pid, 'SIGSTOP')
    await during(LAG_MS)
    const dead = cluster.postgres.stop('immediate')
    for (const { pid } of senders) process.kill(pid, 'SIGKILL')
    await dead
    const lostAt = Date.now()
    const standby = successorOf(cluster)
    await standby.promote()
    cluster.postgres = standby
    round.injected()
    await settleLoss(round, lostAt)
  }
}

/** F11: the data goes back to a backup from before the last posts. */
const restored: Fault = {
  id: 'F11',
  title: `a base backup that is ${String(SINCE_BACKUP_MS / 1_000)} s old is restored: loss is noticed`,
  changesEpoch: true,
  deploy: (scope, deployment) =>
    startWithSuccessor(scope, deployment, (_primary, folder) => PostgresServer.reserve(scope, folder)),
  async inject (round: Round) {
    const { cluster, during } = round
    const successor = successorOf(cluster)
    await successor.copyFrom(cluster.postgres)
    await successor.signalRecovery()
    await during(SINCE_BACKUP_MS)
    await cluster.postgres.stop('immediate')
    const lostAt = Date.now()
    await successor.start()
    await successor.promoted()
    cluster.postgres = successor
    round.injected()
    await settleLoss(round, lostAt)
  }
}

/** All of them. */
export const postgresFailoverFaults: readonly Fault[] = [synchronous, asynchronous, restored]
