/**
 * A lock on a folder that dies with its process, also by `kill -9`: a Unix socket in the folder on which the holder
 * listens. Node has no file locks; a file with a process id cannot tell a dead holder from another container's
 * process of the same number, while a socket answers exactly as long as its holder lives.
 */
import { createHash } from 'node:crypto'
import { realpath, rename, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

/** Longest path that fits into a `sockaddr_un` everywhere (104 bytes on macOS, 108 on Linux). */
const MAX_SOCKET_PATH = 100
const ATTEMPTS = 5

/** Another process holds the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
  constructor (folder: string) {
    super(`The embedded store in ${folder} is in use by another process. Stop that one first, give this one another DATA_DIR, or set DATABASE_URL to run replicas on Postgres.`)
  }
}

/**
 * Takes the lock.
 * @param folder an existing folder
 * @returns what gives the lock back
 * @throws {FolderInUseError} when a living process holds it
 */
export async function lockFolder (folder: string): Promise<() => Promise<void>> {
  const socketPath = await socketPathFor(folder)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const server = await listen(socketPath)
    if (server !== undefined) return () => new Promise((resolve) => server.close(() => resolve()))
    if (await answers(socketPath)) break
    await removeStale(socketPath)
  }
  throw new FolderInUseError(folder)
}

async function socketPathFor (folder: string): Promise<string> {
  if (process.platform === 'win32') return path.join('\\\\?\\pipe', await realpath(folder), 'lock')
  const inFolder = path.join(await realpath(folder), 'lock')
  if (Buffer.byteLength(inFolder) <= MAX_SOCKET_PATH) return inFolder
  return path.join(os.tmpdir(), `confab-${createHash('sha256').update(inFolder).digest('hex').slice(0, 32)}.lock`)
}

function listen (socketPath: string): Promise<net.Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy())
    server.once('error', (error) => 'code' in error && error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error))
    server.listen(socketPath, () => {
      server.unref()
      resolve(server)
    })
  })
}

function answers (socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Renamed before it is removed: of two processes that find the same dead socket only one can take it away. */
async function removeStale (socketPath: string): Promise<void> {
  const aside = `${socketPath}.${String(process.pid)}`
  try {
    await rename(socketPath, aside)
  } catch {
    return
  }
  if (await answers(aside)) await rename(aside, socketPath)
  else await rm(aside, { force: true })
}
