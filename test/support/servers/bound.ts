/** Processes that end with the one that started them, whatever becomes of that, even when it is killed. */
import { spawnSync } from 'node:child_process'

const HAS_SETPRIV = spawnSync('setpriv', ['--version']).status === 0

/** A command line. */
export type Command = { command: string, parameters: string[] }

/**
 * The command that gets SIGKILL when its parent dies: `setpriv` (util-linux) becomes it, so the process id stays the
 * same. Where there is no `setpriv` the command is run as it is.
 * @param user whom to run it as, which only root may choose
 */
export function bound (command: string, parameters: string[], user?: string): Command {
  if (!HAS_SETPRIV && user === undefined) return { command, parameters }
  const as = user === undefined ? [] : ['--reuid', user, '--regid', user, '--init-groups']
  return { command: 'setpriv', parameters: ['--pdeathsig', 'KILL', ...as, '--', command, ...parameters] }
}
