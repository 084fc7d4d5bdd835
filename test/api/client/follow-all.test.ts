import t from '../../support/tap.ts'
import { ConfabClient } from '../../support/clients/described-client.ts'
import { say } from '../../support/clients/following.ts'
import { connect } from '../../support/clients/socket.ts'
import { createChat, register, startChat } from '../../support/data/accounts.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const DEADLINE_MS = 30_000

await onOneDeployment(t, async (t, cluster) => {
  await t.test('a client that follows all chats is told of new ones, of messages and of their changes', async (t) => {
    const { ann, bob, chatID } = await startChat(cluster)
    const cy = await register(cluster)
    const { accessToken, refreshToken } = bob
    const client = new ConfabClient({
      url: cluster.replica(1).url, tokens: { accessToken, refreshToken }, followAll: true
    })
    t.teardown(() => client.close())
    const seen: unknown[] = []
    client.on('message', ({ text }) => seen.push(['message', text]))
    client.on('edited', ({ text, messageID }) => seen.push(['edited', text, messageID]))
    client.on('deleted', (message) => seen.push(['deleted', message]))
    client.connect()
    const chat = client.open(chatID)
    const [edited, deleted] = [chat.once('edited'), chat.once('deleted')]
    // It asks to follow all chats before it joins one.
    await chat.ready()

    const told = client.once('chats', { signal: AbortSignal.timeout(DEADLINE_MS) })
    const other = await createChat(cluster, cy, bob)
    t.strictSame(await told, { chatID: other, creator: cy.username })

    const [anns, cys] = [
      await connect(t, cluster.replica(0), ann.accessToken), await connect(t, cluster.replica(2), cy.accessToken)
    ]
    const messageID = await say(anns, chatID, 'first')
    anns.send({ type: 'edit_msg', chatID, messageID, text: 'changed' })
    anns.send({ type: 'delete_msg', chatID, messageID })
    t.hasStrict(await edited, { chatID, messageID, text: 'changed' })
    t.strictSame(await deleted, { chatID, messageID })
    const last = client.once('message', { signal: AbortSignal.timeout(DEADLINE_MS) })
    await say(cys, other, 'of a chat that is not open')
    await last
    t.strictSame(seen, [
      ['message', 'first'],
      ['edited', 'changed', messageID],
      ['deleted', { chatID, messageID }],
      ['message', 'of a chat that is not open']
    ])
  })
})
