import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from '../../support/tap.ts'
import { parse, stringify } from 'yaml'
import { loadConfig, loadStorageConfig } from '../../../src/config/config.ts'
import { EnvironmentSchema } from '../../../src/config/environment.ts'
import { ConfigError } from '../../../src/config/errors.ts'
import { at, fieldsOf, isRecord, listAt, textAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { isServiceRequired } from '../../support/servers/deployments.ts'
import { freePort, ROOT } from '../../support/servers/process.ts'
import { temporaryFolder } from '../../support/servers/program.ts'

const LONGEST_QUIET_S = 3_600
const DEADLINE_MS = 60_000
/** File descriptors that systemd, and with it Docker, lets a process have at most by default. */
const HARD_LIMIT = 524_288
/** What a proxy and a replica have open beside the sockets of clients: listeners, checks, connections that are idle. */
const PROXY_OVERHEAD = 1_000
const REPLICA_OVERHEAD = 1_000
/** Of Postgres by default, and how many of them only a superuser gets. */
const MAX_CONNECTIONS = 100
const RESERVED_CONNECTIONS = 3
const CONNECTIONS_OF_MIGRATION = 2

const compose: unknown = parse(await readFile(`${ROOT}/compose.yaml`, 'utf8'), { merge: true })
const haproxy = await readFile(`${ROOT}/deploy/haproxy.cfg`, 'utf8')

/** What the Compose specification and its linter say of a file. */
async function lint (t: Test, content: unknown): Promise<string[]> {
  const file = path.join(await temporaryFolder(t), 'compose.yaml')
  await writeFile(file, typeof content === 'string' ? content : stringify(content))
  // The order of keys and services is ours: it follows the path of a request.
  const taste = [
    'service-keys-order',
    'services-alphabetical-order',
    'top-level-properties-order',
    'service-dependencies-alphabetical-order',
    'service-ports-alphabetical-order',
    'no-build-and-image',
    'require-quotes-in-ports',
    'no-quotes-in-volumes'
  ]
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['node_modules/dclint/bin/dclint.cjs', file, '--formatter', 'json', '--disable-rule', ...taste],
    { cwd: ROOT, encoding: 'utf8' }
  )
  if (!stdout.startsWith('[')) throw new Error(`dclint says no more than: ${stdout}${stderr}`)
  return listAt(JSON.parse(stdout))
    .flatMap((result) => listAt(result, 'messages'))
    .map((message) => `${textAt(message, 'rule')}: ${textAt(message, 'message')}`)
}

/** A value as Compose fills it in when only the variables are set that have to be. */
const filledIn = (value: unknown) =>
  String(value)
    .replace(/\$\{\w+:-([^}]*)\}/g, '$1')
    .replace(/\$\{\w+:\?[^}]*\}/g, 'from-the-file-of-the-environment-1')

function environmentOf (service: unknown): Record<string, string> {
  const environment = at(service, 'environment')
  return isRecord(environment)
    ? Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filledIn(value)]))
    : {}
}

function seconds (duration: unknown): number {
  const [, amount, unit = ''] = /^(\d+)(s|m|h)$/.exec(String(duration)) ?? []
  return Number(amount) * ({ s: 1, m: 60, h: 3_600 }[unit] ?? NaN)
}

/** What breaks the rules of this project. */
function faultsOf (file: unknown): string[] {
  const all = at(file, 'services')
  const services = Object.entries(isRecord(all) ? all : {})
  const healthy = new Set(
    services.filter(([, service]) => at(service, 'healthcheck') !== undefined).map(([name]) => name)
  )
  const fault = (isFault: boolean, words: string) => (isFault ? [words] : [])
  return services.flatMap(([name, service]) => {
    const isOurs = String(at(service, 'image')).startsWith('confab:')
    const dependencies = at(service, 'depends_on')
    const needs = Object.entries(isRecord(dependencies) ? dependencies : {}).map(([other, need]): [string, unknown] => [
      other,
      at(need, 'condition')
    ])
    return [
      ...fault(/:latest$|^[^:]+$/.test(textAt(service, 'image')), `${name} has no tag`),
      ...fault(!healthy.has(name) && name !== 'migrate' && name !== 'proxy', `${name} has no health check`),
      ...needs.flatMap(([other, condition]) =>
        fault(
          condition !== (other === 'migrate' ? 'service_completed_successfully' : 'service_healthy'),
          `${name} does not wait for ${other}`
        )
      ),
      ...needs.flatMap(([other, condition]) =>
        fault(
          condition === 'service_healthy' && !healthy.has(other),
          `${name} waits for ${other}, which never says that it is well`
        )
      ),
      ...(Array.isArray(at(service, 'ports')) ? listAt(service, 'ports') : []).flatMap((port) =>
        fault(!String(port).startsWith('127.0.0.1:'), `${name} is open to the network`)
      ),
      ...(isOurs ? ourFaults(name, service) : [])
    ]
  })
}

