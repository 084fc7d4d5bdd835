/** What every database owes the queries of `src/store`. */
import type { Test } from 'tap'
import * as chats from '../../../src/store/chats.ts'
import { listParticipants } from '../../../src/store/members.ts'
import { isTransient, isUniqueViolation } from '../../../src/store/postgres/failures.ts'
import * as users from '../../../src/store/users.ts'
import { setVerificationCode } from '../../../src/store/verification.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { testChanges } from './changes.ts'
import { testChatSize } from './chat-size.ts'
import { testChatTypes } from './chat-types.ts'
import { testCodes } from './codes.ts'
import { testContacts } from './contacts.ts'
import { testConversations } from './conversations.ts'
import { testDirectory } from './directory.ts'
import { testErasures } from './erasures.ts'
import { testMail } from './mail.ts'
import { testMarks } from './marks.ts'
import { testPosting } from './posting.ts'
import { testSessions } from './sessions.ts'
import {
  addChat, addParticipants, addUser, atOnce, MINUTE, newUser, removeParticipant, type Connections
} from '../../support/data/rows.ts'

/**
 * Runs the suite on one empty store.
 * @param connections handles of that store; where they can be, they are independent of each other
 */
export async function testDatabase (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  await testAccounts(t, connections)
  await testCodes(t, connections)
  await testSessions(t, connections)
  await testChats(t, connections)
  await testContacts(t, orm)
  await testConversations(t, orm)
  await testDirectory(t, connections)
  await testErasures(t, connections)
  await testMail(t, connections)
  await testPosting(t, connections)
  await testChanges(t, connections)
  await testMarks(t, connections)
  await testChatTypes(t, connections)
  await testChatSize(t, connections)
}

async function testAccounts (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections

  await t.test('a name is found in any case and kept as it was given', async (t) => {
    const user = await addUser(orm)
    for (const name of [user.username, user.username.toLowerCase(), user.username.toUpperCase()])
      t.equal((await users.findUserByName(orm, name))?.id, user.id)
    t.match(user.username, /^User-/)
    t.equal(await users.findUserByName(orm, uniqueName('nobody-')), undefined)
  })

  await t.test('a pending account can be registered over in any case, an active one cannot', async (t) => {
    const pending = await addUser(orm, { ...newUser(), isActive: false })
    t.equal(await users.findActiveUserByName(orm, pending.username), undefined)
    const again = newUser(pending.username.toUpperCase())
    t.equal(await users.insertUser(orm, again), undefined)
    t.equal((await orm.transaction((tx) => users.lockPendingUser(tx, again.username)))?.id, pending.id)
    await users.replaceRegistration(orm, pending.id, { ...again, passwordHash: 'second' })
    t.hasStrict(await users.findUserByName(orm, pending.username), {
      id: pending.id,
      username: again.username,
      email: again.email,
      passwordHash: 'second',
      activatedAt: null
    })
    await users.activateUser(orm, pending.id)
    t.equal(await orm.transaction((tx) => users.lockPendingUser(tx, again.username)), undefined)
    await users.replaceRegistration(orm, pending.id, { ...newUser(pending.username), passwordHash: 'third' })
    t.hasStrict(await users.findActiveUserByName(orm, pending.username), {
      username: again.username,
      passwordHash: 'second'
    })
  })

  await t.test('an account is activated once, and its address proved again', async (t) => {
    const { id, username } = await addUser(orm, { ...newUser(), isActive: false })
    await users.activateUser(orm, id)
    const first = await users.findActiveUserByName(orm, username)
    t.match(first, { activatedAt: Date, emailVerifiedAt: first?.activatedAt })
    await users.activateUser(orm, id)
    const second = await users.findActiveUserByName(orm, username)
    t.strictSame(second?.activatedAt, first?.activatedAt)
    t.ok(Number(second?.emailVerifiedAt) > Number(first?.emailVerifiedAt))
    await users.setPasswordHash(orm, id, 'another')
    t.equal((await users.findUserByName(orm, username))?.passwordHash, 'another')
  })

  await t.test('of several who register one name or one address at once, one gets it', async (t) => {
    const name = newUser()
    const named = await atOnce(connections, (orm, index) =>
      users.insertUser(orm, { ...name, email: `${String(index)}${name.email}` })
    )
    t.equal(named.filter((row) => row !== undefined).length, 1)
    const { email } = newUser()
    const addressed = await atOnce(connections, (orm) =>
      users.insertUser(orm, { ...newUser(), email: Math.random() < 0.5 ? email : email.toUpperCase() }).then(
        () => 'added',
        (error: unknown) => {
          return isUniqueViolation(error) && !isTransient(error) ? 'taken' : error
        }
      )
    )
    t.strictSame(addressed.sort(), ['added', ...addressed.slice(1).map(() => 'taken')])
  })

  await t.test('an address is freed of a registration whose code has lapsed, and of no other', async (t) => {
    const add = async (isActive: boolean, codeTtlMs: number) => {
      const user = await addUser(orm, { ...newUser(), isActive })
      await setVerificationCode(orm, user.id, { codeHash: 'hash', networkKey: null, ttlMs: codeTtlMs })
      return user
    }
    const isLeft = async ({ username, email }: { username: string, email: string }, exceptName = 'somebody') => {
      await users.removeLapsedRegistration(orm, email.toUpperCase(), exceptName)
      return (await users.findUserByName(orm, username)) !== undefined
    }
    const own = await add(false, 0)
    t.strictSame(
      {
        lapsed: await isLeft(await add(false, 0)),
        waiting: await isLeft(await add(false, MINUTE)),
        active: await isLeft(await add(true, 0)),
        own: await isLeft(own, own.username.toUpperCase())
      },
      { lapsed: false, waiting: true, active: true, own: true }
    )
  })
}

