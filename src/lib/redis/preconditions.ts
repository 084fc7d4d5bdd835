/** Checks a Redis server by what Confab does there: it tries each command that the bus, limits and presence use. */
import { once } from 'node:events'
import type { Cluster, Redis } from 'ioredis'
import type { Finding } from '../finding.ts'
import { withDeadline } from '../deadline.ts'
import { describeRedis, type RedisAddress } from './address.ts'
import { connectRedis, connectRedisCluster } from './connection.ts'

/** A server that has not answered everything by then counts as unavailable, in milliseconds. */
const DEADLINE_MS = 5_000
const KEY_LIFE_MS = 1_000
/** The commands of the scripts of the rate limits, on a key that ends by itself. */
const RATE_SCRIPT = `
redis.call('INCR', KEYS[1]) redis.call('PEXPIRE', KEYS[1], ARGV[1]) redis.call('PTTL', KEYS[1])
redis.call('GET', KEYS[1]) redis.call('DECR', KEYS[1]) return 0`
/** The commands of the scripts of presence, on a key that is deleted and then ends by itself. */
const PRESENCE_SCRIPT = `
redis.call('DEL', KEYS[1]) redis.call('TIME') redis.call('ZADD', KEYS[1], 1, 'a') redis.call('ZRANGE', KEYS[1], 0, -1)
redis.call('ZRANGEBYSCORE', KEYS[1], 0, 1) redis.call('ZSCORE', KEYS[1], 'a')
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, 0) redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1)
redis.call('SADD', KEYS[1], 'a') redis.call('SREM', KEYS[1], 'b') redis.call('SISMEMBER', KEYS[1], 'a')
redis.call('SCARD', KEYS[1]) redis.call('PEXPIRE', KEYS[1], ARGV[1]) return 0`
/** Errors of a server that refuses the credentials. */
const NOT_LET_IN = /^(WRONGPASS|NOAUTH|ERR (AUTH|invalid password|Client sent AUTH))/
/** Errors of a server that will not serve until the setting is changed. */
const MISFIT = /^(NOPERM|READONLY|MOVED|CROSSSLOT|ERR (unknown command|This instance has cluster|DB index|invalid DB))/

type Trial = { purpose: string, run: () => Promise<unknown> }

/**
 * Connects once and tries everything.
 * @param prefix of every channel and key
 * @returns failures that only a change of the settings can end; a server that is away is a warning
 */
export async function checkRedis (address: RedisAddress, prefix: string): Promise<Finding[]> {
  const subject = describeRedis(address)
  const isCluster = address.kind === 'cluster'
  const redis = isCluster ? connectRedisCluster(address, 'check') : connectRedis(address, 'check')
  let lastError = ''
  redis.on('error', (error: Error) => {
    lastError = deepest(error)
  })
  try {
    const texts = await withDeadline(
      tryAll(redis, trialsOf(redis, `${prefix}check`, isCluster), () => lastError),
      DEADLINE_MS,
      new Error('it does not answer')
    )
    if (texts.length === 0) return [{ level: 'ok', subject, text: `it takes messages and counts below ${prefix}` }]
    return texts.map((text) => ({ level: 'failure', subject, text }))
  } catch (error) {
    const reason = lastError === '' ? deepest(error) : lastError
    if (NOT_LET_IN.test(reason))
      return [{ level: 'failure', subject, text: 'the user or the password is wrong: correct it in REDIS_URL' }]
    if (MISFIT.test(reason)) return [{ level: 'failure', subject, text: explain(reason, 'the connection') }]
    const text = `it cannot be reached (${reason}): messages reach other replicas late until it is back`
    return [{ level: 'warning', subject, text }]
  } finally {
    redis.disconnect()
  }
}

/** Connects and runs the trials. @returns what the server refuses @throws when it cannot be reached */
async function tryAll (redis: Redis | Cluster, trials: readonly Trial[], lastError: () => string): Promise<string[]> {
  const failed = once(redis, 'error').then(() => {
    throw new Error(lastError())
  })
  await Promise.race([redis.connect(), failed])
  const found: string[] = []
  for (const { purpose, run } of trials) {
    try {
      await run()
    } catch (error) {
      const reason = deepest(error)
      if (!MISFIT.test(reason)) throw error
      found.push(explain(reason, purpose))
    }
  }
  return found
}

function trialsOf (redis: Redis | Cluster, name: string, isCluster: boolean): Trial[] {
  const publish = isCluster ? () => redis.spublish(name, '') : () => redis.publish(name, '')
  return [
    { purpose: `publishing on channels such as ${name}`, run: publish },
    {
      purpose: `counting in keys such as ${name}`,
      run: () => redis.eval(RATE_SCRIPT, 1, name, KEY_LIFE_MS)
    },
    {
      purpose: `presence in keys such as ${name}`,
      run: () => redis.eval(PRESENCE_SCRIPT, 1, name, KEY_LIFE_MS)
    },
    { purpose: `deleting keys such as ${name}`, run: () => redis.del(name) },
    ...(isCluster
      ? []
      : [
          { purpose: 'CLIENT REPLY', run: () => redis.call('CLIENT', 'REPLY', 'ON') },
          // The last one: a connection that has subscribed does nothing else.
          { purpose: `subscribing to channels such as ${name}`, run: () => redis.subscribe(name) }
        ])
  ]
}

function explain (reason: string, purpose: string): string {
  if (reason.startsWith('NOPERM')) {
    return `its user lacks the right for ${purpose} (${reason}): grant it with ACL SETUSER, as in the ` +
      'operator\'s manual'
  }
  if (reason.startsWith('READONLY')) return 'it is a read-only replica: name the master in REDIS_URL, or its Sentinels'
  if (/^(MOVED|CROSSSLOT)/.test(reason)) return 'it is a node of a Cluster: write redis+cluster:// in REDIS_URL'
  if (reason.includes('cluster support')) return 'it is no node of a Cluster: write redis:// in REDIS_URL'
  if (/DB index/i.test(reason)) return 'it has no database of that number: correct the end of REDIS_URL'
  return `it refuses ${purpose} (${reason})`
}

/** The message of the innermost error: a Cluster reports that of its last node inside its own. */
function deepest (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return deepest(error.lastNodeError)
  if (error instanceof AggregateError && error.message === '') return deepest(error.errors[0])
  return error.message
}
