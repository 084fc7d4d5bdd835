/** The settings of the embedded server. They are given on its command line, which no file in its folder overrides. */

/** The name of the socket in its folder ends with this number; no TCP port is opened. */
const SOCKET_NUMBER = 5_432
/** Connections beside those of the pool: two of a migration, one of an administrator, and the reserved ones. */
const SPARE_CONNECTIONS = 6

/** The name of the server's socket in its data folder. */
export function socketName (port: number = SOCKET_NUMBER): string {
  return `.s.PGSQL.${String(port)}`
}

/** How a server is to run. */
export type ServerOptions = {
  /** Connections that are open at once, at most. */
  connections: number
  /** The major version of the server. */
  major: number
  /** `false` only for data that may be lost, as that of a test run; `true` by default. */
  fsync?: boolean | undefined
  /** A port of 127.0.0.1 to listen on as well, for tests; none by default. */
  loopbackPort?: number | undefined
}

/** The arguments of `postgres`, e.g. `-c fsync=on`. */
export function serverArguments ({ connections, major, fsync = true, loopbackPort }: ServerOptions): string[] {
  const durable = fsync ? 'on' : 'off'
  const settings = {
    listen_addresses: loopbackPort === undefined ? '' : '127.0.0.1',
    port: loopbackPort ?? SOCKET_NUMBER,
    // Relative to the data folder, which is the server's working folder: an absolute path may be longer than a
    // socket's.
    unix_socket_directories: '.',
    unix_socket_permissions: '0700',
    max_connections: connections + SPARE_CONNECTIONS,
    ...durability(durable),
    ...memory(major),
    ...privacy(),
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C'
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${String(value)}`])
}

function durability (durable: string) {
  return { fsync: durable, full_page_writes: durable, synchronous_commit: durable }
}

/** Fit for a small machine: one database of one application, with neither replication nor parallel queries. */
function memory (major: number) {
  return {
    shared_buffers: '32MB',
    work_mem: '4MB',
    maintenance_work_mem: '32MB',
    max_wal_size: '256MB',
    min_wal_size: '32MB',
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_logical_replication_workers: 0,
    max_parallel_workers_per_gather: 0,
    max_parallel_maintenance_workers: 0,
    jit: 'off',
    // The asynchronous input of Postgres 18 keeps three processes.
    ...(major >= 18 && { io_method: 'sync' })
  }
}

/** Neither statements nor values reach the log: they hold the texts of messages and the secrets of accounts. */
function privacy () {
  return {
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '',
    log_checkpoints: 'off',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length_on_error: 0
  }
}
