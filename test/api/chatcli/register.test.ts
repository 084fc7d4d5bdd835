import t from '../../support/tap.ts'
import { expectOk, expectRefusal, isSentence } from '../../support/checks/answers.ts'
import { uniqueName } from '../../support/clients/http.ts'
import { newRegistration, register, registerPending, verify } from '../../support/data/accounts.ts'
import { codeIn } from '../../support/data/outbox.ts'
import { onOneDeployment } from '../../support/servers/deployments.ts'

const MAIL_SENT = 'Verification email sent!'

const WRONG_USERNAMES = [
  '',
  'ab',
  'a'.repeat(33),
  'two words',
  'semi;colon',
  'a@b',
  'naïve',
  'Ann<b>',
  '../etc',
  ' ann',
  'ann ',
  'ann\n',
  'ann\u0000',
  'аnn'
]
const WRONG_EMAILS = [
  '',
  'nobody',
  '@example.org',
  'nobody@',
  'a b@example.org',
  'a@b@example.org',
  'a@example',
  'a@-example.org',
  'a@example..org',
  'a..b@example.org',
  'a@example.org\r\nBcc: x@example.org',
  '"a"@example.org',
  'Ann <a@example.org>',
  'a@example.org,b@example.org',
  `${'a'.repeat(300)}@example.org`
]
const WEAK_PASSWORDS = [
  '',
  'Aa1!aaa',
  'aaaaaa1!',
  'AAAAAA1!',
  'Aaaaaaa!',
  'Aaaaaaa1',
  `Aa1!${'a'.repeat(253)}`,
  `Aa1!${'ä'.repeat(127)}`
]

