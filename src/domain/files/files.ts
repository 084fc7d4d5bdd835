/** Files of chats: sent by members, kept with the message that names them, and shown to those who see it. */
import type { FileStorage, Link, OpenContent, Variant } from '../../files/files.ts'
import { servingOf } from '../../files/content/content-type.ts'
import { THUMBNAIL_TYPE } from '../../files/content/thumbnail.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/files.ts'
import type { FileRow } from '../../store/files.ts'
import type { UnitOfWork } from '../../store/unit-of-work.ts'
import { type Caller, requireAccess } from '../chats/chat-reader.ts'
import { ChatError } from '../errors.ts'
import { requireFileAccess } from './access.ts'
import { completeUpload, orUnavailable } from './complete.ts'
import { FILE_ID, newFileId } from './file-id.ts'
import { cleanFileName, dispositionOf } from './file-name.ts'
import { Links, type Purpose } from './links.ts'
import { receiveUpload, type IncomingUpload } from './receive.ts'

/** An upload may begin for so long. */
export const UPLOAD_LIFE_MS = 3_600_000
/** A download may begin for so long. */
export const DOWNLOAD_LIFE_MS = 300_000

/** A file to send. */
export type NewFile = { chat: string, name: string, size: number, contentType: string }

/** A file with what its caller may do now: send its content, or get it. */
export type FileView = {
  row: FileRow
  upload: Link | undefined
  content: Link | undefined
  thumbnail: Link | undefined
}

/** A content to send to a client. */
export type Download = OpenContent & {
  /** Strong, since contents do not change. */
  etag: string
  servedType: string
  disposition: string
}

/** Dependencies of the files. */
export type FilesDeps = {
  orm: Orm
  /** Without one there are no files. */
  storage: FileStorage | undefined
  /** Keys of links: the first signs. */
  secrets: readonly string[]
  maxBytes: number
  quotaBytes: number
  /** Begins the links to contents that pass through this server: an origin. */
  origin: string
}

/** See the head of this file. */
export class Files {
  readonly #deps: FilesDeps
  readonly #links: Links

  constructor (deps: FilesDeps) {
    this.#deps = deps
    this.#links = new Links(deps.secrets)
  }

