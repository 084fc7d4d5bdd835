/** What every database owes the queries of `src/store`. */
import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import * as chats from '../../../src/store/chats.ts'
import { isTransient, isUniqueViolation } from '../../../src/store/postgres/failures.ts'
import * as outbox from '../../../src/store/outbox.ts'
import { mailOutbox, subscribers } from '../../../src/store/schema.ts'
import * as sessions from '../../../src/store/sessions.ts'
import * as users from '../../../src/store/users.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { testConversations } from './conversations.ts'
import { testDirectory } from './directory.ts'
import { testPosting } from './posting.ts'
import { addChat, addUser, minutes, newUser, NOW, pick, type Connections } from '../../support/data/rows.ts'

const AT_ONCE = 20
const MAX_ATTEMPTS = 5
const MAILS = 300
const CLAIM = 7

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
  await testConversations(t, orm)
  await testDirectory(t, connections)
  await testMail(t, connections)
  await testPosting(t, connections)
}

/** Calls so many at once, over all connections. */
function atOnce<Result> (
  connections: Connections,
  call: (orm: Connections[0], index: number) => Promise<Result>,
  count = AT_ONCE
): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => call(pick(connections, index), index)))
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
    const pending = await addUser(orm, { ...newUser(), activatedAt: null })
    t.equal(await users.findActiveUserByName(orm, pending.username), undefined)
    const again = newUser(pending.username.toUpperCase())
    const replaced = await users.upsertPendingUser(orm, { ...again, activatedAt: null, passwordHash: 'second' })
    t.hasStrict(replaced, { id: pending.id, username: again.username, email: again.email, passwordHash: 'second' })
    await users.activateUser(orm, pending.id, NOW)
    t.equal(await users.upsertPendingUser(orm, { ...newUser(pending.username), activatedAt: null }), undefined)
    t.hasStrict(await users.findActiveUserByName(orm, pending.username), {
      username: again.username,
      passwordHash: 'second'
    })
  })

  await t.test('an account is activated once, and its address proved again', async (t) => {
    const { id, username } = await addUser(orm, { ...newUser(), activatedAt: null })
    await users.activateUser(orm, id, NOW)
    await users.activateUser(orm, id, minutes(1))
    t.hasStrict(await users.findActiveUserByName(orm, username), { activatedAt: NOW, emailVerifiedAt: minutes(1) })
    await users.setPasswordHash(orm, id, 'another')
    t.equal((await users.findUserByName(orm, username))?.passwordHash, 'another')
  })

  await t.test('of several who register one name or one address at once, one gets it', async (t) => {
    const name = newUser()
    const named = await atOnce(connections, (orm, index) =>
      users.upsertPendingUser(orm, { ...name, email: `${String(index)}${name.email}` })
    )
    t.equal(named.filter((row) => row !== undefined).length, 1)
    const { email } = newUser()
    const addressed = await atOnce(connections, (orm) =>
      users.upsertPendingUser(orm, { ...newUser(), email: Math.random() < 0.5 ? email : email.toUpperCase() }).then(
        () => 'added',
        (error: unknown) => {
          return isUniqueViolation(error) && !isTransient(error) ? 'taken' : error
        }
      )
    )
    t.strictSame(addressed.sort(), ['added', ...addressed.slice(1).map(() => 'taken')])
  })

  await t.test('an address is freed of a registration whose code has lapsed, and of no other', async (t) => {
    const add = async (activatedAt: Date | null, codeEnds?: Date) => {
      const user = await addUser(orm, { ...newUser(), activatedAt })
      if (codeEnds !== undefined) await users.setVerificationCode(orm, user.id, 'hash', codeEnds)
      return user
    }
    const isLeft = async ({ username, email }: { username: string, email: string }, exceptName = 'somebody') => {
      await users.removeLapsedRegistration(orm, email.toUpperCase(), exceptName, NOW)
      return (await users.findUserByName(orm, username)) !== undefined
    }
    const own = await add(null, NOW)
    t.strictSame(
      {
        lapsed: await isLeft(await add(null, NOW)),
        waiting: await isLeft(await add(null, minutes(1))),
        active: await isLeft(await add(NOW, NOW)),
        own: await isLeft(own, own.username.toUpperCase())
      },
      { lapsed: false, waiting: true, active: true, own: true }
    )
  })
}

