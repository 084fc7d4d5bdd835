/** Groups: `/chat/create-group`, `/chat/get-members`, `/chat/add-members` and `/chat/remove-members`. */
import Type from 'typebox'
import { json } from '../../http/answers.ts'
import type { Scope } from '../../http/scope.ts'
import { sessionOf } from '../../http/session.ts'
import { doubled, doubledEnvelope } from '../envelope.ts'
import { EXAMPLE_SESSION, SESSION_FIELD } from '../session.ts'
import { GROUPS } from '../tags.ts'
import { ChatId } from './ids.ts'

const MAX_NAME_UNITS = 1_024
/** Users that one request may name. */
const MAX_NAMES = 100

const Members = Type.Array(Type.String({ maxLength: MAX_NAME_UNITS }), {
  minItems: 1,
  maxItems: MAX_NAMES,
  description: 'Usernames, in any case.'
})
const EXAMPLE_ID = { ...EXAMPLE_SESSION, chatID: 2 }

/** An answer with the number of the group. */
const GroupId = (description: string) => json(description, doubledEnvelope({ chatID: ChatId }), doubled({ chatID: 2 }))

/** Adds the routes. */
export default async function groups (app: Scope): Promise<void> {
  createGroup(app)
  getMembers(app)
  addMembers(app)
  removeMembers(app)
}

function createGroup (app: Scope): void {
  app.post(
    '/create-group',
    {
      config: { errors: ['invalid_group_name', 'unknown_member', 'blocked', 'updating'] },
      schema: {
        operationId: 'createGroup',
        tags: [GROUPS],
        summary: 'Make a group',
        description:
          'The caller is its owner and a member, whether listed or not. If one of the names is unknown, no group is ' +
          'made.',
        body: Type.Object(
          {
            ...SESSION_FIELD,
            name: Type.String({
              maxLength: MAX_NAME_UNITS,
              description: '1 to 100 characters; groups may share a name.'
            }),
            members: Members
          },
          { examples: [{ ...EXAMPLE_SESSION, name: 'Lunch', members: ['bob', 'carol'] }] }
        ),
        response: { 200: GroupId('The group exists.') }
      }
    },
    async (request) => {
      const { name, members } = request.body
      return doubled({ chatID: await app.services.chats.createGroup(sessionOf(request), { name, members }) })
    }
  )
}

function getMembers (app: Scope): void {
  app.post(
    '/get-members',
    {
      config: { errors: ['not_a_group'] },
      schema: {
        operationId: 'getMembers',
        tags: [GROUPS],
        summary: 'List the members of a group',
        description: 'The owner first, then by time of joining.',
        body: Type.Object({ ...SESSION_FIELD, chatID: ChatId }, { examples: [EXAMPLE_ID] }),
        response: {
          200: json(
            'Their usernames.',
            doubledEnvelope({ members: Type.Array(Type.String()) }),
            doubled({ members: ['alice', 'bob', 'carol'] as string[] })
          )
        }
      }
    },
    async (request) =>
      doubled({ members: await app.services.chats.members(sessionOf(request).userId, request.body.chatID) })
  )
}

function addMembers (app: Scope): void {
  app.post(
    '/add-members',
    {
      config: {
        errors: ['not_a_group', 'forbidden', 'unknown_member', 'too_many_members', 'blocked', 'banned', 'updating']
      },
      schema: {
        operationId: 'addMembers',
        tags: [GROUPS],
        summary: 'Add users to a group',
        description:
          'Every member may. The added ones see the messages from then on; those who are members already are passed ' +
          'over. If one of the names is unknown, nobody is added.',
        body: Type.Object(
          { ...SESSION_FIELD, chatID: ChatId, members: Members },
          { examples: [{ ...EXAMPLE_ID, members: ['dave'] }] }
        ),
        response: { 200: GroupId('They are members.') }
      }
    },
    async (request) => {
      const { chatID, members } = request.body
      await app.services.chats.addMembers(sessionOf(request), chatID, members)
      return doubled({ chatID })
    }
  )
}

function removeMembers (app: Scope): void {
  app.post(
    '/remove-members',
    {
      config: { errors: ['not_a_group', 'not_the_owner', 'unknown_member'] },
      schema: {
        operationId: 'removeMembers',
        tags: [GROUPS],
        summary: 'Leave a group, or remove others from it',
        description:
          'Everybody may leave by their own name; the owner may remove others. Nothing that is posted afterwards ' +
          'reaches them. When the owner leaves, the longest member becomes the owner; when the last member has left, ' +
          'the group and its messages are deleted.',
        body: Type.Object(
          { ...SESSION_FIELD, chatID: ChatId, members: Members },
          { examples: [{ ...EXAMPLE_ID, members: ['bob'] }] }
        ),
        response: { 200: GroupId('They are no members.') }
      }
    },
    async (request) => {
      const { chatID, members } = request.body
      const user = { ...sessionOf(request), address: request.ip }
      await app.services.chats.removeMembers(user, chatID, members)
      return doubled({ chatID })
    }
  )
}
