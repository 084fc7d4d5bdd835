/** Faults of a single Redis server. */
import { Redis } from 'ioredis'
import type { Fault, Round } from '../fault.ts'
import type { FaultCluster } from '../servers/fault-cluster.ts'

const STOP_MS = 8_000
const BLOCK_S = 4
const DISCONNECTS = 5

async function withRedis (cluster: FaultCluster, work: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis(cluster.redis.url, { maxRetriesPerRequest: 0 })
  try {
    await work(redis)
  } finally {
    redis.disconnect()
  }
}

function outage (id: string, title: string, forMs: number, isShort?: true): Fault {
  return {
    id,
    title,
    ...(isShort && { isShort }),
    async inject ({ cluster, injected, during }: Round) {
      await cluster.redis.stop()
      injected()
      await during(forMs)
      await cluster.redis.start()
      await cluster.healthy()
    }
  }
}

/** Does the same some times, with half a second between. */
function repeated (id: string, title: string, what: (redis: Redis) => Promise<unknown>): Fault {
  return {
    id,
    title,
    async inject ({ cluster, injected, during }: Round) {
      await withRedis(cluster, async (redis) => {
        for (let count = 0; count < DISCONNECTS; count++) {
          await what(redis)
          injected()
          await during(500)
        }
      })
      await cluster.healthy()
    }
  }
}

const frozen: Fault = {
  id: 'F7.frozen',
  title: `Redis takes connections and answers nothing for ${String(STOP_MS / 1_000)} s`,
  async inject ({ cluster, injected, during }: Round) {
    cluster.redis.freeze()
    injected()
    await during(STOP_MS)
    cluster.redis.thaw()
    await cluster.healthy()
  }
}

const full: Fault = {
  id: 'F7.full',
  title: 'Redis is out of memory and drops slow subscribers at once',
  async inject ({ cluster, injected, during }: Round) {
    await withRedis(cluster, async (redis) => {
      await redis.config('SET', 'client-output-buffer-limit', 'pubsub 1kb 1kb 1')
      await redis.config('SET', 'maxmemory', '1')
      injected()
      await during(STOP_MS / 2)
      await redis.config('SET', 'maxmemory', '0')
      await redis.config('SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60')
    })
    await cluster.healthy()
  }
}

/** All of them. */
export const redisFaults: readonly Fault[] = [
  outage('F7.restart', 'Redis is killed and started again', 500, true),
  outage('F7.stop', `Redis is away for ${String(STOP_MS / 1_000)} s`, STOP_MS),
  frozen,
  full,
  repeated('F7.flush', 'FLUSHALL, five times', (redis) => redis.flushall()),
  repeated('F7.disconnect', 'CLIENT KILL TYPE pubsub, five times', (redis) => redis.client('KILL', 'TYPE', 'pubsub')),
  repeated('F7.block', `DEBUG SLEEP ${String(BLOCK_S / DISCONNECTS)}, five times`, (redis) =>
    redis.call('DEBUG', 'SLEEP', String(BLOCK_S / DISCONNECTS))
  )
]
