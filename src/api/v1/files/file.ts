/** A file in answers. */
import Type, { type Static } from 'typebox'
import { userIdOf } from '../../../domain/accounts/user-id.ts'
import { publicChatId } from '../../../domain/chats/chat-id.ts'
import type { FileView } from '../../../domain/files/files.ts'
import type { Link } from '../../../files/files.ts'

const Time = (description: string) => Type.String({ format: 'date-time', description })
const orNull = <Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema, description: string) =>
  Type.Union([schema, Type.Null()], { description })

/** How the content of a file is sent. */
export const UploadSchema = Type.Object(
  {
    method: Type.Literal('PUT'),
    url: Type.String({ description: 'Takes no token: whoever knows it may send the content.' }),
    headers: Type.Record(Type.String(), Type.String(), { description: 'To be sent with it.' }),
    expires_at: Time('Until then it may begin.')
  },
  { title: 'FileUpload' }
)

/** A file. */
export const FileSchema = Type.Object(
  {
    file: Type.String({ description: 'The id of the file.' }),
    chat: Type.String({ description: 'The id of its chat.' }),
    user: orNull(Type.String(), 'Who has sent it; null when the user is erased.'),
    name: Type.String(),
    content_type: orNull(Type.String(), 'What the content was found to be; null until it is there.'),
    size: Type.Integer({ minimum: 0, description: 'In bytes. That of an image may be less than was announced.' }),
    width: Type.Optional(Type.Integer({ minimum: 1, description: 'Of an image, in pixels.' })),
    height: Type.Optional(Type.Integer({ minimum: 1 })),
    created_at: Time('When it was announced.'),
    message: orNull(Type.Integer({ minimum: 1 }), 'The seq of its message; without one it is deleted after a day.'),
    url: orNull(Type.String(), 'Downloads the content, and takes no token; null until the content is there.'),
    thumbnail_url: orNull(Type.String(), 'The same for a small WebP of an image; null where there is none.'),
    url_expires_at: orNull(Type.String({ format: 'date-time' }), 'Until then a download may begin.'),
    upload: Type.Optional(UploadSchema)
  },
  { title: 'File' }
)

const ID = '5f2b8c1d9e7a4f3b8c6d1e0f2a3b4c5d'

export const EXAMPLE_UPLOAD: Static<typeof UploadSchema> = {
  method: 'PUT',
  url: `https://chat.example.org/v1/files/${ID}/content?token=…`,
  headers: { 'content-type': 'application/octet-stream' },
  expires_at: '2026-11-28T11:15:04.512Z'
}

export const EXAMPLE_FILE: Static<typeof FileSchema> = {
  file: ID,
  chat: 'order-4711',
  user: 'user-17',
  name: 'parcel.jpg',
  content_type: 'image/jpeg',
  size: 184_211,
  width: 1_600,
  height: 1_200,
  created_at: '2026-11-28T10:15:04.512Z',
  message: 118,
  url: `https://chat.example.org/v1/files/${ID}/content?token=…`,
  thumbnail_url: `https://chat.example.org/v1/files/${ID}/thumbnail?token=…`,
  url_expires_at: '2026-11-28T10:20:04.512Z'
}

/** The file in a path. */
export const FileParams = Type.Object({ file: Type.String({ maxLength: 64, description: 'The id of the file.' }) })

/** Encodes how a content is sent. */
export function encodeUpload ({ url, headers, expiresAt }: Link): Static<typeof UploadSchema> {
  return { method: 'PUT', url, headers, expires_at: expiresAt.toISOString() }
}

/** Encodes a file. */
export function encodeFile ({ row, upload, content, thumbnail }: FileView): Static<typeof FileSchema> {
  const { width, height } = row
  return {
    file: row.id,
    chat: publicChatId(row.chatId, row.chosenId),
    user: userIdOf(row.userId, row.username) ?? null,
    name: row.name,
    content_type: row.contentType,
    size: row.size,
    ...(width !== null && height !== null && { width, height }),
    created_at: row.createdAt.toISOString(),
    message: row.messageSeq,
    url: content?.url ?? null,
    thumbnail_url: thumbnail?.url ?? null,
    url_expires_at: content?.expiresAt.toISOString() ?? null,
    ...(upload !== undefined && { upload: encodeUpload(upload) })
  }
}