function ourFaults (name: string, service: unknown): string[] {
  const environment = environmentOf(service)
  const unknown = fieldsOf(environment)
    .filter((variable) => !Object.hasOwn(EnvironmentSchema.properties, variable))
    .map((variable) => `${name} sets ${variable}, which Confab does not know`)
  const hardening = [
    ...(at(service, 'read_only') === true ? [] : [`${name} may write to its root`]),
    ...(JSON.stringify(at(service, 'cap_drop')) === '["ALL"]' ? [] : [`${name} keeps capabilities`])
  ]
  try {
    if (name === 'migrate') {
      loadStorageConfig({ ...environment, NODE_ENV: 'production' })
      return [...unknown, ...hardening]
    }
    const { drain, database, rebalancing } = loadConfig({ ...environment, NODE_ENV: 'production' })
    const needed = drain.timeoutMs / 1_000
    return [
      ...(rebalancing === undefined ? [`${name} leaves a new replica without sockets`] : []),
      ...unknown,
      ...hardening,
      ...(seconds(at(service, 'stop_grace_period')) >= needed ? [] : [`${name} is killed before it has ended`]),
      ...(!database.migrate ? [] : [`${name} migrates beside its job`]),
      ...(Number(at(service, 'deploy', 'replicas')) >= 2 ? [] : [`${name} is alone`])
    ]
  } catch (error) {
    if (error instanceof ConfigError) return [...unknown, `${name}: ${error.message}`]
    throw error
  }
}

/** The same with one value changed; undefined takes it away. */
function changed (value: unknown, ...keys: string[]): unknown {
  const copy = structuredClone(compose)
  const [last = '', ...parents] = keys.toReversed()
  const target = at(copy, ...parents.reverse())
  if (!isRecord(target)) throw new Error(`There is no ${keys.join('.')}.`)
  if (value === undefined) Reflect.deleteProperty(target, last)
  else target[last] = value
  return copy
}

t.test('compose.yaml is of the specification', async (t) => {
  t.strictSame(await lint(t, await readFile(`${ROOT}/compose.yaml`, 'utf8')), [])
  t.match(await lint(t, changed('10s', 'services', 'confab', 'stop_grace_periods')), [
    /stop_grace_periods|additional properties/i
  ])
  t.match(await lint(t, changed('ready', 'services', 'confab', 'depends_on', 'redis', 'condition')), [
    /invalid-schema.*|condition/
  ])
})

t.test('compose.yaml keeps the rules', async (t) => {
  t.strictSame(faultsOf(compose), [])
  const mistakes: [value: unknown, keys: string[], fault: string][] = [
    ['20s', ['services', 'confab', 'stop_grace_period'], 'confab is killed before it has ended'],
    [
      '1s',
      ['services', 'confab', 'environment', 'DRAIN_WINDOWS'],
      'confab sets DRAIN_WINDOWS, which Confab does not know'
    ],
    [
      '1 s',
      ['services', 'confab', 'environment', 'DRAIN_WINDOW'],
      'confab: DRAIN_WINDOW cannot be "1 s": expected a duration from 1ms to 24d, such as 500ms, 10s or 15m.'
    ],
    ['redis:latest', ['services', 'redis', 'image'], 'redis has no tag'],
    ['redis', ['services', 'redis', 'image'], 'redis has no tag'],
    [undefined, ['services', 'redis', 'healthcheck'], 'confab waits for redis, which never says that it is well'],
    [
      'service_started',
      ['services', 'confab', 'depends_on', 'migrate', 'condition'],
      'confab does not wait for migrate'
    ],
    [['8080:8080'], ['services', 'proxy', 'ports'], 'proxy is open to the network'],
    [false, ['services', 'confab', 'read_only'], 'confab may write to its root'],
    [undefined, ['services', 'migrate', 'cap_drop'], 'migrate keeps capabilities'],
    ['on', ['services', 'confab', 'environment', 'DATABASE_MIGRATE'], 'confab migrates beside its job'],
    [1, ['services', 'confab', 'deploy', 'replicas'], 'confab is alone'],
    ['0', ['services', 'confab', 'environment', 'REBALANCE_PERCENT'], 'confab leaves a new replica without sockets'],
    [
      '${JWT_SECRET:-for-trying-out-and-nothing-else-0123456789}',
      ['services', 'confab', 'environment', 'JWT_SECRET'],
      'confab: JWT_SECRET is published in Confab\'s samples: generate another one (for example: openssl rand -hex 32).'
    ],
    [
      undefined,
      ['services', 'confab', 'environment', 'JWT_SECRET'],
      'confab: JWT_SECRET is required with DATABASE_URL, the same for all replicas (for example from: openssl rand ' +
      '-hex 32).'
    ]
  ]
  for (const [value, keys, fault] of mistakes)
    t.ok(faultsOf(changed(value, ...keys)).includes(fault), `${fault}: ${faultsOf(changed(value, ...keys)).join('; ')}`)
})

