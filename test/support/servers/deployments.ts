/** One suite, every deployment: embedded, and three replicas on real services. */
import type { Test } from 'tap'
import { processScope } from '../scope.ts'
import { forgetConfidential, leaksIn } from '../checks/confidential.ts'
import { undescribed } from '../checks/described.ts'
import { startCluster, type Cluster, type ClusterOptions, type Services } from './cluster.ts'

const FILE_TIMEOUT_MS = 300_000

/** What is tested on a running cluster. */
export type Suite = (t: Test, cluster: Cluster) => Promise<void>
/** The cluster that a suite wants: without options, one that other suites of this process use, too. */
export type SuiteOptions = Omit<ClusterOptions, 'services'> & {
  /** Nothing is in the database that the suite has not put there. */
  isEmpty?: true
}

/** The services that `TEST_DATABASE_URL` and `TEST_REDIS_URL` name. */
export function availableServices (): Services | undefined {
  const { TEST_DATABASE_URL: databaseUrl = '', TEST_REDIS_URL: redisUrl = '' } = process.env
  return databaseUrl === '' || redisUrl === '' ? undefined : { databaseUrl, redisUrl }
}

/** Whether the lack of something outside is a failure, not a reason to skip. */
export function isServiceRequired (): boolean {
  return process.env['CONFAB_REQUIRE_SERVICES'] === '1'
}

/** Runs the suite on the embedded default, then on three replicas that share Redis and Postgres. */
export async function onEachDeployment (t: Test, suite: Suite, options: SuiteOptions = {}): Promise<void> {
  await onEmbedded(t, suite, options)
  await onServices(t, suite, options)
}

/**
 * Runs the suite on the largest deployment at hand, for what is the same on all: replicas that share Redis and
 * Postgres, otherwise the embedded default.
 */
export async function onOneDeployment (t: Test, suite: Suite, options: SuiteOptions = {}): Promise<void> {
  await (availableServices() === undefined && !isServiceRequired() ? onEmbedded : onServices)(t, suite, options)
}

/** Runs the suite on one replica with the embedded store. */
export async function onEmbedded (t: Test, suite: Suite, options: SuiteOptions = {}): Promise<void> {
  t.setTimeout(FILE_TIMEOUT_MS)
  await t.test('on the embedded default', (t) => run(t, suite, options))
}

/** Runs the suite on replicas that share Redis and Postgres; where there are none it says so, or fails if it must. */
export async function onServices (t: Test, suite: Suite, options: SuiteOptions = {}): Promise<void> {
  t.setTimeout(FILE_TIMEOUT_MS)
  await withServices(t, 'on replicas that share Redis and Postgres', (t, services) =>
    run(t, suite, { ...options, services })
  )
}

/** A test that needs services; without them it is skipped aloud, or fails with CONFAB_REQUIRE_SERVICES=1. */
export async function withServices (
  t: Test,
  title: string,
  test: (t: Test, services: Services) => Promise<void>
): Promise<void> {
  const services = availableServices()
  if (services !== undefined) {
    await t.test(title, (t) => test(t, services))
    return
  }
  const reason = 'TEST_DATABASE_URL and TEST_REDIS_URL are not set: nothing was tried on real services'
  if (isServiceRequired()) {
    t.fail(reason)
    return
  }
  t.comment(`SKIPPED ${title}: ${reason}.`)
  await t.test(title, { skip: reason }, () => undefined)
}

const shared = new Map<string, Promise<Cluster>>()

/** A cluster that all suites of this process share which want nothing in particular; each uses names of its own. */
async function shareCluster (options: ClusterOptions): Promise<Cluster> {
  const name = options.services === undefined ? 'embedded' : 'services'
  const cluster = shared.get(name) ?? startCluster(processScope, options)
  shared.set(name, cluster)
  return cluster
}

type RunOptions = SuiteOptions & Pick<ClusterOptions, 'services'>

async function run (t: Test, suite: Suite, { services, ...options }: RunOptions): Promise<void> {
  const isPlain = Object.keys(options).length === 0
  const cluster = isPlain ? await shareCluster({ services }) : await startCluster(t, { services, ...options })
  forgetConfidential()
  const [seenBefore, mailsBefore] = [undescribed().length, (await cluster.outbox.all()).length]
  cluster.forget()
  await suite(t, cluster)
  t.strictSame(undescribed().slice(seenBefore), [], 'every answer and every frame is as the server describes it')
  t.strictSame(
    leaksIn(cluster.log, cluster.secrets, (await cluster.outbox.all()).slice(mailsBefore)),
    [],
    'no password, token, code or text of a message is in the log'
  )
  t.strictSame(
    cluster.log.filter((line) => /"level":(50|60)/.test(line)),
    [],
    'no error is in the log'
  )
}
