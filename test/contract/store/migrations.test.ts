import { drizzle } from 'drizzle-orm/postgres-js'
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import postgres from 'postgres'
import t from '../../support/tap.ts'
import { listDirectory } from '../../../src/store/directory.ts'
import { MIGRATIONS_FOLDER } from '../../../src/store/migrations.ts'
import * as schema from '../../../src/store/schema.ts'
import { createDatabase } from '../../support/servers/database.ts'
import { engineUrl } from '../../support/servers/engine.ts'

t.test('accounts from before they were numbered are in the list after an upgrade, pending ones are not', async (t) => {
  const client = postgres(await createDatabase(t, engineUrl()), { max: 1, onnotice: () => undefined })
  t.teardown(() => client.end())
  const files = (await readdir(MIGRATIONS_FOLDER)).filter((name) => name.endsWith('.sql')).sort()
  const migrate = async (names: string[]) => {
    for (const name of names) await client.unsafe(await readFile(path.join(MIGRATIONS_FOLDER, name), 'utf8'))
  }
  const numbering = files.findIndex((name) => name.includes('directory'))
  t.ok(numbering > 0)
  await migrate(files.slice(0, numbering))
  await client.unsafe(`
    insert into users (username, username_key, display_name, email, email_key, password_hash, activated_at)
    select 'u' || i, 'u' || i, 'U', 'u' || i, 'u' || i, '-',
      case when i % 3 = 0 then null else '2026-01-31'::timestamptz - i * interval '1 day' end
    from generate_series(1, 6) i`)
  await migrate(files.slice(numbering))
  const { items, totalCount } = await listDirectory(drizzle(client, { schema }), { offset: 0, limit: 10 })
  t.strictSame([totalCount, items.map(({ username }) => username)], [4, ['u5', 'u4', 'u2', 'u1']])
})
