/** What the tables know of the types of chats: the same as the domain, and posting obeys it. */
import { eq, sql } from 'drizzle-orm'
import type { Test } from 'tap'
import { findAccess } from '../../../src/domain/chats/access.ts'
import { BUILT_IN_TYPES, PERMISSIONS, permits } from '../../../src/domain/chats/chat-types.ts'
import { setFrozen } from '../../../src/store/chat-settings.ts'
import { insertChatType, listChatTypes, lockChatType, updateChatType } from '../../../src/store/chat-types.ts'
import { insertNamedChat } from '../../../src/store/chats.ts'
import { insertMembers } from '../../../src/store/members.ts'
import { prepareWriteBatch } from '../../../src/store/changes.ts'
import { preparePostBatch } from '../../../src/store/posts.ts'
import { chatHeads, chats, participants, slowModePosts } from '../../../src/store/schema.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { addChat, addUser, type Connections } from '../../support/data/rows.ts'

/** Runs the suite on the handles of one store. */
export async function testChatTypes (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const [post, writeBatch] = [preparePostBatch(orm), prepareWriteBatch(orm)]

  /** A chat of a type with one member of each of its roles. */
  const addChatOf = async (type: string, roles: string[]) => {
    const users = await Promise.all(roles.map(() => addUser(orm)))
    const members = users.map(({ id: userId }, index) => ({ userId, role: roles[index] ?? '', addedBy: null }))
    const { chatId = 0 } = await insertNamedChat(orm, { type, name: 'c', createdBy: users[0]?.id ?? 0 }) ?? {}
    await insertMembers(orm, chatId, members, 0)
    return { chatId, members }
  }

  await t.test('the types that are built in are the same in the tables as in the domain', async (t) => {
    const rows = (await listChatTypes(orm)).filter(({ type }) => type in BUILT_IN_TYPES)
    t.equal(rows.length, 4)
    for (const { type, definition } of rows) {
      const known = Object.entries(BUILT_IN_TYPES).find(([name]) => name === type)?.[1]
      t.strictSame(definition, known, type)
      for (const { role } of [...definition.roles, { role: 'nobody' }]) {
        const answer = await orm
          .select({ granted: sql<string>`string_agg(p, ',') filter (where chat_permits(${type}, ${role}, p))` })
          .from(sql`unnest(${`{${PERMISSIONS.join()}}`}::text[]) p`)
        const granted = answer[0]?.granted ?? ''
        t.equal(granted, PERMISSIONS.filter((permission) => permits(definition, role, permission)).join(), role)
      }
    }
    const none = await orm.select({ found: sql`chat_permits('none', 'owner', 'read')` }).from(sql`(select) one`)
    t.strictSame(none, [{ found: false }])
  })

  await t.test('where not all roles may post, the others are refused, alone and in a batch', async (t) => {
    const roles = ['owner', 'poster', 'member']
    const { chatId, members } = await addChatOf('broadcast', roles)
    const other = await addChat(orm)
    const entryOf = ({ userId }: { userId: number }, key: string) =>
      ({ chatId, authorId: userId, postKey: key, text: key })
    const alone = async (key: string) =>
      (await Promise.all(members.map((member) => post([entryOf(member, key)])))).flat().map(({ outcome }) => outcome)
    t.strictSame(await alone('a'), ['stored', 'stored', 'forbidden'])
    const batch = await post([
      ...members.map((member) => entryOf(member, 'b')),
      { chatId: other.chatId, authorId: other.ann.id, postKey: 'b', text: 'b' },
      entryOf({ userId: other.ann.id }, 'b')
    ])
    t.strictSame(batch.map(({ outcome }) => outcome), ['stored', 'stored', 'forbidden', 'stored', 'refused'])

    await setFrozen(orm, chatId, true)
    t.strictSame(await alone('c'), ['stored', 'frozen', 'frozen'])
    t.strictSame(await alone('a'), ['duplicate', 'duplicate', 'frozen'], 'a repetition is still answered')
    await orm.update(participants).set({ role: 'member' }).where(eq(participants.chatId, chatId))
    t.strictSame(await alone('d'), ['frozen', 'frozen', 'frozen'])
  })

  await t.test('the limits of a type are obeyed by all statements, and gone with them', async (t) => {
    const type = uniqueName('t').toLowerCase()
    const definition = {
      ...BUILT_IN_TYPES.channel, limits: { max_members: null, text: 5, slow_mode_s: 3_600 }
    }
    await insertChatType(orm, type, definition)
    const { chatId, members: [owner, member, other] } = await addChatOf(type, ['owner', 'member', 'member'])
    const entryOf = (by: { userId: number } | undefined, key: string, text = key) =>
      ({ chatId, authorId: by?.userId ?? 0, postKey: key, text })
    const alone = async (...entry: Parameters<typeof entryOf>) => (await post([entryOf(...entry)]))[0]
    const write = async (...[by, key, text = key]: Parameters<typeof entryOf>) => (await writeBatch([], [{
      chatId, actorId: by?.userId ?? 0, eventKey: key, action: { kind: 'post', text, data: { a: 1 } }
    }])).changes[0]
    const slow = { reason: 'slow', waitMs: Number }
    const long = { outcome: 'forbidden', reason: 'text' }
    t.match(await alone(member, 'a', '123456'), long)
    t.match(await alone(member, 'b', '😀😀😀😀😀'), { outcome: 'stored' }, 'a refused post is none')
    t.match(await alone(member, 'c'), { outcome: 'forbidden', ...slow })
    t.match(await write(member, 'd'), { outcome: 'denied', ...slow })
    t.match(await alone(member, 'b', '😀😀😀😀😀'), { outcome: 'duplicate' })
    const batch = await post([
      entryOf(other, 'a', 'too long'), entryOf(other, 'b'), entryOf(owner, 'b'), entryOf(owner, 'c'),
      entryOf(other, 'c')
    ])
    t.match(batch, [
      long, { outcome: 'stored' }, { outcome: 'stored' }, { outcome: 'stored' }, { outcome: 'forbidden', ...slow }
    ], 'the first one of an author, and all of a moderator')
    t.match(await write(owner, 'd', '123456'), { outcome: 'denied', reason: 'text' })
    await orm.update(slowModePosts).set({ postedAt: new Date(Date.now() - 3_600_000) })
      .where(eq(slowModePosts.chatId, chatId))
    t.match(await write(member, 'e'), { outcome: 'stored' }, 'when the time is over')
    t.match(await alone(member, 'f'), { outcome: 'forbidden', ...slow }, 'which begins anew')

    await updateChatType(orm, type, BUILT_IN_TYPES.channel)
    t.match(await alone(member, 'g', '123456'), { outcome: 'stored' })
    await updateChatType(orm, type, definition)
    t.match(await alone(member, 'h', '123456'), long, 'chats that were there before obey them, too')
  })

  await t.test('a type may be added once and be defined anew, and chats of other types are left alone', async (t) => {
    const type = uniqueName('t').toLowerCase()
    const { chatId } = await addChatOf(type, ['owner'])
    const before = await addChatOf('group', ['owner'])
    t.equal(await insertChatType(orm, type, BUILT_IN_TYPES.group), true)
    t.equal(await insertChatType(orm, type, BUILT_IN_TYPES.channel), false)
    const version = await orm.transaction(async (tx) => {
      t.hasStrict(await lockChatType(tx, type, 'update'), { version: 1, definition: BUILT_IN_TYPES.group })
      return updateChatType(tx, type, BUILT_IN_TYPES.broadcast)
    })
    t.equal(version, 2)
    const rolesOf = async (id: number) =>
      orm.select({ postRoles: chatHeads.postRoles }).from(chatHeads).where(eq(chatHeads.chatId, id))
    t.strictSame([...await rolesOf(chatId), ...await rolesOf(before.chatId)],
      [{ postRoles: ['owner', 'admin', 'poster'] }, { postRoles: null }])
  })

  await t.test('a chat is found by its only id, by its members and, if it is public, by others', async (t) => {
    const stranger = await addUser(orm)
    const { chatId: direct, ann } = await addChat(orm)
    const group = await addChatOf('group', ['owner', 'guest'])
    const channel = await addChatOf('channel', ['owner'])
    const chosen = uniqueName('order-')
    await orm.update(chats).set({ publicId: chosen }).where(eq(chats.id, channel.chatId))
    const ids = [direct, group.chatId, channel.chatId].map((id) => `cf~${String(id)}`).concat(chosen, '..', 'cf~0', 'x')
    const seenBy = async (userId: number | null) =>
      [...await findAccess(orm, userId, ids)]
        .sort(([, one], [, other]) => one.chatId - other.chatId)
        .map(([id, { chatId, role, permissions }]) => [id, chatId, role, permissions.length])
    t.strictSame(await seenBy(ann.id), [
      [ids[0], direct, 'member', 6], [chosen, channel.chatId, null, 1]
    ])
    t.strictSame(await seenBy(group.members[1]?.userId ?? 0), [
      [ids[1], group.chatId, 'guest', 5], [chosen, channel.chatId, null, 1]
    ])
    t.strictSame(await seenBy(stranger.id), [[chosen, channel.chatId, null, 1]])
    t.strictSame((await seenBy(null)).map(([id]) => id), [ids[0], ids[1], chosen], 'a key sees all')
    t.equal((await findAccess(orm, null, [])).size, 0)
  })
}
