import { readFile } from 'node:fs/promises'
import t from 'tap'
import { placesOf, SAFEGUARDS } from './safeguards.ts'

t.test('each safeguard that the suite must miss is still there to be switched off', async (t) => {
  for (const [name, { replacements }] of Object.entries(SAFEGUARDS)) {
    for (const { file, from } of replacements) {
      // The built server itself need not be there yet.
      const [place = ''] = placesOf(file).filter((candidate) => candidate.startsWith('dist-test/'))
      t.equal((await readFile(place, 'utf8')).split(from).length, 2, `${name} in ${place}`)
    }
  }
})
