/**
 * Everything that must be right before a replica starts, checked at once and before anything is made: so that an
 * operator learns of all problems from one start, or from `confab doctor`.
 */
import type { InspectedConfig } from '../config/config.ts'
import type { Problems } from '../config/problems.ts'
import type { Finding } from '../lib/finding.ts'
import { checkRedis } from '../lib/redis/preconditions.ts'
import { checkDataDir } from '../store/embedded/preconditions.ts'
import { checkPostgres, type PostgresCheck } from '../store/postgres/preconditions.ts'
import { checkPorts } from './ports.ts'

/** What was found. */
export type Preflight = {
  ports: Finding[]
  /** `isUnreachable` when Postgres does not serve now, and may in a moment. */
  store: PostgresCheck
  bus: Finding[]
}

/**
 * Checks the ports, the store and the bus.
 * @param problems of the configuration: what depends on a wrong variable is not checked
 * @param isServed whether a replica may be running already on the ports and the embedded store
 */
export async function runPreflight (
  config: InspectedConfig, problems: Problems, { isServed = false } = {}
): Promise<Preflight> {
  const [ports, store, bus] = await Promise.all([
    checkPorts(config, problems, isServed),
    checkStore(config, problems, isServed),
    checkBus(config, problems)
  ])
  return { ports, store, bus }
}

/** Everything that was found, in order. */
export function findingsOf ({ ports, store, bus }: Preflight): Finding[] {
  return [...ports, ...store.findings, ...bus]
}

/** Whether something is wrong that does not pass by itself. */
export function isFatal ({ ports, store, bus }: Preflight): boolean {
  const lasting = [...ports, ...(store.isUnreachable ? [] : store.findings), ...bus]
  return lasting.some(({ level }) => level === 'failure')
}

async function checkStore ({ database, dataDir }: InspectedConfig, problems: Problems, isServed: boolean) {
  const { url, ...options } = database
  if (problems.concern('DATABASE_URL', 'DATABASE_CA', 'EMBEDDED_STORE')) return { findings: [], isUnreachable: false }
  if (url !== undefined) return checkPostgres({ ...options, url })
  const findings = problems.concern('DATA_DIR') ? [] : await checkDataDir(dataDir, isServed)
  return { findings, isUnreachable: false }
}

async function checkBus ({ redis }: InspectedConfig, problems: Problems): Promise<Finding[]> {
  return redis === undefined || problems.concern('REDIS_URL') ? [] : checkRedis(redis.address, redis.prefix)
}
