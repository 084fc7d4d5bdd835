#!/usr/bin/env node
/** `confab`: the server, and commands for operators on its store and bus. Exit codes: 0 ok, 1 failed, 2 usage error. */
import { writeTo } from './admin/write-to.ts'
import { readCommandLine, runCommand } from './admin/command-line.ts'
import { describeFatalError } from './server/fatal-error.ts'

/** The signals that end a command, by number: its exit code is 128 more, as in a shell. */
const STOP_SIGNALS = { SIGINT: 2, SIGTERM: 15 }

/** Each of these modules is a program that runs when it is loaded. */
const PROGRAMS = { serve: () => import('./main.ts'), demo: () => import('./demo/main.ts') }

const request = readCommandLine(process.argv.slice(2))
if (request.kind === 'server') await PROGRAMS[request.words]()
else {
  const { stdin, stdout, stderr, env } = process
  const io = {
    environment: env,
    input: stdin,
    print: (text: string) => void stdout.write(text),
    write: (text: string) => writeTo(stdout, text),
    printError: (text: string) => void stderr.write(text),
    describeError: (error: unknown) => describeFatalError(error, 'confab failed')
  }
  // The first process of a container is not stopped by a signal that it does not handle.
  for (const [signal, number] of Object.entries(STOP_SIGNALS)) process.once(signal, () => process.exit(128 + number))
  process.exitCode = await runCommand(request, io)
}
