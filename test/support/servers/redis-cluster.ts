/** A Redis Cluster of three masters, and a master with a replica under three Sentinels, of the test's own. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '../deadline.ts'
import { freePort } from './process.ts'
import { RedisServer } from './redis-server.ts'
import type { Scope } from '../scope.ts'

const DEADLINE_MS = 60_000
const MASTERS = 3
const SENTINELS = 3
const SLOTS = 16_384
/** What the Sentinels call the master. */
const MASTER_NAME = 'confab-test'

const run = promisify(execFile)

/** Runs one command on a server and returns what it says. @throws what the server refuses */
export async function redisCommand (server: RedisServer, ...command: string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-e', '-h', '127.0.0.1', '-p', String(server.port), ...command])
  return stdout.trim()
}

/** A running Cluster; each server has a third of the slots at first. */
export class RedisCluster {
  readonly servers: readonly RedisServer[]

  constructor (servers: readonly RedisServer[]) {
    this.servers = servers
  }

  /** Where it is. */
  get url (): string {
    return `redis+cluster://${this.servers.map(({ port }) => `127.0.0.1:${String(port)}`).join()}`
  }

  /** Whose the slots are. */
  async owners (): Promise<(slot: number) => RedisServer> {
    const ranges = (
      await Promise.all(
        this.servers.map(async (server) => {
          const nodes = await redisCommand(server, 'cluster', 'nodes')
          const own = nodes.split('\n').find((line) => line.includes('myself')) ?? ''
          return own
            .split(' ')
            .slice(8)
            .map((range) => {
              const [first = NaN, last = first] = range.split('-').map(Number)
              return { first, last, server }
            })
        })
      )
    ).flat()
    return (slot) => {
      const range = ranges.find(({ first, last }) => slot >= first && slot <= last)
      if (range === undefined) throw new Error(`Nobody has the slot ${String(slot)}.`)
      return range.server
    }
  }

  /** Gives a slot without keys to another server, and returns that server. */
  async moveSlot (slot: number): Promise<RedisServer> {
    const owner = (await this.owners())(slot)
    const target = this.servers.find((server) => server !== owner)
    if (target === undefined) throw new Error('A slot needs another server to move to.')
    const [ownerId, targetId] = await Promise.all(
      [owner, target].map((server) => redisCommand(server, 'cluster', 'myid'))
    )
    if (ownerId === undefined || targetId === undefined) throw new Error('The servers have no ids.')
    await redisCommand(target, 'cluster', 'setslot', String(slot), 'importing', ownerId)
    await redisCommand(owner, 'cluster', 'setslot', String(slot), 'migrating', targetId)
    for (const server of [target, owner, ...this.servers])
      await redisCommand(server, 'cluster', 'setslot', String(slot), 'node', targetId)
    return target
  }
}

/** Starts a Cluster that ends with the test. */
export async function startRedisCluster (t: Scope): Promise<RedisCluster> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-redis-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const servers: RedisServer[] = []
  for (let index = 0; index < MASTERS; index++) {
    const [port, busPort] = [await freePort(), await freePort()]
    const server = new RedisServer(port, [
      '--dir',
      folder,
      '--cluster-enabled',
      'yes',
      '--cluster-config-file',
      `nodes-${String(index)}.conf`,
      '--cluster-port',
      String(busPort),
      '--cluster-node-timeout',
      '2000'
    ])
    t.teardown(() => server.stop())
    await server.start()
    servers.push(server)
  }
  await run('redis-cli', [
    '--cluster',
    'create',
    ...servers.map(({ port }) => `127.0.0.1:${String(port)}`),
    '--cluster-yes'
  ])
  const isWhole = async (server: RedisServer) => {
    const info = await redisCommand(server, 'cluster', 'info')
    return info.includes('cluster_state:ok') && info.includes(`cluster_slots_ok:${String(SLOTS)}`)
  }
  for (const server of servers)
    if (!(await eventually(() => isWhole(server), DEADLINE_MS))) throw new Error('The Cluster does not come up.')
  return new RedisCluster(servers)
}

/** A master and a replica, and the Sentinels that watch them. */
export type Sentinels = { url: string, master: RedisServer, replica: RedisServer, failOver: () => Promise<void> }

/** Starts them; they end with the test. */
export async function startSentinels (t: Scope): Promise<Sentinels> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'confab-sentinel-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const start = async (settings: string[], file?: string) => {
    const server = new RedisServer(await freePort(), settings, file)
    t.teardown(() => server.stop())
    await server.start()
    return server
  }
  const master = await start(['--dir', folder])
  const replica = await start(['--dir', folder, '--replicaof', `127.0.0.1 ${String(master.port)}`])
  const sentinels: RedisServer[] = []
  for (let index = 0; index < SENTINELS; index++) {
    const file = path.join(folder, `sentinel-${String(index)}.conf`)
    await writeFile(
      file,
      [
        `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${String(master.port)} 2`,
        `sentinel down-after-milliseconds ${MASTER_NAME} 1000`,
        `sentinel failover-timeout ${MASTER_NAME} 5000`
      ].join('\n')
    )
    sentinels.push(await start(['--sentinel', '--dir', folder], file))
  }
  const [sentinel] = sentinels
  if (sentinel === undefined) throw new Error('There is no Sentinel.')
  const tells = (line: RegExp) => async () => line.test(await redisCommand(sentinel, 'sentinel', 'master', MASTER_NAME))
  const isReady = await eventually(tells(/num-slaves\n1\nnum-other-sentinels\n2\n/), DEADLINE_MS)
  if (!isReady) throw new Error('The Sentinels do not find each other.')
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${String(port)}`).join()}/${MASTER_NAME}`,
    master,
    replica,
    failOver: async () => {
      await redisCommand(sentinel, 'sentinel', 'failover', MASTER_NAME)
      if (!(await eventually(tells(new RegExp(`port\n${String(replica.port)}\n`)), DEADLINE_MS)))
        throw new Error('The Sentinels do not fail over.')
    }
  }
}
