import { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import t from '../../support/tap.ts'
import { listDirectory } from '../../../src/store/directory.ts'
import { MIGRATIONS_FOLDER } from '../../../src/store/migrations.ts'
import * as schema from '../../../src/store/schema.ts'

t.test('accounts from before they were numbered are in the list after an upgrade, pending ones are not', async (t) => {
  const client = await PGlite.create()
  t.teardown(() => client.close())
  const files = (await readdir(MIGRATIONS_FOLDER)).filter((name) => name.endsWith('.sql')).sort()
  const migrate = async (names: string[]) => {
    for (const name of names) await client.exec(await readFile(path.join(MIGRATIONS_FOLDER, name), 'utf8'))
  }
  const numbering = files.findIndex((name) => name.includes('directory'))
  t.ok(numbering > 0)
  await migrate(files.slice(0, numbering))
  await client.exec(`
    insert into users (username, username_key, display_name, email, email_key, password_hash, activated_at)
    select 'u' || i, 'u' || i, 'U', 'u' || i, 'u' || i, '-',
      case when i % 3 = 0 then null else '2026-01-31'::timestamptz - i * interval '1 day' end
    from generate_series(1, 6) i`)
  await migrate(files.slice(numbering))
  const { items, totalCount } = await listDirectory(drizzle(client, { schema }), { offset: 0, limit: 10 })
  t.strictSame([totalCount, items.map(({ username }) => username)], [4, ['u5', 'u4', 'u2', 'u1']])
})
