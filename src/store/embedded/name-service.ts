/**
 * Gives a user without an entry in /etc/passwd a name. Where no user namespace is granted, as in most containers, that
 * takes a library which answers in the place of the system: nss_wrapper (https://cwrap.org), if it is installed.
 */
import { readdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { currentUser, type Identity } from './identity.ts'

const LIBRARY = 'libnss_wrapper.so'
/** Distributions put it there, or in a folder there that is named for the platform. */
const LIBRARY_FOLDERS = ['/usr/lib64', '/usr/lib', '/usr/local/lib']
const NAME = 'confab'

/**
 * Names the user of this process, for programs that are run with it.
 * @param file the list of users, which is written
 * @returns undefined when the library is not installed
 */
export async function nameCurrentUser (file: string): Promise<Identity | undefined> {
  const library = await findLibrary()
  if (library === undefined) return undefined
  const { uid, gid } = currentUser()
  await writeFile(file, `${NAME}:x:${String(uid)}:${String(gid)}::/:/bin/false\n`)
  return { kind: 'named', library, users: file }
}

async function findLibrary (): Promise<string | undefined> {
  for (const folder of LIBRARY_FOLDERS) {
    const names = await readdir(folder).catch(() => [])
    for (const name of [LIBRARY, ...names.map((name) => path.join(name, LIBRARY))]) {
      const library = path.join(folder, name)
      if (await stat(library).then((entry) => entry.isFile(), () => false)) return library
    }
  }
  return undefined
}
