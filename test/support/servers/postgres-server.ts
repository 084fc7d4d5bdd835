/** A Postgres server of the run's own, which can be stopped in every way a server can. */
import { chown, chmod, mkdir, rm, writeFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { freePort } from './process.ts'
import type { Scope } from '../scope.ts'
import { isInstalled, Program, runProgram } from './bound-program.ts'

const START_DEADLINE_MS = 60_000
const RETRY_MS = 100
const DEBIAN_FOLDER = '/usr/lib/postgresql'
/** Postgres refuses to run as root. */
const SERVER_USER = process.getuid?.() === 0 ? 'postgres' : undefined

/** What every server is run with: durable, small, and talking to this machine only. */
const SETTINGS = [
  'listen_addresses = \'127.0.0.1\'',
  'synchronous_commit = on',
  'fsync = on',
  'max_connections = 100',
  'shared_buffers = 128MB',
  'wal_level = replica',
  'max_wal_senders = 4',
  'log_min_messages = fatal',
  'log_checkpoints = off',
  'shared_preload_libraries = \'pg_stat_statements\''
]

/** How a server is made. */
export type PostgresOptions = {
  /** Where its files are; the folder must be empty. */
  folder: string
  /** Where the write-ahead log is, if not in the folder. */
  walFolder?: string
  settings?: string[]
}

/** Where the programs of Postgres are; undefined when there are none. */
export async function findPostgres (): Promise<string | undefined> {
  if (isInstalled('initdb')) return ''
  const versions = await readdir(DEBIAN_FOLDER).catch(() => [])
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0]
  return newest === undefined ? undefined : `${DEBIAN_FOLDER}/${newest}/bin/`
}

/** A server with its files. */
export class PostgresServer {
  readonly folder: string
  readonly port: number
  readonly #bin: string
  readonly #scope: Scope
  #program: Program | undefined
  #admin: Sql | undefined

  private constructor (scope: Scope, bin: string, folder: string, port: number) {
    this.#scope = scope
    this.#bin = bin
    this.folder = folder
    this.port = port
  }