async function testCodes (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections

  await t.test('a code is tried a bounded number of times, however many try at once', async (t) => {
    const { id } = await addUser(orm)
    await users.setVerificationCode(orm, id, 'hash', minutes(10))
    const tries = await atOnce(connections, (orm) => users.countVerificationAttempt(orm, id, MAX_ATTEMPTS, NOW), 40)
    t.strictSame(
      tries.filter((hash) => hash !== undefined),
      Array.from({ length: MAX_ATTEMPTS }, () => 'hash')
    )
    t.equal(await users.countVerificationAttempt(orm, id, MAX_ATTEMPTS, NOW), undefined)
    await users.setVerificationCode(orm, id, 'next', minutes(10))
    t.equal(await users.countVerificationAttempt(orm, id, MAX_ATTEMPTS, NOW), 'next', 'a new code may be tried again')
  })

  await t.test('a code has an end, and no account has one by itself', async (t) => {
    const { id } = await addUser(orm)
    t.equal(await users.countVerificationAttempt(orm, id, MAX_ATTEMPTS, NOW), undefined)
    await users.setVerificationCode(orm, id, 'hash', NOW)
    t.equal(await users.countVerificationAttempt(orm, id, MAX_ATTEMPTS, NOW), undefined)
    t.equal(await users.countVerificationAttempt(orm, id, MAX_ATTEMPTS, minutes(-1)), 'hash')
  })

  await t.test('a code and a reset link are used up by one of several at once', async (t) => {
    const { id } = await addUser(orm)
    await users.setVerificationCode(orm, id, 'hash', minutes(10))
    t.equal(await users.consumeVerificationCode(orm, id, 'older'), false)
    const codes = await atOnce(connections, (orm) => users.consumeVerificationCode(orm, id, 'hash'))
    await users.setResetToken(orm, id, 'token', minutes(60))
    const links = await atOnce(connections, (orm) => users.consumeResetToken(orm, id, 'token', NOW))
    t.strictSame(
      [codes, links].map((won) => won.filter(Boolean).length),
      [1, 1]
    )
  })

  await t.test('a reset link is replaced by a newer one and has an end', async (t) => {
    const [{ id }, other] = [await addUser(orm), await addUser(orm)]
    await users.setResetToken(orm, id, 'older', minutes(60))
    await users.setResetToken(orm, id, 'newer', minutes(60))
    const ownerOf = async (token: string, now: Date) => (await users.findUserByResetToken(orm, token, now))?.id
    t.strictSame(
      [await ownerOf('older', NOW), await ownerOf('newer', NOW), await ownerOf('newer', minutes(60))],
      [undefined, id, undefined]
    )
    t.equal(await users.consumeResetToken(orm, other.id, 'newer', NOW), false)
    t.equal(await users.consumeResetToken(orm, id, 'newer', minutes(60)), false)
    t.equal(await users.consumeResetToken(orm, id, 'newer', minutes(59)), true)
    await users.setResetToken(orm, id, 'last', minutes(60))
    await users.removeResetToken(orm, id)
    t.equal(await ownerOf('last', NOW), undefined)
  })

  await t.test('a verification link is found by its hash alone, and used up by one of several at once', async (t) => {
    const [one, two] = [await addUser(orm), await addUser(orm)]
    await users.setVerificationCode(orm, one.id, `link ${one.username}`, minutes(10))
    await users.setVerificationCode(orm, two.id, `link ${two.username}`, minutes(10))
    t.equal(await users.consumeVerificationLink(orm, `link ${one.username}`, minutes(10)), undefined, 'it has an end')
    const winners = await atOnce(connections, (orm) => users.consumeVerificationLink(orm, `link ${one.username}`, NOW))
    t.strictSame(
      winners.filter((id) => id !== undefined),
      [one.id]
    )
  })
}

