import t, { type Test } from '../../support/tap.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import { unwrapTwice } from '../../support/clients/electron-client.ts'
import type { Answer } from '../../support/clients/http.ts'
import { join, type SocketClient } from '../../support/clients/socket.ts'
import { createChat, register, type Account } from '../../support/data/accounts.ts'
import { at, integerAt, listAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'

const NOBODY = 'nobody-of-this-name'

await onEachDeployment(t, async (t, cluster) => {
  await making(t, cluster)
  await adding(t, cluster)
  await removing(t, cluster)
  await refusing(t, cluster)
})

/** Asks a route of the chats as somebody. */
async function ask (cluster: Cluster, { accessToken }: Account, route: string, fields: object = {}): Promise<Answer> {
  return cluster.post(`/chat/${route}`, { session_token: accessToken, ...fields })
}

async function people (cluster: Cluster, count: number): Promise<Account[]> {
  return Promise.all(Array.from({ length: count }, () => register(cluster)))
}

async function three (cluster: Cluster): Promise<[Account, Account, Account]> {
  return [await register(cluster), await register(cluster), await register(cluster)]
}

/** Makes a group of the first of these, who owns it, and the others. @returns its number */
async function makeGroup (cluster: Cluster, [owner, ...others]: readonly Account[], name = 'Lunch'): Promise<number> {
  if (owner === undefined) throw new Error('A group needs an owner.')
  const members = others.length > 0 ? namesOf(others) : [owner.username]
  return integerAt(unwrapTwice(await ask(cluster, owner, 'create-group', { name, members })), 'chatID')
}

function namesOf (accounts: readonly Account[]): string[] {
  return accounts.map(({ username }) => username)
}

async function membersOf (cluster: Cluster, account: Account, chatID: number): Promise<unknown> {
  return at(unwrapTwice(await ask(cluster, account, 'get-members', { chatID })), 'members')
}

async function listOf (cluster: Cluster, account: Account): Promise<unknown[]> {
  return listAt((await ask(cluster, account, 'fetch-chats')).body, 'response').map((chat) => ({
    chatID: at(chat, 'chatID'), name: at(chat, 'name'), type: at(chat, 'type')
  }))
}

async function textsOf (cluster: Cluster, account: Account, chatID: number): Promise<unknown[]> {
  return listAt((await ask(cluster, account, 'messages', { chatID })).body).map((message) => at(message, 'message'))
}

async function say (socket: SocketClient, chatID: number, text: string): Promise<void> {
  socket.send({ type: 'post_msg', chatID, text })
  await socket.next((frame) => frame['message'] === text)
}

async function making (t: Test, cluster: Cluster): Promise<void> {
  await t.test('a group has its name, its owner first, and whoever it was made with, each once', async (t) => {
    // The owner is not the oldest account.
    const [bob, ann, cy] = await three(cluster)
    const members = [bob.username, cy.username.toUpperCase(), bob.username.toLowerCase(), ann.username]
    const answer = await ask(cluster, ann, 'create-group', { name: '  Lunch ', members })
    const chatID = integerAt(answer.body, 'chatID')
    t.strictSame(answer.body, { status: 'ok', message: '', response: { chatID }, chatID })
    for (const account of [ann, bob, cy]) {
      t.strictSame(await membersOf(cluster, account, chatID), namesOf([ann, bob, cy]))
      t.strictSame(await listOf(cluster, account), [{ chatID, name: 'Lunch', type: 'group' }])
    }
  })

  await t.test('a chat of two is private, and groups may be of one and share a name', async (t) => {
    const [ann, bob] = await three(cluster)
    const [one, two] = [await makeGroup(cluster, [ann]), await makeGroup(cluster, [ann])]
    const chatID = await createChat(cluster, ann, bob)
    t.strictSame(await listOf(cluster, ann), [
      { chatID, name: bob.username, type: 'private' },
      { chatID: two, name: 'Lunch', type: 'group' },
      { chatID: one, name: 'Lunch', type: 'group' }
    ])
  })

  await t.test('what is posted reaches every member on every replica, and is in the history', async (t) => {
    const members = await people(cluster, 4)
    const chatID = await makeGroup(cluster, members)
    const sockets = await Promise.all(
      members.map(({ accessToken }, index) => join(t, cluster.replica(index), accessToken, chatID))
    )
    const texts = members.map(({ username }) => `from ${username}`)
    for (const [index, socket] of sockets.entries()) await say(socket, chatID, texts[index] ?? '')
    for (const socket of sockets) {
      const received = () =>
        socket.frames.flatMap((frame) => (frame['type'] === 'new_message' ? [frame['message']] : []))
      await eventually(async () => socket.barrier().then(() => received().length >= texts.length))
      t.strictSame(received(), texts)
    }
    for (const account of members) t.strictSame(await textsOf(cluster, account, chatID), texts)
  })
}

async function adding (t: Test, cluster: Cluster): Promise<void> {
  await t.test('any member may add others, who see what is posted from then on; members are passed over', async (t) => {
    const [ann, bob, cy] = await three(cluster)
    const chatID = await makeGroup(cluster, [ann, bob])
    const socket = await join(t, cluster.replica(0), ann.accessToken, chatID)
    await say(socket, chatID, 'before')
    const answer = await ask(cluster, bob, 'add-members', { chatID, members: [cy.username, ann.username] })
    t.strictSame(unwrapTwice(answer), { chatID })
    t.strictSame(await membersOf(cluster, cy, chatID), namesOf([ann, bob, cy]))
    const added = await join(t, cluster.replica(1), cy.accessToken, chatID)
    await say(socket, chatID, 'after')
    t.equal((await added.next())['message'], 'after')
    t.strictSame(await textsOf(cluster, cy, chatID), ['after'])
    t.strictSame(await textsOf(cluster, bob, chatID), ['before', 'after'])
    t.strictSame(unwrapTwice(await ask(cluster, cy, 'add-members', { chatID, members: [ann.username] })), { chatID })
  })

  await t.test('of many who add the same at once each succeeds, and everybody is in once', async (t) => {
    const [[ann, bob, cy], more] = [await three(cluster), await people(cluster, 2)]
    const others = [cy, ...more]
    const chatID = await makeGroup(cluster, [ann, bob])
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) =>
      ask(cluster, index % 2 === 0 ? ann : bob, 'add-members', { chatID, members: namesOf(others) })))
    t.strictSame(answers.map(({ status }) => status), answers.map(() => 200))
    t.strictSame(
      listAt(await membersOf(cluster, ann, chatID)).map(String).sort(),
      namesOf([ann, bob, ...others]).sort()
    )
  })
}

