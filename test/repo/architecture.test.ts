import { ESLint } from 'eslint'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import t from '../support/tap.ts'
import { ROOT } from '../support/servers/process.ts'

const RULE = '@typescript-eslint/no-restricted-imports'

/** What a file of each folder may not import, and what it needs. */
const FOLDERS: Record<string, { forbidden: string[], allowed: string[] }> = {
  'src/domain': {
    forbidden: [
      'prom-client',
      '@opentelemetry/api',
      'fastify',
      'fastify/types/request',
      'fastify-plugin',
      '@fastify/jwt',
      'ws',
      'ioredis',
      'postgres',
      'drizzle-orm',
      'drizzle-orm/pg-core',
      'nodemailer',
      'resend',
      '../api/chatcli/errors.ts',
      '../realtime/hub.ts',
      '../api/http/context.ts',
      '../config/config.ts',
      '../server/replica.ts',
      '../jobs/x.ts'
    ],
    allowed: [
      'node:crypto',
      'argon2',
      'typebox',
      '../bus/bus.ts',
      '../store/messages.ts',
      '../store/postgres/failures.ts',
      '../mail/templates.ts',
      './errors.ts'
    ]
  },
  'src/integrations': {
    forbidden: [
      'fastify',
      'fastify-plugin',
      'ws',
      'ioredis',
      'drizzle-orm',
      '../api/http/context.ts',
      '../realtime/hub.ts',
      '../config/config.ts',
      '../server/replica.ts',
      '../store/users.ts'
    ],
    allowed: ['node:crypto', 'fast-jwt', 'typebox', '../domain/errors.ts', '../lib/deadline.ts']
  },
  'src/store': {
    forbidden: [
      'fastify',
      '@fastify/websocket',
      'ws',
      'ioredis',
      '../api/chatcli/errors.ts',
      '../realtime/hub.ts',
      '../bus/bus.ts',
      '../mail/mailer.ts',
      '../config/config.ts',
      '../domain/errors.ts'
    ],
    allowed: ['postgres', 'drizzle-orm', 'drizzle-orm/pg-core', './schema.ts', '../lib/deadline.ts']
  },
  'src/bus': {
    forbidden: [
      'fastify',
      'ws',
      'postgres',
      'drizzle-orm',
      '../api/chatcli/errors.ts',
      '../realtime/hub.ts',
      '../store/database.ts',
      '../mail/mailer.ts',
      '../config/config.ts',
      '../domain/invalidations.ts'
    ],
    allowed: ['ioredis', './bus.ts', '../lib/redis/address.ts']
  },
  'src/presence': {
    forbidden: [
      'fastify',
      'ws',
      'postgres',
      'drizzle-orm',
      '../api/chatcli/errors.ts',
      '../realtime/hub.ts',
      '../store/database.ts',
      '../bus/bus.ts',
      '../config/config.ts',
      '../domain/invalidations.ts'
    ],
    allowed: ['ioredis', './leases.ts']
  },
  'src/lib': {
    forbidden: [
      'fastify',
      'ws',
      'postgres',
      'drizzle-orm',
      '../domain/errors.ts',
      '../config/config.ts',
      '../bus/bus.ts'
    ],
    allowed: ['ioredis', 'node:net', './redis/address.ts']
  },
  'src/rate-limits': {
    forbidden: [
      'fastify',
      'ws',
      'postgres',
      'drizzle-orm',
      '../api/chatcli/errors.ts',
      '../realtime/hub.ts',
      '../store/database.ts',
      '../bus/bus.ts',
      '../mail/mailer.ts',
      '../config/config.ts',
      '../domain/errors.ts'
    ],
    allowed: ['ioredis', './rate-limiter.ts']
  },
  'src/observability/tracing': {
    forbidden: [
      'fastify',
      'ws',
      'ioredis',
      'postgres',
      'drizzle-orm',
      'prom-client',
      '../../domain/errors.ts',
      '../../realtime/hub.ts',
      '../../store/database.ts',
      '../../bus/bus.ts',
      '../../config/config.ts'
    ],
    allowed: ['@opentelemetry/api', './trace-context.ts']
  },
  'src/observability/metrics': {
    forbidden: [
      'fastify',
      'ws',
      'ioredis',
      'postgres',
      'drizzle-orm',
      '@opentelemetry/api',
      '../../domain/errors.ts',
      '../../realtime/hub.ts',
      '../../store/database.ts',
      '../../bus/bus.ts',
      '../../config/config.ts'
    ],
    allowed: ['prom-client', 'node:http', './metrics.ts']
  },
  'src/preflight': {
    forbidden: ['fastify', 'ioredis', 'postgres', 'drizzle-orm', '../domain/errors.ts', '../server/replica.ts'],
    allowed: ['../config/config.ts', '../store/postgres/preconditions.ts', '../lib/finding.ts']
  },
  'src/config': {
    forbidden: [
      'fastify',
      'ws',
      'ioredis',
      'postgres',
      'drizzle-orm',
      '../api/chatcli/errors.ts',
      '../realtime/hub.ts',
      '../mail/mailer.ts',
      '../domain/errors.ts'
    ],
    allowed: ['typebox', '../lib/redis/address.ts', '../store/postgres/address.ts', './errors.ts']
  },
  'src/mail': {
    forbidden: [
      'fastify',
      'ioredis',
      'postgres',
      'drizzle-orm',
      '../api/chatcli/errors.ts',
      '../realtime/hub.ts',
      '../bus/bus.ts',
      '../domain/errors.ts'
    ],
    allowed: ['nodemailer', 'resend', '../store/outbox.ts', './mailer.ts']
  },
  'src/files': {
    forbidden: ['fastify', 'ioredis', 'postgres', 'drizzle-orm', '../domain/errors.ts', '../store/files.ts'],
    allowed: ['sharp', 'aws4fetch', 'node:fs/promises', '../config/config.ts', '../lib/fair-queue.ts', './files.ts']
  },
  'src/jobs': {
    forbidden: [
      'fastify',
      'ioredis',
      'postgres',
      'nodemailer',
      '../api/http/context.ts',
      '../realtime/hub.ts',
      '../bus/bus.ts'
    ],
    allowed: ['../domain/errors.ts', '../store/outbox.ts', '../mail/mailer.ts']
  },
  'src/realtime': {
    forbidden: [
      'prom-client',
      '@opentelemetry/api',
      'fastify',
      '@fastify/websocket',
      'ioredis',
      'postgres',
      'drizzle-orm',
      '../api/chatcli/ws/frames.ts',
      '../api/http/context.ts',
      '../config/config.ts',
      '../store/messages.ts'
    ],
    allowed: [
      'ws',
      '../bus/bus.ts',
      '../domain/events/event-writer.ts',
      './event-batch.ts',
      '../lib/websocket/frame.ts'
    ]
  },
  'src/api/pages': {
    forbidden: ['../chatcli/envelope.ts', '../emotechat/errors.ts', '../http/answers.ts', '../../store/users.ts'],
    allowed: ['node:crypto', './html.ts']
  },
  'src/api/emotechat': {
    forbidden: ['postgres', 'drizzle-orm', '../../store/users.ts', '../chatcli/envelope.ts'],
    allowed: [
      'fastify',
      '@fastify/type-provider-typebox',
      'typebox',
      '../../domain/accounts/accounts.ts',
      '../http/session.ts',
      './errors.ts'
    ]
  },
  'src/api/chatcli/chat': {
    forbidden: [
      '../../emotechat/errors.ts',
      'postgres',
      'drizzle-orm',
      '../../../store/chats.ts',
      '../../../store/schema.ts'
    ],
    allowed: [
      'fastify',
      '@fastify/type-provider-typebox',
      'typebox',
      '../../../domain/chats/chats.ts',
      '../../http/rate-limit.ts',
      '../envelope.ts'
    ]
  },
  'src/api/http': {
    forbidden: [
      'postgres',
      'drizzle-orm',
      '../../store/database.ts',
      '../chatcli/envelope.ts',
      '../emotechat/errors.ts',
      '../openapi/openapi.ts',
      '../ops/readiness.ts'
    ],
    allowed: [
      'fastify',
      '@fastify/jwt',
      'fastify-plugin',
      '../../domain/errors.ts',
      '../../config/config.ts',
      '../../realtime/hub.ts'
    ]
  },
  'src/api/ops': {
    forbidden: [
      'postgres',
      'drizzle-orm',
      'ioredis',
      'prom-client',
      '../chatcli/envelope.ts',
      '../emotechat/errors.ts',
      '../openapi/openapi.ts'
    ],
    allowed: ['fastify', '../../store/database.ts', '../../bus/bus.ts', '../http/answers.ts']
  },
  'src/api/openapi': {
    forbidden: [
      'prom-client',
      '@opentelemetry/api',
      'ioredis',
      'postgres',
      'drizzle-orm',
      '../../store/database.ts',
      '../../bus/bus.ts',
      '../chatcli/ws/description.ts',
      '../emotechat/errors.ts',
      '../ops/readiness.ts'
    ],
    allowed: ['fastify', 'fastify-plugin', 'typebox', '../../domain/errors.ts', '../http/face.ts', './openapi.ts']
  },
  'src/server': {
    forbidden: ['../admin/commands.ts', '../client/chatcli/index.ts'],
    allowed: ['../api/http/context.ts', '../bus/redis.ts']
  },
  'src/admin': {
    forbidden: [
      'fastify',
      'ws',
      'ioredis',
      'postgres',
      'drizzle-orm',
      '../api/chatcli/errors.ts',
      '../realtime/hub.ts'
    ],
    allowed: [
      '../config/config.ts',
      '../bus/redis.ts',
      '../domain/accounts/administration.ts',
      '../realtime/user-events.ts',
      '../store/postgres/open.ts',
      './admin-context.ts'
    ]
  },
  'src/client': {
    forbidden: [
      'fastify',
      'node:crypto',
      'node:events',
      '../domain/errors.ts',
      '../realtime/hub.ts',
      '../config/config.ts'
    ],
    allowed: ['./problem.ts', './state/timeline.ts']
  },
  'src/client/react': {
    forbidden: ['fastify', 'node:crypto', 'react-dom', '../../domain/errors.ts'],
    allowed: ['react', '../index.ts']
  },
  'src/client/server': {
    forbidden: ['fastify', 'react', 'node:http', '../../domain/errors.ts'],
    allowed: ['node:crypto', '../http.ts']
  },
  'src/demo': {
    forbidden: [
      'fastify',
      'postgres',
      'drizzle-orm',
      '../store/users.ts',
      '../domain/accounts/accounts.ts',
      '../api/chatcli/errors.ts'
    ],
    allowed: [
      'ws', '../client/index.ts', '../client/files/index.ts', '../server/replica.ts', '../config/config.ts',
      '../store/embedded/start.ts', '../api/pages/html.ts', '../bus/bus.ts', './seed.ts'
    ]
  },
  'src/web': {
    forbidden: [
      'ioredis',
      'postgres',
      'drizzle-orm',
      '../store/database.ts',
      '../realtime/hub.ts',
      '../bus/bus.ts',
      '../api/chatcli/envelope.ts',
      '../api/http/errors.ts',
      '../api/openapi/openapi.ts'
    ],
    allowed: ['@fastify/type-provider-typebox', 'typebox', 'node:zlib', '../api/pages/brand.ts', './assets.ts']
  },
  'src/web/app': {
    forbidden: [
      'node:crypto',
      'fastify',
      '@fastify/websocket',
      '../../domain/errors.ts',
      '../../api/pages/brand.ts',
      '../../client/http.ts',
      '../../client/chatcli/index.ts',
      '../../client/node.ts'
    ],
    allowed: [
      '../../client/index.ts', '../../client/files/index.ts', '../../client/accounts/index.ts',
      '../../client/management/index.ts', 'preact'
    ]
  }
}

