import { and, eq, sql } from 'drizzle-orm'
import { randomBytes } from 'node:crypto'
import t from '../../support/tap.ts'
import { chatHeads, followedChats, followers, jobs, pushDevices, pushMarks } from '../../../src/store/schema.ts'
import { newKey, USER_TOKENS } from '../../support/data/api-clients.ts'
import { at, listAt, textAt } from '../../support/data/json.ts'
import { type AppUser, makeChat, makeUser } from '../../support/data/v1-chats.ts'
import { eventually } from '../../support/deadline.ts'
import { ApnsService, FcmService, WebPushService } from '../../support/servers/push-services.ts'
import { onEachDeployment } from '../../support/servers/deployments.ts'

t.setTimeout(300_000)

const fcm = await FcmService.start(t)
const apns = await ApnsService.start(t)
const environment = {
  ...USER_TOKENS,
  WEBHOOK_PRIVATE_ADDRESSES: 'on',
  PUSH_INTERVAL: '1ms',
  FCM_SERVICE_ACCOUNT: fcm.account,
  FCM_URL: fcm.url,
  APNS_KEY: apns.key,
  APNS_KEY_ID: 'ABCDE12345',
  APNS_TEAM_ID: 'TEAM567890',
  APNS_TOPIC: 'org.example.chat',
  APNS_URL: apns.url
}

