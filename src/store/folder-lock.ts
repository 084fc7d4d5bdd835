/**
 * A lock on a folder that dies with its process, also by `kill -9`: a Unix socket in the folder on which the holder
 * listens. Node has no file locks; a file with a process id cannot tell a dead holder from another container's
 * process of the same number, while a socket answers exactly as long as its holder lives.
 *
 * Each holder takes the next number, `lock.1`, `lock.2` and so on, and the highest stays behind when it ends. A number
 * is thus never used twice, and whoever found number 4 dead can take nothing but number 5: between looking and taking
 * no other can have come and be overlooked.
 */
import { createHash, randomBytes } from 'node:crypto'
import { link, readdir, realpath, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

/** Longest path to which a number or a random ending can be added and still fit into a `sockaddr_un` everywhere. */
const MAX_BASE_PATH = 84
/** What connecting to a socket says when nobody listens on it. */
const DEAD = ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK']

/** Another process holds the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
  constructor (folder: string) {
    super(
      `The embedded store in ${folder} is in use by another process. Stop that one first, give this one another ` +
      'DATA_DIR, or set DATABASE_URL to run replicas on Postgres.'
    )
  }
}

/**
 * Takes the lock.
 * @param folder an existing folder
 * @returns what gives the lock back
 * @throws {FolderInUseError} when a living process holds it
 */
export async function lockFolder (folder: string): Promise<() => Promise<void>> {
  const base = await basePathFor(folder)
  for (;;) {
    const newest = await newestNumber(base)
    if (newest > 0 && (await answers(numbered(base, newest)))) throw new FolderInUseError(folder)
    const server = await take(base, newest + 1)
    if (server !== undefined) return () => close(server)
  }
}

async function basePathFor (folder: string): Promise<string> {
  const inFolder = path.join(await realpath(folder), 'lock')
  if (Buffer.byteLength(inFolder) <= MAX_BASE_PATH) return inFolder
  return path.join(os.tmpdir(), `confab-${createHash('sha256').update(inFolder).digest('hex').slice(0, 32)}`)
}

/** Takes a number; undefined when another process was faster. */
async function take (base: string, number: number): Promise<net.Server | undefined> {
  // It listens before it has the number, so whoever finds the number and gets no answer has found a dead one.
  const unnamed = `${base}-${randomBytes(6).toString('hex')}`
  const server = await listen(unnamed)
  try {
    await link(unnamed, numbered(base, number))
    if ((await newestNumber(base)) === number) {
      await removeAllBut(base, number)
      return server
    }
  } catch (error) {
    if (!isFailure(error, ['EEXIST', 'ENOENT'])) {
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
  return Math.max(
    0,
    ...names
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number(name.slice(prefix.length)))
      .filter(Number.isSafeInteger)
  )
}

async function removeAllBut (base: string, number: number): Promise<void> {
  const [folder, name] = [path.dirname(base), path.basename(base)]
  const others = (await readdir(folder)).filter(
    (other) => (other.startsWith(`${name}.`) || other.startsWith(`${name}-`)) && other !== `${name}.${String(number)}`
  )
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

/** Whether a process listens there. The kernel answers for one that is busy or stopped. */
function answers (socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error) => resolve(!isFailure(error, DEAD)))
  })
}

function isFailure (error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