const eslint = new ESLint({
  cwd: ROOT,
  ruleFilter: ({ ruleId }) => ruleId === RULE
})

const FORMS = [
  (from: string, name: string) => `import * as ${name} from '${from}'; export { ${name} }`,
  (from: string, name: string) => `import type { One as ${name} } from '${from}'; export type { ${name} }`,
  (from: string) => `export * from '${from}'`,
  (from: string) => `import '${from}'`
]

/** A line of code for each form of each import. */
function importing (names: readonly string[]): string[] {
  return names
    .flatMap((from) => FORMS.map((form) => [from, form] as const))
    .map(([from, form], index) => form(from, `name${String(index)}`))
}

/** Those of these lines that the project's own rules refuse in a file. */
async function refused (filePath: string, lines: readonly string[]): Promise<string[]> {
  const [result] = await eslint.lintText(`${lines.join('\n')}\n`, { filePath })
  if (result === undefined) throw new Error(`${filePath} is not linted.`)
  return [
    ...new Set(
      result.messages.map(({ line, ruleId, message }) => (ruleId === RULE ? (lines[line - 1] ?? message) : message))
    )
  ]
}

for (const [folder, { forbidden, allowed }] of Object.entries(FOLDERS)) {
  t.test(`a file of ${folder} imports along the arrow only`, async (t) => {
    t.strictSame(await refused(`${folder}/x.ts`, importing(forbidden)), importing(forbidden), 'it may not')
    t.strictSame(await refused(`${folder}/x.ts`, importing(allowed)), [], 'it may')
  })
}

t.test('every folder is in the table above', async (t) => {
  const entries = await readdir(path.join(ROOT, 'src'), { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => `src/${entry.name}`)
  t.strictSame(
    folders.filter((folder) => !Object.keys(FOLDERS).some((known) => `${known}/`.startsWith(`${folder}/`))),
    []
  )
})

t.test('a file below a folder is bound like one in it', async (t) => {
  const lines = importing(['fastify', '../../../api/chatcli/errors.ts'])
  t.strictSame(await refused('src/domain/deep/er/x.ts', lines), lines)
})