t.test(
  'the proxy leaves sockets alone, closes idle connections first, asks for readiness and sends nothing twice',
  async (t) => {
    const timeout = (name: string) => seconds(new RegExp(`^ *timeout ${name} (\\S+)$`, 'm').exec(haproxy)?.[1])
    t.ok(timeout('tunnel') >= LONGEST_QUIET_S)
    t.ok(timeout('http-keep-alive') < loadConfig({ JWT_SECRET: 'x'.repeat(32) }).timeouts.idleMs / 1_000)
    t.match(haproxy, /^ *option httpchk GET \/readyz$/m)
    t.match(haproxy, /^ *retry-on conn-failure$/m)
    t.match(haproxy, /^ *http-request del-header X-Forwarded-For$/m)
    t.match(haproxy, /\$\{CONFAB_HOST\}":5123 /)
  }
)

/** The value of a setting of the proxy. */
const setting = (pattern: RegExp) => pattern.exec(haproxy)?.[1]

t.test('the proxy ends, notices and counts within what compose.yaml gives it', async (t) => {
  const services = at(compose, 'services')
  const hardStop = seconds(setting(/^ *hard-stop-after (\S+)$/m))
  t.ok(seconds(at(services, 'proxy', 'stop_grace_period')) > hardStop, 'it ends by itself before it is killed')

  const [interval, falls] = [seconds(setting(/\binter (\S+)/)), Number(setting(/\bfall (\d+)/))]
  const environment = { ...environmentOf(at(services, 'confab')), NODE_ENV: 'production' }
  const { drain, sockets, database } = loadConfig(environment)
  // Each check that fails may have hung for as long as one takes.
  const notices = (falls + 1) * interval
  t.ok(drain.delayMs / 1_000 >= notices + 1, `it notices within ${String(notices)} s that a replica leaves`)

  const replicas = Number(at(services, 'confab', 'deploy', 'replicas'))
  const descriptors = Number(setting(/^ *fd-hard-limit (\d+)$/m))
  t.ok(descriptors >= 2 * replicas * sockets.maxSockets + PROXY_OVERHEAD, 'it has two descriptors for each socket')
  t.ok(descriptors <= HARD_LIMIT, 'and takes no more than a container may have')
  t.ok(sockets.maxSockets + database.pool + REPLICA_OVERHEAD <= HARD_LIMIT, 'as does a replica')
  t.ok(
    replicas * database.pool + CONNECTIONS_OF_MIGRATION <= MAX_CONNECTIONS - RESERVED_CONNECTIONS,
    'Postgres takes the connections of all replicas and the migrations'
  )
})

/** Whether there is a haproxy to try; says so otherwise. */
function hasHaproxy (t: Test): boolean {
  if (spawnSync('haproxy', ['-v']).status === 0) return true
  const reason = 'there is no haproxy on the PATH'
  if (isServiceRequired()) t.fail(reason)
  else t.comment(`SKIPPED the check of the proxy: ${reason}.`)
  return false
}

t.test('the proxy starts whatever the limit of its file descriptors', async (t) => {
  if (!hasHaproxy(t)) return
  const folder = await temporaryFolder(t)
  const env = { ...process.env, ...environmentOf(at(compose, 'services', 'proxy')) }
  const start = async (limits: string, content: string) => {
    const [port, file] = [String(await freePort()), path.join(folder, 'haproxy.cfg')]
    await writeFile(file, content.replace('bind :8080', `bind 127.0.0.1:${port}`))
    const child = spawn('/bin/bash', ['-c', `${limits} && exec haproxy -f ${file}`], { env, stdio: 'ignore' })
    const exited = once(child, 'exit')
    const isServing = () => fetch(`http://127.0.0.1:${port}/`).then(({ status }) => status === 503, () => false)
    await eventually(async () => child.exitCode !== null || (await isServing()), DEADLINE_MS)
    const outcome = child.exitCode === null ? 'serves' : 'ended'
    child.kill('SIGKILL')
    await exited
    return outcome
  }
  t.equal(await start('ulimit -Sn 1024', haproxy), 'serves', 'a soft limit is raised')
  t.equal(await start('ulimit -n 1024', haproxy), 'serves', 'a hard one is kept')
  t.equal(await start('ulimit -n 1024', haproxy.replace(/fd-hard-limit.*/, 'maxconn 60000')), 'ended')
})

t.test('haproxy takes the configuration of the proxy', async (t) => {
  if (!hasHaproxy(t)) return
  const env = { ...process.env, ...environmentOf(at(compose, 'services', 'proxy')) }
  const check = (file: string) => spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8', env })
  t.hasStrict(check(`${ROOT}/deploy/haproxy.cfg`), { status: 0 })
  const broken = path.join(await temporaryFolder(t), 'haproxy.cfg')
  await writeFile(broken, haproxy.replace('timeout tunnel', 'timeout tunnels'))
  t.hasStrict(check(broken), { status: 1 })
})