async function removing (t: Test, cluster: Cluster): Promise<void> {
  await t.test('who is removed gets nothing that is posted afterwards, on any replica', async (t) => {
    const [ann, bob, cy] = await three(cluster)
    const chatID = await makeGroup(cluster, [ann, bob, cy])
    const joinAll = ({ accessToken }: Account) =>
      Promise.all(cluster.replicas.map((replica) => join(t, replica, accessToken, chatID)))
    const [poster, removed, witnesses] = [
      await join(t, cluster.replica(0), ann.accessToken, chatID), await joinAll(bob), await joinAll(cy)
    ]
    await say(poster, chatID, 'before')
    const answer = await ask(cluster, ann, 'remove-members', { chatID, members: [bob.username] })
    t.strictSame(unwrapTwice(answer), { chatID })
    await say(poster, chatID, 'after')
    for (const witness of witnesses)
      t.strictSame((await witness.take(2)).map(({ message }) => message), ['before', 'after'])
    for (const socket of removed) {
      const frames = await socket.barrier()
      t.strictSame(frames.map(({ message }) => message), ['before'])
      socket.send({ type: 'post_msg', chatID, text: 'ghost' })
      t.equal((await socket.next())['type'], 'error')
    }
    t.strictSame(await listOf(cluster, bob), [])
    expectRefusal(t, await ask(cluster, bob, 'messages', { chatID }), 404)
    t.strictSame(await membersOf(cluster, cy, chatID), namesOf([ann, cy]))
  })

  await t.test('everybody may leave; the longest member follows an owner, the last one ends the group', async (t) => {
    // The longest member is not the oldest account.
    const [cy, ann, bob] = await three(cluster)
    const chatID = await makeGroup(cluster, [ann, bob])
    await ask(cluster, ann, 'add-members', { chatID, members: [cy.username] })
    const leave = (account: Account) =>
      ask(cluster, account, 'remove-members', { chatID, members: [account.username] })
    t.equal((await leave(ann)).status, 200)
    t.strictSame(await membersOf(cluster, cy, chatID), namesOf([bob, cy]))
    expectRefusal(t, await ask(cluster, cy, 'remove-members', { chatID, members: [bob.username] }), 403)
    t.equal((await ask(cluster, bob, 'delete-chat', { chatID })).status, 200, 'the seed\'s route does the same')
    t.strictSame(await membersOf(cluster, cy, chatID), namesOf([cy]))
    t.equal((await leave(cy)).status, 200)
    expectRefusal(t, await ask(cluster, cy, 'get-members', { chatID }), 404)
    t.strictSame(await listOf(cluster, cy), [])
  })

  await t.test('all may be removed at once, and whoever is no member is passed over', async (t) => {
    const [ann, bob, cy] = await three(cluster)
    const chatID = await makeGroup(cluster, [ann, bob])
    const remove = (members: Account[]) =>
      ask(cluster, ann, 'remove-members', { chatID, members: namesOf(members) })
    t.strictSame(unwrapTwice(await remove([cy])), { chatID })
    t.strictSame(await membersOf(cluster, ann, chatID), namesOf([ann, bob]))
    t.strictSame(unwrapTwice(await remove([ann, bob])), { chatID })
    expectRefusal(t, await ask(cluster, ann, 'get-members', { chatID }), 404)
  })
}

