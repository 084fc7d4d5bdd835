import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import t from '../support/tap.ts'
import { CHATCLI_CODEC } from '../../src/api/chatcli/ws/codec.ts'
import { V1_CODEC } from '../../src/api/v1/realtime/codec.ts'
import { parseChatId } from '../../src/domain/chats/chat-id.ts'
import { BUILT_IN_TYPES } from '../../src/domain/chats/chat-types.ts'
import { byUser } from '../../src/domain/chats/caller.ts'
import { COMMAND_LINE } from '../../src/domain/moderation/audit.ts'
import { addUser } from '../support/data/rows.ts'
import { createStore } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { openHub, type HubUser } from '../support/servers/hub.ts'

const POSTS = 100

t.setTimeout(300_000)

// The hubs hear the channels of chats alone: no announcement of a change of a type ever comes.
await withServices(t, 'chats that anybody may read, on two replicas', async (t, services) => {
  const databaseUrl = await createStore(t, services.databaseUrl)
  const redisPrefix = `confab_test_${randomBytes(6).toString('hex')}:`
  const open = (prefix: string) =>
    openHub(t, { ...services, databaseUrl, redisPrefix: prefix }, [CHATCLI_CODEC, V1_CODEC])
  const [one, two, deaf] = [await open(redisPrefix), await open(redisPrefix), await open(`${redisPrefix}else:`)]
  const { orm } = one.services
  await orm.execute(sql`insert into features (name) values ('events') on conflict do nothing`)
  const newUser = async (): Promise<HubUser> => {
    const { id, username } = await addUser(orm)
    return { userId: id, username }
  }
  const startChat = async (type: string) => {
    await one.services.chats.putType(type, BUILT_IN_TYPES.channel, COMMAND_LINE)
    const owner = await newUser()
    const { id } = await one.services.chats.create(byUser(owner), { type })
    const name = parseChatId(id)
    if (name === undefined || !('chatId' in name)) throw new Error(`The chat has the id ${id}.`)
    return { id, chatId: name.chatId, owner }
  }

  await t.test('nothing that is posted after it was closed reaches a visitor, live or in a replay', async (t) => {
    const { chatId, owner } = await startChat('closing')
    const visitor = await newUser()
    await one.post(chatId, owner, 'in public')
    const member = await two.follow(t, chatId, owner, V1_CODEC, 0)
    const live = await Promise.all([one, two].map(async (hub) => hub.visit(t, chatId, visitor, V1_CODEC, 0)))
    for (let count = 0; count < POSTS; count++) await one.post(chatId, owner, `public ${String(count)}`)
    for (const socket of live) await socket.reached(`public ${String(POSTS - 1)}`)
    const replaying = [one, two].map(async (hub) => hub.visit(t, chatId, visitor, V1_CODEC, 0).catch(() => undefined))
    await one.services.chats.putType('closing', { ...BUILT_IN_TYPES.channel, visibility: 'private' }, COMMAND_LINE)
    for (const hub of [one, two]) await hub.post(chatId, owner, 'in private')
    await member.reached('in private')
    for (const socket of [...live, ...await Promise.all(replaying)]) {
      if (socket === undefined) continue
      await socket.reached('"reason":"removed"')
      t.notOk(socket.text.includes('in private'))
    }
    await t.rejects(two.visit(t, chatId, visitor, V1_CODEC), { code: 'not_a_participant' })
  })

  await t.test('one who comes back where the end of the time before is not known yet stays', async (t) => {
    const { id, chatId, owner } = await startChat('returning')
    const bob = await newUser()
    const { chats } = deaf.services
    await chats.join({ ...byUser(bob), user: bob }, id)
    const before = await two.follow(t, chatId, bob, V1_CODEC)
    await chats.leaveBy({ ...byUser(bob), user: bob }, id)
    await chats.join({ ...byUser(bob), user: bob }, id)
    const after = await two.follow(t, chatId, bob, V1_CODEC)
    await one.post(chatId, owner, 'hello')
    await after.reached('hello')
    await before.reached('"reason":"removed"')
    t.notOk(after.text.includes('"reason":"removed"'))
  })
})
