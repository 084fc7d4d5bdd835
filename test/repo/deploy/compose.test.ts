import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from '../../support/tap.ts'
import { parse, stringify } from 'yaml'
import { loadConfig, loadStorageConfig } from '../../../src/config/config.ts'
import { EnvironmentSchema } from '../../../src/config/environment.ts'
import { ConfigError } from '../../../src/config/errors.ts'
import { at, fieldsOf, isRecord, listAt, textAt } from '../../support/data/json.ts'
import { isServiceRequired } from '../../support/servers/deployments.ts'
import { ROOT } from '../../support/servers/process.ts'
import { temporaryFolder } from '../../support/servers/program.ts'

const LONGEST_QUIET_S = 3_600

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

/** A value as Compose fills it in when nothing is set. */
const filledIn = (value: unknown) => String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1')

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
      loadStorageConfig(environment)
      return [...unknown, ...hardening]
    }
    const { drain, database } = loadConfig({ ...environment, NODE_ENV: 'production' })
    const needed = drain.timeoutMs / 1_000
    return [
      ...unknown,
      ...hardening,
      ...(seconds(at(service, 'stop_grace_period')) >= needed ? [] : [`${name} is killed before it has ended`]),
      ...(database?.migrate === false ? [] : [`${name} migrates beside its job`]),
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

t.test('haproxy takes the configuration of the proxy', async (t) => {
  if (spawnSync('haproxy', ['-v']).status !== 0) {
    const reason = 'there is no haproxy on the PATH'
    if (isServiceRequired()) t.fail(reason)
    else t.comment(`SKIPPED the check of the proxy: ${reason}.`)
    return
  }
  const env = { ...process.env, ...environmentOf(at(compose, 'services', 'proxy')) }
  const check = (file: string) => spawnSync('haproxy', ['-c', '-f', file], { encoding: 'utf8', env })
  t.hasStrict(check(`${ROOT}/deploy/haproxy.cfg`), { status: 0 })
  const broken = path.join(await temporaryFolder(t), 'haproxy.cfg')
  await writeFile(broken, haproxy.replace('timeout tunnel', 'timeout tunnels'))
  t.hasStrict(check(broken), { status: 1 })
})
