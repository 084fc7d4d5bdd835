import t from '../../../support/tap.ts'
import { findBinaries, findInstalledBinaries } from '../../../../src/store/embedded/binaries.ts'

/** No Postgres has it, so that none of this machine fits, as on a platform without a package and without Postgres. */
const MAJOR = 999

t.test('where no Postgres fits, one sentence says what to do', async (t) => {
  const search = { workFolder: t.testdir(), searchPath: process.env['PATH'], major: MAJOR }
  t.equal(await findInstalledBinaries(search), undefined)
  const error: unknown = await findBinaries(search).catch((reason: unknown) => reason)
  t.match(error, { name: 'EmbeddedStoreError' })
  t.match(
    String(error),
    new RegExp(`There is no Postgres to run here \\(${process.platform} ${process.arch}\\): set DATABASE_URL to a ` +
      'server, or install PostgreSQL \\d+ or newer on this machine\\.$')
  )
})
