/** `/v1/me/blocks`: whom the user that calls has blocked. */
import Type from 'typebox'
import { json, noBody } from '../http/answers.ts'
import { principalOf, requireCaller } from '../http/principals.ts'
import { limitedAs } from '../http/quotas.ts'
import type { Scope } from '../http/scope.ts'
import { BlockSchema, encodeBlock, EXAMPLE_BLOCK } from './block.ts'
import { DESCRIBED_PAGE_QUERY, IdPosition, PAGE_QUERY, pageSchema, Paging } from './cursor.ts'
import { USERS } from './tags.ts'
import { UserParams } from './users/parameters.ts'

const LIST = 'blocks'
const OnePath = '/me/blocks/:user'

const ERRORS_OF_BLOCKS = ['user_required', 'insufficient_scope'] as const

const paging = new Paging(IdPosition)

/** Adds the routes, each with its whole path. */
export default async function blocks (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:read' })
    list(scope)
    getOne(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:write' })
    put(scope)
    remove(scope)
  })
}

function list (app: Scope): void {
  app.get(
    '/me/blocks',
    {
      config: {
        errors: [...ERRORS_OF_BLOCKS, 'invalid_input'], described: { query: Type.Object(DESCRIBED_PAGE_QUERY) }
      },
      schema: {
        operationId: 'listBlocks',
        tags: [USERS],
        summary: 'List whom you have blocked',
        description: 'In an order that does not change.',
        querystring: Type.Object(PAGE_QUERY, { additionalProperties: false }),
        response: {
          200: json(
            'A page of them.',
            Type.Object({ ...pageSchema(BlockSchema), pos: Type.Integer({ minimum: 0 }), epoch: Type.String() }),
            { items: [EXAMPLE_BLOCK], next: null, prev: null, pos: 17, epoch: '7f3a' }
          )
        }
      }
    },
    async (request) => {
      const page = paging.read(request.query, LIST)
      const { blocks: rows, pos } = await app.services.blocks.list(principalOf(request).userId, page)
      return {
        ...paging.page(page, LIST, rows, { positionOf: ({ userId }) => userId, encode: encodeBlock }),
        pos,
        epoch: app.services.epoch.current
      }
    }
  )
}

function getOne (app: Scope): void {
  app.get(
    OnePath,
    {
      config: { errors: [...ERRORS_OF_BLOCKS, 'unknown_block'] },
      schema: {
        operationId: 'getBlock',
        tags: [USERS],
        summary: 'Get whether you have blocked a user',
        params: UserParams,
        response: { 200: json('You have.', BlockSchema, EXAMPLE_BLOCK) }
      }
    },
    async (request) => encodeBlock(await app.services.blocks.find(principalOf(request).userId, request.params.user))
  )
}

function put (app: Scope): void {
  app.put(
    OnePath,
    {
      config: { ...limitedAs('members'), errors: [...ERRORS_OF_BLOCKS, 'unknown_user', 'invalid_input'] },
      schema: {
        operationId: 'putBlock',
        tags: [USERS],
        summary: 'Block a user',
        description:
          'Until you end it neither of you gets a new direct chat with the other or posts in the one that you have, ' +
          'nor knows whether the other is online or is typing there, and the user adds you to no chat. Other chats ' +
          'stay as they are.',
        params: UserParams,
        response: { 204: noBody('The user is blocked.') }
      }
    },
    async (request, reply) => {
      await app.services.blocks.put(principalOf(request).userId, request.params.user)
      return reply.code(204).send(null)
    }
  )
}

function remove (app: Scope): void {
  app.delete(
    OnePath,
    {
      config: { ...limitedAs('members'), errors: [...ERRORS_OF_BLOCKS, 'unknown_user'] },
      schema: {
        operationId: 'deleteBlock',
        tags: [USERS],
        summary: 'Unblock a user',
        params: UserParams,
        response: { 204: noBody('The user is not blocked.') }
      }
    },
    async (request, reply) => {
      await app.services.blocks.delete(principalOf(request).userId, request.params.user)
      return reply.code(204).send(null)
    }
  )
}
