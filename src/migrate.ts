/** `npm run db:migrate`: brings the tables to the version of this build and ends. Starting a replica does the same. */
import { loadConfig } from './config.ts'
import { openPglite } from './store/pglite.ts'
import { migratePostgres } from './store/postgres.ts'

const config = loadConfig(process.env)
if (config.database !== undefined) await migratePostgres(config.database)
else {
  const database = await openPglite(config.dataDir)
  await database.close()
}
