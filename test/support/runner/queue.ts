/** The test files of a run, which its workers take one by one. */
import { readdirSync } from 'node:fs'
import { open, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { listAt } from '../data/json.ts'
import { ROOT } from '../servers/process.ts'

/** The folder of the built tests. */
export const OUTPUTS = 'dist-test'
/** The folders in the order of their start: the slowest first, so that the workers end at about the same time. */
const FOLDERS = ['repo', 'process', 'cluster', 'contract', 'api', 'faults']

/** The files of a run, relative to the repository. */
export type Queue = {
  /** Run by the first worker, before any server is loaded into it. */
  readonly units: readonly string[]
  readonly others: readonly string[]
}

/** The queue of all test files whose path has one of the words in it; of all, if there is no word. */
export function listQueue (words: readonly string[]): Queue {
  const parts = words.map((word) => word.replace(/^(dist-)?test\//, '').replace(/\.[jt]s$/, ''))
  const files = readdirSync(path.join(ROOT, OUTPUTS), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
    .sort()
  return sortQueue(files.map((file) => path.join(OUTPUTS, file)))
}

function sortQueue (files: readonly string[]): Queue {
  const folderOf = (file: string) => file.split(path.sep, 2)[1] ?? ''
  const rank = (file: string) => FOLDERS.indexOf(folderOf(file))
  return {
    units: files.filter((file) => folderOf(file) === 'unit'),
    others: files.filter((file) => folderOf(file) !== 'unit').sort((one, other) => rank(one) - rank(other))
  }
}

/** The files of a queue that fit. */
export function filterQueue ({ units, others }: Queue, fits: (file: string) => boolean): Queue {
  return { units: units.filter(fits), others: others.filter(fits) }
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
    await (await open(path.join(folder, file.replaceAll(path.sep, '+')), 'wx')).close()
    return true
  } catch {
    return false
  }
}
