/** Programs that end with this process, whatever becomes of it, even when it is killed. */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { bound } from './bound.ts'
import type { Scope } from '../scope.ts'

const MAX_OUTPUT = 20_000
const run = promisify(execFile)

/** Whether a program can be started. */
export function isInstalled (command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
}

/** How a program is started. */
export type ProgramOptions = {
  parameters: string[]
  /** Runs it as somebody else, which only root may. */
  user?: string | undefined
  environment?: Record<string, string>
}

/** A running program. */
export class Program {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #output = ''

  /** Starts it; it is killed with the scope. */
  constructor (scope: Scope, command: string, { parameters, user, environment }: ProgramOptions) {
    const start = bound(command, parameters, user)
    this.#child = spawn(start.command, start.parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment }
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT)
      })
    }
    this.#child.on('error', (error) => {
      this.#output += String(error)
    })
    this.#exited = once(this.#child, 'exit').catch(() => undefined)
    scope.teardown(() => this.end('SIGKILL'))
  }

  get pid (): number {
    return this.#child.pid ?? 0
  }

  get isRunning (): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The last of what it printed. */
  get output (): string {
    return this.#output
  }

  kill (signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends a signal and waits for the end. */
  async end (signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return
    this.#child.kill(signal)
    await this.#exited
  }
}

/** Runs a program to its end. @returns what it printed @throws when it fails */
export async function runProgram (
  command: string,
  parameters: string[],
  { user, cwd }: { user?: string | undefined, cwd?: string } = {}
): Promise<string> {
  const start = bound(command, parameters, user)
  const { stdout } = await run(start.command, start.parameters, {
    maxBuffer: 2 ** 26,
    ...(cwd !== undefined && { cwd })
  })
  return stdout
}
