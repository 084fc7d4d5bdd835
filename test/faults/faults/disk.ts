/** A disk that is full: under the tables, and under the write-ahead log. */
import { chown, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort } from '../../support/servers/process.ts'
import { RedisServer } from '../../support/servers/redis-server.ts'
import type { Scope } from '../../support/scope.ts'
import type { Fault, Round } from '../fault.ts'
import { FaultCluster } from '../servers/fault-cluster.ts'
import { PostgresServer } from '../../support/servers/postgres-server.ts'
import { runProgram } from '../../support/servers/bound-program.ts'

const TABLES_SIZE = '24m'
const LOG_SIZE = '96m'
const FULL_MS = 3_000
const CHUNK = Buffer.alloc(1_048_576)
const SMALLEST = Buffer.alloc(4_096)

/** Folders of the small disks of clusters. */
const disks = new WeakMap<FaultCluster, string>()

/** Why this process cannot have a disk of its own; undefined when it can. */
async function reasonAgainstDisks ({ folder }: { folder: string }): Promise<string | undefined> {
  const probe = path.join(folder, 'probe')
  await mkdir(probe, { recursive: true })
  try {
    await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe])
    await runProgram('umount', [probe])
    return undefined
  } catch {
    return 'a small disk cannot be mounted here (that takes root with CAP_SYS_ADMIN)'
  }
}

async function mountDisk (scope: Scope, folder: string, size: string, owner: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await runProgram('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
  scope.teardown(() => runProgram('umount', ['-l', folder]))
  const { uid, gid } = await stat(owner)
  await chown(folder, uid, gid)
}

/** Fills a disk to the last block. @returns how to make room again */
async function fill (disk: string): Promise<() => Promise<void>> {
  const file = path.join(disk, 'ballast')
  for (const chunk of [CHUNK, SMALLEST]) {
    for (;;) {
      try {
        await writeFile(file, chunk, { flag: 'a' })
      } catch {
        break
      }
    }
  }
  return () => rm(file)
}

async function startOn (
  scope: Scope,
  { folder, build }: Parameters<NonNullable<Fault['deploy']>>[1],
  postgres: PostgresServer
): Promise<FaultCluster> {
  const redis = new RedisServer(await freePort(), [])
  scope.teardown(() => redis.stop())
  await Promise.all([redis.start(), postgres.start()])
  return FaultCluster.start(scope, { folder, build, postgres, redis })
}

const fullTables: Fault = {
  id: 'F9.disk',
  title: 'the disk of the messages is full: every INSERT fails',
  missing: reasonAgainstDisks,
  async deploy (scope, deployment) {
    await mkdir(deployment.folder, { recursive: true })
    const postgres = await PostgresServer.create(scope, { folder: path.join(deployment.folder, 'postgres') })
    const disk = path.join(deployment.folder, 'disk')
    await mountDisk(scope, disk, TABLES_SIZE, postgres.folder)
    const cluster = await startOn(scope, deployment, postgres)
    await cluster.sql.unsafe(`create tablespace small location '${disk}'`)
    await cluster.sql`alter table messages set tablespace small`
    await cluster.sql`alter index messages_chat_id_seq_pk set tablespace small`
    await cluster.sql`alter index messages_post_key set tablespace small`
    disks.set(cluster, disk)
    return cluster
  },
  async inject ({ cluster, injected, during }: Round) {
    const makeRoom = await fill(disks.get(cluster) ?? '')
    injected()
    await during(FULL_MS)
    await makeRoom()
    await cluster.healthy()
  }
}

const fullLog: Fault = {
  id: 'F9.log-disk',
  title: 'the disk of the write-ahead log is full: Postgres gives up',
  missing: reasonAgainstDisks,
  async deploy (scope, deployment) {
    await mkdir(deployment.folder, { recursive: true })
    const disk = path.join(deployment.folder, 'disk')
    await mountDisk(scope, disk, LOG_SIZE, deployment.folder)
    const postgres = await PostgresServer.create(scope, {
      folder: path.join(deployment.folder, 'postgres'),
      walFolder: path.join(disk, 'wal'),
      settings: ['min_wal_size = 32MB', 'max_wal_size = 48MB']
    })
    const cluster = await startOn(scope, deployment, postgres)
    disks.set(cluster, disk)
    return cluster
  },
  async inject ({ cluster, injected, during }: Round) {
    const makeRoom = await fill(disks.get(cluster) ?? '')
    // The segment that is being written has room for some more.
    await cluster.sql`select pg_logical_emit_message(false, 'ballast', repeat('x', 1000000))
      from generate_series(1, 60)`.catch(
        () => undefined
      )
    injected()
    await during(FULL_MS)
    await makeRoom()
    await cluster.postgres.start()
    await cluster.healthy()
  }
}

/** All of them. */
export const diskFaults: readonly Fault[] = [fullTables, fullLog]
