/** Databases of the test's own on a Postgres server. */
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import type { Test } from 'tap'

/**
 * Creates an empty database that is gone with the test.
 * @param serverUrl any database of the server, with the right to create others
 * @returns its URL
 */
export async function createDatabase (t: Test, serverUrl: string): Promise<string> {
  const name = `confab_test_${randomBytes(6).toString('hex')}`
  const admin = postgres(serverUrl, { max: 1, onnotice: () => undefined })
  t.teardown(async () => {
    await admin`drop database if exists ${admin(name)} with (force)`
    await admin.end()
  })
  await admin`create database ${admin(name)}`
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}
