/**
 * Pictures of users and chats that are stored here. A picture becomes the avatar of its owner by the change of the
 * profile or of the chat that names its URL, and is deleted with the next one: triggers of the store see to that, so
 * that no other way to change or delete the owner leaves one behind.
 */
import { Readable } from 'node:stream'
import { AvatarError, makeAvatar } from '../../files/content/avatar.ts'
import type { FileStorage } from '../../files/files.ts'
import * as store from '../../store/avatars.ts'
import type { AvatarOwner } from '../../store/avatars.ts'
import type { Orm } from '../../store/database.ts'
import type { Principal } from '../accounts/principal.ts'
import type { OwnProfile, UserProfiles } from '../accounts/user-profiles.ts'
import { requireAccess } from '../chats/chat-reader.ts'
import type { Chats } from '../chats/chats.ts'
import type { Caller } from '../chats/caller.ts'
import { ChatError } from '../errors.ts'
import type { VersionCondition } from '../version-condition.ts'
import { orUnavailable } from './complete.ts'
import { FILE_ID, newFileId } from './file-id.ts'

/** The largest picture that may be sent, in bytes. */
export const MAX_AVATAR_BYTES = 2_097_152
/** Whose turn a picture takes that a key sends by itself. */
const NOBODY = 0

/** Dependencies of the pictures. */
export type AvatarsDeps = {
  orm: Orm
  /** Without one there are no pictures. */
  storage: FileStorage | undefined
  users: Pick<UserProfiles, 'changeOwn'>
  chats: Pick<Chats, 'update'>
  /** Begins the URLs of pictures: where clients reach this installation. */
  publicUrl: string
}

/** See the head of this file. */
export class Avatars {
  readonly #deps: AvatarsDeps

  constructor (deps: AvatarsDeps) {
    this.#deps = deps
  }

  /**
   * Stores a picture as the avatar of a user.
   * @throws {ChatError} `files_off`, `invalid_avatar`, `version_conflict`, `overloaded`, `storage_unavailable`
   */
  async setOwn (principal: Principal, image: Buffer, condition: VersionCondition): Promise<OwnProfile> {
    const { userId } = principal
    return this.#store({ userId }, { image, turn: userId }, (avatar) =>
      this.#deps.users.changeOwn(principal, { avatar }, condition))
  }

  /**
   * Stores a picture as the avatar of a chat.
   * @returns the seq of the event
   * @throws {ChatError} the same, and `unknown_chat`, `forbidden`, `updating`
   */
  async setOfChat (caller: Caller, id: string, image: Buffer, condition: VersionCondition): Promise<number | null> {
    const userId = caller.user?.userId ?? null
    const { chatId, permissions } = await requireAccess(this.#deps.orm, { userId, claim: caller.claim }, id)
    // Decided again by the transaction; here so that nobody else has pictures looked at.
    if (!permissions.includes('update_chat')) throw new ChatError('forbidden')
    return this.#store({ chatId }, { image, turn: userId ?? NOBODY }, async (avatar) =>
      (await this.#deps.chats.update(caller, id, { avatar }, condition)).seq)
  }

  /** The type of the content of a picture. @throws {ChatError} `files_off`, `unknown_file` */
  async findType (id: string): Promise<string> {
    this.#requireStorage()
    const contentType = FILE_ID.test(id) ? await store.findAvatarType(this.#deps.orm, id) : undefined
    if (contentType === undefined) throw new ChatError('unknown_file')
    return contentType
  }

  /**
   * Reads the content of a picture. Its body must be read, or destroyed.
   * @throws {ChatError} `files_off`, `unknown_file`, `storage_unavailable`
   */
  async read (id: string): Promise<{ size: number, body: Readable }> {
    const content = await orUnavailable(this.#requireStorage().readContent(id, 'content'))
    if (content === undefined) throw new ChatError('unknown_file')
    return content
  }

  async #store<Result> (
    owner: AvatarOwner,
    { image, turn }: { image: Buffer, turn: number },
    show: (url: string) => Promise<Result>
  ): Promise<Result> {
    const [storage, { orm, publicUrl }] = [this.#requireStorage(), this.#deps]
    const { contentType, content } = await orUnavailable(madeOf(image, turn))
    const id = newFileId()
    // First, so that a content that nothing comes of is deleted, too.
    await store.insertAvatar(orm, { id, owner, contentType })
    try {
      await orUnavailable(storage.writeContent(id, {
        size: content.length, read: () => Readable.from([content]), servedType: contentType, disposition: 'inline'
      }))
      return await show(`${publicUrl}/v1/avatars/${id}`)
    } catch (error) {
      await store.removeIncompleteAvatar(orm, id).catch(() => undefined)
      throw error
    }
  }

  #requireStorage (): FileStorage {
    const { storage } = this.#deps
    if (storage === undefined) throw new ChatError('files_off')
    return storage
  }
}

async function madeOf (image: Buffer, turn: number) {
  try {
    return await makeAvatar(image, turn)
  } catch (error) {
    throw error instanceof AvatarError ? new ChatError('invalid_avatar', error.message, { cause: error }) : error
  }
}
