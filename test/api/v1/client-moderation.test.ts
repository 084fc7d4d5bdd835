/** `confab-client/moderation`, as a program uses it. */
import { WebSocket } from 'ws'
import t from '../../support/tap.ts'
import { ConfabClient } from '../../../src/client/index.ts'
import { addMembers, readProfile } from '../../../src/client/management/index.ts'
import {
  banUser, decideReport, listAuditLog, listBans, listReports, readHealth, report, unbanUser
} from '../../../src/client/moderation/index.ts'
import { setOperator } from '../../../src/domain/moderation/operators.ts'
import { type ApiClient, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { integerAt } from '../../support/data/json.ts'
import { eventually } from '../../support/deadline.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const DAY_MS = 86_400_000

await onOneDeployment(t, async (t, cluster) => {
  const { url } = cluster.replica(0)
  const clientOf = ({ bearer }: ApiClient) => new ConfabClient({ url, getToken: () => bearer, WebSocket })
  const users = await Promise.all([newUser(cluster), newUser(cluster), newUser(cluster)])
  const [ann, ben, cleo] = [clientOf(users[0]), clientOf(users[1]), clientOf(users[2])]
  const [annId, benId] = [users[0].id, users[1].id]
  const { id: chat } = await ann.createChat({ type: 'group', name: 'Order', members: [{ user: benId }] })

  await t.test('a user is banned, listed, and unbanned', async (t) => {
    const until = new Date(Date.now() + DAY_MS)
    t.match(await banUser(ann, chat, { user: benId, reason: 'Advertising', until }), {
      user: benId, reason: 'Advertising', until: until.toISOString(), by: { user: annId }
    })
    t.match(await listBans(ann, chat), [{ user: benId }])
    t.match(await addMembers(ann, chat, { members: [{ user: benId }] }), [{ problem: { code: 'banned' } }])
    await unbanUser(ann, chat, { user: benId })
    await t.rejects(unbanUser(ann, chat, { user: benId }), { code: 'unknown_ban' })
    t.match(await addMembers(ann, chat, { members: [{ user: benId }] }), [{ member: { user: benId } }])
  })

  await t.test('reports are made, paged and decided on', async (t) => {
    const body = { text: 'Buy this' }
    const seqs = []
    for (let count = 0; count < 3; count++) {
      const answer = await users[1].call('POST', `/chats/${chat}/messages`, body)
      seqs.push(integerAt(answer.body, 'seq'))
    }
    for (const seq of seqs) await report(ann, { chat, seq, reason: 'spam', text: 'Again' })
    const first = await listReports(ann, { chat, status: 'open', limit: 2 })
    t.equal(first.items.length, 2)
    const second = await listReports(ann, { chat, status: 'open', limit: 2, cursor: first.next ?? '' })
    t.match(second, { items: [{ seq: seqs[0], user: benId, message: body }], next: null })
    const [one] = first.items
    if (one === undefined) throw new Error('There is no report.')
    t.match(await decideReport(ann, one.id, { status: 'dismissed', version: one.version }), {
      status: 'dismissed', decided_by: { user: annId }
    })
    await t.rejects(decideReport(ann, one.id, { status: 'open', version: one.version }), { code: 'version_conflict' })
    await t.rejects(listReports(cleo), { code: 'not_an_operator' })
    t.type(await report(cleo, { user: benId, reason: 'other' }), 'string')
  })

  await t.test('operators read the audit log and the health', async (t) => {
    await t.rejects(readHealth(cleo), { code: 'not_an_operator' })
    t.equal((await readProfile(cleo)).operator, undefined)
    await setOperator(cluster.orm, users[2].id, true)
    t.equal((await readProfile(cleo)).operator, true)
    const { items } = await listAuditLog(cleo, { chat, action: 'member.*', since: new Date(Date.now() - DAY_MS) })
    t.match(items.map(({ action }) => action), ['member.unbanned', 'member.banned', 'member.removed'])
    t.match(await listAuditLog(cleo, { command: true, limit: 1 }), { items: [{ action: 'operator.granted' }] })
    t.ok(await eventually(async () => (await readHealth(cleo)).replicas.length === cluster.replicas.length))
    t.match(await readHealth(cleo), { open_reports: Number, postgres: { version: String }, jobs: Array })
  })
  for (const client of [ann, ben, cleo]) client.close()
}, { environment: USER_TOKENS, inspectable: true })