async function testSessions (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const addSession = async (userId: number, expiresAt: Date) => {
    const id = randomUUID()
    await sessions.insertSession(orm, { id, userId, expiresAt })
    return id
  }

  await t.test('a session lives until it ends or is revoked', async (t) => {
    const user = await addUser(orm)
    const id = await addSession(user.id, minutes(1))
    t.strictSame(await sessions.findLiveSession(orm, id, NOW), {
      sessionId: id,
      userId: user.id,
      username: user.username,
      expiresAt: minutes(1)
    })
    t.equal(await sessions.findLiveSession(orm, id, minutes(1)), undefined)
    await sessions.extendSession(orm, id, minutes(2))
    t.ok(await sessions.findLiveSession(orm, id, minutes(1)))
    const revoked = await atOnce(connections, (orm) => sessions.revokeSessionOfUser(orm, user.id, id, NOW))
    t.equal(revoked.filter(Boolean).length, 1, 'it is revoked once')
    t.equal(await sessions.findLiveSession(orm, id, NOW), undefined)
  })

  await t.test('dead sessions are found among living ones', async (t) => {
    const [user, other] = [await addUser(orm), await addUser(orm)]
    const [alive, over, revoked, unknown] = [
      await addSession(user.id, minutes(1)),
      await addSession(user.id, NOW),
      await addSession(user.id, minutes(1)),
      randomUUID()
    ]
    const elsewhere = await addSession(other.id, minutes(1))
    await sessions.revokeSessionOfUser(orm, user.id, revoked, NOW)
    t.strictSame(await sessions.findDeadSessions(orm, [alive, over, revoked, unknown], NOW), [over, revoked, unknown])
    t.strictSame(await sessions.findDeadSessions(orm, [], NOW), [])
    t.strictSame((await sessions.revokeSessionsOfUser(orm, user.id, NOW)).sort(), [alive, over].sort())
    t.strictSame(await sessions.findDeadSessions(orm, [alive, elsewhere], NOW), [alive], 'those of others live on')
  })

  await t.test('a user\'s living sessions are listed, and one of them is revoked by its owner only', async (t) => {
    const [user, other] = [await addUser(orm), await addUser(orm)]
    const [one, two, over] = [
      await addSession(user.id, minutes(1)),
      await addSession(user.id, minutes(2)),
      await addSession(user.id, NOW)
    ]
    await addSession(other.id, minutes(1))
    const listed = async () =>
      (await sessions.listSessionsOfUser(orm, user.id, NOW)).map(
        ({ sessionId, expiresAt }) => [sessionId, expiresAt] as const
      )
    t.strictSame(
      new Map(await listed()),
      new Map([
        [one, minutes(1)],
        [two, minutes(2)]
      ])
    )
    t.equal(await sessions.revokeSessionOfUser(orm, other.id, one, NOW), false)
    const revoked = await atOnce(connections, (orm) => sessions.revokeSessionOfUser(orm, user.id, one, NOW))
    t.equal(revoked.filter(Boolean).length, 1, 'it is revoked once')
    t.strictSame(await listed(), [[two, minutes(2)]])
    t.notOk((await sessions.findDeadSessions(orm, [two, over], NOW)).includes(two))
  })

  await t.test('a refresh token is spent by one of several at once', async (t) => {
    const { id: userId } = await addUser(orm)
    const sessionId = await addSession(userId, minutes(1))
    const token = randomUUID()
    t.equal(await sessions.findRefreshToken(orm, token), undefined)
    await sessions.insertRefreshToken(orm, token, sessionId)
    t.strictSame(await sessions.findRefreshToken(orm, token), { sessionId, userId, spentAt: null })
    const spent = await atOnce(connections, (orm) =>
      orm.transaction((tx) => sessions.spendRefreshToken(tx, token, NOW))
    )
    t.strictSame(
      spent.filter((id) => id !== undefined),
      [sessionId]
    )
    t.strictSame(await sessions.findRefreshToken(orm, token), { sessionId, userId, spentAt: NOW })
  })

  await t.test('what ended long ago is removed, its tokens with it', async (t) => {
    const user = await addUser(orm)
    const past = new Date('2001-01-01')
    const [over, revoked, alive] = [
      await addSession(user.id, past),
      await addSession(user.id, NOW),
      await addSession(user.id, NOW)
    ]
    await sessions.revokeSessionOfUser(orm, user.id, revoked, past)
    for (const id of [over, revoked, alive]) await sessions.insertRefreshToken(orm, `of ${id}`, id)
    await sessions.removeSessionsEndedBefore(orm, new Date('2002-01-01'))
    const left = await Promise.all(
      [over, revoked, alive].map(async (id) => (await sessions.findRefreshToken(orm, `of ${id}`)) !== undefined)
    )
    t.strictSame(left, [false, false, true])
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
      await chats.listParticipants(orm, chatId ?? 0),
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
    t.equal(await chats.removeParticipant(orm, chatId, bob.id), true)
    t.equal(await chats.removeParticipant(orm, chatId, bob.id), false)
    t.equal(await chats.findMembership(orm, chatId, bob.id), undefined)
    await chats.addParticipants(orm, chatId, [bob.id], 7)
    t.strictSame(await chats.findMembership(orm, chatId, bob.id), {
      chatId,
      lastSeq: 0,
      membersVersion: 3,
      fromSeq: 7,
      readSeq: 0
    })
    t.strictSame(await chats.findMembership(orm, chatId, ann.id), {
      chatId,
      lastSeq: 0,
      membersVersion: 3,
      fromSeq: 0,
      readSeq: 0
    })
    t.strictSame(await orm.transaction((tx) => chats.lockChat(tx, chatId)), { chatId, lastSeq: 0, membersVersion: 3 })
  })

  await t.test('a chat is listed for whoever is in it under the other\'s name, the latest first', async (t) => {
    const [one, carol] = [await addChat(orm), await addUser(orm)]
    const two = (await orm.transaction((tx) => chats.insertChat(tx, one.ann.id, carol.id))) ?? 0
    await chats.removeParticipant(orm, two, carol.id)
    const list = await chats.listChats(orm, one.ann.id)
    t.strictSame(
      list.map(({ chatId, otherName }) => [chatId, otherName]),
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
    for (const user of [ann, bob]) await chats.removeParticipant(orm, chatId, user.id)
    await chats.removeChat(orm, chatId)
    t.strictSame(await chats.findHeads(orm, [chatId]), [])
    t.equal(await orm.transaction((tx) => chats.lockChat(tx, chatId)), undefined)
    t.not(await orm.transaction((tx) => chats.insertChat(tx, ann.id, bob.id)), chatId)
  })
}

async function testMail (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const mail = (recipient: string) => ({ recipient, subject: 'Hello', text: 'secret', html: '<p>secret</p>' })
  const [future, leaseEnd] = [new Date('2100-01-01T00:00:00Z'), new Date('2100-01-01T00:01:00Z')]

  await t.test('a mail is owed once its transaction has committed', async (t) => {
    await t.rejects(
      orm.transaction(async (tx) => {
        await outbox.insertMail(tx, mail('nobody@example.org'))
        throw new Error('changed my mind')
      }),
      /changed my mind/
    )
    t.strictSame(await outbox.claimMails(orm, CLAIM, future, leaseEnd), [])
  })

  await t.test('of several who claim mails at once, none gets what another has', async (t) => {
    for (let index = 0; index < MAILS; index++) await outbox.insertMail(orm, mail(`${String(index)}@example.org`))
    const claims = (
      await atOnce(
        connections,
        async (orm) => {
          const mine: outbox.OutboxRow[][] = []
          for (
            let rows = await outbox.claimMails(orm, CLAIM, future, leaseEnd);
            rows.length > 0;
            rows = await outbox.claimMails(orm, CLAIM, future, leaseEnd)
          )
            mine.push(rows)
          return mine
        },
        4
      )
    ).flat()
    t.ok(
      claims.every((rows) => rows.length <= CLAIM),
      'none gets more than they asked for'
    )
    const rows = claims.flat()
    t.equal(rows.length, MAILS)
    t.equal(new Set(rows.map((row) => row.recipient)).size, MAILS)
    t.ok(
      rows.every((row) => row.attempts === 1 && row.dueAt.getTime() === leaseEnd.getTime()),
      'each claim is an attempt, with a lease'
    )
  })

  await t.test('a claimed mail comes back after its lease, unless it was sent, put off or given up', async (t) => {
    const rows = await outbox.claimMails(orm, MAILS, leaseEnd, new Date(0))
    t.equal(rows.length, MAILS, 'all leases have run out')
    const [sent, late, lost, next] = rows.map((row) => row.id)
    await outbox.removeMail(orm, sent ?? 0)
    await outbox.postponeMail(orm, late ?? 0, leaseEnd)
    await outbox.giveUpMail(orm, lost ?? 0, NOW)
    const claimed = await outbox.claimMails(orm, MAILS, future, leaseEnd)
    t.equal(claimed.length, MAILS - 3)
    t.hasStrict(
      claimed.find((row) => row.id === next),
      { attempts: 3, text: 'secret' }
    )
    t.equal(
      claimed.some((row) => row.id === sent || row.id === late || row.id === lost),
      false
    )
    const left = (await orm.select().from(mailOutbox)).find((row) => row.id === lost)
    t.hasStrict(left, { failedAt: NOW, text: '', html: '' }, 'what is given up stays to be seen, without its secrets')
  })

  await t.test('an address is subscribed once, in whatever case', async (t) => {
    const email = `${uniqueName('Reader-')}@Example.org`
    await atOnce(connections, (orm, index) =>
      outbox.insertSubscriber(orm, index % 2 === 0 ? email : email.toUpperCase())
    )
    t.equal((await orm.select().from(subscribers)).filter((row) => row.emailKey === email.toLowerCase()).length, 1)
  })
}
