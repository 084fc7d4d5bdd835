import t from '../../../support/tap.ts'
import { checkUsername, usernameFor } from '../../../../src/domain/accounts/names.ts'

const NAMES = [
  'John Doe',
  'Zoë Ångström',
  'Dr. Strange-Löve',
  'a',
  '李小龍',
  '---',
  '_x_',
  '\u{1f600}',
  'x'.repeat(64),
  `${'x'.repeat(21)} y`,
  'ﬁne',
  'Ⅷ',
  'user'
]

t.test('a username made from any name, after any number of clashes, keeps the rule for usernames', async (t) => {
  for (const name of NAMES) {
    for (let attempt = 0; attempt < 20; attempt++)
      t.doesNotThrow(() => checkUsername(usernameFor(name, attempt)), `${name} ${String(attempt)}`)
  }
})

t.test('it is the name itself as far as a username can be, and a number is added only when it is taken', async (t) => {
  t.strictSame(
    ['John Doe', 'Zoë Ångström', 'Dr. Strange-Löve', 'ﬁne'].map((name) => usernameFor(name, 0)),
    ['john-doe', 'zoe-angstrom', 'dr-strange-love', 'fine']
  )
  t.match(usernameFor('John Doe', 1), /^john-doe-\d$/)
  t.match(usernameFor('John Doe', 4), /^john-doe-\d{4}$/)
  t.match(usernameFor('李小龍', 0), /^user-\d{3}$/)
})
