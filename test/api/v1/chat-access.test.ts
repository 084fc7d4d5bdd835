import t from '../../support/tap.ts'
import { BUILT_IN_TYPES } from '../../../src/domain/chats/chat-types.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { type ApiClient, newKey, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, textAt } from '../../support/data/json.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

/** Callers that are no members, beside the roles of the type. */
const OTHERS = ['stranger', 'former', 'reading key', 'writing key'] as const
type Other = typeof OTHERS[number]
type Type = keyof typeof BUILT_IN_TYPES

const isOther = (role: string) => OTHERS.some((other) => other === role)

/** Where an action is tried: the chat, members with the lowest and the highest role, and a message of the latter. */
type Place = { chat: string, lowest: string, owner: string, newcomer: string, message: string }
/** What an action answers a role that may do it, and which ones may; the others are `forbidden`. */
type Action = {
  name: string
  call: (by: ApiClient, place: Place) => ReturnType<ApiClient['call']>
  may: Partial<Record<Type, readonly string[]>>
  /** Codes of those who may not, or cannot, if it is not `forbidden`. */
  except?: Partial<Record<Other, string>>
  /** The code for members who may not, if it is not `forbidden`. */
  refusal?: string
}

const TYPES = ['group', 'channel', 'broadcast'] as const
const ALL = {
  group: ['owner', 'admin', 'member', 'guest'],
  channel: ['owner', 'admin', 'moderator', 'member'],
  broadcast: ['owner', 'admin', 'poster', 'member']
}
const UPPER = { group: ['owner', 'admin'], channel: ['owner', 'admin'], broadcast: ['owner', 'admin'] }
const MODERATORS = { ...UPPER, channel: ['owner', 'admin', 'moderator'] }
const OWNERS = { group: ['owner'], channel: ['owner'], broadcast: ['owner'] }
const POSTERS = { ...ALL, broadcast: ['owner', 'admin', 'poster'] }
const ADDERS = { ...UPPER, group: ['owner', 'admin', 'member'] }
const NOT_FOR_KEYS = { 'writing key': 'user_required', 'reading key': 'insufficient_scope' }

/** Posts a message, and does something with it. */
const withOwn = async (
  by: ApiClient, { chat }: Place, method: string, body?: unknown
): ReturnType<ApiClient['call']> => {
  const posted = await by.call('POST', `/chats/${chat}/messages`, { text: 'mine' })
  const seq = at(posted.body, 'seq')
  return typeof seq === 'number' ? by.call(method, `/chats/${chat}/messages/${String(seq)}`, body) : posted
}

const ACTIONS_ON_MESSAGES: Action[] = [
  {
    name: 'post',
    call: (by, { chat }) => by.call('POST', `/chats/${chat}/messages`, { text: 'hello' }),
    may: POSTERS,
    except: NOT_FOR_KEYS
  },
  {
    name: 'edit a message of its own',
    call: (by, place) => withOwn(by, place, 'PATCH', { text: 'other' }),
    may: POSTERS,
    except: NOT_FOR_KEYS
  },
  {
    name: 'delete a message of its own',
    call: (by, place) => withOwn(by, place, 'DELETE'),
    may: POSTERS,
    except: NOT_FOR_KEYS
  },
  {
    name: 'react',
    call: (by, { chat, message }) => by.call('PUT', `/chats/${chat}/messages/${message}/reactions/x`),
    may: ALL,
    except: NOT_FOR_KEYS
  },
  {
    name: 'pin',
    call: (by, { chat, message }) => by.call('PUT', `/chats/${chat}/pins/${message}`),
    may: { ...MODERATORS, group: ['owner', 'admin', 'member'], broadcast: ['owner', 'admin', 'poster'] }
  },
  {
    name: 'edit a message of another',
    call: (by, { chat, message }) => by.call('PATCH', `/chats/${chat}/messages/${message}`, { text: 'other' }),
    may: UPPER,
    refusal: 'not_the_author'
  },
  {
    name: 'delete a message of another',
    call: (by, { chat, message }) => by.call('DELETE', `/chats/${chat}/messages/${message}`),
    may: MODERATORS,
    refusal: 'not_the_author'
  }
]

