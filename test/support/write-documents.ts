/** `npm run describe`: writes the generated files of `docs/reference`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { loadConfig } from '../../src/config/config.ts'
import { startReplica } from '../../src/server/replica.ts'
import { ROOT } from './servers/process.ts'
import { committedFiles } from './data/committed-files.ts'

const dataDir = await mkdtemp(path.join(os.tmpdir(), 'confab-describe-'))
const replica = await startReplica(loadConfig({ HOST: '127.0.0.1', PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error' }))
for (const [name, text] of Object.entries(committedFiles(replica.app.documents())))
  await writeFile(path.join(ROOT, name), text)
await replica.close()
await rm(dataDir, { recursive: true, force: true })