async function refusing (t: Test, cluster: Cluster): Promise<void> {
  const [ann, bob, cy] = await three(cluster)
  const chatID = await makeGroup(cluster, [ann, bob])
  const pair = await createChat(cluster, ann, bob)

  await t.test('strangers, private chats and chats that are not there are 404 in the same words', async (t) => {
    const words = new Set<unknown>()
    for (const [account, id] of [[cy, chatID], [ann, pair], [ann, 999_999_999]] as const) {
      for (const route of ['get-members', 'add-members', 'remove-members']) {
        const answer = await ask(cluster, account, route, { chatID: id, members: [ann.username] })
        expectRefusal(t, answer, 404, `${route} of ${String(id)}`)
        words.add(at(answer.body, 'message'))
      }
    }
    t.equal(words.size, 1)
  })

  await t.test('an unknown name is told, and nothing is done', async (t) => {
    const members = [cy.username, NOBODY]
    for (const [route, fields] of [
      ['create-group', { name: 'x', members }],
      ['add-members', { chatID, members }],
      ['remove-members', { chatID, members }]
    ] as const) {
      const answer = await ask(cluster, ann, route, fields)
      expectRefusal(t, answer, 404, route)
      t.match(at(answer.body, 'message'), NOBODY)
    }
    t.strictSame(await membersOf(cluster, ann, chatID), namesOf([ann, bob]))
    t.strictSame(await listOf(cluster, cy), [])
  })

  await t.test('only the owner may remove others', async (t) => {
    expectRefusal(t, await ask(cluster, bob, 'remove-members', { chatID, members: [ann.username] }), 403)
    t.strictSame(await membersOf(cluster, ann, chatID), namesOf([ann, bob]))
  })

  await t.test('bad names and bad lists are 400', async (t) => {
    const make = (name: unknown) => ask(cluster, ann, 'create-group', { name, members: [bob.username] })
    const unshowable = ['', '   ', '\u200b', 'a\nb', 'a\u202eb', 'a\0b', '\ud800']
    for (const name of [undefined, 'x'.repeat(101), 7, null, ['x'], ...unshowable])
      expectRefusal(t, await make(name), 400, JSON.stringify(name))
    t.equal((await make('😀'.repeat(100))).status, 200)
    for (const members of [undefined, [], 'bob', [7], [null], {}, Array<string>(101).fill(bob.username)]) {
      for (const route of ['create-group', 'add-members', 'remove-members'])
        expectRefusal(t, await ask(cluster, ann, route, { name: 'x', chatID, members }), 400, route)
    }
  })
}
