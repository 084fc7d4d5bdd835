import t from '../../support/tap.ts'
import { readMarkdown } from '../../../src/web/app/timeline/markdown-tree.ts'

/** The longest message. */
const MAX_LENGTH = 4_000
const repeated = (sign: string) => `${sign.repeat(MAX_LENGTH / sign.length - 1)}x`

t.test('markdown is read', async (t) => {
  for (const text of [
    '**bold**', '> quoted', '- one\n  - two\n    - three', '1. one', '> > - a quotation in a quotation',
    'https://example.org', '_'.repeat(80), `${'> '.repeat(10)}deep`
  ])
    t.not(readMarkdown(text), null, text)
  t.equal(readMarkdown('Hello: nothing to see'), null)
})

t.test('what would take the page seconds, or its stack, is a text', async (t) => {
  for (const sign of ['>', '> ', '- ', '* ', '+ ', '1. ', '> - ', '  >', '-\t']) {
    t.equal(readMarkdown(repeated(sign)), null, sign)
    t.equal(readMarkdown(`Hello\n\n${repeated(sign)}`), null, `${sign} in the second line`)
  }
  const half = MAX_LENGTH / 2 - 1
  for (const sign of ['*', '_']) t.equal(readMarkdown(`${sign.repeat(half)}x${sign.repeat(half)}`), null, sign)
  t.equal(readMarkdown(`${'*a '.repeat(half / 3)}x${' a*'.repeat(half / 3)}`), null, 'emphasis in emphasis')
})
