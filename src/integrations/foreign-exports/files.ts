/** The files of an export, in a folder or in a ZIP archive. */
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { ZipArchive } from '../../lib/zip.ts'

/** The files of an export by their names, with `/` between folders. */
export type ExportFiles = {
  readonly names: readonly string[]
  read: (name: string) => Promise<string>
}

/** Opens a folder, or an archive. */
export async function openFiles (place: string): Promise<ExportFiles> {
  return (await stat(place)).isDirectory() ? openFolder(place) : openArchive(place)
}

async function openFolder (folder: string): Promise<ExportFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
  return { names: names.sort(), read: (name) => readFile(path.join(folder, name), 'utf8') }
}

/** The archive is open until the process ends: it is read once. */
async function openArchive (file: string): Promise<ExportFiles> {
  const archive = await ZipArchive.open(file)
  return { names: archive.names.sort(), read: async (name) => (await archive.read(name)).toString() }
}
