/**
 * Adapter: presence in Redis, on all replicas. Below `<prefix>presence:<scope>:`
 *
 * - `replicas`: the leases, a sorted set of replicas by the time at which each ends, by the clock of Redis;
 * - `at:<replica>`: the set of users on a replica; it ends together with the lease of the replica;
 * - `seen`: when users were last seen, a sorted set of bounded size.
 *
 * One lease for all users of a replica is renewed by two commands, however many sockets the replica has.
 */
import type { Cluster, Redis } from 'ioredis'
import { MAX_REMEMBERED_USERS, type PresenceLeases, type Sighting } from './leases.ts'

/** Users that one command names. */
const CHUNK = 1_000
/** How long it is remembered when users were last seen. */
const MEMORY_MS = 30 * 86_400_000

const NOW = 'local t = redis.call(\'TIME\') local now = t[1] * 1000 + math.floor(t[2] / 1000) '
const RENEW = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)`
const LIST = `${NOW} return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')`
const SHORTEN = `${NOW} redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])`
const KEEP = 'redis.call(\'PEXPIRE\', KEYS[1], ARGV[1]) return redis.call(\'SCARD\', KEYS[1])'
const UPDATE = `
for i = 3, #ARGV do redis.call(i < 3 + ARGV[2] and 'SADD' or 'SREM', KEYS[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])`
const REPLACE = `
redis.call('DEL', KEYS[1])
for i = 2, #ARGV do redis.call('SADD', KEYS[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])`
const CONTAINS = `
local found = {}
for i = 1, #ARGV do found[i] = redis.call('SISMEMBER', KEYS[1], ARGV[i]) end
return found`
const REMEMBER = `
for i = 3, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[1])`
const RECALL = `
local times = {}
for i = 1, #ARGV do times[i] = redis.call('ZSCORE', KEYS[1], ARGV[i]) or '' end
return times`

/** Where the leases are. */
export type RedisPresenceOptions = {
  redis: Redis | Cluster
  prefix: string
  /** Separates installations that share a Redis; it may change. */
  scope: () => string
  /** A name of this replica that no other one has. */
  replica: string
  leaseMs: number
}

/** Presence in Redis; it has the connection for itself. */
export class RedisPresence implements PresenceLeases {
  readonly #options: RedisPresenceOptions

  constructor (options: RedisPresenceOptions) {
    this.#options = options
  }

  async update (entered: readonly number[], left: ReadonlyMap<number, number>): Promise<void> {
    const { leaseMs } = this.#options
    for (const some of chunks(entered)) await this.#run(UPDATE, this.#own, leaseMs, some.length, ...some)
    for (const some of chunks([...left.keys()])) await this.#run(UPDATE, this.#own, leaseMs, 0, ...some)
    await this.#remember(left)
  }

  async replace (userIds: readonly number[]): Promise<void> {
    await this.#run(REPLACE, this.#own, this.#options.leaseMs, ...userIds)
  }

  async renew (): Promise<{ replicas: string, entered: number }> {
    const { replica, leaseMs } = this.#options
    const [replicas, entered] = await Promise.all([
      this.#run(RENEW, this.#key('replicas'), replica, leaseMs),
      this.#run(KEEP, this.#own, leaseMs)
    ])
    return { replicas: textsIn(replicas).toSorted().join(), entered: Number(entered) }
  }

  async find (userIds: readonly number[]): Promise<ReadonlyMap<number, Sighting>> {
    const replicas = textsIn(await this.#run(LIST, this.#key('replicas')))
    const sightings = new Map<number, Sighting>()
    for (const some of chunks(userIds)) {
      const [times, ...found] = await Promise.all([
        this.#run(RECALL, this.#key('seen'), ...some),
        ...replicas.map((replica) => this.#run(CONTAINS, this.#key(`at:${replica}`), ...some))
      ])
      const [lastSeen, on] = [textsIn(times), found.map(textsIn)]
      for (const [index, userId] of some.entries()) {
        const time = lastSeen[index] ?? ''
        sightings.set(userId, {
          isOnline: on.some((flags) => flags[index] === '1'),
          lastSeenAt: time === '' ? undefined : Number(time)
        })
      }
    }
    return sightings
  }

  async release (afterMs: number, left: ReadonlyMap<number, number>): Promise<void> {
    await Promise.all([
      this.#run(SHORTEN, this.#key('replicas'), this.#options.replica, afterMs),
      this.#run(KEEP, this.#own, afterMs),
      this.#remember(left)
    ])
  }

  close (): void {
    this.#options.redis.disconnect()
  }

  async #remember (left: ReadonlyMap<number, number>): Promise<void> {
    for (const some of chunks([...left])) {
      const scores = some.flatMap(([userId, at]) => [at, userId])
      await this.#run(REMEMBER, this.#key('seen'), MEMORY_MS, MAX_REMEMBERED_USERS, ...scores)
    }
  }

  get #own (): string {
    return this.#key(`at:${this.#options.replica}`)
  }

  #key (name: string): string {
    const { prefix, scope } = this.#options
    return `${prefix}presence:${scope()}:${name}`
  }

  /** Runs a script on one key. */
  async #run (script: string, key: string, ...values: (string | number)[]): Promise<unknown> {
    return this.#options.redis.eval(script, 1, key, ...values)
  }
}

function chunks<Item> (items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, index) =>
    items.slice(index * CHUNK, (index + 1) * CHUNK))
}

/** The texts or numbers of an answer, as texts. */
function textsIn (answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : []
}
