/** Adapter: Redis pub/sub, on one server, on one that Sentinels watch, or on a Cluster. */
import type { Bus, EchoTest } from './bus.ts'
import { describeRedis, type RedisAddress } from '../lib/redis/address.ts'
import { RedisClusterBus } from './redis-cluster.ts'
import { connectRedis } from '../lib/redis/connection.ts'
import { type BusLog, RedisPubSub } from './redis-pubsub.ts'

/** Where Redis is, the prefix of every channel's name, and the payloads to drop. */
export type RedisBusOptions = { address: RedisAddress, prefix: string, isEcho?: EchoTest | undefined, log: BusLog }

/** Connects to Redis. Resolves when it is up or has failed once: the bus then comes up by itself. */
export async function openRedisBus ({ address, prefix, isEcho, log }: RedisBusOptions): Promise<Bus> {
  const bus =
    address.kind === 'cluster'
      ? new RedisClusterBus({ address, prefix, isEcho, log })
      : new RedisPubSub({
          connect: (name) => connectRedis(address, name),
          description: describeRedis(address),
          prefix,
          isSharded: false,
          isEcho,
          log
        })
  await bus.open()
  return bus
}
