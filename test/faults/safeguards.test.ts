import t from '../support/tap.ts'
import { ROOT } from '../support/servers/process.ts'
import { replaceIn, SAFEGUARDS } from './safeguards.ts'

t.test('each safeguard that the suite must miss is still there to be switched off', async (t) => {
  for (const [name, { replacements }] of Object.entries(SAFEGUARDS)) {
    for (const replacement of replacements) {
      const { text } = await replaceIn(ROOT, replacement)
      t.ok(text.includes(replacement.to), name)
    }
  }
})
