/**
 * `/v1/files/{file}/content` and `/thumbnail`: contents that pass through this server, by links that are good for some
 * time. The links say who may; no token is looked at.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import Type from 'typebox'
import { DOWNLOAD_LIFE_MS, type Download } from '../../../domain/files/files.ts'
import type { Variant } from '../../../files/files.ts'
import { noBody } from '../../http/answers.ts'
import { allowLongRequest } from '../../http/long-requests.ts'
import type { Scope } from '../../http/scope.ts'
import { FILES } from '../tags.ts'
import { FileParams } from './file.ts'
import { parseRange } from './range.ts'

const MS_PER_S = 1_000
const MAX_TOKEN_LENGTH = 200

const TokenQuery = Type.Object(
  { token: Type.String({ maxLength: MAX_TOKEN_LENGTH, description: 'From the link.' }) },
  { additionalProperties: false }
)
const BYTES = {
  'application/octet-stream': { schema: Type.Unsafe<Readable | null>(Type.String({ format: 'binary' })) }
}

/**
 * Nothing that comes from here runs: it is saved, unless it is an image, and no page may take it for something else. It
 * may be shown in pages of other origins, since its link is known to its user only.
 */
const CONTENT_HEADERS = {
  'content-security-policy': 'sandbox; default-src \'none\'',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'cross-origin',
  'accept-ranges': 'bytes',
  'cache-control': `private, max-age=${String(DOWNLOAD_LIFE_MS / MS_PER_S)}`
}

/** Adds the routes. */
export default async function fileContents (app: Scope): Promise<void> {
  // A body is a stream, whatever it says it is.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, body, done) => done(null, body))
  upload(app)
  download(app, 'content', 'Download a file')
  download(app, 'thumbnail', 'Download the thumbnail of an image')
}

function upload (app: Scope): void {
  const stallMs = app.config.timeouts.requestMs
  app.put(
    '/:file/content',
    {
      config: {
        isFileContent: true,
        errors: [
          'files_off', 'invalid_link', 'unknown_file', 'file_complete', 'size_differs', 'overloaded',
          'storage_unavailable', 'invalid_input', 'unavailable'
        ]
      },
      schema: {
        operationId: 'uploadFile',
        tags: [FILES],
        summary: 'Send the content of a file',
        description: 'By the link in `upload` of the file. The body is the content, with the size that was announced.',
        consumes: ['application/octet-stream'],
        params: FileParams,
        querystring: TokenQuery,
        response: { 204: noBody('The content is there, and does not change any more.') }
      }
    },
    async (request, reply) => {
      const { raw, params: { file }, query: { token } } = request
      // Whatever of the body is not read ends with the connection.
      reply.header('connection', 'close')
      const timer = setTimeout(() => raw.destroy(), stallMs)
      const end = allowLongRequest(raw.socket)
      try {
        await app.services.files.receive(file, token, {
          body: raw, length: lengthOf(request), onProgress: () => timer.refresh()
        })
      } finally {
        clearTimeout(timer)
        end()
      }
      reply.removeHeader('connection')
      return reply.code(204).send(null)
    }
  )
}

function lengthOf ({ headers }: FastifyRequest): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

function download (app: Scope, variant: Variant, summary: string): void {
  app.get(
    `/:file/${variant}`,
    {
      config: {
        isFileContent: true,
        errors: [
          'files_off', 'invalid_link', 'invalid_input', 'unknown_file', 'forbidden', 'storage_unavailable',
          'unavailable'
        ]
      },
      schema: {
        operationId: variant === 'content' ? 'downloadFile' : 'downloadThumbnail',
        tags: [FILES],
        summary,
        description:
          'By a link of the file, while its user may see it. Only images are shown in place; everything else is saved.',
        params: FileParams,
        querystring: TokenQuery,
        response: {
          200: { description: 'The content, with its type.', content: BYTES },
          206: { description: 'The part that `Range` asks for.', content: BYTES },
          304: noBody('You have it.'),
          416: noBody('There is no such part.')
        }
      }
    },
    async (request, reply) => {
      const { params: { file }, query: { token } } = request
      return sendContent(request, reply, await app.services.files.open(file, variant, token))
    }
  )
}

/** Sends a content, or the part that is asked for (RFC 9110, 13 and 14). */
async function sendContent (request: FastifyRequest, reply: FastifyReply, content: Download): Promise<FastifyReply> {
  const { headers: { range: asked, 'if-range': ifRange, 'if-none-match': known }, method } = request
  const { size, etag, servedType, disposition } = content
  reply.headers({ ...CONTENT_HEADERS, etag })
  const endWith = async (status: number) => {
    await content.close()
    return reply.code(status).send('')
  }
  if (known !== undefined && (known === '*' || known.split(',').some((tag) => tag.trim() === etag))) return endWith(304)
  const range = asked === undefined || (ifRange !== undefined && ifRange !== etag) ? undefined : parseRange(asked, size)
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${String(size)}`)
    return endWith(416)
  }
  reply.headers({ 'content-type': servedType, 'content-disposition': disposition })
  reply.header('content-length', range === undefined ? size : range.end - range.start + 1)
  if (range !== undefined)
    reply.code(206).header('content-range', `bytes ${String(range.start)}-${String(range.end)}/${String(size)}`)
  if (method !== 'HEAD') return reply.send(content.read(range))
  await content.close()
  // Fastify answers HEAD by its route for GET, and empties what that sends.
  return reply.send(Readable.from([]))
}
