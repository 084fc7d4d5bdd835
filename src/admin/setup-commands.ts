/** The commands that check and prepare what a server runs on. */
import type { Call, Command } from './command.ts'

/** The environment, the migrations, and the embedded store. */
export const SETUP_COMMANDS: readonly Command[] = [
  {
    words: 'doctor',
    usage: '',
    purpose:
      'check the environment of a server: its variables, ports, Postgres, Redis, and keys for pushes; exits with 1 ' +
      'when one of them prevents a start',
    run: runDoctor
  },
  { words: 'migrate', usage: '', purpose: 'run the missing migrations', run: runMigrate },
  {
    words: 'migrate-embedded',
    usage: '',
    purpose: 'convert the embedded store of Confab 0.1 in DATA_DIR, which stays; downloads its library by npm',
    run: runMigrateEmbedded
  },
  {
    words: 'upgrade-embedded',
    usage: '',
    purpose: 'move the embedded store in DATA_DIR to a newer Postgres; downloads the old one by npm if needed',
    run: runUpgradeEmbedded
  }
]

async function runDoctor ({ diagnose, markFailed }: Call): Promise<string[]> {
  const { lines, hasFailed } = await diagnose()
  if (hasFailed) markFailed()
  return lines
}

async function runMigrate ({ context, say }: Call): Promise<string[]> {
  await context.migrate(say)
  return ['The tables are at the version of this build.']
}

async function runMigrateEmbedded ({ context }: Call): Promise<string[]> {
  const old = await context.migrateEmbedded()
  return [`The embedded store is made. The old one in ${old} is not used any more: remove it once all is well.`]
}

async function runUpgradeEmbedded ({ context }: Call): Promise<string[]> {
  const old = await context.upgradeEmbedded()
  return [`The embedded store is upgraded. The old one in ${old} is not used any more: remove it once all is well.`]
}
