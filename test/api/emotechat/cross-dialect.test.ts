import t from '../../support/tap.ts'
import { expectRefusal } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { join } from '../../support/clients/socket.ts'
import { createChat, logIn, register } from '../../support/data/accounts.ts'
import {
  confirmationLinkIn,
  expectSentence,
  logInEmote,
  newEmoteRegistration,
  registerEmote
} from '../../support/data/emotechat.ts'
import { at, integerAt, listAt, textAt } from '../../support/data/json.ts'
import { codeIn } from '../../support/data/outbox.ts'
import { eventually } from '../../support/deadline.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

await onOneDeployment(t, async (t, cluster) => {
  await t.test('an account of EmoteChat chats through ChatCLI, and both see one history', async (t) => {
    const emma = await registerEmote(cluster)
    const ann = await register(cluster)
    // Its password need not follow ChatCLI's rule to be accepted there.
    const session = await logIn(cluster, emma)
    const chatID = await createChat(cluster, ann, { ...emma, ...session })
    const [ofEmma, ofAnn] = [
      await join(t, cluster.replica(0), emma.token, chatID),
      await join(t, cluster.replica(1), ann.accessToken, chatID)
    ]

    ofEmma.send({ type: 'post_msg', chatID, text: 'posted with a token of EmoteChat' })
    const frame = await ofAnn.next()
    t.hasStrict(frame, {
      type: 'new_message',
      chatID,
      userID: emma.id,
      username: emma.username,
      message: 'posted with a token of EmoteChat'
    })
    await ofEmma.next()
    ofAnn.send({ type: 'post_msg', chatID, text: 'and answered' })
    t.hasStrict(await ofEmma.next(), { username: ann.username, message: 'and answered' })

    for (const bearer of [emma.token, session.accessToken]) {
      const history = listAt((await cluster.post('/chat/messages', { session_token: bearer, chatID })).body)
      t.strictSame(
        history.map((message) => at(message, 'message')),
        ['posted with a token of EmoteChat', 'and answered']
      )
    }

    const first = `/v1/chats/cf~${String(chatID)}/messages/1`
    t.equal((await cluster.call('DELETE', `${first}?for=me`, { bearer: ann.accessToken })).status, 204)
    for (const query of [{}, { before: 3 }, { after: 0 }, { after: 0, limit: 1 }]) {
      const { body } = await cluster.post('/chat/messages', { session_token: ann.accessToken, chatID, ...query })
      t.strictSame(listAt(body).map((message) => at(message, 'message')), ['and answered'], JSON.stringify(query))
    }
    const page = await cluster.get(`/api/conversations?partner_id=${String(emma.id)}`, { bearer: ann.accessToken })
    t.hasStrict(page.body, { conversations: [{ Content: 'and answered' }], pagination: { total_count: 1 } })

    const conversation = listAt(
      (await cluster.get('/api/conversations', { bearer: ann.accessToken })).body,
      'conversations'
    )[0]
    t.hasStrict(conversation, {
      id: chatID,
      name: emma.name,
      last_message: { message: 'and answered' },
      unread_count: 0
    })
    const chat = listAt(
      (await cluster.post('/chat/fetch-chats', { session_token: ann.accessToken })).body,
      'response'
    )[0]
    t.hasStrict(chat, { chatID, name: emma.username, userID: emma.id })
  })

  await t.test('an account of ChatCLI logs in to EmoteChat once its code was used, as verified', async (t) => {
    const registration = {
      username: uniqueName('ann-'),
      email: `${uniqueName('ann-')}@example.org`,
      password: uniqueName('Pass-9')
    }
    await cluster.post('/user/register', registration)
    const code = codeIn(await cluster.outbox.take(registration.email))
    expectSentence(t, await cluster.post('/api/auth/login', registration), 400)
    expectSentence(
      t,
      await cluster.post('/api/auth/login', { email: registration.username, password: registration.password }),
      400
    )
    await cluster.post('/user/verify-email', { username: registration.username, email_token: code })
    const answer = await cluster.post('/api/auth/login', registration)
    t.hasStrict(at(answer.body, 'user'), {
      name: registration.username,
      username: registration.username,
      email: registration.email,
      email_verified: true
    })
  })

  await t.test('a name and an address are taken in both', async (t) => {
    const emma = await registerEmote(cluster)
    for (const taken of [{ username: emma.username.toUpperCase() }, { email: emma.email.toUpperCase() }]) {
      const registration = {
        username: uniqueName('new-'),
        email: `${uniqueName('new-')}@example.org`,
        password: 'Right-pass-9',
        ...taken
      }
      expectRefusal(t, await cluster.post('/user/register', registration), 400)
    }
    const ann = await register(cluster, uniqueName('ann-'))
    const answer = await cluster.post('/api/auth/register', newEmoteRegistration(ann.username))
    t.equal(answer.status, 200)
    t.match(
      textAt(answer.body, 'user', 'username'),
      new RegExp(`^${ann.username}-\\d+$`),
      'a display name may be somebody\'s username'
    )
  })

  await t.test(
    'the code of ChatCLI\'s route is not guessed from a link, nor does guessing spoil the link',
    async (t) => {
      const emma = await registerEmote(cluster)
      const link = confirmationLinkIn(await cluster.outbox.take(emma.email))
      const token = link.searchParams.get('token') ?? ''
      cluster.secrets.add(token)
      for (const code of ['000000', '123456', token, '', '999999', '111111']) {
        expectRefusal(t, await cluster.post('/user/verify-email', { username: emma.username, email_token: code }), 400)
      }
      t.equal((await cluster.get(link.pathname + link.search)).status, 200)
    }
  )

  await t.test('a logout in one ends no session of the other, and its token is dead in both', async (t) => {
    const emma = await registerEmote(cluster)
    const { accessToken } = await logIn(cluster, emma)
    const fetch = async (token: string, replica: number) =>
      (await cluster.post('/chat/fetch-chats', { session_token: token }, { replica })).status
    for (const replica of cluster.replicas.keys()) t.equal(await fetch(emma.token, replica), 200)
    t.equal((await cluster.call('POST', '/api/auth/logout', { bearer: emma.token })).status, 200)
    for (const replica of cluster.replicas.keys()) {
      t.ok(await eventually(async () => (await fetch(emma.token, replica)) === 401), `on replica ${String(replica)}`)
      t.equal(await fetch(accessToken, replica), 200)
    }
    t.equal(
      (await cluster.call('POST', '/api/auth/logout', { bearer: accessToken })).status,
      200,
      'a token of ChatCLI logs out here too'
    )
    expectSentence(t, await cluster.get('/api/auth/validate', { bearer: accessToken }), 401)
  })

  await t.test('each dialect answers in its own form, whatever is wrong', async (t) => {
    for (const [method, target] of [
      ['GET', '/api'],
      ['GET', '/api/nothing'],
      ['POST', '/api/auth'],
      ['GET', '/api/auth/login'],
      ['DELETE', '/api/auth/validate'],
      ['PUT', '/api/password/reset'],
      ['POST', '/api/conversations'],
      ['OPTIONS', '/api/auth/login']
    ] as const) {
      expectSentence(t, await cluster.call(method, target), 404, `${method} ${target}`)
    }
    for (const target of ['/api/%zz', '/api/auth/%c0', '/api/%'])
      expectSentence(t, await cluster.get(target), 400, target)
    for (const target of ['/apis', '/api%2fnothing', '/nothing'])
      expectRefusal(t, await cluster.get(target), 404, target)
    expectRefusal(t, await cluster.get('/%zz'), 400)
  })

  await t.test('the same user is the same number everywhere', async (t) => {
    const emma = await registerEmote(cluster)
    const token = await logInEmote(cluster, emma)
    t.equal(integerAt((await cluster.get('/api/auth/validate', { bearer: token })).body, 'user', 'id'), emma.id)
    const page = async (number: number) =>
      (await cluster.get(`/api/profile/users?page_size=100&page=${String(number)}`, { bearer: token })).body
    // Others use the cluster, too: the newest account is on the last page.
    const last = await page(integerAt(await page(1), 'pagination', 'total_pages'))
    const listed = listAt(last, 'users').find((user) => at(user, 'username') === emma.username)
    t.equal(at(listed, 'id'), emma.id)
  })
})