await onEachDeployment(t, async (t, cluster) => {
  const offer = await cluster.get('/v1/push')
  const web = await WebPushService.start(t, textAt(offer.body, 'vapid_public_key'))
  const [ann, bob] = [await makeUser(cluster, 'ann'), await makeUser(cluster, 'bob')]
  const call = async ({ token }: AppUser, method: string, path: string, body?: unknown) => {
    const answer = await cluster.call(method, `/v1/${path}`, { bearer: token, ...(body !== undefined && { body }) })
    if (answer.status >= 300) throw new Error(`${method} ${path} was answered ${String(answer.status)}: ${answer.text}`)
    return answer.body
  }
  const addBrowser = async (user: AppUser, device: string) =>
    call(user, 'PUT', `me/devices/${device}`, { kind: 'web', ...web.subscribe(device), name: 'a browser' })
  const settings = (user: AppUser, body: object) => call(user, 'PUT', 'me/notifications', body)
  /** Nothing is under way any more that could tell a device of what is in this chat. */
  const settled = ({ chatId }: { chatId: number }) => eventually(async () => {
    const [head] = await cluster.orm.select().from(chatHeads).where(eq(chatHeads.chatId, chatId))
    const [followed] = await cluster.orm.select().from(followedChats).where(eq(followedChats.chatId, chatId))
    const isOfPush = sql`${jobs.kind} in ('push', 'push-send')`
    return (followed?.position ?? -1) >= (head?.lastSeq ?? 0) &&
      (await cluster.orm.select().from(jobs).where(isOfPush)).length === 0
  })
  const isFollowed = async () =>
    (await cluster.orm.select().from(followers).where(eq(followers.name, 'push'))).length > 0

  await t.test('all replicas offer the same key, and nothing is written before there is a device', async (t) => {
    for (const [replica] of cluster.replicas.entries())
      t.strictSame((await cluster.get('/v1/push', { replica })).body, offer.body)
    t.strictSame(at(offer.body, 'kinds'), ['web', 'fcm', 'apns'])
    t.notOk(await isFollowed())
    const chat = await makeChat(cluster, [ann, bob])
    await chat.post(ann, 'to nobody')
    t.strictSame(await cluster.orm.select().from(jobs), [])
  })

  await t.test('a browser is told of a message, encrypted for it, and takes it back when it is read', async (t) => {
    await addBrowser(bob, 'bobs-browser')
    t.ok(await isFollowed())
    const chat = await makeChat(cluster, [ann, bob])
    const seq = await chat.post(ann, 'Hello, are you there?')
    t.ok(await web.until('bobs-browser', 1))
    t.strictSame(web.faults, [])
    t.match(web.last('bobs-browser'), {
      type: 'message', chat: chat.id, chat_type: 'group', chat_name: 'a chat', seq, parent: null,
      author: { id: ann.id, name: ann.id }, text: 'Hello, are you there?', mentioned: false, unread: 1
    })
    t.match(web.pushes.at(-1)?.headers, { ttl: '86400', topic: /^[\w-]{32}$/, urgency: 'high' })
    const topic = web.pushes.at(-1)?.headers['topic']
    t.ok(await settled(chat))
    await chat.call(bob, 'PUT', '/read', { body: { seq } })
    t.ok(await web.until('bobs-browser', 2))
    t.strictSame(web.last('bobs-browser'), { type: 'read', chat: chat.id, seq })
    t.equal(web.pushes.at(-1)?.headers['topic'], topic)
    t.ok(await settled(chat))
    t.strictSame(web.of('bobs-browser'), [`message ${String(seq)}`, `read ${String(seq)}`])
  })

  await t.test('nobody is told of what is their own, read, muted, of the others, or deleted', async (t) => {
    await addBrowser(ann, 'anns-browser')
    const chat = await makeChat(cluster, [ann, bob])
    const before = web.of('bobs-browser').length
    await chat.post(bob, 'my own')
    t.ok(await web.until('anns-browser', 1))
    await chat.call(bob, 'PATCH', '/me', { body: { muted: true } })
    await chat.post(ann, 'muted')
    t.ok(await settled(chat))
    await chat.call(bob, 'PATCH', '/me', { body: { muted: false, notifications: 'mentions' } })
    await chat.post(ann, 'no mention')
    const mention = await chat.post(ann, `Hi @${bob.id}`, { mentions: [bob.id] })
    t.ok(await web.until('bobs-browser', before + 1))
    t.ok(await settled(chat))
    t.match(web.last('bobs-browser'), { seq: mention, mentioned: true })
    const all = await chat.post(ann, 'Hi @all', { mentions: ['@all'] })
    t.ok(await web.until('bobs-browser', before + 2))
    t.match(web.last('bobs-browser'), { seq: all, mentioned: true })
    await chat.call(bob, 'PATCH', '/me', { body: { notifications: 'none' } })
    await chat.post(ann, 'Hi @all again', { mentions: ['@all'] })
    t.ok(await settled(chat))
    await chat.call(bob, 'PATCH', '/me', { body: { notifications: 'all' } })
    await call(bob, 'PUT', `me/blocks/${ann.id}`)
    await chat.post(ann, 'from somebody who is blocked')
    t.ok(await settled(chat))
    await call(bob, 'DELETE', `me/blocks/${ann.id}`)
    t.ok(await settled(chat))
    t.equal(web.of('bobs-browser').length, before + 2)
  })

  await t.test('settings: mentions alone, none, quiet hours, no previews', async (t) => {
    const chat = await makeChat(cluster, [ann, bob])
    const count = web.of('bobs-browser').length
    const clock = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16)
    for (const setting of [
      { push: 'none' }, { push: 'mentions' },
      { quiet_hours: { from: clock(-60), to: clock(60), timezone: 'Etc/UTC' } }
    ]) {
      await settings(bob, setting)
      await chat.post(ann, JSON.stringify(setting))
      t.ok(await settled(chat))
      t.equal(web.of('bobs-browser').length, count)
    }
    await settings(bob, { previews: 'off', quiet_hours: { from: clock(60), to: clock(120), timezone: 'Etc/UTC' } })
    t.match(await call(bob, 'GET', 'me/notifications'), {
      push: 'all', previews: 'off', quiet_hours: { from: clock(60), timezone: 'UTC' }, unread_mail: null
    })
    await chat.post(ann, 'a secret')
    t.ok(await web.until('bobs-browser', count + 1))
    t.match(web.last('bobs-browser'), { text: null, unread: 4 })
    await settings(bob, {})
  })

  await t.test('threads tell those who follow them', async (t) => {
    const chat = await makeChat(cluster, [ann, bob])
    const root = await chat.post(ann, 'a root')
    t.ok(await settled(chat))
    const [anns, bobs] = [web.of('anns-browser').length, web.of('bobs-browser').length]
    const reply = await chat.post(bob, 'a reply', { parent: root })
    t.ok(await web.until('anns-browser', anns + 1))
    t.match(web.last('anns-browser'), { seq: reply, parent: root })
    t.ok(await settled(chat))
    t.equal(web.of('bobs-browser').length, bobs, 'an answer in the thread takes back nothing else')
  })

  await t.test('Firebase and Apple are told in their own words', async (t) => {
    const cat = await makeUser(cluster, 'cat')
    const token = randomBytes(32).toString('hex')
    await call(cat, 'PUT', 'me/devices/phone', { kind: 'fcm', token: `fcm-${cat.id}` })
    await call(cat, 'PUT', 'me/devices/tablet', { kind: 'apns', token: token.toUpperCase(), environment: 'sandbox' })
    const chat = await makeChat(cluster, [ann, cat])
    const seq = await chat.post(ann, 'Hello')
    t.ok(await fcm.until(`fcm-${cat.id}`, 1))
    t.match(fcm.pushes.at(-1)?.message, {
      notification: { title: 'a chat', body: `${ann.id}: Hello` },
      android: { collapse_key: /^[\w-]{32}$/, priority: 'HIGH', notification: { tag: chat.id } },
      data: { type: 'message', chat: chat.id, seq: String(seq), text: 'Hello', author_id: ann.id, unread: '1' }
    })
    const at = apns.pushes.length
    t.ok(await eventually(async () => apns.of(token).length >= 1))
    const alert = apns.pushes.find(({ device }) => device === token)
    t.match(alert?.headers, {
      'apns-topic': 'org.example.chat', 'apns-push-type': 'alert', 'apns-priority': '10',
      'apns-collapse-id': /^[\w-]{32}$/
    })
    t.match(alert?.message, { aps: { alert: { title: 'a chat', body: `${ann.id}: Hello` }, 'thread-id': chat.id } })
    t.ok(await settled(chat))
    await chat.call(cat, 'PUT', '/read', { body: { seq } })
    t.ok(await fcm.until(`fcm-${cat.id}`, 2))
    t.match(fcm.pushes.at(-1)?.message, { data: { type: 'read', chat: chat.id, seq: String(seq) } })
    t.ok(await eventually(async () => apns.pushes.length > at && apns.of(token).at(-1) === `read ${String(seq)}`))
    t.match(apns.pushes.at(-1)?.headers, { 'apns-push-type': 'background', 'apns-priority': '5' })
    t.strictSame([fcm.faults, apns.faults], [[], []])
    t.ok(fcm.granted <= cluster.replicas.length * 2, 'tokens are kept')
    await call(cat, 'DELETE', 'me/devices/phone')
    await call(cat, 'DELETE', 'me/devices/tablet')
  })

  await t.test('a device that its service does not know is removed; other failures are tried again', async (t) => {
    const dan = await makeUser(cluster, 'dan')
    await addBrowser(dan, 'dans-browser')
    const chat = await makeChat(cluster, [ann, dan])
    web.answers.push({ status: 503 }, { status: 429, headers: { 'retry-after': '1800' } })
    await chat.post(ann, 'a first one')
    const isDan = and(eq(jobs.kind, 'push-send'), sql`${jobs.reason} is not null`)
    const waiting = () => cluster.orm.select().from(jobs).where(isDan)
    t.ok(await eventually(async () => (await waiting()).length === 1))
    await cluster.orm.update(jobs).set({ dueAt: sql`now()` }).where(isDan)
    t.ok(await eventually(async () => {
      const [job] = await waiting()
      return job !== undefined && job.dueAt.getTime() > Date.now() + 1_700_000
    }), 'Retry-After is obeyed')
    await chat.post(ann, 'a newer one')
    await eventually(async () => (await waiting())[0]?.revision === 1)
    await cluster.orm.update(jobs).set({ dueAt: sql`now()` }).where(isDan)
    t.ok(await web.until('dans-browser', 1))
    t.strictSame(web.of('dans-browser'), ['message 2'], 'only the newest one is told')
    t.ok(await settled(chat))
    web.answers.push({ status: 410 })
    await chat.post(ann, 'to nobody')
    t.ok(await eventually(async () => listAt(await call(dan, 'GET', 'me/devices'), 'items').length === 0))
  })

  await t.test('what was deleted is not told, and taken back where it was', async (t) => {
    const chat = await makeChat(cluster, [ann, bob])
    const count = web.of('bobs-browser').length
    const seq = await chat.post(ann, 'soon gone')
    t.ok(await web.until('bobs-browser', count + 1))
    t.ok(await settled(chat))
    await chat.call(ann, 'DELETE', `/messages/${String(seq)}`)
    t.ok(await web.until('bobs-browser', count + 2))
    t.match(web.last('bobs-browser'), { type: 'read', chat: chat.id, seq })
    t.ok(await settled(chat))
    web.answers.push({ status: 503 })
    const next = await chat.post(ann, 'gone at once')
    t.ok(await eventually(async () =>
      (await cluster.orm.select().from(jobs).where(sql`${jobs.reason} is not null`)).length === 1))
    await chat.call(ann, 'DELETE', `/messages/${String(next)}`)
    await cluster.orm.update(jobs).set({ dueAt: sql`now()` })
    t.ok(await settled(chat))
    t.equal(web.of('bobs-browser').length, count + 2)
    t.strictSame(await cluster.orm.select().from(pushMarks).where(eq(pushMarks.chatId, chat.chatId)), [])
  })

  await t.test('devices end with revoked tokens, with the user, and move with their subscription', async (t) => {
    const key = await newKey(cluster, 'users:write')
    const [eve, fay] = [await makeUser(cluster, 'eve'), await makeUser(cluster, 'fay')]
    const devicesOf = ({ userId }: AppUser) =>
      cluster.orm.select().from(pushDevices).where(eq(pushDevices.userId, userId))
    const subscription = { kind: 'web', ...web.subscribe('shared-browser') }
    await call(eve, 'PUT', 'me/devices/x', subscription)
    await call(fay, 'PUT', 'me/devices/y', subscription)
    t.strictSame([(await devicesOf(eve)).length, (await devicesOf(fay)).length], [0, 1])
    t.equal((await key.call('POST', `/users/${fay.id}/tokens:revoke`, {})).status, 204)
    t.strictSame(await devicesOf(fay), [])
    await addBrowser(eve, 'eves-browser')
    t.equal((await key.call('DELETE', `/users/${eve.id}`)).status, 204)
    t.strictSame(await devicesOf(eve), [])
  })

  await t.test('without a device nothing is followed any more', async (t) => {
    await call(ann, 'DELETE', 'me/devices/anns-browser')
    t.ok(await isFollowed())
    await call(bob, 'DELETE', 'me/devices/bobs-browser')
    t.notOk(await isFollowed())
    t.strictSame(web.faults, [])
  })
}, { environment, inspectable: true, isEmpty: true })
