/**
 * The settings of the embedded server. They are passed on its command line, so that no file in its folder overrides
 * them.
 */

/** The name of the socket ends with this number; no TCP port is opened. */
const SOCKET_NUMBER = 5_432
/** Connections in addition to those of the pool: two of a migration, one of an administrator, and the reserved ones. */
const SPARE_CONNECTIONS = 6

/** The name of the server's socket in its data folder. */
export function socketName (port: number = SOCKET_NUMBER): string {
  return `.s.PGSQL.${String(port)}`
}

/** How a server runs. */
export type ServerOptions = {
  /** Maximum number of open connections. */
  connections: number
  /** The major version of the server. */
  major: number
  /** `false` only for data that may be lost, such as that of a test run; `true` by default. */
  fsync?: boolean | undefined
  /** A port of 127.0.0.1 to listen on in addition, for tests; none by default. */
  loopbackPort?: number | undefined
}

/** The arguments of `postgres`, e.g. `-c fsync=on`. */
export function serverArguments ({ connections, major, fsync = true, loopbackPort }: ServerOptions): string[] {
  const durable = fsync ? 'on' : 'off'
  const settings = {
    listen_addresses: loopbackPort === undefined ? '' : '127.0.0.1',
    port: loopbackPort ?? SOCKET_NUMBER,
    // Relative to the data folder, which is the server's working folder: an absolute path may be too long for a socket.
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
  return {
    fsync: durable,
    full_page_writes: durable,
    synchronous_commit: durable,
    // After a crash the files of the folder are flushed by one call: one by one they take seconds on a busy disk.
    ...process.platform === 'linux' && { recovery_init_sync_method: 'syncfs' }
  }
}

/** Suitable for a small machine: one database of one application, with neither replication nor parallel queries. */
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
    // The asynchronous input of Postgres 18 needs three more processes.
    ...(major >= 18 && { io_method: 'sync' })
  }
}

/** Neither statements nor values are logged: they contain texts of messages and secrets of accounts. */
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
