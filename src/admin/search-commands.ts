/** The commands for the index of search. */
import { audited } from '../domain/accounts/administration.ts'
import { readSearchState, rebuildSearch, type SearchState } from '../store/search-index.ts'
import { CommandError } from './command-error.ts'
import type { Call, Command } from './command.ts'

/** Commands about search. */
export const SEARCH_COMMANDS: readonly Command[] = [
  {
    words: 'search status',
    usage: '',
    purpose: 'show whether messages are indexed, how many are, and what waits',
    run: async ({ context }) => describe(await context.withStore(readSearchState))
  },
  {
    words: 'search rebuild',
    usage: '',
    purpose:
      'have the running servers index every message again; search works meanwhile, and a rebuild that is interrupted ' +
      'goes on where it was',
    run: runRebuild
  }
]

async function runRebuild ({ context }: Call): Promise<string[]> {
  return context.withStore(async (orm) => {
    if (!(await readSearchState(orm)).isOn)
      throw new CommandError('Search is off: start a server with SEARCH=on, which then indexes what is there.')
    await audited(orm, 'search.rebuilt', rebuildSearch)
    return ['The servers begin within seconds: see "confab search status".']
  })
}

function describe ({ isOn, messages, chats, waiting, rebuild }: SearchState): string[] {
  return [
    isOn ? 'on' : 'off',
    `${String(messages)} messages in ${String(chats)} chats`,
    `${String(waiting)} chats with new events to index`,
    rebuild === undefined
      ? 'no rebuild under way'
      : `rebuild: at chat ${String(rebuild.chat)} of ${String(rebuild.last)}`
  ]
}
