/** F10 and F11: Postgres is replaced by a server that knows as much, or less. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from '../../support/servers/process.ts'
import { RedisServer } from '../../support/servers/redis-server.ts'
import type { Scope } from '../../support/scope.ts'
import type { Deployment, Fault, Round } from '../fault.ts'
import { FaultCluster } from '../servers/fault-cluster.ts'
import { PostgresServer } from '../servers/postgres-server.ts'

const LAG_MS = 1_000
const SINCE_BACKUP_MS = 2_000
const successors = new WeakMap<FaultCluster, PostgresServer>()

/** Starts a cluster whose replicas know two servers, the second of which is to come. */
async function startWithSuccessor (
  scope: Scope,
  { folder, build }: Deployment,
  succeed: (primary: PostgresServer, folder: string) => Promise<PostgresServer>
): Promise<FaultCluster> {
  await mkdir(folder, { recursive: true })
  const redis = new RedisServer(await freePort(), [])
  scope.teardown(() => redis.stop())
  const primary = await PostgresServer.create(scope, {
    folder: path.join(folder, 'primary'),
    settings: ['hot_standby = on']
  })
  await Promise.all([redis.start(), primary.start()])
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
    // Recovery to the end of the backup begins a new timeline, as the manual has it.
    await successor.configure([
      'restore_command = \'false\'',
      'recovery_target = \'immediate\'',
      'recovery_target_action = \'promote\''
    ])
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

/**
 * Waits until every reader was told, and takes the acknowledgements from before the loss for void. What remains to be
 * shown: nobody got messages of both histories as one, and everybody has the new one whole.
 */
async function settleLoss ({ cluster, workload, journal, note, during }: Round, lostAt: number): Promise<void> {
  await cluster.healthy()
  const end = Date.now() + 15_000
  while (workload.followers.some(({ voided }) => voided.length === 0) && Date.now() < end) await during(50)
  const rows = await cluster.sql<{ text: string }[]>`select body as text from messages`
  const kept = new Set(rows.map(({ text }) => text))
  let lost = 0
  for (const post of journal.posts) {
    if (post.ack === undefined || post.ack.at >= lostAt) continue
    if (!kept.has(post.text)) lost++
    delete post.ack
  }
  const told = workload.followers.filter(({ voided }) => voided.length > 0).length
  note(
    `${String(lost)} acknowledged posts were gone, and ${String(told)} of ${String(workload.followers.length)} ` +
    'readers and library clients were told to start over'
  )
  if (lost === 0) journal.failures.push('nothing was lost, so nothing was shown')
  const isNew = new Set(journal.posts.filter(({ sentAt }) => sentAt > lostAt).map(({ text }) => text))
  for (const { voided } of workload.followers) {
    for (const record of voided) {
      const gone = record.seen.findIndex(({ text }) => !kept.has(text))
      const mixed = gone < 0 ? undefined : record.seen.slice(gone).find(({ text }) => isNew.has(text))
      if (mixed !== undefined)
        journal.failures.push(
          `${record.reader} got seq ${String(mixed.seq)} of the new history behind seq ` +
          `${String(record.seen[gone]?.seq)} of the old one`
        )
      // Its seqs mean other messages now.
      journal.readers.splice(journal.readers.indexOf(record), 1)
    }
  }
}

/** All of them. */
export const postgresFailoverFaults: readonly Fault[] = [synchronous, asynchronous, restored]
