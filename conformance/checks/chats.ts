/** Chats and their members. */
import type { Check } from '../check.ts'
import { expectEqual, expectFields, expectProblem, expectStatus, expectThat } from '../expectations.ts'
import { at, integerAt, listAt, textAt } from '../json.ts'
import { TIME } from './users.ts'

export const CHATS: readonly Check[] = [
  {
    title: 'PUT makes a chat, or finds it; another type is refused',
    run: async (world) => {
      const owner = await world.addUser()
      const id = world.newChatId()
      const made = await owner.put(`/chats/${id}`, { type: 'group', name: 'Order', data: { order: 1 } })
      expectStatus(made, 201)
      expectFields(at(made.body, 'chat'), {
        id, type: 'group', name: 'Order', description: null, avatar: null, data: { order: 1 }, version: 1,
        member_count: 1, created_at: TIME, frozen_at: null, unread: 0, mentions: 0,
        me: { role: 'owner', muted: false, pinned: false, archived: false, notifications: 'all' }
      }, 'chat')
      const again = await owner.put(`/chats/${id}`, { type: 'group', name: 'Another' })
      expectStatus(again, 200)
      expectEqual([at(again.body, 'seq'), at(again.body, 'chat', 'name')], [null, 'Order'], 'seq and name')
      expectProblem(await owner.put(`/chats/${id}`, { type: 'channel' }), 409, 'chat_type_differs')
      expectProblem(await owner.put(`/chats/${world.newChatId()}`, { type: 'no-such-type' }), 404, 'unknown_chat_type')
    }
  },
  {
    title: 'POST gives an id of its own',
    run: async (world) => {
      const owner = await world.addUser()
      const made = await owner.post('/chats', { type: 'group' })
      expectStatus(made, 201)
      const id = textAt(made.body, 'chat', 'id')
      world.willDelete(id)
      expectFields((await owner.get(`/chats/${id}`)).body, { id, type: 'group' }, 'chat')
    }
  },
  {
    title: 'settings change by a merge patch, and If-Match keeps them from being overwritten',
    run: async (world) => {
      const owner = await world.addUser()
      const path = `/chats/${await world.addChat(owner)}`
      const etag = (await owner.get(path)).headers.get('etag') ?? ''
      const changed = await owner.patch(path, { name: 'New', data: { a: 1, b: 2 } }, { 'if-match': etag })
      expectFields(at(changed.body, 'chat'), { name: 'New', version: 2, data: { a: 1, b: 2 } }, 'chat')
      expectProblem(await owner.patch(path, { name: 'Late' }, { 'if-match': etag }), 412, 'version_conflict')
      const merged = await owner.patch(path, { data: { a: null } })
      expectEqual(at(merged.body, 'chat', 'data'), { b: 2 }, 'data after a patch')
    }
  },
  {
    title: 'two people have one direct chat, however often it is asked for',
    run: async (world) => {
      const [ann, bob] = [await world.addUser(), await world.addUser()]
      const answers = await Promise.all([
        ann.put('/chats:direct', { user: bob.id }), bob.put('/chats:direct', { user: ann.id }),
        ann.put('/chats:direct', { user: bob.id })
      ])
      const ids = new Set(answers.map(({ body }) => textAt(body, 'chat', 'id')))
      for (const id of ids) world.willDelete(id)
      expectEqual([ids.size, answers.filter(({ status }) => status === 201).length], [1, 1], 'chats, and those new')
      expectProblem(await ann.put('/chats:direct', { user: ann.id }), 400, 'chat_with_yourself')
      expectProblem(await ann.put('/chats:direct', { user: 'nobody-at-all' }), 404, 'unknown_user')
    }
  },
  {
    title: 'anybody reads and joins a channel, and nobody a group',
    run: async (world) => {
      const [owner, other] = [await world.addUser(), await world.addUser()]
      const [channel, group] = [await world.addChat(owner, [], 'channel'), await world.addChat(owner)]
      expectEqual(at((await other.get(`/chats/${channel}`)).body, 'me', 'role'), null, 'the role of a stranger')
      const joined = await other.post(`/chats/${channel}:join`)
      expectFields(at(joined.body, 'chat'), { member_count: 2, me: { role: 'member' } }, 'chat')
      expectProblem(await other.post(`/chats/${group}:join`), 404, 'unknown_chat')
    }
  },
  {
    title: 'an invite lets in as often as it says',
    run: async (world) => {
      const [owner, one, two] = [await world.addUser(), await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner)
      const invite = await owner.post(`/chats/${chat}/invites`, { max_uses: 1 })
      expectStatus(invite, 201)
      const path = `/invites/${textAt(invite.body, 'code')}:accept`
      expectStatus(await one.post(path), 200)
      expectProblem(await two.post(path), 404, 'unknown_invite')
    }
  },
  {
    title: 'a frozen chat takes nothing from its members',
    run: async (world) => {
      const [owner, member] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner, [member])
      expectStatus(await owner.post(`/chats/${chat}:freeze`), 200)
      expectProblem(await member.post(`/chats/${chat}/messages`, { text: 'x' }), 403, 'chat_frozen')
      await world.post(owner, chat, 'a moderator may')
      expectStatus(await owner.post(`/chats/${chat}:unfreeze`), 200)
      await world.post(member, chat, 'and now all')
    }
  },
  {
    title: 'the last owner stays until another is',
    run: async (world) => {
      const [owner, member] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner, [member])
      expectProblem(await owner.post(`/chats/${chat}:leave`), 409, 'last_owner')
      expectStatus(await owner.post(`/chats/${chat}:transfer`, { user: member.id }), 200)
      expectEqual(at((await member.get(`/chats/${chat}/me`)).body, 'role'), 'owner', 'the role of the new owner')
      expectStatus(await owner.post(`/chats/${chat}:leave`), 200)
      expectProblem(await owner.get(`/chats/${chat}`), 404, 'unknown_chat')
    }
  },
  {
    title: 'what a member sets is for that member alone',
    run: async (world) => {
      const [owner, member] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner, [member])
      const head = await world.headOf(owner, chat)
      const set = await member.patch(`/chats/${chat}/me`, { muted: true, notifications: 'mentions' })
      expectFields(set.body, { muted: true, notifications: 'mentions', pinned: false }, 'me')
      expectEqual(at((await owner.get(`/chats/${chat}/me`)).body, 'muted'), false, '"muted" of the other')
      expectEqual(await world.headOf(owner, chat), head, 'the head')
    }
  },
  {
    title: 'a deleted chat is gone',
    run: async (world) => {
      const [owner, member] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner, [member])
      expectProblem(await member.delete(`/chats/${chat}`), 403, 'forbidden')
      expectStatus(await owner.delete(`/chats/${chat}`), 200, 204)
      for (const user of [owner, member])
        expectProblem(await user.get(`/chats/${chat}`), 404, 'unknown_chat')
    }
  }
]

