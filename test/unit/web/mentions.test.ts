import t from '../../support/tap.ts'
import { mentionsIn } from '../../../src/web/app/composer/mentions.ts'

const chosen = new Map([['Ann', 'a'], ['Ann Lee', 'l'], ['Bob (Ops)', 'b'], ['Zoë', 'z']])

await t.test('those are mentioned whose names are still in the text', (t) => {
  t.strictSame(mentionsIn('hello @Ann, and @Bob (Ops)!', chosen).sort(), ['a', 'b'])
  t.strictSame(mentionsIn('hello Ann', chosen), [])
  t.strictSame(mentionsIn('@Zoë', chosen), ['z'])
  t.strictSame(mentionsIn('@Ann @Ann', chosen), ['a'])
  t.end()
})

await t.test('a name that goes on is another one', (t) => {
  t.strictSame(mentionsIn('@Anna, @Ann_2 and @Zoëlle', chosen), [])
  t.strictSame(mentionsIn('@Anna and @Ann', chosen), ['a'])
  t.strictSame(mentionsIn('@Ann Lee', chosen), ['l'])
  t.strictSame(mentionsIn('@Ann Lee and @Ann', chosen).sort(), ['a', 'l'])
  t.end()
})

await t.test('all are mentioned by a word of its own', (t) => {
  t.strictSame(mentionsIn('@all @Ann', chosen), ['a', '@all'])
  t.strictSame(mentionsIn('me@all @allow', chosen), [])
  t.end()
})
