/** The test files of a run, relative to the repository, which its workers take one by one. */
import { open, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { listAt } from './data/json.ts'

/** The files of a run. */
export type Queue = {
  /** Run by the first worker, before any server is loaded into it. */
  readonly units: readonly string[]
  readonly others: readonly string[]
}

const fileIn = (folder: string) => path.join(folder, 'queue.json')

/** Writes the queue of a run into its folder. */
export async function writeQueue (folder: string, queue: Queue): Promise<void> {
  await writeFile(fileIn(folder), JSON.stringify(queue))
}

/** Reads the queue of a run. */
export async function readQueue (folder: string): Promise<Queue> {
  const queue: unknown = JSON.parse(await readFile(fileIn(folder), 'utf8'))
  return { units: listAt(queue, 'units').map(String), others: listAt(queue, 'others').map(String) }
}

/** Takes a file, unless another worker has. @returns whether it is taken now */
export async function take (folder: string, file: string): Promise<boolean> {
  try {
    await (await open(path.join(folder, file.replaceAll('/', '+')), 'wx')).close()
    return true
  } catch {
    return false
  }
}
