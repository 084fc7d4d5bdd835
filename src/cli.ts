#!/usr/bin/env node
/** `confab`: the server, and commands for operators on its store and bus. Exit codes: 0 ok, 1 failed, 2 usage error. */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { CommandError } from './admin/command-error.ts'
import { type Call, type Command, COMMANDS, SERVERS } from './admin/commands.ts'
import { describeFatalError } from './server/fatal-error.ts'

const FAILED = 1
const USAGE_ERROR = 2
/** The signals that end a command, by number: its exit code is 128 more, as in a shell. */
const STOP_SIGNALS = { SIGINT: 2, SIGTERM: 15 }

/** Each of these modules is a program that runs when it is loaded. */
const PROGRAMS = { serve: () => import('./main.ts'), demo: () => import('./demo/main.ts') }

type Described = Pick<Command, 'words' | 'usage' | 'purpose'>

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
      code: { type: 'string' }
    }
  })
}

/** Whether the number of parameters and the flags match the usage. */
function isCalledRight ({ usage }: Described, parameters: readonly string[], flags: Call['flags']): boolean {
  const given = Object.entries(flags)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([flag]) => flag)
  if (!given.every((flag) => usage.includes(`--${flag}`))) return false
  const required = usage.replace(/\[.*?\]|--\w+ <\w+>/g, '').match(/<\w+>/g)?.length ?? 0
  return (
    parameters.length === (flags.all ? 0 : required) &&
    (!usage.startsWith('<id>') || flags.all || /^[1-9]\d{0,15}$/.test(parameters.join()))
  )
}

async function readLine (): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line
  return ''
}

/** @returns the exit code; undefined when a server was started, which sets its own */
async function main (args: string[]): Promise<number | undefined> {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help()}`)
    return USAGE_ERROR
  }
  const {
    values: { help: isHelp, ...flags },
    positionals
  } = parsed
  const isMeant = ({ words }: Described) => `${positionals.join(' ')} `.startsWith(`${words} `)
  const server = SERVERS.find(isMeant)
  const command = COMMANDS.find(isMeant)
  const described = server ?? command
  if (isHelp) {
    process.stdout.write(help(described && [described]))
    return 0
  }
  const parameters = described === undefined ? [] : positionals.slice(described.words.split(' ').length)
  if (described === undefined || !isCalledRight(described, parameters, flags)) {
    process.stderr.write(help(described && [described]))
    return USAGE_ERROR
  }
  if (command !== undefined) return runCommand(command, { parameters, flags })
  if (server !== undefined) await PROGRAMS[server.words]()
  return undefined
}

async function runCommand (command: Command, call: Pick<Call, 'parameters' | 'flags'>): Promise<number> {
  // The first process of a container is not stopped by a signal that it does not handle.
  for (const [signal, number] of Object.entries(STOP_SIGNALS)) process.once(signal, () => process.exit(128 + number))
  // Drivers take longer to load than the rest, and help needs none.
  const [{ loadStorageConfig }, { AdminContext }] = await Promise.all([
    import('./config/config.ts'),
    import('./admin/admin-context.ts')
  ])
  let code = 0
  const lines = await command.run({
    context: new AdminContext(() => loadStorageConfig(process.env)),
    ...call,
    readLine,
    diagnose: async () => (await import('./admin/doctor.ts')).diagnose(process.env),
    say: (line) => process.stderr.write(`${line}\n`),
    markFailed: () => {
      code = FAILED
    }
  })
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
  return code
}

main(process.argv.slice(2)).then(
  (code) => {
    if (code !== undefined) process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof CommandError ? error.message : describeFatalError(error, 'confab failed')}\n`
    )
    process.exitCode = FAILED
  }
)
