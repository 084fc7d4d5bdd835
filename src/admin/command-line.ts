/** The command line of `confab`: what is called, and what it says. It knows no process. */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'
import { COMMANDS, SERVERS } from './commands.ts'

const FAILED = 1
const USAGE_ERROR = 2

type Described = Pick<Command, 'words' | 'usage' | 'purpose'>
type Arguments = Pick<Call, 'parameters' | 'flags'>

/** What a command line asks for: help, also instead of what is misspelt; a server; or a command. */
export type Request =
  | { readonly kind: 'help', readonly help: string, readonly mistake?: string }
  | { readonly kind: 'server', readonly words: (typeof SERVERS)[number]['words'] }
  | { readonly kind: 'command', readonly command: Command, readonly call: Arguments }

/** The surroundings of a command. */
export type CommandIo = {
  readonly environment: NodeJS.ProcessEnv
  readonly input: NodeJS.ReadableStream
  readonly print: (text: string) => void
  /** Prints a part of much; resolves when there may be more. */
  readonly write: (text: string) => Promise<void>
  readonly printError: (text: string) => void
  /** Says in a sentence why the command failed. */
  readonly describeError: (error: unknown) => string
}

function help (commands: readonly Described[] = [...SERVERS, ...COMMANDS]): string {
  const lines = commands.map(({ words, usage, purpose }) =>
    `  confab ${words} ${usage}`.trimEnd().concat(`\n      ${purpose}`)
  )
  return `Usage:\n${lines.join('\n')}\n\nCommands other than serve and demo work on DATABASE_URL and REDIS_URL ` +
    `or, without them, on the embedded store in DATA_DIR while no server has it open.\n`
}

function parse (args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      all: { type: 'boolean', default: false },
      'password-stdin': { type: 'boolean', default: false },
      name: { type: 'string' },
      scopes: { type: 'string' },
      uses: { type: 'string' },
      expires: { type: 'string' },
      code: { type: 'string' },
      url: { type: 'string' },
      events: { type: 'string' },
      'chat-types': { type: 'string' },
      kind: { type: 'string' },
      status: { type: 'string' },
      dead: { type: 'boolean', default: false },
      chat: { type: 'string' },
      user: { type: 'string' },
      output: { type: 'string' },
      from: { type: 'string' },
      files: { type: 'string' },
      'with-password-hashes': { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      discard: { type: 'boolean', default: false }
    }
  })
}

/** Whether the number of parameters and the flags match the usage. */
function isCalledRight ({ usage }: Described, parameters: readonly string[], flags: Call['flags']): boolean {
  const given = Object.entries(flags)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([flag]) => flag)
  if (!given.every((flag) => usage.includes(`--${flag}`))) return false
  const optional = usage.match(/\[<\w+>\]/g)?.length ?? 0
  const required = usage.replace(/\[.*?\]|--[\w-]+ <\w+>/g, '').match(/<\w+>/g)?.length ?? 0
  return (
    parameters.length >= (flags.all ? 0 : required) && parameters.length <= (flags.all ? 0 : required + optional) &&
    (!usage.startsWith('<id>') || flags.all || /^[1-9]\d{0,15}$/.test(parameters.join()))
  )
}

/** Reads a command line. @param args without the program */
export function readCommandLine (args: readonly string[]): Request {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse([...args])
  } catch (error) {
    return { kind: 'help', help: help(), mistake: `${error instanceof Error ? error.message : String(error)}\n\n` }
  }
  const {
    values: { help: isHelp, ...flags },
    positionals
  } = parsed
  const isMeant = ({ words }: Described) => `${positionals.join(' ')} `.startsWith(`${words} `)
  const server = SERVERS.find(isMeant)
  const command = COMMANDS.find(isMeant)
  const described = server ?? command
  const usage = help(described && [described])
  if (isHelp) return { kind: 'help', help: usage }
  const parameters = described === undefined ? [] : positionals.slice(described.words.split(' ').length)
  if (described !== undefined && isCalledRight(described, parameters, flags)) {
    if (command !== undefined) return { kind: 'command', command, call: { parameters, flags } }
    if (server !== undefined) return { kind: 'server', words: server.words }
  }
  return { kind: 'help', help: usage, mistake: '' }
}

/** Gives help, or runs a command. @returns the exit code */
export async function runCommand (request: Exclude<Request, { kind: 'server' }>, io: CommandIo): Promise<number> {
  if (request.kind === 'help') {
    const { mistake } = request
    if (mistake === undefined) io.print(request.help)
    else io.printError(`${mistake}${request.help}`)
    return mistake === undefined ? 0 : USAGE_ERROR
  }
  try {
    return await perform(request.command, request.call, io)
  } catch (error) {
    io.printError(`${error instanceof CommandError ? error.message : io.describeError(error)}\n`)
    return FAILED
  }
}

async function perform (command: Command, call: Arguments, io: CommandIo): Promise<number> {
  // Drivers take longer to load than the rest, and help needs none.
  const [{ loadStorageConfig }, { AdminContext }] = await Promise.all([
    import('../config/config.ts'),
    import('./admin-context.ts')
  ])
  let code = 0
  const lines = await command.run({
    context: new AdminContext(() => loadStorageConfig(io.environment)),
    ...call,
    input: io.input,
    write: io.write,
    readLine: () => readLine(io.input),
    diagnose: async () => (await import('./doctor.ts')).diagnose(io.environment),
    say: (line) => io.printError(`${line}\n`),
    markFailed: () => {
      code = FAILED
    }
  })
  io.print(lines.map((line) => `${line}\n`).join(''))
  return code
}

async function readLine (input: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input })) return line
  return ''
}
