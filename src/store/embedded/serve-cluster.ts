/** Runs the server on a data folder: a process that is restarted after a crash, and the URLs to reach it. */
import path from 'node:path'
import type { Cluster } from './cluster-folder.ts'
import { DATABASE, OWNER, SUPERUSER } from './initialize.ts'
import { type LogLine, type PostgresProcess, startPostgresProcess } from './postgres-process.ts'
import { endPreviousServer, startWhenFree } from './previous-server.ts'
import { serverArguments, socketName } from './settings.ts'
import { type EmbeddedLog, Supervisor } from './supervisor.ts'
import { openSocketFolder } from './unix-sockets.ts'

const DEFAULT_CONNECTIONS = 10
const ignore = () => undefined
const SILENT: EmbeddedLog = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** How the server runs. */
export type ServeOptions = {
  /** Maximum number of open connections; 10 by default. */
  connections?: number
  /** Without it nothing is logged. */
  log?: EmbeddedLog | undefined
  /** `false` only for data that may be lost, such as that of a test run. */
  fsync?: boolean
  /** A port of 127.0.0.1 to listen on in addition, for tests. */
  loopbackPort?: number
}

/** A running server. */
export type EmbeddedPostgres = {
  /**
   * URL of its database `confab`, for the role that owns it. Without a port it contains the folder of the socket as the
   * parameter `host`, as in libpq, and may be valid in this process only.
   */
  readonly url: string
  /** The same for its superuser. */
  readonly superuserUrl: string
  /** A description for the log. */
  readonly description: string
  /** Stops it in order, and releases the folder. */
  stop: () => Promise<void>
}

/**
 * Starts the server on a data folder that no other process uses.
 * @throws {EmbeddedStoreError} when an earlier server does not end
 * @throws {PostgresStartError} when it does not start
 */
export async function serveCluster (cluster: Cluster, options: ServeOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? SILENT
  if (cluster.notice !== undefined) log.warn({}, cluster.notice)
  const sockets = openSocketFolder(cluster.folder, socketName(options.loopbackPort))
  try {
    const server = await Supervisor.start(() => startServer(cluster, sockets.path, options), log)
    return {
      ...urlsOf(sockets.path, options),
      description: `embedded Postgres ${cluster.binaries.version} in ${cluster.folder}`,
      stop: async () => {
        await server.stop()
        sockets.close()
      }
    }
  } catch (error) {
    sockets.close()
    throw error
  }
}

async function startServer (
  { folder, identity, binaries: { postgres, major } }: Cluster, socketFolder: string, options: ServeOptions
): Promise<PostgresProcess> {
  const { connections = DEFAULT_CONNECTIONS, fsync, loopbackPort, log = SILENT } = options
  const args = ['-D', folder, ...serverArguments({ connections, major, fsync, loopbackPort })]
  await endPreviousServer(folder, path.join(socketFolder, socketName(options.loopbackPort)))
  return startWhenFree(folder, () =>
    startPostgresProcess({ identity, program: postgres, args }, (line) => note(line, log))
  )
}

/**
 * The log of Postgres contains neither statements nor values; its errors are reported by the process that caused them.
 */
function note ({ severity, text }: LogLine, log: EmbeddedLog): void {
  if (severity === 'PANIC') log.error({ postgres: severity }, text)
  else log.debug({ postgres: severity }, text)
}

function urlsOf (
  socketFolder: string,
  { loopbackPort }: ServeOptions
): Pick<EmbeddedPostgres, 'url' | 'superuserUrl'> {
  const [server, parameters] = loopbackPort === undefined
    ? ['localhost', `?host=${encodeURIComponent(socketFolder)}`]
    : [`127.0.0.1:${String(loopbackPort)}`, '']
  const urlFor = (role: string) => `postgres://${role}@${server}/${DATABASE}${parameters}`
  return { url: urlFor(OWNER), superuserUrl: urlFor(SUPERUSER) }
}
