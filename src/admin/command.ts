/** What a command of `confab` is, and what it is called with. */
import type { AdminContext } from './admin-context.ts'

/** The options of commands that are given or not. */
export type Flag = 'all' | 'dead' | 'password-stdin' | 'with-password-hashes' | 'check' | 'discard'

/** The options of commands that have a value. */
export type TextFlag =
  | 'name' | 'scopes' | 'uses' | 'expires' | 'code' | 'kind' | 'url' | 'events' | 'chat-types' | 'chat' | 'user'
  | 'output' | 'from' | 'status' | 'files'

/** The arguments of a command. */
export type Call = {
  context: AdminContext
  /** Positional parameters after its name. */
  parameters: readonly string[]
  flags: Record<Flag, boolean> & { [Name in TextFlag]?: string | undefined }
  /** The standard input. */
  input: AsyncIterable<string | Uint8Array>
  /** Writes to the standard output; resolves when it takes more. */
  write: (text: string) => Promise<void>
  /** Reads the first line of the standard input. */
  readLine: () => Promise<string>
  /** Checks what a server in this environment needs. */
  diagnose: () => Promise<{ lines: string[], hasFailed: boolean }>
  /** Prints a line to the standard error at once. */
  say: (line: string) => void
  /** Makes the command end with 1 although it prints its lines. */
  markFailed: () => void
}

/** A command: the words that call it, its parameters in words, and its purpose. */
export type Command = { words: string, usage: string, purpose: string, run: (call: Call) => Promise<string[]> }
