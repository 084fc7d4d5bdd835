import t from '../../support/tap.ts'
import { call } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { refusedUpgrade } from '../../support/clients/upgrades.ts'
import { startChat } from '../../support/data/accounts.ts'
import { startCluster } from '../../support/servers/cluster.ts'

const RESTART = 1012

await t.test('CHATCLI_WS_PORT is a second port, through the same gate', async (t) => {
  const cluster = await startCluster(t, { environment: { CHATCLI_WS_PORT: '0', MAX_SOCKETS: '2' } })
  const replica = cluster.replica(0)
  const second = { url: `http://127.0.0.1:${String(replica.chatcliSocketPort)}` }
  t.not(second.url, replica.url)
  const { ann, bob, chatID } = await startChat(cluster)

  t.hasStrict(await refusedUpgrade(t, second, { origin: 'https://elsewhere.example' }), { status: 403 })
  t.equal((await call(`${second.url}/ws`, 'GET')).status, 400, 'no upgrade')
  const anns = await connect(t, second, ann.accessToken)
  const bobs = await connect(t, replica, bob.accessToken)
  for (const socket of [anns, bobs]) {
    socket.send({ type: 'join_idle' })
    await socket.barrier()
  }
  t.hasStrict(await refusedUpgrade(t, second), { status: 503 }, 'sockets of both ports count')
  for (const [socket, text] of [[anns, 'one'], [bobs, 'two']] as const) {
    socket.send({ type: 'post_msg', chatID, text })
    for (const each of [anns, bobs]) await each.next(({ message }) => message === text)
  }

  await replica.close()
  t.strictSame([await anns.closed(), await bobs.closed()], [RESTART, RESTART], 'both are drained')
  await t.rejects(fetch(`${second.url}/livez`), 'nothing listens any more')
})

await t.test('without it there is none', async (t) => {
  t.equal((await startCluster(t)).replica(0).chatcliSocketPort, undefined)
})
