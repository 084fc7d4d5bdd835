/**
 * Reads ZIP archives: those with stored and deflated entries below 4 GiB, which is what programs that export text write
 * (APPNOTE.TXT of PKWARE, 4.3). An archive is read from its list of entries at the end, never from front to back.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'

const END_LENGTH = 22
const LONGEST_COMMENT = 65_535
const END_SIGNATURE = 0x06054b50
const ENTRY_SIGNATURE = 0x02014b50
const ENTRY_LENGTH = 46
const LOCAL_LENGTH = 30
const [STORED, DEFLATED] = [0, 8]
const IS_ZIP64 = 0xffffffff
/** Largest list of entries, and largest entry, in bytes. */
const [MAX_LIST, MAX_ENTRY] = [256 * 1_024 * 1_024, 512 * 1_024 * 1_024]

const inflate = promisify(inflateRaw)

type Entry = { offset: number, compressed: number, size: number, method: number }

/** An archive that cannot be read. */
export class ZipError extends Error {
  override readonly name = 'ZipError'
}

/** An open archive. */
export class ZipArchive {
  readonly #file: FileHandle
  readonly #entries: ReadonlyMap<string, Entry>

  private constructor (file: FileHandle, entries: ReadonlyMap<string, Entry>) {
    this.#file = file
    this.#entries = entries
  }

  /** Opens an archive. @throws {ZipError} when it is none, or of a kind that is not read */
  static async open (path: string): Promise<ZipArchive> {
    const file = await open(path)
    try {
      return new ZipArchive(file, await readEntries(file))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** The names of its files, as they are written in it. */
  get names (): string[] {
    return [...this.#entries.keys()].filter((name) => !name.endsWith('/'))
  }

  /** Reads a file. @throws {ZipError} when it is not there, or larger than it says */
  async read (name: string): Promise<Buffer> {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw new ZipError(`There is no ${name} in the archive.`)
    if (entry.size > MAX_ENTRY) throw new ZipError(`${name} in the archive is too large.`)
    const local = await readAt(this.#file, entry.offset, LOCAL_LENGTH)
    const start = entry.offset + LOCAL_LENGTH + local.readUInt16LE(26) + local.readUInt16LE(28)
    const bytes = await readAt(this.#file, start, entry.compressed)
    if (entry.method === STORED) return bytes
    if (entry.method !== DEFLATED) throw new ZipError(`${name} in the archive is packed in a way that is not read.`)
    return inflate(bytes, { maxOutputLength: Math.max(entry.size, 1) })
  }

  async close (): Promise<void> {
    await this.#file.close()
  }
}

async function readEntries (file: FileHandle): Promise<Map<string, Entry>> {
  const { size } = await file.stat()
  const tailLength = Math.min(size, END_LENGTH + LONGEST_COMMENT)
  const tail = await readAt(file, size - tailLength, tailLength)
  let at = tail.length - END_LENGTH
  while (at >= 0 && tail.readUInt32LE(at) !== END_SIGNATURE) at--
  if (at < 0) throw new ZipError('This is no ZIP archive.')
  const [length, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)]
  if (offset === IS_ZIP64 || length > MAX_LIST) throw new ZipError('The archive is too large: unpack it first.')
  return parseEntries(await readAt(file, offset, length))
}

function parseEntries (list: Buffer): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (let at = 0; at + ENTRY_LENGTH <= list.length && list.readUInt32LE(at) === ENTRY_SIGNATURE;) {
    const nameLength = list.readUInt16LE(at + 28)
    const name = list.toString('utf8', at + ENTRY_LENGTH, at + ENTRY_LENGTH + nameLength)
    entries.set(name, {
      method: list.readUInt16LE(at + 10),
      compressed: list.readUInt32LE(at + 20),
      size: list.readUInt32LE(at + 24),
      offset: list.readUInt32LE(at + 42)
    })
    at += ENTRY_LENGTH + nameLength + list.readUInt16LE(at + 30) + list.readUInt16LE(at + 32)
  }
  return entries
}

async function readAt (file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  if (bytesRead < length) throw new ZipError('The archive is cut off.')
  return buffer
}