export const MEMBERS: readonly Check[] = [
  {
    title: 'many are added at once, each with an outcome',
    run: async (world) => {
      const [owner, one, two] = [await world.addUser(), await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner)
      const added = await owner.post(`/chats/${chat}/members`, {
        members: [{ user: one.id }, { user: 'nobody-at-all' }, { user: two.id, role: 'admin' }]
      })
      expectStatus(added, 200)
      const outcomes = listAt(added.body, 'items')
        .map((item) => at(item, 'member', 'role') ?? at(item, 'problem', 'code'))
      expectEqual(outcomes, ['member', 'unknown_user', 'admin'], 'the outcomes')
      expectEqual(integerAt(added.body, 'seq'), await world.headOf(owner, chat), 'the seq of the last event')
    }
  },
  {
    title: 'PUT adds, PATCH changes the role, DELETE removes',
    run: async (world) => {
      const [owner, member] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner)
      const path = `/chats/${chat}/members/${member.id}`
      expectStatus(await owner.put(path), 201)
      const again = await owner.put(path)
      expectEqual([again.status, at(again.body, 'seq')], [200, null], 'the second PUT')
      expectProblem(await owner.put(path, { role: 'admin' }), 409, 'member_exists')
      expectFields(at((await owner.patch(path, { role: 'admin', data: { a: 1 } })).body, 'member'), {
        user: member.id, role: 'admin', data: { a: 1 }, joined_at: TIME
      }, 'member')
      expectProblem(await owner.patch(path, { role: 'emperor' }), 400, 'unknown_role')
      expectStatus(await owner.delete(path), 200)
      expectProblem(await owner.delete(path), 404, 'not_a_member')
      expectProblem(await member.get(`/chats/${chat}/messages`), 404, 'unknown_chat')
    }
  },
  {
    title: 'nobody changes those above',
    run: async (world) => {
      const [owner, admin, member] = [await world.addUser(), await world.addUser(), await world.addUser()]
      const chat = await world.addChat(owner, [admin, member])
      const of = (user: { id: string }) => `/chats/${chat}/members/${user.id}`
      expectStatus(await owner.patch(of(admin), { role: 'admin' }), 200)
      expectProblem(await admin.delete(of(owner)), 403, 'forbidden')
      expectProblem(await admin.patch(of(member), { role: 'owner' }), 403, 'forbidden')
      expectProblem(await member.delete(of(admin)), 403, 'forbidden')
      expectStatus(await admin.delete(of(member)), 200)
    }
  },
  {
    title: 'of two owners who demote each other at once one stays',
    run: async (world) => {
      const [one, two] = [await world.addUser(), await world.addUser()]
      const chat = await world.addChat(one, [two])
      expectStatus(await one.patch(`/chats/${chat}/members/${two.id}`, { role: 'owner' }), 200)
      await Promise.all([
        one.patch(`/chats/${chat}/members/${two.id}`, { role: 'member' }),
        two.patch(`/chats/${chat}/members/${one.id}`, { role: 'member' })
      ])
      const roles = listAt((await one.get(`/chats/${chat}/members`)).body, 'items').map((item) => at(item, 'role'))
      expectThat(roles.filter((role) => role === 'owner').length === 1, `one owner is left, not ${roles.join()}`)
    }
  }
]
