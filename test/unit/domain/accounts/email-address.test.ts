import t from '../../../support/tap.ts'
import { cleanEmail, parseEmail } from '../../../../src/domain/accounts/email-address.ts'

t.test('an address is the same in both spellings of its domain, and without what surrounds it', async (t) => {
  for (const [written, stored] of [
    ['Ann@Example.org', 'Ann@Example.org'],
    [' ann@example.org\t', 'ann@example.org'],
    ['\u00a0ann@example.org\u200b', 'ann@example.org'],
    ['\u202aann@example.org\u202c', 'ann@example.org'],
    ['ann@m\u00fcnchen.de', 'ann@xn--mnchen-3ya.de'],
    ['ann@mu\u0308NCHEN.DE', 'ann@xn--mnchen-3ya.de'],
    ['ann@xn--mnchen-3ya.de', 'ann@xn--mnchen-3ya.de'],
    ['ann@\u4f8b\u3048\u3002\u30c6\u30b9\u30c8', 'ann@xn--r8jz45g.xn--zckzah'],
    ['ann@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com', 'ann@xn--mgba3gch31f060k.com']
  ] as const) {
    t.equal(cleanEmail(written), stored, encodeURI(written))
    t.equal(cleanEmail(stored), stored)
  }
})

t.test('what is no plain address is none in any form', async (t) => {
  for (const text of [
    '',
    ' ',
    'ann',
    '@m\u00fcnchen.de',
    'ann@m\u00fcnchen',
    'ann@m\u00fcnchen..de',
    'ann@m\u00fcnchen.de.',
    'ann@m\u00fcnchen.de:25',
    'ann@m\u00fcnchen.de/x',
    'ann@m\u00fcnchen%2ede',
    'ann@\uff11\uff12\uff17.\uff10.\uff10.\uff11',
    'ann@m\u00fcn chen.de',
    'an n@m\u00fcnchen.de',
    'z\u00f6e@example.org',
    'a\u200bnn@example.org',
    'ann@bob@m\u00fcnchen.de',
    'ann@m\u00fcnchen.de\r\nBcc: b@example.org',
    `ann@${'\u00fc'.repeat(300)}.de`
  ]) {
    t.equal(parseEmail(text), undefined, encodeURI(text))
    t.throws(() => cleanEmail(text), { code: 'invalid_email' })
  }
})
