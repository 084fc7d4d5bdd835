import fc from 'fast-check'
import t from '../../support/tap.ts'
import { textParts } from '../../../src/web/app/links.ts'

/** The links of a text: as written, with the address if that differs. */
const linksIn = (text: string) =>
  textParts(text).flatMap(({ text, href }) => (href === undefined ? [] : [href === text ? text : `${text} > ${href}`]))

t.test('an address is a link, without the punctuation and the brackets of its sentence', async (t) => {
  for (const [text, ...links] of [
    ['see https://example.org/a?b=c&d=e#f, or', 'https://example.org/a?b=c&d=e#f'],
    ['http://example.org:8080/. And https://example.org/b', 'http://example.org:8080/', 'https://example.org/b'],
    ['(https://example.org/x_(y)) and "https://example.org/z"', 'https://example.org/x_(y)', 'https://example.org/z'],
    ['<https://example.org/a>', 'https://example.org/a'],
    ['HTTPS://EXAMPLE.ORG/A!?', 'HTTPS://EXAMPLE.ORG/A > https://example.org/A'],
    ['www.example.org\nnext', 'www.example.org > https://www.example.org/'],
    ['mailto:ann@example.org;', 'mailto:ann@example.org'],
    ['https://b\u00fccher.example/', 'https://b\u00fccher.example/ > https://xn--bcher-kva.example/'],
    ['\u898b\u3066 https://example.org/a\u3002', 'https://example.org/a']
  ] as const)
    t.strictSame(linksIn(text), links, text)
})

t.test('no other address is a link, and none that shows another one than it opens', async (t) => {
  for (const text of [
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x file:///etc/passwd ftp://example.org',
    'java\nscript:alert(1)//https:',
    'xhttps://example.org',
    'https://',
    'https:// example.org',
    'http://[',
    'mailto:nobody',
    'https://bank.example@evil.example/',
    'https://user:secret@example.org/',
    'www.',
    'example.org'
  ])
    t.strictSame(linksIn(text), [], text)
  t.strictSame(linksIn('https://example.org/\u202egnp.exe'), ['https://example.org/'], 'up to a control')
  t.strictSame(linksIn('https://example.org\u200b.evil.example'), ['https://example.org > https://example.org/'])
})

t.test('the parts of any text are the text, and every address has a protocol that is safe to open', async () => {
  const pieces = fc.constantFrom(
    'https://', 'http://a.b', 'mailto:', 'www.', '@', ')', '(', '.', ' ', 'javascript:', '\u202e', '%', '/'
  )
  const texts = fc.array(fc.oneof(pieces, fc.string({ unit: 'grapheme', maxLength: 5 }))).map((parts) => parts.join(''))
  fc.assert(
    fc.property(texts, (text) => {
      const parts = textParts(text)
      return (
        parts.map((part) => part.text).join('') === text &&
        parts.every(({ href }) => href === undefined || /^(https?|mailto):/.test(href))
      )
    }),
    { numRuns: 2_000 }
  )
})
