/**
 * Files in a folder of this machine, for one process, or for several that share the folder. Whole files appear under
 * their names by a link, after a `fsync`: a process that dies leaves a temporary file, and nothing else.
 */
import { randomUUID } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import {
  type FileStorage, type Kept, type NewContent, type OpenContent, type Range, SizeError, StorageError, type Upload,
  type Variant
} from './files.ts'

const TEMPORARY = 'tmp'
/** A temporary file that was not written to for so long belongs to a process that is gone. */
const LEFTOVER_MS = 3_600_000
/** Files are spread over folders by the beginning of their ids. */
const SPREAD = 2
const OWNER_ONLY = 0o700

/** Opens the storage. The folder is made when it is needed. */
export function openDiskStorage (folder: string): FileStorage {
  const disk = new Disk(folder)
  return {
    description: 'files on disk',
    transfer: {
      kind: 'server',
      receive: (...upload) => disk.receive(...upload),
      open: (...content) => disk.open(...content)
    },
    findUpload: (file) => orStorageError(disk.findUpload(file)),
    readUpload: (file, upload, range) => orStorageError(disk.readUpload(file, upload, range)),
    keep: (file, upload, kept) => orStorageError(disk.keep(file, upload, kept)),
    readContent: (file, variant) => orStorageError(disk.readContent(file, variant)),
    writeContent: (file, content) => orStorageError(disk.writeContent(file, content)),
    remove: (file, what) => orStorageError(disk.remove(file, what)),
    removeLeftovers: () => orStorageError(disk.removeLeftovers())
  }
}

async function orStorageError<Result> (work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    throw error instanceof StorageError ? error : new StorageError('The disk failed.', { cause: error })
  }
}

function hasCode (error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** Whether the name was free. */
async function linkTo (from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

class Disk {
  readonly #folder: string

  constructor (folder: string) {
    this.#folder = folder
  }

  #pathOf (file: string, part: Variant | 'upload'): string {
    return path.join(this.#folder, file.slice(0, SPREAD), part === 'content' ? file : `${file}.${part}`)
  }

  async receive (file: string, body: Readable, size: number, onProgress: () => void): Promise<void> {
    const target = this.#pathOf(file, 'upload')
    const draft = await orStorageError(this.#draft())
    try {
      let written = 0
      // Destroying the body would end the connection before the answer.
      for await (const chunk of body.iterator({ destroyOnReturn: false })) {
        if (!Buffer.isBuffer(chunk)) throw new TypeError('A body consists of buffers.')
        written += chunk.length
        if (written > size) throw new SizeError()
        await orStorageError(draft.handle.writeFile(chunk))
        onProgress()
      }
      if (written < size) throw new SizeError()
      await orStorageError(this.#publish(draft, target, false))
    } finally {
      await draft.discard()
    }
  }

  async open (file: string, variant: Variant): Promise<OpenContent> {
    const handle = await orStorageError(open(this.#pathOf(file, variant)))
    const { size } = await orStorageError(handle.stat())
    return { size, read: (range) => handle.createReadStream({ ...range }), close: () => handle.close() }
  }

  async findUpload (file: string): Promise<Upload | undefined> {
    try {
      const { size, ino } = await stat(this.#pathOf(file, 'upload'), { bigint: true })
      return { size: Number(size), tag: String(ino) }
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    }
  }

  async readUpload (file: string, upload: Upload, { start, end }: Range): Promise<Buffer> {
    const handle = await open(this.#pathOf(file, 'upload'))
    try {
      const { ino } = await handle.stat({ bigint: true })
      if (String(ino) !== upload.tag) throw new StorageError('The upload was replaced.')
      const buffer = Buffer.alloc(end - start + 1)
      let filled = 0
      while (filled < buffer.length) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return buffer.subarray(0, filled)
    } finally {
      await handle.close()
    }
  }

  /** An upload is never replaced while it is there: the first one is kept. */
  async keep (file: string, _upload: Upload, { content, thumbnail }: Kept): Promise<void> {
    if (thumbnail !== undefined) await this.#write(this.#pathOf(file, 'thumbnail'), thumbnail)
    const [upload, target] = [this.#pathOf(file, 'upload'), this.#pathOf(file, 'content')]
    if (content !== undefined) await this.#write(target, content)
    else {
      await rm(target, { force: true })
      await linkTo(upload, target)
      await syncFolder(path.dirname(target))
    }
  }

  async readContent (file: string, variant: Variant): Promise<{ size: number, body: Readable } | undefined> {
    try {
      const handle = await open(this.#pathOf(file, variant))
      return { size: (await handle.stat()).size, body: handle.createReadStream() }
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    }
  }

  async writeContent (file: string, { size, read, thumbnail }: NewContent): Promise<void> {
    if (thumbnail !== undefined) await this.#write(this.#pathOf(file, 'thumbnail'), thumbnail)
    const draft = await this.#draft()
    try {
      for await (const chunk of read()) {
        if (!Buffer.isBuffer(chunk)) throw new TypeError('A content consists of buffers.')
        await draft.handle.writeFile(chunk)
      }
      if ((await draft.handle.stat()).size !== size) throw new StorageError('The content has another size.')
      await this.#publish(draft, this.#pathOf(file, 'content'), true)
    } finally {
      await draft.discard()
    }
  }

  async remove (file: string, what: 'all' | 'upload'): Promise<void> {
    const parts = what === 'all' ? ['upload', 'content', 'thumbnail'] as const : ['upload'] as const
    for (const part of parts) await rm(this.#pathOf(file, part), { force: true })
  }

  async removeLeftovers (): Promise<void> {
    const folder = path.join(this.#folder, TEMPORARY)
    const names = await readdir(folder).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return []
      throw error
    })
    for (const name of names) {
      const draft = path.join(folder, name)
      const found = await stat(draft).catch(() => undefined)
      if (found !== undefined && Date.now() - found.mtimeMs > LEFTOVER_MS) await rm(draft, { force: true })
    }
  }

  async #write (target: string, bytes: Buffer): Promise<void> {
    const draft = await this.#draft()
    try {
      await draft.handle.writeFile(bytes)
      await this.#publish(draft, target, true)
    } finally {
      await draft.discard()
    }
  }

  /** A file without its name yet. */
  async #draft (): Promise<Draft> {
    const folder = path.join(this.#folder, TEMPORARY)
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY })
    const draft = path.join(folder, randomUUID())
    const handle = await open(draft, 'wx', OWNER_ONLY & 0o600)
    return {
      path: draft,
      handle,
      discard: async () => {
        await handle.close().catch(() => undefined)
        await rm(draft, { force: true }).catch(() => undefined)
      }
    }
  }

  /** Gives a file its name, durably. @param replaces whether one that has the name is replaced, or remains */
  async #publish (draft: Draft, target: string, replaces: boolean): Promise<void> {
    await draft.handle.sync()
    await mkdir(path.dirname(target), { recursive: true, mode: OWNER_ONLY })
    if (replaces) await rename(draft.path, target)
    else await linkTo(draft.path, target)
    await syncFolder(path.dirname(target))
  }
}

type Draft = { path: string, handle: FileHandle, discard: () => Promise<void> }

/** A new name is durable after that. Not everywhere can a folder be opened; there it need not be. */
async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined)
  if (handle === undefined) return
  try {
    await handle.sync().catch(() => undefined)
  } finally {
    await handle.close()
  }
}