  /** Makes an empty server, not started yet, that ends with the scope. */
  static async create (scope: Scope, { folder, walFolder, settings = [] }: PostgresOptions): Promise<PostgresServer> {
    const server = await PostgresServer.#at(scope, folder)
    if (walFolder !== undefined) await giveToServer(walFolder)
    await server.#run('initdb', [
      '-D',
      folder,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale',
      'C',
      '--no-sync',
      ...(walFolder === undefined ? [] : ['--waldir', walFolder])
    ])
    await server.configure([...SETTINGS, `unix_socket_directories = '${folder}'`, ...settings])
    return server
  }

  /** A place for a server that has no files yet; see {@link copyFrom}. */
  static async reserve (scope: Scope, folder: string): Promise<PostgresServer> {
    return PostgresServer.#at(scope, folder)
  }

  /** Takes over the files of a running server as they are now, to be started beside it or in its place. */
  async copyFrom (origin: PostgresServer, { asStandby = false } = {}): Promise<void> {
    const connection = `host=127.0.0.1 port=${String(origin.port)} user=postgres application_name=standby`
    await this.#run('pg_basebackup', [
      '-D',
      this.folder,
      '-d',
      connection,
      '-c',
      'fast',
      '-X',
      'stream',
      ...(asStandby ? ['-R'] : [])
    ])
    await this.configure([`unix_socket_directories = '${this.folder}'`])
  }

  static async #at (scope: Scope, folder: string): Promise<PostgresServer> {
    const bin = await findPostgres()
    if (bin === undefined) throw new Error('There is no initdb on the PATH or in /usr/lib/postgresql.')
    await mkdir(folder, { recursive: true })
    await giveToServer(folder)
    const server = new PostgresServer(scope, bin, folder, await freePort())
    scope.teardown(async () => {
      await server.stop('immediate')
      await rm(folder, { recursive: true, force: true })
    })
    return server
  }

  /** Where it is. */
  get url (): string {
    return `postgres://postgres@127.0.0.1:${String(this.port)}/postgres`
  }

  /** A connection for whoever breaks things; it comes back by itself. */
  get admin (): Sql {
    return (this.#admin ??= postgres(this.url, {
      max: 2,
      connect_timeout: 5,
      idle_timeout: 5,
      backoff: () => 0.1,
      onnotice: () => undefined,
      connection: { application_name: 'faults', statement_timeout: 0, lock_timeout: 0 }
    }))
  }

  /** Adds lines to the configuration, for the next start or reload. */
  async configure (lines: string[]): Promise<void> {
    await writeFile(path.join(this.folder, 'postgresql.conf'), `${lines.join('\n')}\n`, { flag: 'a' })
  }

  /** Changes settings while it runs. */
  async set (settings: Record<string, string>): Promise<void> {
    for (const [name, value] of Object.entries(settings))
      await this.admin.unsafe(`alter system set ${name} = '${value}'`)
    await this.admin`select pg_reload_conf()`
  }

  /** Starts it and waits until it answers; tries again where the last run is still in the way. */
  async start (): Promise<void> {
    const end = Date.now() + START_DEADLINE_MS
    while (Date.now() < end) {
      if (this.#program?.isRunning !== true) {
        this.#program = new Program(this.#scope, `${this.#bin}postgres`, {
          parameters: ['-D', this.folder, '-p', String(this.port)],
          user: SERVER_USER
        })
      }
      if (await this.isUp()) return
      await delay(RETRY_MS)
    }
    throw new Error(`Postgres does not start: ${this.#program?.output ?? ''}`)
  }

  /** Whether it takes connections. */
  async isUp (): Promise<boolean> {
    return answersQueries(this.url)
  }

  /** Stops it: `fast` ends what is under way in order, `immediate` and `killed` as a crash does. */
  async stop (how: 'fast' | 'immediate' | 'killed'): Promise<void> {
    await this.#admin?.end({ timeout: 0 })
    this.#admin = undefined
    await this.#program?.end(({ fast: 'SIGINT', immediate: 'SIGQUIT', killed: 'SIGKILL' } as const)[how])
  }

  /** Makes a standby the primary. */
  async promote (): Promise<void> {
    await this.admin`select pg_promote(true, 30)`
  }

  /** Takes over the files of a backup in place of its own, to be recovered at the next start. */
  async restoreFrom (backup: PostgresServer): Promise<void> {
    await rm(this.folder, { recursive: true })
    await runProgram('cp', ['-a', backup.folder, this.folder])
    await this.configure([`unix_socket_directories = '${this.folder}'`])
    await this.signalRecovery()
  }

  /** Has the next start recover the backup that the files are, to its end: that begins another timeline. */
  async signalRecovery (): Promise<void> {
    await this.configure([
      'restore_command = \'false\'',
      'recovery_target = \'immediate\'',
      'recovery_target_action = \'promote\''
    ])
    await writeFile(path.join(this.folder, 'recovery.signal'), '')
  }

  /** Waits until it takes writes. */
  async promoted (): Promise<void> {
    const end = Date.now() + START_DEADLINE_MS
    for (;;) {
      const [row] = await this.admin<{ standby: boolean }[]>`select pg_is_in_recovery() as standby`
      if (row?.standby === false) return
      if (Date.now() > end) throw new Error('Postgres does not end its recovery.')
      await delay(RETRY_MS)
    }
  }

  async #run (program: string, parameters: string[]): Promise<void> {
    await runProgram(this.#bin + program, parameters, { user: SERVER_USER, cwd: '/' })
  }
}

async function giveToServer (folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  if (SERVER_USER !== undefined) {
    const idOf = async (which: string) => Number(await runProgram('id', [which, SERVER_USER]))
    await chown(folder, await idOf('-u'), await idOf('-g'))
  }
  await chmod(folder, 0o700)
}

/** Whether a server, or a pooler in front of it, answers a query now. */
export async function answersQueries (url: string): Promise<boolean> {
  const probe = postgres(url, { max: 1, connect_timeout: 2, prepare: false, onnotice: () => undefined })
  try {
    await probe`select 1`
    return true
  } catch {
    return false
  } finally {
    await probe.end({ timeout: 0 })
  }
}
