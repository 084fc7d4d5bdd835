import t from '../../support/tap.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import { ELECTRON_HEADERS, unwrapTwice } from '../../support/clients/electron-client.ts'
import type { Answer } from '../../support/clients/http.ts'
import { connect, join } from '../../support/clients/socket.ts'
import { register, startChat, type Account } from '../../support/data/accounts.ts'
import { at, listAt } from '../../support/data/json.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

await onOneDeployment(t, async (t, cluster) => {
  const ask = async ({ accessToken }: Account, route: string, fields: object = {}): Promise<Answer> =>
    cluster.post(`/chat/${route}`, { session_token: accessToken, ...fields }, { headers: ELECTRON_HEADERS })
  const idsOf = async (account: Account, route: string) =>
    listAt(unwrapTwice(await ask(account, route))).map((chat) => at(chat, 'chatID'))

  await t.test('an archived chat moves to the other list of its owner alone, and back', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    for (let time = 0; time < 2; time++) t.type(unwrapTwice(await ask(ann, 'archive-chat', { chatID })), 'string')
    t.strictSame([await idsOf(ann, 'fetch-chats'), await idsOf(ann, 'fetch-archived')], [[], [chatID]])
    t.strictSame([await idsOf(bob, 'fetch-chats'), await idsOf(bob, 'fetch-archived')], [[chatID], []])
    for (let time = 0; time < 2; time++) t.type(unwrapTwice(await ask(ann, 'unarchive-chat', { chatID })), 'string')
    t.strictSame([await idsOf(ann, 'fetch-chats'), await idsOf(ann, 'fetch-archived')], [[chatID], []])
  })

  await t.test('it is read, joined and posted to as before, and stays archived', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    await ask(ann, 'archive-chat', { chatID })
    const reader = await join(t, cluster.replica(1), ann.accessToken, chatID)
    const writer = await connect(t, cluster.replica(0), bob.accessToken)
    writer.send({ type: 'post_msg', chatID, text: 'Hello' })
    t.equal((await reader.next())['message'], 'Hello')
    t.match(unwrapTwice(await ask(ann, 'messages', { chatID })), { messages: [{ message: 'Hello' }] })
    t.strictSame(await idsOf(ann, 'fetch-archived'), [chatID])
  })

  await t.test('create-chat takes it out of the archive of the caller, not of the other', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    for (const account of [ann, bob]) await ask(account, 'archive-chat', { chatID })
    t.strictSame(unwrapTwice(await ask(ann, 'create-chat', { receiver: bob.username })), { chatID })
    t.strictSame([await idsOf(ann, 'fetch-chats'), await idsOf(bob, 'fetch-chats')], [[chatID], []])
  })

  await t.test('a chat of others, or none, is 404', async (t) => {
    const { chatID } = await startChat(cluster)
    const stranger = await register(cluster)
    for (const route of ['archive-chat', 'unarchive-chat'])
      for (const id of [chatID, 999_999_999]) expectRefusal(t, await ask(stranger, route, { chatID: id }), 404, route)
  })
})