  /** The files in a unit. */
  within ({ orm }: UnitOfWork): Pick<Files, 'create'> {
    return new Files({ ...this.#deps, orm })
  }

  /**
   * Begins a file of a user.
   * @returns its id, and how to send its content
   * @throws {ChatError} `files_off`, `user_required` for a key by itself, `unknown_chat`, `forbidden`, `chat_frozen`,
   * `feature_off`, `invalid_input`, `file_too_large`, `file_quota`
   */
  async create (caller: Caller, { chat, name: givenName, size, contentType }: NewFile): Promise<Link & { id: string }> {
    const storage = this.#requireStorage()
    const { orm, maxBytes, quotaBytes } = this.#deps
    const { userId } = caller
    if (userId === null) throw new ChatError('user_required')
    const { chatId, permissions, definition, isFrozen } = await requireAccess(orm, caller, chat)
    if (!permissions.includes('post')) throw new ChatError('forbidden')
    if (isFrozen && !permissions.includes('moderate')) throw new ChatError('chat_frozen')
    if (!definition.features.attachments) throw new ChatError('feature_off')
    const name = cleanFileName(givenName)
    if (size > maxBytes) throw new ChatError('file_too_large')
    const id = newFileId()
    const file = { id, chatId, userId, name, size, declaredType: contentType.toLowerCase() }
    if (!(await store.insertFile(orm, file, quotaBytes))) throw new ChatError('file_quota')
    return { id, ...await this.#uploadLink(storage, { id, size, userId }) }
  }

  /**
   * Returns a file with links to its content, or, to its sender, for sending it.
   * @throws {ChatError} `files_off`, `unknown_file`, `forbidden`, `storage_unavailable`; `size_differs` when what was
   * sent has another size
   */
  async find (caller: Caller, id: string): Promise<FileView> {
    const storage = this.#requireStorage()
    let row = await this.#require(id)
    await requireFileAccess(this.#deps.orm, caller, row)
    if (row.completedAt === null && storage.transfer.kind === 'links') row = await this.#tryComplete(storage, row)
    const isOwn = row.userId === caller.userId
    if (row.completedAt === null)
      return {
        row, upload: isOwn ? await this.#uploadLink(storage, row) : undefined, content: undefined, thumbnail: undefined
      }
    const linkTo = (variant: Variant) => this.#downloadLink(storage, row, caller.userId, variant)
    return {
      row,
      upload: undefined,
      content: await linkTo('content'),
      thumbnail: row.hasThumbnail ? await linkTo('thumbnail') : undefined
    }
  }

  /**
   * Deletes a file that belongs to no message.
   * @throws {ChatError} `files_off`, `unknown_file`, `file_attached`
   */
  async remove (caller: Caller, id: string): Promise<void> {
    this.#requireStorage()
    const row = await this.#require(id)
    await requireFileAccess(this.#deps.orm, caller, row)
    if (row.messageSeq !== null) throw new ChatError('file_attached')
    if (await store.removeUnattached(this.#deps.orm, id)) return
    const isAttached = (await store.findFile(this.#deps.orm, id))?.messageSeq != null
    throw new ChatError(isAttached ? 'file_attached' : 'unknown_file')
  }

  /**
   * Looks at the contents of files that a user is about to attach, where that was not done yet. Whether they may be
   * attached is decided by the transaction of the message.
   * @throws {ChatError} `files_off`, `file_incomplete`, `size_differs`, `storage_unavailable`
   */
  async prepare (userId: number, ids: readonly string[]): Promise<void> {
    const storage = this.#requireStorage()
    const known = ids.filter((id) => FILE_ID.test(id))
    const rows = known.length === 0 ? [] : await store.listIncomplete(this.#deps.orm, userId, known)
    for (const row of rows) {
      if (storage.transfer.kind === 'server') throw new ChatError('file_incomplete')
      await completeUpload(this.#deps.orm, storage, row)
    }
  }

  /**
   * Reads a content that is sent through this server.
   * @throws {ChatError} `invalid_link`, `unknown_file`, `file_complete`, `size_differs`, `overloaded`,
   * `storage_unavailable`; `invalid_input` when it is broken off
   */
  async receive (id: string, token: string, upload: IncomingUpload): Promise<void> {
    const storage = this.#requireStorage()
    const { transfer } = storage
    if (transfer.kind !== 'server') throw new ChatError('unknown_file')
    this.#links.verify(token, { file: id, purpose: 'upload' })
    const row = await this.#require(id)
    await receiveUpload(this.#deps.orm, { ...storage, transfer }, row, upload)
  }

  /**
   * Opens a content that is sent through this server, if the one whose link it is may still see it.
   * @throws {ChatError} `invalid_link`, `unknown_file`, `forbidden`, `storage_unavailable`
   */
  async open (id: string, variant: Variant, token: string): Promise<Download> {
    const { transfer } = this.#requireStorage()
    if (transfer.kind !== 'server') throw new ChatError('unknown_file')
    const { userId } = this.#links.verify(token, { file: id, purpose: variant })
    const row = await this.#require(id)
    await requireFileAccess(this.#deps.orm, { userId }, row)
    const { contentType, name } = row
    if (contentType === null || (variant === 'thumbnail' && !row.hasThumbnail)) throw new ChatError('unknown_file')
    const opened = await orUnavailable(transfer.open(id, variant))
    const isThumbnail = variant === 'thumbnail'
    const { servedType, isShown } = isThumbnail
      ? { servedType: THUMBNAIL_TYPE, isShown: true }
      : servingOf({ ...row, contentType })
    const disposition = isThumbnail ? 'inline' : dispositionOf(name, isShown)
    return { ...opened, etag: `"${id}${isThumbnail ? '-t' : ''}"`, servedType, disposition }
  }

  #requireStorage (): FileStorage {
    const { storage } = this.#deps
    if (storage === undefined) throw new ChatError('files_off')
    return storage
  }

  async #require (id: string): Promise<FileRow> {
    const row = FILE_ID.test(id) ? await store.findFile(this.#deps.orm, id) : undefined
    if (row === undefined) throw new ChatError('unknown_file')
    return row
  }

  /** The file after a look at its content, if there is one. */
  async #tryComplete (storage: FileStorage, row: FileRow): Promise<FileRow> {
    try {
      await completeUpload(this.#deps.orm, storage, row)
    } catch (error) {
      if (error instanceof ChatError && error.code === 'file_incomplete') return row
      throw error
    }
    return this.#require(row.id)
  }

  async #uploadLink (
    { transfer }: FileStorage, { id, size, userId }: Pick<FileRow, 'id' | 'size' | 'userId'>
  ): Promise<Link> {
    if (transfer.kind === 'links') return orUnavailable(transfer.uploadLink(id, size, UPLOAD_LIFE_MS))
    return this.#ownLink(id, userId, 'upload', UPLOAD_LIFE_MS)
  }

  async #downloadLink (
    { transfer }: FileStorage, { id }: FileRow, userId: number | null, variant: Variant
  ): Promise<Link> {
    if (transfer.kind === 'links') return orUnavailable(transfer.downloadLink(id, variant, DOWNLOAD_LIFE_MS))
    return this.#ownLink(id, userId, variant, DOWNLOAD_LIFE_MS)
  }

  #ownLink (file: string, userId: number | null, purpose: Purpose, lifeMs: number): Link {
    const endsAt = Date.now() + lifeMs
    const token = this.#links.sign({ file, purpose, userId, endsAt })
    const place = purpose === 'upload' ? 'content' : purpose
    return {
      url: `${this.#deps.origin}/v1/files/${file}/${place}?token=${token}`,
      headers: purpose === 'upload' ? { 'content-type': 'application/octet-stream' } : {},
      expiresAt: new Date(endsAt)
    }
  }
}
