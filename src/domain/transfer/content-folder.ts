/**
 * A folder with contents of files beside an export: each has the id of its file for a name, a thumbnail `.thumbnail`
 * behind it. `SHA256SUMS` has their sums, as `sha256sum` writes and checks it. A content has its name when it is
 * complete and its sum is noted.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { appendFile, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'

const SUMS = 'SHA256SUMS'
const [OWNER_ONLY, OWNER_ONLY_FOLDER] = [0o600, 0o700]
const LINE = /^([0-9a-f]{64}) {2}([0-9a-f]{32}(?:\.thumbnail)?)$/gm

/** A content of the folder whose sum was verified. */
export type FolderContent = { readonly size: number, readonly read: () => Readable }

/** See the head of this file. */
export class ContentFolder {
  readonly #folder: string
  readonly #sums: Map<string, string>

  private constructor (folder: string, sums: Map<string, string>) {
    this.#folder = folder
    this.#sums = sums
  }

  /** Opens a folder to write contents to; it is made unless it is there. */
  static async make (folder: string): Promise<ContentFolder> {
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER })
    const sums = path.join(folder, SUMS)
    const text = await readFile(sums, 'utf8').catch(() => '')
    // The end of a process may have torn the last line.
    await appendFile(sums, text === '' || text.endsWith('\n') ? '' : '\n', { mode: OWNER_ONLY })
    return ContentFolder.open(folder)
  }

  /** Opens a folder to read contents of. @throws when it has no sums */
  static async open (folder: string): Promise<ContentFolder> {
    const text = await readFile(path.join(folder, SUMS), 'utf8')
    return new ContentFolder(folder, new Map([...text.matchAll(LINE)].map(([, sum = '', name = '']) => [name, sum])))
  }

  /** Whether a content is there, of this size if that is known. */
  async has (name: string, size?: number): Promise<boolean> {
    if (!this.#sums.has(name)) return false
    const found = await stat(this.#pathOf(name)).catch(() => undefined)
    return found !== undefined && (size === undefined || found.size === size)
  }

  /** Writes a content. @returns whether it has this size; nothing is left of one that has not */
  async write (name: string, body: Readable, size?: number): Promise<boolean> {
    const partial = `${this.#pathOf(name)}.partial`
    const hash = createHash('sha256')
    let written = 0
    try {
      const file = await open(partial, 'w', OWNER_ONLY)
      try {
        for await (const chunk of body) {
          if (!Buffer.isBuffer(chunk)) throw new TypeError('A content consists of buffers.')
          hash.update(chunk)
          written += chunk.length
          await file.writeFile(chunk)
        }
        await file.sync()
      } finally {
        await file.close()
      }
      if (size !== undefined && written !== size) return false
      const sum = hash.digest('hex')
      await appendFile(path.join(this.#folder, SUMS), `${sum}  ${name}\n`)
      this.#sums.set(name, sum)
      await rename(partial, this.#pathOf(name))
      return true
    } finally {
      await rm(partial, { force: true })
    }
  }

  /** Returns a content; `differs` if it is not the one that was exported, undefined if there is none. */
  async find (name: string): Promise<FolderContent | 'differs' | undefined> {
    const sum = this.#sums.get(name)
    const found = sum === undefined ? undefined : await stat(this.#pathOf(name)).catch(() => undefined)
    if (found === undefined) return undefined
    const hash = createHash('sha256')
    for await (const chunk of this.#read(name)) if (Buffer.isBuffer(chunk)) hash.update(chunk)
    return hash.digest('hex') === sum ? { size: found.size, read: () => this.#read(name) } : 'differs'
  }

  #read (name: string): Readable {
    return createReadStream(this.#pathOf(name))
  }

  #pathOf (name: string): string {
    return path.join(this.#folder, name)
  }
}