/** In this order: those that take something away come last. */
const ACTIONS: Action[] = [
  { name: 'see the chat', call: (by, { chat }) => by.call('GET', `/chats/${chat}`), may: ALL },
  { name: 'list its members', call: (by, { chat }) => by.call('GET', `/chats/${chat}/members`), may: ALL },
  { name: 'read it', call: (by, { chat }) => by.call('GET', `/chats/${chat}/messages`), may: ALL },
  { name: 'list its events', call: (by, { chat }) => by.call('GET', `/chats/${chat}/events`), may: ALL },
  {
    name: 'mute it',
    call: (by, { chat }) => by.call('PATCH', `/chats/${chat}/me`, { muted: true }),
    may: ALL,
    except: NOT_FOR_KEYS
  },
  {
    name: 'change its settings',
    call: (by, { chat }) => by.call('PATCH', `/chats/${chat}`, { data: { by: by.id } }),
    may: UPPER
  },
  {
    name: 'invite',
    call: (by, { chat }) => by.call('POST', `/chats/${chat}/invites`, {}),
    may: ADDERS
  },
  {
    name: 'add a user',
    call: (by, { chat, newcomer }) => by.call('PUT', `/chats/${chat}/members/${newcomer}`, {}),
    may: ADDERS
  },
  {
    name: 'give the lowest member a role',
    call: (by, { chat, lowest }) => by.call('PATCH', `/chats/${chat}/members/${lowest}`, { role: 'member' }),
    may: UPPER
  },
  {
    name: 'make an admin',
    call: (by, { chat, newcomer }) => by.call('PATCH', `/chats/${chat}/members/${newcomer}`, { role: 'admin' }),
    may: OWNERS
  },
  {
    name: 'take the role of an owner',
    call: (by, { chat, owner }) => by.call('PATCH', `/chats/${chat}/members/${owner}`, { role: 'member' }),
    may: OWNERS
  },
  { name: 'freeze it', call: (by, { chat }) => by.call('POST', `/chats/${chat}:freeze`, {}), may: MODERATORS },
  { name: 'end that', call: (by, { chat }) => by.call('POST', `/chats/${chat}:unfreeze`, {}), may: MODERATORS },
  {
    name: 'hand it over',
    call: (by, { chat, owner }) => by.call('POST', `/chats/${chat}:transfer`, { user: owner }),
    may: OWNERS
  },
  {
    name: 'remove the lowest member',
    call: (by, { chat, lowest }) => by.call('DELETE', `/chats/${chat}/members/${lowest}`),
    may: MODERATORS
  },
  {
    name: 'remove an owner',
    call: (by, { chat, owner }) => by.call('DELETE', `/chats/${chat}/members/${owner}`),
    may: OWNERS
  },
  {
    name: 'leave it',
    call: (by, { chat }) => by.call('POST', `/chats/${chat}:leave`, {}),
    may: ALL,
    except: NOT_FOR_KEYS
  },
  { name: 'delete it', call: (by, { chat }) => by.call('DELETE', `/chats/${chat}`), may: OWNERS }
]

/** Reading a public chat is for anybody, also for those who are no members. */
const READING = ['see the chat', 'list its members', 'read it', 'list its events']
/** Where no member can do it, who is none is told so. */
const OF_MEMBERS = ['mute it', 'leave it']

