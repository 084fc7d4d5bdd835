import { createHash } from 'node:crypto'
import t from '../../support/tap.ts'
import { html } from '../../../src/api/pages/html.ts'
import { PAGE_HEADERS } from '../../../src/api/pages/layout.ts'
import { notFoundPage } from '../../../src/api/pages/not-found.ts'
import { reachablePage } from '../../../src/api/chatcli/pages/reachable.ts'
import {
  brokenResetLinkPage,
  passwordResetPage,
  resetPasswordPage
} from '../../../src/api/chatcli/pages/reset-password.ts'
import { subscribedPage, subscribePage } from '../../../src/api/chatcli/pages/subscribe.ts'
import { welcomePage } from '../../../src/api/chatcli/pages/welcome.ts'

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=\'a\'>&amp;'
const ESCAPED = '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;&amp;amp;'

const PAGES = {
  welcome: welcomePage('ok'),
  'welcome, degraded': welcomePage('degraded'),
  'welcome, unavailable': welcomePage('unavailable'),
  'welcome, draining': welcomePage('draining'),
  'not found': notFoundPage(),
  reachable: reachablePage(),
  subscribe: subscribePage(),
  'subscribe, refused': subscribePage({ message: HOSTILE, email: HOSTILE }),
  subscribed: subscribedPage(),
  reset: resetPasswordPage({ token: HOSTILE, username: HOSTILE }),
  'reset, refused': resetPasswordPage({ token: HOSTILE, username: HOSTILE, message: HOSTILE }),
  'reset, done': passwordResetPage(),
  'reset, broken link': brokenResetLinkPage()
}

function count (text: string, part: string): number {
  return text.split(part).length - 1
}

t.test('the template escapes what is put into it, but not its own markup', async (t) => {
  t.equal(String(html`<p title="${HOSTILE}">${'a < b'} ${7}</p>`), `<p title="${ESCAPED}">a &lt; b 7</p>`)
  t.equal(
    String(html`<ul>${['<1>', '2'].map((item) => html`<li>${item}</li>`)}</ul>${html`<hr>`}`),
    '<ul><li>&lt;1&gt;</li><li>2</li></ul><hr>'
  )
  t.equal(String(html`${''}${[]}`), '')
})

for (const [name, document] of Object.entries(PAGES)) {
  t.test(
    `the policy lets the style of this page through, and there is nothing else to let through: ${name}`,
    async (t) => {
      const styles = [...document.matchAll(/<style>([^]*?)<\/style>/g)]
      t.equal(styles.length, 1)
      const hash = createHash('sha256')
        .update(styles[0]?.[1] ?? '')
        .digest('base64')
      t.equal(
        PAGE_HEADERS['content-security-policy'],
        `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
      )
      t.notMatch(document, /<script|<img|<link|<iframe|url\(|@import|https?:|(href|src|action)="[^/]/i)
      const withoutValues = document.replace(/"[^"]*"/g, '""')
      t.notMatch(withoutValues, /<[^>]*\s(style|on\w+)=/i)
    }
  )

  t.test(`this page is a complete, titled document in a named language: ${name}`, async (t) => {
    t.match(
      document,
      /^<!doctype html>\n<html lang="en">[^]*<meta charset="utf-8">[^]*<title>[^<]+ · Confab<\/title>[^]*<\/html>\n$/
    )
    t.equal(count(document, '<h1>'), 1)
    t.equal(count(document, '<main>'), 1)
    for (const [, id] of document.matchAll(/(?:for|aria-describedby)="([^"]+)"/g)) {
      t.equal(count(document, ` id="${String(id)}"`), 1, `${String(id)} is there once`)
    }
  })
}

t.test('the welcome page says that the server runs and leads on', async (t) => {
  t.match(PAGES.welcome, 'Running')
  for (const target of ['/app', '/docs', '/subscribe', '/verify-connection']) t.match(PAGES.welcome, `href="${target}"`)
  t.match(PAGES['welcome, degraded'], 'may be late')
  for (const name of ['welcome, unavailable', 'welcome, draining'] as const) t.notMatch(PAGES[name], 'Running')
})

t.test('the form for subscribers posts an address, and comes again with what was typed and why not', async (t) => {
  t.match(PAGES.subscribe, '<form method="post" action="/subscribe">')
  t.match(PAGES.subscribe, /<input [^>]*name="email" type="email" required/)
  t.match(PAGES.subscribe, 'value=""')
  t.notMatch(PAGES.subscribe, 'role="alert"')
  t.match(PAGES['subscribe, refused'], `role="alert">${ESCAPED}</p>`)
  t.match(PAGES['subscribe, refused'], `value="${ESCAPED}" aria-invalid="true"`)
})

t.test('the form for a password posts what the link held, and states the rule', async (t) => {
  for (const name of ['reset', 'reset, refused'] as const) {
    const document = PAGES[name]
    t.match(document, '<form method="post" action="/user/reset-password">')
    t.match(document, `<input type="hidden" name="token" value="${ESCAPED}">`)
    t.match(document, `<input type="hidden" name="username" value="${ESCAPED}"`)
    t.match(document, /<input [^>]*name="password" type="password" [^>]*autocomplete="new-password"/)
    t.match(document, /<input [^>]*name="confirm_password" type="password" [^>]*autocomplete="new-password"/)
    t.match(
      document,
      'At least 8 characters, with an upper-case letter, a lower-case letter, a digit and a punctuation character.'
    )
    t.equal(count(document, 'role="alert"'), name === 'reset' ? 0 : 1)
  }
})

t.test('no page lets outside text become markup', async (t) => {
  for (const document of Object.values(PAGES)) t.notMatch(document, /<script>|<img|onerror='/)
  t.equal(count(PAGES['reset, refused'], ESCAPED), 4, 'token, the name twice, and the message')
})
