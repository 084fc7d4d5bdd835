/** The servers that people use with the web client. */
import type { Test } from 'tap'
import { Outbox } from '../data/outbox.ts'
import { createDatabase } from './database.ts'
import { freePort, type ReplicaProcess, spawnReplica } from './process.ts'
import { temporaryFolder } from './program.ts'

/** Two replicas as processes of their own, each with the people who use it. */
export type World = {
  outbox: Outbox
  replicas: [ReplicaProcess, ReplicaProcess]
  restart: (index: 0 | 1) => Promise<void>
}

/** Starts them, on a database of their own. @param filesHost the host of files, if they have an origin of their own */
export async function startWorld (
  t: Test,
  { databaseUrl, redisUrl }: { databaseUrl: string, redisUrl: string },
  filesHost?: string
): Promise<World> {
  const folder = await temporaryFolder(t)
  const database = await createDatabase(t, databaseUrl)
  const environment = {
    DATABASE_URL: database,
    DATABASE_POOL: '4',
    REDIS_URL: redisUrl,
    REDIS_PREFIX: `${new URL(database).pathname.slice(1)}:`,
    JWT_SECRET: 'a-key-that-only-the-tests-know-about',
    DATA_DIR: folder,
    MAIL_TRANSPORT: 'file',
    RATE_LIMITS: 'off',
    OVERLOAD_EVENT_LOOP_DELAY: '1h'
  }
  // Links of files are those of the replica that is used.
  const start = async (port: number) => spawnReplica(t, {
    ...environment,
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${String(port)}`,
    FILES: 'disk',
    ...(filesHost !== undefined && { FILES_URL: `http://${filesHost}:${String(port)}` })
  })
  const replicas: World['replicas'] = await Promise.all([freePort().then(start), freePort().then(start)])
  return {
    outbox: new Outbox(folder),
    replicas,
    restart: async (index) => {
      replicas[index] = await start(Number(new URL(replicas[index].url).port))
    }
  }
}
