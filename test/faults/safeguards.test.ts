import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from '../support/tap.ts'
import { ROOT } from '../support/servers/process.ts'
import { SAFEGUARDS } from './safeguards.ts'

t.test('each safeguard that the suite must miss is still there to be switched off', async (t) => {
  for (const [name, { replacements }] of Object.entries(SAFEGUARDS)) {
    for (const { file, from } of replacements) {
      t.equal((await readFile(path.join(ROOT, file), 'utf8')).split(from).length, 2, `${name} in ${file}`)
    }
  }
})