async function testChats (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections

  await t.test('two users share one chat, however many open it at once', async (t) => {
    const [ann, bob] = [await addUser(orm), await addUser(orm)]
    const ids = await atOnce(connections, (orm) => orm.transaction((tx) => chats.insertChat(tx, ann.id, bob.id)))
    const [chatId, ...rest] = ids.filter((id) => id !== undefined)
    t.ok(chatId)
    t.strictSame(rest, [])
    t.equal(await chats.findChatOfPair(orm, ann.id, bob.id), chatId)
    t.strictSame(
      await listParticipants(orm, chatId ?? 0),
      new Map([
        [ann.id, 0],
        [bob.id, 0]
      ])
    )
    t.strictSame(await chats.findHeads(orm, [chatId ?? 0, Number.MAX_SAFE_INTEGER]), [
      { chatId, lastSeq: 0, membersVersion: 1 }
    ])
    await t.rejects(chats.insertChat(orm, bob.id, ann.id), 'a pair stands in one order')
  })

  await t.test('a change of membership counts as a new version', async (t) => {
    const { chatId, ann, bob } = await addChat(orm)
    t.equal(await removeParticipant(orm, chatId, bob.id), true)
    t.equal(await removeParticipant(orm, chatId, bob.id), false)
    t.equal(await chats.findMembership(orm, chatId, bob.id), undefined)
    await addParticipants(orm, chatId, [bob.id], 7)
    t.strictSame(await chats.findMembership(orm, chatId, bob.id), {
      chatId,
      lastSeq: 0,
      membersVersion: 3,
      fromSeq: 7,
      readSeq: 0,
      otherId: ann.id,
      chosenId: null,
      type: 'direct',
      hasHidden: false
    })
    t.strictSame(await chats.findMembership(orm, chatId, ann.id), {
      chatId,
      lastSeq: 0,
      membersVersion: 3,
      fromSeq: 0,
      readSeq: 0,
      otherId: bob.id,
      chosenId: null,
      type: 'direct',
      hasHidden: false
    })
    t.strictSame(await orm.transaction((tx) => chats.lockChat(tx, chatId)), {
      chatId, lastSeq: 0, membersVersion: 3, memberCount: null
    })
  })

  await t.test('a chat is listed for whoever is in it under the other\'s name, the latest first', async (t) => {
    const [one, carol] = [await addChat(orm), await addUser(orm)]
    const two = (await orm.transaction((tx) => chats.insertChat(tx, one.ann.id, carol.id))) ?? 0
    await removeParticipant(orm, two, carol.id)
    const list = await chats.listChats(orm, one.ann.id)
    t.strictSame(
      list.map(({ chatId, name }) => [chatId, name]),
      [
        [two, carol.username],
        [one.chatId, one.bob.username]
      ]
    )
    t.strictSame(
      (await chats.listChats(orm, one.bob.id)).map(({ otherId }) => otherId),
      [one.ann.id]
    )
    t.strictSame(await chats.listChats(orm, carol.id), [])
  })

  await t.test('a chat that is removed is gone, and its two may open another', async (t) => {
    const { chatId, ann, bob } = await addChat(orm)
    for (const user of [ann, bob]) await removeParticipant(orm, chatId, user.id)
    await chats.removeChat(orm, chatId)
    t.strictSame(await chats.findHeads(orm, [chatId]), [])
    t.equal(await orm.transaction((tx) => chats.lockChat(tx, chatId)), undefined)
    t.not(await orm.transaction((tx) => chats.insertChat(tx, ann.id, bob.id)), chatId)
  })
}
