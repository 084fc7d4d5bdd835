/**
 * A lock on a folder that ends with its process, also by `kill -9`: a Unix socket in the folder on which the holder
 * listens. Node has no file locks. A file with a process id cannot distinguish a dead holder from a process with the
 * same id in another container, while a socket answers exactly as long as its holder runs.
 *
 * Each holder takes the next number, `lock.1`, `lock.2` and so on, and the highest one remains when it ends. So a
 * number is never used twice, and a process that found number 4 dead can only take number 5: no other process can take
 * the lock between the check and the creation.
 */
import { randomBytes } from 'node:crypto'
import { link, readdir, rm } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { FolderInUseError, hasCode } from './errors.ts'
import { isListening, openSocketFolder } from './unix-sockets.ts'

/** Maximum length of a socket's name in the folder. */
const LONGEST_NAME = 'lock-0123456789ab'

/**
 * Takes the lock.
 * @param folder an existing folder
 * @returns a function that releases it
 * @throws {FolderInUseError} when a running process holds it
 */
export async function lockFolder (folder: string): Promise<() => Promise<void>> {
  const sockets = openSocketFolder(folder, LONGEST_NAME)
  const base = path.join(sockets.path, 'lock')
  try {
    for (;;) {
      const newest = await newestNumber(base)
      if (newest > 0 && (await isListening(numbered(base, newest)))) throw new FolderInUseError(folder)
      const server = await take(base, newest + 1)
      if (server !== undefined) return () => close(server).finally(() => sockets.close())
    }
  } catch (error) {
    sockets.close()
    throw error
  }
}

/** Whether a running process holds the lock of an existing folder. */
export async function isFolderLocked (folder: string): Promise<boolean> {
  const sockets = openSocketFolder(folder, LONGEST_NAME)
  try {
    const base = path.join(sockets.path, 'lock')
    const newest = await newestNumber(base)
    return newest > 0 && await isListening(numbered(base, newest))
  } finally {
    sockets.close()
  }
}

/** Takes a number; undefined when another process was faster. */
async function take (base: string, number: number): Promise<net.Server | undefined> {
  // It listens before it gets the number, so a process that finds the number and receives no answer has found a dead
  // holder.
  const unnamed = `${base}-${randomBytes(6).toString('hex')}`
  const server = await listen(unnamed)
  try {
    await link(unnamed, numbered(base, number))
    if ((await newestNumber(base)) === number) {
      await removeAllBut(base, number)
      return server
    }
  } catch (error) {
    if (!hasCode(error, 'EEXIST', 'ENOENT')) {
      await close(server)
      throw error
    }
  }
  await close(server)
  return undefined
}

function numbered (base: string, number: number): string {
  return `${base}.${String(number)}`
}

async function newestNumber (base: string): Promise<number> {
  const prefix = `${path.basename(base)}.`
  const names = await readdir(path.dirname(base))
  const numbers = names.filter((name) => name.startsWith(prefix)).map((name) => Number(name.slice(prefix.length)))
  return Math.max(0, ...numbers.filter(Number.isSafeInteger))
}

async function removeAllBut (base: string, number: number): Promise<void> {
  const [folder, name] = [path.dirname(base), path.basename(base)]
  const isLock = (other: string) => other.startsWith(`${name}.`) || other.startsWith(`${name}-`)
  const others = (await readdir(folder)).filter((other) => isLock(other) && other !== `${name}.${String(number)}`)
  await Promise.all(others.map((other) => rm(path.join(folder, other), { force: true })))
}

function listen (socketPath: string): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(socketPath, () => {
      server.unref()
      resolve(server)
    })
  })
}

function close (server: net.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
