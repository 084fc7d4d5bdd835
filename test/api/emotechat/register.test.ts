import { domainToASCII } from 'node:url'
import t from '../../support/tap.ts'
import { complaintAboutPage } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { registerPending } from '../../support/data/accounts.ts'
import {
  confirmationLinkIn,
  expectSentence,
  logInEmote,
  newEmoteRegistration,
  registerEmote
} from '../../support/data/emotechat.ts'
import { at, fieldsOf, textAt } from '../../support/data/json.ts'
import { PUBLIC_URL } from '../../support/servers/cluster.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const USERNAME = /^[A-Za-z0-9_.-]{3,32}$/
const WRONG_NAMES = [
  '',
  ' ',
  '\t\n',
  'a'.repeat(65),
  '\u{1f600}'.repeat(65),
  'two\nlines',
  'a\u0007b',
  'a\u2028b',
  'evil \u202egnp.exe',
  'a\u0000b',
  'a\ud800b',
  '\u200b',
  '\u3164\u3164',
  ' \u2800 ',
  '\u200d\ufe0f'
]
const RIGHT_NAMES = [
  'A',
  'John Doe',
  'a'.repeat(64),
  '\u{1f600}'.repeat(64),
  'Zoë Ångström',
  '李小龍',
  'Иван',
  'O\'Brien <b>',
  '__proto__',
  '; drop table users; --',
  '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}'
]
const WRONG_EMAILS = [
  '',
  'nobody',
  'a b@example.org',
  'a@example',
  'a@example.org\r\nBcc: x@example.org',
  'Ann <a@example.org>',
  `${'a'.repeat(300)}@example.org`
]
const WEAK_PASSWORDS = [
  '',
  'short',
  'seven77',
  'password',
  'PASSWORD123',
  '12345678',
  'aaaaaaaaaaaa',
  'ä'.repeat(129),
  'a'.repeat(257)
]

