/** The life of an account as an Electron client lives it, each request on another replica than the one before. */
import t, { type Test } from '../../support/tap.ts'
import { ELECTRON_HEADERS, unwrapOnce, unwrapTwice } from '../../support/clients/electron-client.ts'
import { type Answer, uniqueName } from '../../support/clients/http.ts'
import { connect } from '../../support/clients/socket.ts'
import { newRegistration, register } from '../../support/data/accounts.ts'
import { at, integerAt, textAt } from '../../support/data/json.ts'
import { codeIn, linkIn } from '../../support/data/outbox.ts'
import type { Cluster } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const POLICY_VIOLATION = 1008

/** A client that goes round the replicas. */
class Client {
  readonly #cluster: Cluster
  #requests = 0
  #token = ''
  username: string
  password: string

  constructor (cluster: Cluster, { username, password }: { username: string, password: string }) {
    this.#cluster = cluster
    this.username = username
    this.password = password
  }

  /** A request without a session. @throws {Error} with the sentence that people see */
  async enter (path: string, body: object): Promise<unknown> {
    return unwrapOnce(await this.#post(path, body))
  }

  /** A request with a session. @throws {Error} with the sentence that people see */
  async ask (path: string, body: object = {}): Promise<unknown> {
    return unwrapTwice(await this.#post(path, { session_token: this.#token, ...body }))
  }

  async logIn (): Promise<void> {
    const tokens = await this.enter('/user/login', { username: this.username, password: this.password })
    this.#token = textAt(tokens, 'access_token')
    this.#cluster.secrets.add(this.#token).add(textAt(tokens, 'refresh_token'))
  }

  /** A socket on every replica. */
  async connectAll (t: Test) {
    return Promise.all(this.#cluster.replicas.map((replica) => connect(t, replica, this.#token)))
  }

  async #post (path: string, body: object): Promise<Answer> {
    const replica = this.#requests++ % this.#cluster.replicas.length
    return this.#cluster.post(path, body, { headers: ELECTRON_HEADERS, replica })
  }
}

await onOneDeployment(t, async (t, cluster) => {
  await t.test('an account is registered, changed in every way, and deleted', async (t) => {
    const { outbox } = cluster
    const registration = newRegistration(uniqueName('Ann-'))
    const { email } = registration
    cluster.secrets.add(registration.password)
    const ann = new Client(cluster, registration)
    const peer = await register(cluster, uniqueName('Bob-'))
    const bob = new Client(cluster, peer)
    await bob.logIn()
    const codeTo = async (address: string) => codeIn(await outbox.take(address))

    await ann.enter('/user/register', { ...registration, invite_code: 'whatever was typed' })
    const first = await codeTo(email)
    await t.rejects(ann.logIn(), /not verified/)
    await t.rejects(ann.enter('/user/verify-email', { username: ann.username, email_token: '0000000' }), /code is wrong/)
    await ann.enter('/user/resend-verification', { username: ann.username })
    const second = await codeTo(email)
    if (first !== second)
      await t.rejects(ann.enter('/user/verify-email', { username: ann.username, email_token: first }), 'it is void')
    await ann.enter('/user/verify-email', { username: ann.username, email_token: second })
    await ann.logIn()
    t.strictSame(await ann.ask('/user/profile'), { username: ann.username, email })

    const chatID = integerAt(await ann.ask('/chat/create-chat', { receiver: bob.username }), 'chatID')
    const groupID = integerAt(
      await ann.ask('/chat/create-group', { name: 'Walkers', members: [bob.username] }),
      'chatID'
    )
    const nameOfChat = async () => {
      const chats = await bob.ask('/chat/fetch-chats')
      return Array.isArray(chats) ? at(chats.find((chat) => at(chat, 'chatID') === chatID), 'name') : undefined
    }
    const [socket] = await ann.connectAll(t)
    for (const chat of [chatID, groupID]) {
      socket?.send({ type: 'join_chat', chatID: chat })
      socket?.send({ type: 'post_msg', chatID: chat, text: `ann was here ${String(chat)}` })
      await socket?.next(({ type }) => type === 'new_message')
    }

    await t.test('renames', async (t) => {
      const sockets = await ann.connectAll(t)
      const rename = (username: string) => ann.ask('/user/submit-profile', { username, email })
      await t.rejects(rename(bob.username.toUpperCase()), /taken/)
      await t.rejects(rename('two words'), /username/)
      const same = { username: ann.username, email, verificationSent: false }
      t.strictSame(await rename(ann.username), same, 'nothing to change')
      const upper = ann.username.toUpperCase()
      t.strictSame(await rename(upper), { ...same, username: upper }, 'its case')
      for (const one of sockets) t.equal(await one.closed(), POLICY_VIOLATION)
      await ann.logIn()
      const username = uniqueName('Anna-')
      t.strictSame(await rename(username), { ...same, username })
      t.equal(await nameOfChat(), username)
      await t.rejects(ann.logIn(), /wrong/, 'the old name')
      ann.username = username
      await ann.logIn()
    })

    const address = `new-${email}`
    await t.test('changes the address, with a wrong one first', async (t) => {
      const move = (to: string) => ann.ask('/user/submit-profile', { username: ann.username, email: to })
      const prove = (code: string) => ann.enter('/user/verify-email', { username: ann.username, email_token: code })
      await t.rejects(move(peer.email.toUpperCase()), /taken/)
      const wrong = `wrong-${email}`
      t.hasStrict(await move(wrong), { verificationSent: true })
      const stale = await codeTo(wrong)
      await ann.logIn()
      t.hasStrict(await ann.ask('/user/profile'), { email }, 'the old one counts')
      t.hasStrict(await move(address), { verificationSent: true })
      await codeTo(address)
      await ann.enter('/user/resend-verification', { username: ann.username })
      const code = await codeTo(address)
      if (stale !== code) await t.rejects(prove(stale), /code is wrong/, 'that of the wrong address')
      await prove(code)
      await t.rejects(prove(code), /code is wrong/, 'once')
      t.hasStrict(await ann.ask('/user/profile'), { email: address })
      t.match((await outbox.to(email)).filter(({ subject }) => subject.startsWith('A new address')), { length: 2 })
    })

    const password = uniqueName('Next-9')
    cluster.secrets.add(password)
    await ann.ask('/user/change-password', { current_password: ann.password, new_password: password })
    await t.rejects(ann.ask('/user/profile'))
    ann.password = password
    await ann.logIn()
    const open = await ann.connectAll(t)
    await ann.ask('/user/logout-all')
    for (const one of open) t.equal(await one.closed(), POLICY_VIOLATION)
    await t.rejects(ann.ask('/user/profile'))
    await ann.logIn()

    await t.test('disables and enables', async (t) => {
      const sockets = await ann.connectAll(t)
      t.strictSame(await ann.ask('/user/submit-profile', { disable: 1, delete: 0 }), { disable: true, delete: false })
      for (const one of sockets) t.equal(await one.closed(), POLICY_VIOLATION)
      await t.rejects(ann.logIn(), /password is wrong/, 'in the words of a wrong password')
      t.equal(await nameOfChat(), ann.username, 'others keep the chat')
      await bob.ask('/chat/create-chat', { receiver: ann.username })
      const stranger = new Client(cluster, await register(cluster))
      await stranger.logIn()
      const unknown = /There is no (such )?user/
      await t.rejects(stranger.ask('/chat/create-chat', { receiver: ann.username }), unknown, 'and no new one is made')
      await t.rejects(bob.ask('/chat/create-group', { name: 'x', members: [ann.username] }), unknown)
      const mails = await outbox.to(address)
      const link = linkIn(mails.find(({ subject }) => subject.includes('disabled')) ?? (await outbox.take(address)))
      const fields = { username: ann.username, token: link.searchParams.get('token') }
      t.equal((await cluster.get(`${link.pathname}${link.search}`)).status, 200)
      await t.rejects(ann.logIn(), 'looking at the link does nothing')
      await t.rejects(ann.enter('/user/enable-account', { ...fields, token: 'cen_x' }), /link is invalid/)
      await ann.enter('/user/enable-account', fields)
      await t.rejects(ann.enter('/user/enable-account', fields), /used before/)
      await ann.logIn()
    })

    await t.test('deletes', async (t) => {
      const sockets = await ann.connectAll(t)
      t.strictSame(await ann.ask('/user/submit-profile', { disable: 0, delete: 1 }), { disable: false, delete: true })
      for (const one of sockets) t.equal(await one.closed(), POLICY_VIOLATION)
      await t.rejects(ann.logIn(), /password is wrong/)
      t.match(await nameOfChat(), /^deleted_\d+$/)
      for (const chat of [chatID, groupID]) {
        const history = await bob.ask('/chat/messages', { chatID: chat })
        t.match(at(history, 'messages'), [{ username: /^deleted_\d+$/, message: '--deleted--', deleted_at: String }])
        t.notMatch(JSON.stringify(history), /ann was here/)
      }
      t.strictSame(await bob.ask('/chat/get-members', { chatID: groupID }), { members: [bob.username] })
      const [listener] = await bob.connectAll(t)
      listener?.send({ type: 'post_msg', chatID, text: 'is anybody there?' })
      t.match(await listener?.next(({ type }) => type === 'error'), { message: /deleted their account/ })
      await t.rejects(
        ann.enter('/user/register', { ...newRegistration(), username: ann.username.toUpperCase() }),
        /taken/,
        'the name is not given out again'
      )
      await ann.enter('/user/register', { ...newRegistration(), email: address })
    })
  })
})
