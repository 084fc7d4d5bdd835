/** `/v1/files`: files are announced, looked at and deleted. */
import Type from 'typebox'
import { MAX_GIVEN_NAME_LENGTH } from '../../../domain/files/file-name.ts'
import { json, noBody } from '../../http/answers.ts'
import { servicesOf } from '../../http/idempotency.ts'
import { limitedAs } from '../../http/quotas.ts'
import type { Scope } from '../../http/scope.ts'
import { readerOf } from '../messages/chat.ts'
import { FILES } from '../tags.ts'
import { encodeFile, encodeUpload, EXAMPLE_FILE, EXAMPLE_UPLOAD, FileParams, FileSchema, UploadSchema } from './file.ts'

const MAX_ID_LENGTH = 64
/** A media type without parameters (RFC 6838, 4.2). */
const MEDIA_TYPE = '^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$'

const NewFileBody = Type.Object(
  {
    chat: Type.String({ maxLength: MAX_ID_LENGTH, description: 'The chat of the message that it is for.' }),
    name: Type.String({
      minLength: 1,
      maxLength: MAX_GIVEN_NAME_LENGTH,
      description: 'Folders before it are left out, and characters that could deceive are replaced.'
    }),
    size: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Of the content, in bytes.' }),
    content_type: Type.String({
      pattern: MEDIA_TYPE,
      description: 'The content decides; this counts between formats that look alike, such as archives.'
    })
  },
  {
    additionalProperties: false,
    examples: [{ chat: 'order-4711', name: 'parcel.jpg', size: 201_334, content_type: 'image/jpeg' }]
  }
)

/** Adds the route. */
export function createFile (app: Scope): void {
  app.post(
    '/',
    {
      config: {
        ...limitedAs('files'),
        errors: [
          'files_off', 'user_required', 'unknown_chat', 'forbidden', 'chat_frozen', 'feature_off', 'file_too_large',
          'file_quota', 'storage_unavailable'
        ]
      },
      schema: {
        operationId: 'createFile',
        tags: [FILES],
        summary: 'Announce a file',
        description:
          'Then send its content with `upload`, and name the file in `attachments` of a message, within a day. Takes ' +
          '`post` in the chat. An API key does it on behalf of a user only.',
        body: NewFileBody,
        response: {
          201: json(
            'Its id, and how to send the content.',
            Type.Object({ file: Type.String(), upload: UploadSchema }),
            { file: EXAMPLE_FILE.file, upload: EXAMPLE_UPLOAD }
          )
        }
      }
    },
    async (request, reply) => {
      const { content_type: contentType, ...file } = request.body
      const { id, ...upload } = await servicesOf(request).files.create(readerOf(request), { ...file, contentType })
      return reply.code(201).send({ file: id, upload: encodeUpload(upload) })
    }
  )
}

/** Adds the route. */
export function getFile (app: Scope): void {
  app.get(
    '/:file',
    {
      config: {
        ...limitedAs('downloads'),
        errors: ['files_off', 'unknown_file', 'forbidden', 'size_differs', 'overloaded', 'storage_unavailable']
      },
      schema: {
        operationId: 'getFile',
        tags: [FILES],
        summary: 'Get a file',
        description:
          'For who sees its message; before it has one, for its sender, who also gets a new `upload` until the ' +
          'content is there. The links are yours for five minutes: get the file again for new ones.',
        params: FileParams,
        response: { 200: json('The file.', FileSchema, EXAMPLE_FILE) }
      }
    },
    async (request) => encodeFile(await app.services.files.find(readerOf(request), request.params.file))
  )
}

/** Adds the route. */
export function deleteFile (app: Scope): void {
  app.delete(
    '/:file',
    {
      config: { ...limitedAs('files'), errors: ['files_off', 'unknown_file', 'forbidden', 'file_attached'] },
      schema: {
        operationId: 'deleteFile',
        tags: [FILES],
        summary: 'Delete a file',
        description: 'One that belongs to no message: with the message its files are deleted, too.',
        params: FileParams,
        response: { 204: noBody('It is deleted.') }
      }
    },
    async (request, reply) => {
      await app.services.files.remove(readerOf(request), request.params.file)
      return reply.code(204).send(null)
    }
  )
}
