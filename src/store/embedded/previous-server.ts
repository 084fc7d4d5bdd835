/**
 * A server that an earlier process left behind. It ends by itself within moments, unless what has it ended was killed
 * as well: then it is ended here. Two never use one folder.
 */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EmbeddedStoreError } from './errors.ts'
import { PostgresStartError } from './postgres-process.ts'
import { isListening } from './unix-sockets.ts'

/** Between two looks at whether it has ended, in milliseconds. */
const INTERVAL_MS = 50
/** It writes out all that it has in memory before it ends, which is little; in milliseconds. */
const LIMIT_MS = 60_000

/**
 * Waits until no server uses a data folder, and ends the one that does.
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
 * Starts a server, again as long as processes of an earlier one are still ending.
 * @throws {EmbeddedStoreError} when they do not end, and whatever else `start` throws
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
    // It has ended meanwhile, or is another user's.
  }
}

/**
 * A number alone may be that of another process, if the server is in another container: a server works in its folder.
 */
async function isServerOf (folder: string, pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const [own, its] = await Promise.all([stat(folder), stat(`/proc/${String(pid)}/cwd`).catch(() => undefined)])
  return its !== undefined && own.dev === its.dev && own.ino === its.ino
}

function inUse (folder: string): EmbeddedStoreError {
  return new EmbeddedStoreError(`Another Postgres uses ${folder} and does not end: stop it first.`)
}
