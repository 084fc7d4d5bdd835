/** Checks the folder of the embedded store without creating anything. */
import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Finding } from '../../lib/finding.ts'
import { FolderInUseError, hasCode } from './errors.ts'
import { isFolderLocked } from './folder-lock.ts'

/** @param isServed whether a server may be running on it already */
export async function checkDataDir (dataDir: string, isServed: boolean): Promise<Finding[]> {
  const subject = 'DATA_DIR'
  try {
    const folder = await nearestFolder(dataDir)
    await access(folder, constants.W_OK | constants.X_OK)
    if (folder !== dataDir || !await isFolderLocked(dataDir))
      return [{ level: 'ok', subject, text: `the embedded store can be in ${dataDir}` }]
    if (isServed) return [{ level: 'ok', subject, text: `a server runs on the embedded store in ${dataDir}` }]
    const { message } = new FolderInUseError(dataDir)
    return [{ level: 'failure', subject, text: message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '') }]
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return [{
      level: 'failure',
      subject,
      text: `the embedded store cannot be in ${dataDir} (${reason}): make that folder writable, or set DATA_DIR or ` +
        'DATABASE_URL'
    }]
  }
}

/** The folder itself, or the nearest parent that exists. */
async function nearestFolder (folder: string): Promise<string> {
  try {
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is no folder`)
    return folder
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || folder === path.dirname(folder)) throw error
    return nearestFolder(path.dirname(folder))
  }
}
