/** `confab-client/management`, as a program uses it. */
import { WebSocket } from 'ws'
import t from '../../support/tap.ts'
import { ConfabClient } from '../../../src/client/index.ts'
import {
  acceptInvite, addMembers, blockUser, changeChat, changeOwnSettings, changeProfile, changeRole, createInvite,
  deleteChat, freezeChat, isShared, joinChat, leaveChat, listBlocks, listChatTypes, listInvites, listPins,
  readNotifications, readProfile, removeMember, revokeInvite, share, transferChat, writeNotifications
} from '../../../src/client/management/index.ts'
import { type ApiClient, newUser, USER_TOKENS } from '../../support/data/api-clients.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

await onOneDeployment(t, async (t, cluster) => {
  const { url } = cluster.replica(0)
  const clientOf = ({ bearer }: ApiClient) => new ConfabClient({ url, getToken: () => bearer, WebSocket })
  const users = await Promise.all([newUser(cluster), newUser(cluster), newUser(cluster)])
  const [ann, ben, cleo] = [clientOf(users[0]), clientOf(users[1]), clientOf(users[2])]
  const [annId, benId, cleoId] = [users[0].id, users[1].id, users[2].id]
  const makeGroup = async () => (await ann.createChat({ type: 'group', name: 'Order', description: 'A parcel' })).id

  await t.test('settings of a chat, for all and for oneself', async (t) => {
    const chat = await makeGroup()
    t.match(ann.chat(chat).info, { name: 'Order', description: 'A parcel' })
    t.match(await changeChat(ann, chat, { name: 'Parcel', description: null }), { name: 'Parcel', description: null })
    t.match(await changeOwnSettings(ann, chat, { muted: true, notifications: 'mentions' }),
      { muted: true, pinned: false, notifications: 'mentions' })
    t.type((await freezeChat(ann, chat, { isFrozen: true })).frozen_at, 'string')
    t.equal((await freezeChat(ann, chat, { isFrozen: false })).frozen_at, null)
    await deleteChat(ann, chat)
    await t.rejects(changeChat(ann, chat, { name: 'gone' }), { code: 'unknown_chat', status: 404 })
  })

  await t.test('members: each is added or not, with roles that change', async (t) => {
    const chat = await makeGroup()
    const outcomes = await addMembers(ann, chat, { members: [{ user: benId }, { user: 'nobody' }] })
    t.match(outcomes, [{ member: { user: benId, role: 'member' } }, { problem: { code: 'unknown_user' } }])
    t.match(await changeRole(ann, chat, { user: benId, role: 'admin' }), { role: 'admin' })
    await t.rejects(changeRole(ben, chat, { user: annId, role: 'guest' }), { code: 'forbidden' })
    t.match(await transferChat(ann, chat, { user: benId }), { user: benId, role: 'owner' })
    await t.rejects(leaveChat(ben, chat), { code: 'last_owner' })
    await leaveChat(ben, chat, { newOwner: annId })
    await addMembers(ann, chat, { members: [{ user: cleoId }] })
    await removeMember(ann, chat, { user: cleoId })
    await t.rejects(removeMember(ann, chat, { user: cleoId }), { code: 'not_a_member' })
  })

  await t.test('invites are made, used, listed and revoked', async (t) => {
    const chat = await makeGroup()
    const { id, code } = await createInvite(ann, chat, { maxUses: 1, expiresAt: new Date(Date.now() + 3_600_000) })
    t.match(await acceptInvite(ben, code), { id: chat, me: { role: 'member' } })
    await t.rejects(acceptInvite(cleo, code), { code: 'unknown_invite' })
    t.match(await listInvites(ann, chat), [{ id, uses: 1, max_uses: 1 }])
    await revokeInvite(ann, chat, { id })
    t.strictSame(await listInvites(ann, chat), [])
    t.match(await createInvite(ann, chat), { max_uses: null, expires_at: null })
    await t.rejects(acceptInvite(cleo, '../chats'), { code: 'invalid_input' }, 'no other path is called')
  })

  await t.test('public chats are joined, and pins listed', async (t) => {
    const { id: chat } = await ann.createChat({ type: 'channel', name: 'News' })
    t.match(await joinChat(ben, chat), { me: { role: 'member' } })
    t.strictSame(await listPins(ben, chat), [])
    const types = await listChatTypes(ben)
    t.strictSame(types.find(({ type }) => type === 'channel')?.visibility, 'public')
  })

  await t.test('the profile, and what others may know', async (t) => {
    t.match(await changeProfile(ann, { name: 'Ann Example' }), { id: annId, name: 'Ann Example' })
    t.match(await readProfile(ann), { name: 'Ann Example' })
    await t.rejects(changeProfile(ann, { name: ' ' }), { code: 'invalid_name' })
    await share(ann, 'presence', { shared: false })
    t.strictSame([await isShared(ann, 'presence'), await isShared(ann, 'receipts')], [false, true])
    const night = { from: '22:00', to: '07:00', timezone: 'Europe/Berlin' }
    await writeNotifications(ann, { ...await readNotifications(ann), push: 'mentions', quiet_hours: night })
    t.match(await readNotifications(ann), { push: 'mentions', previews: 'on', quiet_hours: night, unread_mail: null })
    await blockUser(ann, { user: benId, isBlocked: true })
    t.match(await listBlocks(ann), [{ user: benId }])
    await blockUser(ann, { user: benId, isBlocked: false })
    t.strictSame(await listBlocks(ann), [])
  })
}, { environment: USER_TOKENS })
