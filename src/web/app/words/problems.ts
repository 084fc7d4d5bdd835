/** Problems of the server in the words of the page. */
import { ConfabProblem } from '../../../client/index.ts'
import { words } from './index.ts'

/** The code of an error; undefined for one of the page itself. */
export function codeOf (error: unknown): string | undefined {
  return error instanceof ConfabProblem ? error.code : undefined
}

/** A sentence about an error. */
export function problemText (error: unknown): string {
  const { problems, somethingFailed } = words.value
  const known = new Map<string, string>(Object.entries(problems)).get(codeOf(error) ?? '')
  return known ?? somethingFailed(error instanceof Error ? error.message : String(error))
}