await onEmbedded(t, async (t, cluster) => {
  const [reader, writer] = [
    await newKey(cluster, 'chats:read', 'messages:read'), await newKey(cluster, 'chats:write', 'messages:write')
  ]
  const people = await Promise.all(Array.from({ length: 5 }, () => newUser(cluster)))
  const [caller, lowest, owner, newcomer, maker] = people
  if (!caller || !lowest || !owner || !newcomer || !maker) throw new Error('There are too few users.')

  /** A chat in which the caller has a role, or none. */
  const place = async (type: Type, role: string): Promise<Place> => {
    const chat = uniqueName('chat-')
    const lowestRole = BUILT_IN_TYPES[type].roles.at(-1)?.role
    const members = [
      { user: lowest.id, role: lowestRole },
      { user: owner.id, role: 'owner' },
      ...(role === 'former' ? [{ user: caller.id }] : isOther(role) ? [] : [{ user: caller.id, role }])
    ]
    const made = await maker.call('PUT', `/chats/${chat}`, { type, members })
    if (made.status !== 201) throw new Error(made.text)
    if (role === 'former') await caller.call('POST', `/chats/${chat}:leave`, {})
    const message = at((await owner.call('POST', `/chats/${chat}/messages`, { text: 'theirs' })).body, 'seq')
    return { chat, lowest: lowest.id, owner: owner.id, newcomer: newcomer.id, message: String(message) }
  }

  const expected = (action: Action, type: typeof TYPES[number], role: string): string => {
    const { name, may, except = {}, refusal = 'forbidden' } = action
    if (role === 'writing key') return except['writing key'] ?? 'ok'
    if (role === 'reading key') return except['reading key'] ?? (READING.includes(name) ? 'ok' : 'insufficient_scope')
    if (role === 'stranger' || role === 'former') {
      if (type === 'group') return 'unknown_chat'
      return READING.includes(name) ? 'ok' : OF_MEMBERS.includes(name) ? 'not_a_member' : 'forbidden'
    }
    return may[type]?.includes(role) === true ? 'ok' : refusal
  }

  for (const type of TYPES) {
    for (const role of [...BUILT_IN_TYPES[type].roles.map((one) => one.role), ...OTHERS]) {
      await t.test(`${role} of a ${type}`, async (t) => {
        const by = role === 'reading key' ? reader : role === 'writing key' ? writer : caller
        let there = await place(type, role)
        for (const action of ACTIONS) {
          const { status, body } = await action.call(by, there)
          const got = status < 300 ? 'ok' : textAt(body, 'code')
          const prepared = action.name === 'make an admin' && got === 'not_a_member'
          if (!prepared) t.equal(got, expected(action, type, role), action.name)
          // What has changed may not be in the way of the next action.
          if (got === 'ok' && !READING.includes(action.name)) there = await place(type, role)
          if (action.name === 'give the lowest member a role') await addNewcomer(there)
        }
      })

      await t.test(`messages of others and its own, by ${role} of a ${type}, also while it is frozen`, async (t) => {
        const by = role === 'reading key' ? reader : role === 'writing key' ? writer : caller
        const there = await place(type, role)
        // Frozen first: then nothing has changed the message.
        for (const action of ['freeze', 'unfreeze']) {
          await writer.call('POST', `/chats/${there.chat}:${action}`, {})
          const isSilent = action === 'freeze' && !isOther(role) && !MODERATORS[type].includes(role)
          const isLast = isSilent || action === 'unfreeze'
          for (const one of isLast ? ACTIONS_ON_MESSAGES : ACTIONS_ON_MESSAGES.slice(0, -1)) {
            const { status, body } = await one.call(by, there)
            const wanted = expected(one, type, role)
            const got = status < 300 ? 'ok' : textAt(body, 'code')
            // Who may not post at all is told first that the chat is frozen.
            const isFrozen = isSilent && (wanted === 'ok' || one.may === POSTERS)
            t.equal(got, isFrozen ? 'chat_frozen' : wanted, `${action}: ${one.name}`)
          }
        }
      })
    }
  }

  async function addNewcomer ({ chat }: Place): Promise<void> {
    await writer.call('PUT', `/chats/${chat}/members/${newcomer?.id ?? ''}`, {})
  }

  await t.test('a direct chat lets nobody in, and nobody manage it', async (t) => {
    const made = await caller.call('PUT', '/chats:direct', { user: lowest.id })
    const chat = textAt(made.body, 'chat', 'id')
    for (const [method, path, body, code] of [
      ['PUT', `/members/${newcomer.id}`, {}, 'forbidden'],
      ['DELETE', `/members/${lowest.id}`, undefined, 'chat_is_direct'],
      ['PATCH', `/members/${lowest.id}`, { role: 'owner' }, 'chat_is_direct'],
      ['POST', ':freeze', {}, 'forbidden'],
      ['POST', '/invites', {}, 'forbidden'],
      ['DELETE', '', undefined, 'forbidden']
    ] as const) {
      const answer = await caller.call(method, `/chats/${chat}${path}`, body)
      t.equal(at(answer.body, 'code'), code, `${method} ${path}`)
    }
    t.equal(at((await newcomer.call('GET', `/chats/${chat}`)).body, 'code'), 'unknown_chat')
  })
}, { environment: USER_TOKENS, inspectable: true })
