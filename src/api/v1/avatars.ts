/** Pictures of users and chats: they are sent as they are, and shown by URLs that take no token. */
import type { FastifyReply } from 'fastify'
import { Readable } from 'node:stream'
import Type from 'typebox'
import { MAX_AVATAR_BYTES } from '../../domain/files/avatars.ts'
import { json, noBody } from '../http/answers.ts'
import { principalOf, requireCaller } from '../http/principals.ts'
import { limitedAs } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { callerOf } from './caller.ts'
import { ChatParams, IN_CHAT_PATH } from './chat-path.ts'
import { sendChat, writtenChat } from './written-chat.ts'
import { conditionOf, etagOf, IF_MATCH } from './etag.ts'
import { CHATS, FILES, USERS } from './tags.ts'
import { encodeOwnUser, EXAMPLE_OWN_USER, OwnUserSchema } from './user.ts'

const OWN_PATH = '/me/avatar'
const CHAT_AVATAR_PATH = `${IN_CHAT_PATH}/avatar`
const BINARY = Type.String({ format: 'binary' })

/** An avatar never changes: another picture has another URL. Only its reader may keep it, since it may be erased. */
const CONTENT_HEADERS = {
  'cache-control': 'private, max-age=31536000, immutable',
  'content-disposition': 'inline',
  'content-security-policy': 'sandbox; default-src \'none\'',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'cross-origin'
}

const PUT_ERRORS = [
  'invalid_avatar', 'files_off', 'version_conflict', 'overloaded', 'storage_unavailable', 'insufficient_scope'
] as const
const OF_CHAT_ERRORS = ['unknown_chat', 'forbidden', 'updating', 'version_conflict', 'insufficient_scope'] as const

const PICTURE =
  'The body is a PNG, JPEG, WebP or GIF of at most 2 MiB. It is cut to a square of at most 256 pixels and coded ' +
  'anew, without metadata; a moving one stands still. The picture before it is deleted.'

/** Adds the routes, each with its whole path. */
export default async function avatars (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:write', isNarrowed: true })
    takePictures(scope)
    putOwn(scope)
    removeOwn(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'chats:write' })
    takePictures(scope)
    putOfChat(scope)
    removeOfChat(scope)
  })
  show(app)
}

/** A body is bytes, whatever it says it is: the bytes decide. */
function takePictures (app: Scope): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/** Nothing is no picture. */
function pictureOf ({ body }: { body: unknown }): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0)
}

function putOwn (app: Scope): void {
  app.put(
    OWN_PATH,
    {
      bodyLimit: MAX_AVATAR_BYTES,
      config: { ...limitedAs('profiles'), errors: PUT_ERRORS },
      schema: {
        operationId: 'putMyAvatar',
        tags: [USERS],
        summary: 'Send your own picture',
        description: PICTURE,
        consumes: ['application/octet-stream'],
        headers: Type.Object(IF_MATCH),
        response: { 200: json('The changed profile.', OwnUserSchema, EXAMPLE_OWN_USER) }
      }
    },
    async (request, reply) => {
      const { avatars, epoch } = app.services
      const user = await avatars.setOwn(principalOf(request), pictureOf(request), conditionOf(request))
      return reply.header('etag', etagOf(user.version)).send(encodeOwnUser(user, epoch.current))
    }
  )
}

function removeOwn (app: Scope): void {
  app.delete(
    OWN_PATH,
    {
      config: { ...limitedAs('profiles'), errors: ['version_conflict', 'insufficient_scope'] },
      schema: {
        operationId: 'deleteMyAvatar',
        tags: [USERS],
        summary: 'Remove your own picture',
        description: 'Also one that is stored elsewhere: `avatar` is null then.',
        headers: Type.Object(IF_MATCH),
        response: { 200: json('The changed profile.', OwnUserSchema, { ...EXAMPLE_OWN_USER, avatar: null }) }
      }
    },
    async (request, reply) => {
      const { users, epoch } = app.services
      const user = await users.changeOwn(principalOf(request), { avatar: null }, conditionOf(request))
      return reply.header('etag', etagOf(user.version)).send(encodeOwnUser(user, epoch.current))
    }
  )
}

function putOfChat (app: Scope): void {
  app.put(
    CHAT_AVATAR_PATH,
    {
      bodyLimit: MAX_AVATAR_BYTES,
      config: { ...limitedAs('chats'), errors: [...PUT_ERRORS, ...OF_CHAT_ERRORS] },
      schema: {
        operationId: 'putChatAvatar',
        tags: [CHATS],
        summary: 'Send the picture of a chat',
        description: `Takes \`update_chat\`. ${PICTURE}`,
        consumes: ['application/octet-stream'],
        params: ChatParams,
        headers: Type.Object(IF_MATCH),
        response: { 200: writtenChat('It is changed.') }
      }
    },
    async (request, reply) => {
      const { params: { chat: id } } = request
      const seq = await app.services.avatars.setOfChat(
        callerOf(request), id, pictureOf(request), conditionOf(request)
      )
      return sendChat(request, reply, { id, seq })
    }
  )
}

function removeOfChat (app: Scope): void {
  app.delete(
    CHAT_AVATAR_PATH,
    {
      config: { ...limitedAs('chats'), errors: OF_CHAT_ERRORS },
      schema: {
        operationId: 'deleteChatAvatar',
        tags: [CHATS],
        summary: 'Remove the picture of a chat',
        description: 'Takes `update_chat`. Also one that is stored elsewhere: `avatar` is null then.',
        params: ChatParams,
        headers: Type.Object(IF_MATCH),
        response: { 200: writtenChat('It is changed.') }
      }
    },
    async (request, reply) => {
      const { params: { chat: id } } = request
      const { seq } = await app.services.chats.update(callerOf(request), id, { avatar: null }, conditionOf(request))
      return sendChat(request, reply, { id, seq })
    }
  )
}

function show (app: Scope): void {
  app.get(
    '/avatars/:avatar',
    {
      config: { errors: ['invalid_input', 'files_off', 'unknown_file', 'storage_unavailable', 'unavailable'] },
      schema: {
        operationId: 'getAvatar',
        tags: [FILES],
        summary: 'Get the picture of a user or a chat',
        description: 'By its URL in `avatar`, which cannot be guessed and takes no token. It never changes.',
        params: Type.Object({ avatar: Type.String({ maxLength: 64, description: 'The id of the picture.' }) }),
        response: {
          200: {
            description: 'The picture, with its type.',
            content: { 'application/octet-stream': { schema: Type.Unsafe<Readable | null>(BINARY) } }
          },
          304: noBody('You have it.')
        }
      }
    },
    async (request, reply): Promise<FastifyReply> => {
      const { method, params: { avatar: id }, headers: { 'if-none-match': known } } = request
      const { avatars } = app.services
      const [contentType, etag] = [await avatars.findType(id), `"${id}"`]
      reply.headers({ ...CONTENT_HEADERS, etag })
      if (known?.split(',').some((tag) => tag.trim() === etag) === true) return reply.code(304).send('')
      const { size, body } = await avatars.read(id)
      reply.headers({ 'content-type': contentType, 'content-length': size })
      if (method !== 'HEAD') return reply.send(body)
      body.destroy()
      // Fastify answers HEAD by its route for GET, and empties what that sends.
      return reply.send(Readable.from([]))
    }
  )
}
