/** Settings in the documentation are accepted as they are written: of the server, and of roles in Postgres. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import postgres from 'postgres'
import t from '../../support/tap.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { withServices } from '../../support/servers/deployments.ts'
import { ROOT } from '../../support/servers/process.ts'

/** Every variable that a block of a page sets for the server. */
const PAGES: [page: string, variables: string[]][] = [
  ['docs/guide/integrate.md', [
    'USER_TOKEN_SECRET', 'CONFAB_KEY', 'CORS_ORIGINS', 'PUBLIC_URL', 'TRUST_PROXY', 'ACCOUNTS'
  ]],
  ['docs/operate/manual.md', ['DATABASE_URL', 'REDIS_URL', 'JWT_SECRET', 'PORT']]
]
/** What a shell puts in the place of `$(openssl rand -hex 32)`. */
const SECRET = randomBytes(32).toString('hex')

async function blocksOf (page: string, language: string): Promise<string[]> {
  const text = await readFile(`${ROOT}/${page}`, 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , block = '']) => block)
}

for (const [page, variables] of PAGES) {
  await t.test(`the server takes the variables of ${page}`, async (t) => {
    const assignments = (await blocksOf(page, 'sh'))
      .flatMap((block) => [...block.matchAll(/^(?:export )?([A-Z][A-Z_]+)=(\$\([^)]*\)|\S*)/gm)])
      .map(([, name = '', value = '']) => [name, value.startsWith('$(') ? SECRET : value] as const)
    const environment = Object.fromEntries(assignments)
    t.strictSame(Object.keys(environment), variables)
    t.doesNotThrow(() => loadConfig(environment))
  })
}

await withServices(t, 'Postgres takes the limits that the manual gives a role', async (t, { databaseUrl }) => {
  const [limits] = (await blocksOf('docs/operate/manual.md', 'sql')).filter((block) => block.startsWith('alter role'))
  const role = `confab_test_${randomBytes(6).toString('hex')}`
  const admin = postgres(databaseUrl, { max: 1 })
  t.teardown(() => admin.end())
  await admin`create role ${admin(role)}`
  t.teardown(() => admin`drop role ${admin(role)}`)
  await admin.unsafe(limits?.replaceAll('confab_server', role) ?? '')
  const [row] = await admin`select rolconfig from pg_roles where rolname = ${role}`
  t.strictSame(row?.['rolconfig'], ['statement_timeout=5s', 'idle_in_transaction_session_timeout=5s'])
})
