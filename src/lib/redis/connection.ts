/** Connections to Redis, configured alike for every use. */
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress } from './address.ts'

const RETRY_DELAY_MS = 250
const CONNECT_TIMEOUT_MS = 5_000
/** Interval at which the owners of the slots are refreshed: how long a publisher may not know that a slot has moved. */
const SLOTS_REFRESH_MS = 2_000

type Tuning = Pick<RedisOptions, 'commandTimeout'>

/**
 * ioredis gives up for good when a failover is announced while it looks for the master; this client reconnects in every
 * case until `disconnect` is called.
 */
class PersistentRedis extends Redis {
  #isDone = false

  constructor (options: RedisOptions) {
    super(options)
    this.on('end', () => {
      setTimeout(() => {
        if (!this.#isDone && this.status === 'end') this.connect().catch(() => undefined)
      }, RETRY_DELAY_MS)
    })
  }

  override disconnect (reconnect = false): void {
    if (!reconnect) this.#isDone = true
    super.disconnect(reconnect)
  }
}

/**
 * Refreshes the owners of the slots by a timer of its own. The timer of ioredis is set again by each answer, also by
 * one that arrives after `disconnect`, and then keeps the process alive.
 */
class FollowingCluster extends Cluster {
  readonly #timer = setInterval(() => {
    if (this.status === 'ready') this.refreshSlotsCache()
  }, SLOTS_REFRESH_MS)

  override disconnect (reconnect = false): void {
    if (!reconnect) clearInterval(this.#timer)
    super.disconnect(reconnect)
  }
}

/** Creates one connection, to the server or to the current master; not yet opened. */
export function connectRedis (address: RedisAddress, name: string, tuning: Tuning = {}): Redis {
  const [node] = address.nodes
  const place: RedisOptions =
    address.kind === 'sentinel'
      ? {
          sentinels: [...address.nodes],
          name: address.masterName,
          failoverDetector: true,
          sentinelRetryStrategy: () => RETRY_DELAY_MS,
          ...(address.sentinelPassword !== undefined && { sentinelPassword: address.sentinelPassword }),
          ...(address.isEncrypted && { enableTLSForSentinelMode: true, sentinelTLS: {} })
        }
      : { ...node }
  return new PersistentRedis({ ...place, ...connectionOptions(address, name), ...tuning })
}

/** Creates a client of a Cluster: it keeps a connection to each node it uses, and knows the owners of the slots. */
export function connectRedisCluster (address: RedisAddress, name: string, tuning: Tuning = {}): Cluster {
  return new FollowingCluster([...address.nodes], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: () => RETRY_DELAY_MS,
    slotsRefreshInterval: 0,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    redisOptions: { ...connectionOptions(address, name), ...tuning }
  })
}

function connectionOptions ({ username, password, database, isEncrypted }: RedisAddress, name: string): RedisOptions {
  return {
    connectionName: `confab-${name}`,
    db: database,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isEncrypted && { tls: {} }),
    lazyConnect: true,
    // A command that cannot be sent now is of no use later.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: () => RETRY_DELAY_MS
  }
}
