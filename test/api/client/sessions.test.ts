import t from '../../support/tap.ts'
import { WebSocket } from 'ws'
import { ConfabClient } from '../../../src/client/chatcli/index.ts'
import { logIn, register } from '../../support/data/accounts.ts'
import { onEmbedded } from '../../support/servers/deployments.ts'

await onEmbedded(t, async (t, cluster) => {
  await t.test('a client lists and ends sessions, and changes the password', async (t) => {
    const { username, email, password } = await register(cluster)
    const client = new ConfabClient({ url: cluster.replica(0).url, WebSocket })
    t.teardown(() => client.close())
    await client.logIn({ username, password })
    const [own, other] = await client.sessions()
    t.hasStrict([own, other], [{ isCurrent: true, userAgent: 'node' }, { isCurrent: false }])
    t.ok(Date.parse(own?.lastUsedAt ?? '') >= Date.parse(own?.createdAt ?? ''))
    t.ok(Date.parse(own?.expiresAt ?? '') > Date.now())
    await client.endSession(other?.id ?? '')
    await t.rejects(client.endSession(other?.id ?? ''), { code: 'unknown_session', status: 404 })
    t.equal((await client.sessions()).length, 1)

    await logIn(cluster, { username, email, password })
    await client.endOtherSessions()
    t.equal((await client.sessions()).length, 1)

    await logIn(cluster, { username, email, password })
    const next = 'a pass phrase that is long'
    await t.rejects(client.changePassword({ current: 'Wrong-Pass-1', next }), { code: 'wrong_password', status: 403 })
    await client.changePassword({ current: password, next })
    t.equal((await client.sessions()).length, 1)
    await logIn(cluster, { username, email, password: next })
  })
})
