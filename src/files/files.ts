/**
 * The port of the storage of files. A file has an *upload*, which its sender writes and may write again until it is
 * looked at, and then a *content*, which never changes, perhaps with a thumbnail.
 *
 * An adapter guarantees: what `keep` or `receive` resolved for is durable; `keep` makes a content of exactly the upload
 * that was looked at, however often another one is sent meanwhile; `remove` of what is not there does nothing. It
 * bounds the time of everything but the transfer of a body. All methods reject with {@link StorageError} while the
 * storage cannot be reached.
 */
import type { Readable } from 'node:stream'

/** What was uploaded: its size in bytes, and a tag that no other upload of the file has. */
export type Upload = { readonly size: number, readonly tag: string }

/** A part of a file: bytes from `start` up to and including `end`. */
export type Range = { readonly start: number, readonly end: number }

/** What can be downloaded of a file. */
export type Variant = 'content' | 'thumbnail'

/** A request by which a client sends or gets a content. */
export type Link = { url: string, headers: Record<string, string>, expiresAt: Date }

/** What becomes of an upload. */
export type Kept = {
  /** Replaces what was uploaded. */
  content?: Buffer | undefined
  thumbnail?: Buffer | undefined
  /** The type with which it is downloaded, and the header `Content-Disposition`. */
  servedType: string
  disposition: string
}

/** A content from elsewhere, of so many bytes. */
export type NewContent = Omit<Kept, 'content'> & { readonly size: number, readonly read: () => Readable }

/** Contents go through this server. */
export type ServerTransfer = {
  readonly kind: 'server'
  /**
   * Reads an upload. The first whole one is kept.
   * @param size the bytes that it must have
   * @param onProgress called with each part
   * @throws {SizeError} with another size
   */
  receive: (file: string, body: Readable, size: number, onProgress: () => void) => Promise<void>
  /** Opens a content. Rejects when there is none. */
  open: (file: string, variant: Variant) => Promise<OpenContent>
}

/** A content to read, or to close unread. */
export type OpenContent = { readonly size: number, read: (range?: Range) => Readable, close: () => Promise<void> }

/** Clients are sent to the storage itself. */
export type LinkTransfer = {
  readonly kind: 'links'
  uploadLink: (file: string, size: number, lifeMs: number) => Promise<Link>
  downloadLink: (file: string, variant: Variant, lifeMs: number) => Promise<Link>
}

/** See the head of this file. */
export type FileStorage = {
  /** What it is, for the log; contains no credential. */
  readonly description: string
  readonly transfer: ServerTransfer | LinkTransfer
  /** Returns the upload of a file; undefined while there is none. */
  findUpload: (file: string) => Promise<Upload | undefined>
  /** Reads a part of an upload. Rejects when it was replaced. */
  readUpload: (file: string, upload: Upload, range: Range) => Promise<Buffer>
  /** Makes a content of an upload. Rejects when it was replaced. */
  keep: (file: string, upload: Upload, kept: Kept) => Promise<void>
  /** Reads a content as a whole, for an export; undefined when there is none. Its body must be read, or destroyed. */
  readContent: (file: string, variant: Variant) => Promise<{ size: number, body: Readable } | undefined>
  /** Stores a content without an upload, for an import. It replaces one that is there. */
  writeContent: (file: string, content: NewContent) => Promise<void>
  /** Deletes all of a file, or only what was uploaded. */
  remove: (file: string, what: 'all' | 'upload') => Promise<void>
  /** Deletes what uploads have left that were broken off by the end of a process. */
  removeLeftovers: () => Promise<void>
}

/** The storage cannot do it now. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
}

/** The body of an upload has another size than was announced. */
export class SizeError extends Error {
  override readonly name = 'SizeError'
}