await onOneDeployment(t, async (t, cluster) => {
  await t.test('a registration is answered at once and a code of six digits is mailed', async (t) => {
    const registration = newRegistration()
    expectOk(t, await cluster.post('/user/register', registration), MAIL_SENT)
    const mail = await cluster.outbox.take(registration.email)
    t.match(codeIn(mail), /^\d{6}$/)
    t.ok(mail.html.includes(codeIn(mail)), 'the HTML part holds it too')
    t.ok(isSentence(mail.subject))
    t.notMatch(mail.text + mail.html, registration.password)
  })

  await t.test('unknown fields are ignored', async (t) => {
    expectOk(
      t,
      await cluster.post('/user/register', { ...newRegistration(), version: '0.5', order: [1, { two: null }] }),
      MAIL_SENT
    )
  })

  await t.test('usernames of 3 and of 32 characters with every sign allowed are taken', async (t) => {
    for (const username of [uniqueName('').slice(-3), 'Ann_B-c.4'.padEnd(32, uniqueName('x'))]) {
      expectOk(t, await cluster.post('/user/register', { ...newRegistration(), username }), MAIL_SENT, username)
    }
  })

  await t.test('a username that means something to JavaScript is one like any other', async (t) => {
    for (const username of ['__proto__', 'constructor', 'toString']) {
      const registration = { ...newRegistration(), username }
      expectOk(t, await cluster.post('/user/register', registration), MAIL_SENT, username)
      await verify(cluster, registration)
      t.equal((await cluster.post('/user/login', registration)).status, 200, username)
    }
  })

  await t.test('any other username is refused', async (t) => {
    for (const username of WRONG_USERNAMES) {
      expectRefusal(
        t,
        await cluster.post('/user/register', { ...newRegistration(), username }),
        400,
        JSON.stringify(username)
      )
    }
  })

  await t.test('an address that is no plain e-mail address is refused, and no mail leaves', async (t) => {
    const before = (await cluster.outbox.all()).length
    for (const email of WRONG_EMAILS) {
      expectRefusal(
        t,
        await cluster.post('/user/register', { ...newRegistration(), email }),
        400,
        JSON.stringify(email)
      )
    }
    const { email } = await registerPending(cluster)
    await cluster.outbox.take(email)
    const mails = await cluster.outbox.all()
    t.strictSame(
      mails.slice(before).filter((mail) => mail.to !== email && WRONG_EMAILS.includes(mail.to)),
      []
    )
  })

  await t.test('a weak password is refused', async (t) => {
    for (const password of WEAK_PASSWORDS) {
      expectRefusal(
        t,
        await cluster.post('/user/register', { ...newRegistration(), password }),
        400,
        password.slice(0, 20)
      )
    }
  })

  await t.test('passwords of 8 characters and of 256 bytes are taken and work', async (t) => {
    for (const password of ['Aa1!aaaa', `Aa1!${'ä'.repeat(126)}`]) {
      const registration = { ...newRegistration(), password }
      expectOk(t, await cluster.post('/user/register', registration), MAIL_SENT, password.slice(0, 20))
      await verify(cluster, registration)
      t.equal((await cluster.post('/user/login', registration)).status, 200)
    }
  })

  await t.test('a password is used as it is: its ends and its last byte count', async (t) => {
    const registration = { ...newRegistration(), password: ` Aa1!${'a'.repeat(250)} ` }
    expectOk(t, await cluster.post('/user/register', registration), MAIL_SENT)
    await verify(cluster, registration)
    const { username, password } = registration
    for (const other of [password.trim(), password.slice(0, -1), `${password.slice(0, -1)}b`, password.toLowerCase()]) {
      t.equal((await cluster.post('/user/login', { username, password: other })).status, 400)
    }
    t.equal((await cluster.post('/user/login', { username, password })).status, 200)
  })

  await t.test('a missing field is refused', async (t) => {
    for (const field of ['username', 'email', 'password']) {
      expectRefusal(t, await cluster.post('/user/register', { ...newRegistration(), [field]: undefined }), 400, field)
    }
  })

  await t.test('a username that is taken is refused, in any case', async (t) => {
    const { username } = await register(cluster, uniqueName('Taken-'))
    for (const taken of [username, username.toLowerCase(), username.toUpperCase()]) {
      expectRefusal(t, await cluster.post('/user/register', { ...newRegistration(), username: taken }), 400, taken)
    }
  })

  await t.test('an address that is taken is refused, in any case', async (t) => {
    const { email } = await register(cluster)
    for (const taken of [email, email.toUpperCase(), email.replace('@e', '@E'), ` ${email}\t`]) {
      expectRefusal(t, await cluster.post('/user/register', { ...newRegistration(), email: taken }), 400, taken)
    }
  })

  await t.test('registering a taken name changes nothing for its owner', async (t) => {
    const { username, password } = await register(cluster)
    await cluster.post('/user/register', { ...newRegistration(), username })
    t.equal((await cluster.post('/user/login', { username, password })).status, 200)
  })

  await t.test('registering an unverified name again replaces its password, address and code', async (t) => {
    const first = newRegistration(uniqueName('Twice-'))
    expectOk(t, await cluster.post('/user/register', first), MAIL_SENT)
    const firstCode = codeIn(await cluster.outbox.take(first.email))
    const second = { ...newRegistration(), username: first.username.toUpperCase() }
    expectOk(t, await cluster.post('/user/register', second), MAIL_SENT)
    const secondCode = codeIn(await cluster.outbox.take(second.email))

    // One time in a million the codes are the same, and then the first is right.
    if (firstCode !== secondCode) {
      expectRefusal(
        t,
        await cluster.post('/user/verify-email', { username: first.username, email_token: firstCode }),
        400,
        'the first code is dead'
      )
    }
    expectOk(
      t,
      await cluster.post('/user/verify-email', { username: first.username, email_token: secondCode }),
      'Email verified!'
    )
    expectRefusal(t, await cluster.post('/user/login', first), 400, 'the first password is dead')
    t.equal((await cluster.post('/user/login', second)).status, 200)
    expectOk(
      t,
      await cluster.post('/user/register', { ...newRegistration(), email: first.email }),
      MAIL_SENT,
      'the first address is free again'
    )
    expectRefusal(
      t,
      await cluster.post('/user/register', { ...newRegistration(), email: second.email }),
      400,
      'the second is taken'
    )
  })

  await t.test('of registrations of one name at once none fails on our side, and one code is good', async (t) => {
    const username = uniqueName('race-')
    const registrations = Array.from({ length: 6 }, () => ({ ...newRegistration(), username }))
    const answers = await Promise.all(registrations.map((registration) => cluster.post('/user/register', registration)))
    t.strictSame(
      answers.map((answer) => answer.status).filter((status) => status !== 200 && status !== 400),
      []
    )
    const verified = []
    for (const [index, { email }] of registrations.entries()) {
      if (answers[index]?.status !== 200) continue
      const answer = await cluster.post('/user/verify-email', {
        username,
        email_token: codeIn(await cluster.outbox.take(email))
      })
      if (answer.status === 200) verified.push(email)
    }
    t.ok(verified.length <= 1, 'no two codes are good')
  })
})
