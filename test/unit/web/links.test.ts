import t from '../../support/tap.ts'
import { hrefOf, isDeceptive } from '../../../src/web/app/timeline/links.ts'

t.test('a link leads to a web page or a mail', async (t) => {
  for (const [address, href] of [
    ['https://example.org/a?b=c&d=e#f', 'https://example.org/a?b=c&d=e#f'],
    ['HTTPS://EXAMPLE.ORG/A', 'https://example.org/A'],
    ['www.example.org', 'https://www.example.org/'],
    ['mailto:ann@example.org', 'mailto:ann@example.org'],
    ['https://b\u00fccher.example/', 'https://xn--bcher-kva.example/']
  ] as const)
    t.equal(hrefOf(address), href, address)
})

t.test('nothing else is a link, and none pretends another host', async (t) => {
  for (const address of [
    'javascript:alert(1)', 'data:text/html,<script>alert(1)</script>', 'vbscript:x', 'file:///etc/passwd',
    'java\nscript:x',
    'https://', 'http://[', 'mailto:nobody', 'https://bank.example@evil.example/', 'https://user:secret@example.org/',
    'https://example.org/\u200b', '/relative', 'example.org'
  ])
    t.equal(hrefOf(address), undefined, address)
})

t.test('a text that looks like another address is found', async (t) => {
  for (const [shown, href, expected] of [
    ['https://bank.example/', 'https://evil.example/', true],
    ['bank.example', 'https://evil.example/', true],
    ['www.bank.example/login', 'https://evil.example/', true],
    ['bank\u200b.example', 'https://evil.example/', true],
    ['b\u00e4nk.example', 'https://evil.example/', true],
    ['\u202eelpmaxe.knab', 'https://evil.example/', true],
    ['the bank', 'https://evil.example/', false],
    ['example.org/a', 'https://example.org/b', false],
    ['https://example.org', 'https://example.org/', false]
  ] as const)
    t.equal(isDeceptive(shown, href), expected, shown)
})
