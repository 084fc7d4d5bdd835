/** F8: Redis under Sentinels, and as a Cluster. */
import path from 'node:path'
import { mkdir } from 'node:fs/promises'
import {
  redisCommand,
  startRedisCluster,
  startSentinels,
  type RedisCluster,
  type Sentinels
} from '../../support/servers/redis-cluster.ts'
import type { Scope } from '../../support/scope.ts'
import type { Deployment, Fault, Round } from '../fault.ts'
import { FaultCluster } from '../servers/fault-cluster.ts'
import { PostgresServer } from '../../support/servers/postgres-server.ts'
import { isInstalled } from '../../support/servers/bound-program.ts'

const NODE_AWAY_MS = 4_000
const SLOTS_MOVED = 3
const sentinels = new WeakMap<FaultCluster, Sentinels>()
const redisClusters = new WeakMap<FaultCluster, RedisCluster>()

const missing = () =>
  Promise.resolve(isInstalled('redis-cli') ? undefined : 'there is no redis-cli (Debian: redis-tools)')

async function startOn (scope: Scope, { folder, build }: Deployment, redisUrl: string): Promise<FaultCluster> {
  await mkdir(folder, { recursive: true })
  const postgres = await PostgresServer.create(scope, { folder: path.join(folder, 'postgres') })
  await postgres.start()
  return FaultCluster.start(scope, { folder, build, postgres, redisUrl })
}

const sentinelFailover: Fault = {
  id: 'F8.sentinel',
  title: 'the Redis master is killed, and Sentinels promote its replica',
  missing,
  async deploy (scope, deployment) {
    const watched = await startSentinels(scope)
    const cluster = await startOn(scope, deployment, watched.url)
    sentinels.set(cluster, watched)
    return cluster
  },
  async inject ({ cluster, injected, during }: Round) {
    await sentinels.get(cluster)?.master.stop()
    injected()
    await cluster.healthy()
    await during(1_000)
  }
}

async function deployOnCluster (scope: Scope, deployment: Deployment): Promise<FaultCluster> {
  const redis = await startRedisCluster(scope)
  const cluster = await startOn(scope, deployment, redis.url)
  redisClusters.set(cluster, redis)
  return cluster
}

const slotMove: Fault = {
  id: 'F8.slot',
  title: 'the slots of followed chats move to other nodes of the Redis Cluster',
  missing,
  deploy: deployOnCluster,
  async inject ({ cluster, journal, injected, during }: Round) {
    const redis = redisClusters.get(cluster)
    let moved = 0
    for (const server of redis?.servers ?? []) {
      const channels = (await redisCommand(server, 'pubsub', 'shardchannels'))
        .split('\n')
        .filter((channel) => channel.includes('chat:'))
      for (const channel of channels.slice(0, SLOTS_MOVED)) {
        await redis?.moveSlot(Number(await redisCommand(server, 'cluster', 'keyslot', channel)))
        moved++
        await during(700)
      }
    }
    injected(moved)
    if (moved === 0) journal.failures.push('no chat has a channel in the Redis Cluster')
    await cluster.healthy()
  }
}

const nodeAway: Fault = {
  id: 'F8.node',
  title: `a node of the Redis Cluster is killed and comes back after ${String(NODE_AWAY_MS / 1_000)} s`,
  missing,
  deploy: deployOnCluster,
  async inject ({ cluster, random, injected, during }: Round) {
    const servers = redisClusters.get(cluster)?.servers ?? []
    const server = servers[random.integer(0, servers.length - 1)]
    await server?.stop()
    injected()
    await during(NODE_AWAY_MS)
    await server?.start()
    await cluster.healthy()
  }
}

/** All of them. */
export const redisFailoverFaults: readonly Fault[] = [sentinelFailover, slotMove, nodeAway]
