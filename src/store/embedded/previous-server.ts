/**
 * A server that an earlier process left behind. It ends by itself within moments, unless its watchdog was killed as
 * well: then it is stopped here. Two servers never use one folder.
 */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EmbeddedStoreError } from './errors.ts'
import { PostgresStartError } from './postgres-process.ts'
import { isListening } from './unix-sockets.ts'

/** Interval at which its end is checked, in milliseconds. */
const INTERVAL_MS = 50
/** Time limit for writing its memory to disk, which is little; in milliseconds. */
const LIMIT_MS = 60_000

/**
 * Waits until no server uses a data folder, and stops the one that does.
 * @param socket path of the socket on which a server of this folder listens
 * @throws {EmbeddedStoreError} when it does not end
 */
export async function endPreviousServer (folder: string, socket: string): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  let isAsked = false
  while (await isListening(socket)) {
    if (!isAsked) await askToEnd(folder)
    isAsked = true
    if (performance.now() > deadline) throw inUse(folder)
    await delay(INTERVAL_MS)
  }
}

/**
 * Starts a server, and retries while processes of an earlier one are still ending.
 * @throws {EmbeddedStoreError} when they do not end, and the errors of `start`
 */
export async function startWhenFree<Server> (folder: string, start: () => Promise<Server>): Promise<Server> {
  const deadline = performance.now() + LIMIT_MS
  for (;;) {
    try {
      return await start()
    } catch (error) {
      if (!(error instanceof PostgresStartError && error.isBusy)) throw error
      if (performance.now() > deadline) throw inUse(folder)
      await delay(INTERVAL_MS)
    }
  }
}

async function askToEnd (folder: string): Promise<void> {
  const pid = Number.parseInt(await readFile(path.join(folder, 'postmaster.pid'), 'utf8').catch(() => ''), 10)
  if (!(pid > 1) || !(await isServerOf(folder, pid))) return
  try {
    process.kill(pid, 'SIGINT')
  } catch {
    // It has ended in the meantime, or belongs to another user.
  }
}

/**
 * A process id alone may belong to another process, if the server is in another container: the working folder of a
 * server is its data folder.
 */
async function isServerOf (folder: string, pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const [own, its] = await Promise.all([stat(folder), stat(`/proc/${String(pid)}/cwd`).catch(() => undefined)])
  return its !== undefined && own.dev === its.dev && own.ino === its.ino
}

function inUse (folder: string): EmbeddedStoreError {
  return new EmbeddedStoreError(`Another Postgres uses ${folder} and does not end: stop it first.`)
}