await onOneDeployment(t, async (t, cluster) => {
  await t.test('a registration answers the account, with a username made from the name', async (t) => {
    const registration = newEmoteRegistration(`  ${uniqueName('John Doe ')}  `)
    const before = Date.now()
    const answer = await cluster.post('/api/auth/register', registration)
    t.equal(answer.status, 200)
    const user = at(answer.body, 'user')
    t.equal(at(answer.body, 'id'), at(user, 'id'))
    t.strictSame(fieldsOf(user), ['created_at', 'email', 'email_verified', 'id', 'name', 'username'])
    t.hasStrict(user, { name: registration.name.trim(), email: registration.email, email_verified: false })
    t.type(at(user, 'id'), 'number')
    t.match(textAt(user, 'username'), /^john-doe-[a-z0-9]+$/)
    t.ok(Math.abs(Date.parse(textAt(user, 'created_at')) - before) < 60_000)
    t.type(at(answer.body, 'message'), 'string')
    t.match(answer.headers.get('cache-control'), 'no-store')
  })

  await t.test('a display name need not be unique, the username is', async (t) => {
    const name = uniqueName('Same Name ')
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => cluster.post('/api/auth/register', newEmoteRegistration(name)))
    )
    t.strictSame(
      answers.map((answer) => [answer.status, at(answer.body, 'user', 'name')]),
      answers.map(() => [200, name])
    )
    const usernames = answers.map((answer) => textAt(answer.body, 'user', 'username'))
    t.equal(new Set(usernames.map((username) => username.toLowerCase())).size, usernames.length)
    for (const username of usernames) t.match(username, USERNAME)
  })

  await t.test('any name of 1 to 64 characters is taken, and has a username', async (t) => {
    for (const name of RIGHT_NAMES) {
      const answer = await cluster.post('/api/auth/register', newEmoteRegistration(name))
      t.equal(answer.status, 200, `${name}: ${answer.text}`)
      t.equal(at(answer.body, 'user', 'name'), name)
      t.match(at(answer.body, 'user', 'username'), USERNAME)
    }
  })

  await t.test('an address is one in both spellings of its domain, with blanks at an end, too', async (t) => {
    const [local, domain] = [uniqueName('emma-'), uniqueName('b\u00fccher-').slice(0, 50)]
    const ascii = `${local}@${domainToASCII(domain)}.example`
    const registration = { ...newEmoteRegistration(), email: ` ${local}@${domain}.example\n` }
    const registered = await cluster.post('/api/auth/register', registration)
    t.equal(registered.status, 200, registered.text)
    t.equal(at(registered.body, 'user', 'email'), ascii)
    t.ok(confirmationLinkIn(await cluster.outbox.take(ascii)), 'the mail goes to the form that mail servers understand')
    for (const email of [ascii, registration.email, `${local}@${domain.toUpperCase()}.example`]) {
      const again = await cluster.post('/api/auth/register', { ...newEmoteRegistration(), email })
      expectSentence(t, again, 400, `${email} is taken`)
      t.ok(await logInEmote(cluster, { email, password: registration.password }), email)
    }
  })

  await t.test('any other name, a wrong address and a weak password are refused', async (t) => {
    for (const name of WRONG_NAMES)
      expectSentence(
        t,
        await cluster.post('/api/auth/register', { ...newEmoteRegistration(), name }),
        400,
        encodeURI(name.toWellFormed())
      )
    for (const email of WRONG_EMAILS)
      expectSentence(
        t,
        await cluster.post('/api/auth/register', { ...newEmoteRegistration(), email }),
        400,
        JSON.stringify(email)
      )
    for (const password of WEAK_PASSWORDS)
      expectSentence(
        t,
        await cluster.post('/api/auth/register', { ...newEmoteRegistration(), password }),
        400,
        JSON.stringify(password)
      )
    for (const field of ['name', 'email', 'password'])
      expectSentence(
        t,
        await cluster.post('/api/auth/register', { ...newEmoteRegistration(), [field]: undefined }),
        400,
        `without ${field}`
      )
  })

  await t.test('a form is taken like JSON, and unknown fields are ignored', async (t) => {
    const registration = newEmoteRegistration()
    const answer = await cluster.call('POST', '/api/auth/register', {
      form: { ...registration, admin: 'true', id: '1' }
    })
    t.equal(answer.status, 200)
    t.equal(at(answer.body, 'user', 'email'), registration.email)
    t.ok(await logInEmote(cluster, registration))
    t.equal((await cluster.post('/api/auth/register', { ...newEmoteRegistration(), admin: true, x: [{}] })).status, 200)
  })

  await t.test('an address that is taken is refused in any case, also one that waits for its code', async (t) => {
    const { email } = await registerEmote(cluster)
    for (const taken of [email, email.toUpperCase()])
      expectSentence(
        t,
        await cluster.post('/api/auth/register', { ...newEmoteRegistration(), email: taken }),
        400,
        taken
      )
    const pending = await registerPending(cluster)
    expectSentence(
      t,
      await cluster.post('/api/auth/register', { ...newEmoteRegistration(), email: pending.email }),
      400
    )
  })

  await t.test('of several who register one address at once one gets it', async (t) => {
    const { email } = newEmoteRegistration()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => cluster.post('/api/auth/register', { ...newEmoteRegistration(), email }))
    )
    t.strictSame(answers.map((answer) => answer.status).sort(), [200, 400, 400, 400, 400])
  })

  await t.test('the link that is mailed proves the address, once, and only when it is followed', async (t) => {
    const account = await registerEmote(cluster)
    const mail = await cluster.outbox.take(account.email)
    t.notOk(mail.text.includes(account.password))
    const link = confirmationLinkIn(mail)
    t.equal(link.origin, PUBLIC_URL)
    const token = link.searchParams.get('token') ?? ''
    cluster.secrets.add(token)
    t.ok(token.length >= 22, 'the token has 128 bits or more')
    const isVerified = async () =>
      at((await cluster.get('/api/auth/validate', { bearer: account.token })).body, 'user', 'email_verified')

    t.equal((await cluster.call('HEAD', link.pathname + link.search)).status, 404)
    for (const wrong of [
      '',
      '?token=',
      '?token=nonsense',
      `?token=${token}x`,
      `?token=${token}&token=${token}`,
      '?token=%00'
    ]) {
      t.equal(complaintAboutPage(await cluster.get(`${link.pathname}${wrong}`), 400), undefined, wrong)
    }
    t.equal(await isVerified(), false)
    t.equal(complaintAboutPage(await cluster.get(link.pathname + link.search), 200), undefined)
    t.equal(await isVerified(), true)
    t.equal(
      complaintAboutPage(await cluster.get(link.pathname + link.search), 400),
      undefined,
      'a second time it is no good'
    )
    t.equal(await isVerified(), true)
  })
})
