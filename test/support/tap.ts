/**
 * tap, for a test file. Run alone, a file's tests belong to the root; a worker runs many files in one process, each
 * below a test of its own.
 */
import root, { type Test } from 'tap'

export type { Test }

let current: Test = root

/** The test that the top level of the file belongs to which is being run. */
const t: Test = new Proxy<Test>(root, {
  get (_root, name) {
    const value: unknown = Reflect.get(current, name, current)
    return typeof value === 'function' ? value.bind(current) as unknown : value
  }
})

export default t

/** Runs a file's top level below a test. @param load imports the file */
export async function runBelow (test: Test, load: () => Promise<unknown>): Promise<void> {
  current = test
  await load()
}

/** Fails the file that is being run by an error that none of its tests has caught. */
export function failCurrent (error: unknown): void {
  current.threw(error)
}
