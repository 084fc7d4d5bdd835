import t from '../../support/tap.ts'
import { confirmationMail, passwordChangedMail, resetMail, verificationMail } from '../../../src/mail/templates.ts'

const LINK = 'https://chat.example.org/user/reset-password?token=abc&username=ada'

t.test('the verification code stands alone on its line and in the HTML', async (t) => {
  const mail = verificationMail({ to: 'ada@example.org', username: 'ada', code: '012345', minutes: 10 })
  t.equal(mail.recipient, 'ada@example.org')
  t.equal(mail.text.split('\n').filter((line) => line === '012345').length, 1)
  t.match(mail.html, '>012345</p>')
  t.match(mail.text, '10 minutes')
  t.match(mail.text, 'Hello ada,')
  t.notMatch(mail.subject, '012345', 'subjects are shown on locked screens')
})

t.test('the reset link stands alone on its line and is escaped in the HTML', async (t) => {
  const mail = resetMail({ to: 'ada@example.org', username: 'ada', link: LINK, minutes: 60 })
  t.equal(mail.text.split('\n').filter((line) => line === LINK).length, 1)
  t.match(mail.html, 'href="https://chat.example.org/user/reset-password?token=abc&amp;username=ada"')
  t.match(mail.text, '1 hour.')
})

t.test('the link that proves an address stands alone on its line', async (t) => {
  const mail = confirmationMail({ to: 'ada@example.org', username: 'ada', link: LINK, minutes: 1_440 })
  t.equal(mail.recipient, 'ada@example.org')
  t.equal(mail.text.split('\n').filter((line) => line === LINK).length, 1)
  t.match(mail.text, '24 hours.')
})

t.test('the notice of a changed password holds no link to click', async (t) => {
  const mail = passwordChangedMail({ to: 'ada@example.org', username: 'ada' })
  t.match(mail.text, 'password of your account was just changed')
  t.notMatch(mail.text + mail.html, /https?:/)
})

t.test('nothing from outside becomes markup, and a name stays on its line', async (t) => {
  const username = '<img src=x onerror="a">\r\n\u2028999999'
  const mails = [
    verificationMail({ to: 'ada@example.org', username, code: '<b>&\'1', minutes: 1 }),
    confirmationMail({ to: 'ada@example.org', username, link: 'https://x/?"><script>', minutes: 90 }),
    resetMail({ to: 'ada@example.org', username, link: 'https://x/?"><script>', minutes: 90 }),
    passwordChangedMail({ to: 'ada@example.org', username })
  ]
  for (const { html, text, subject } of mails) {
    t.match(html, '&lt;img src=x onerror=&quot;a&quot;&gt;')
    t.notMatch(html, /<img|<b>|<script/)
    t.notOk(text.split('\n').some((line) => line.startsWith('999999')))
    t.notMatch(subject, /[\r\n]/)
  }
  t.match(mails[0]?.html, '&lt;b&gt;&amp;&#39;1')
})
