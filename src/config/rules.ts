/** Combinations of variables that cannot work, and settings that production refuses. */
import { milliseconds } from './durations.ts'
import type { Environment } from './environment.ts'
import type { Problems } from './problems.ts'
import { hasPublishedPassword, isPublished } from './published-secrets.ts'
import { splitKeys } from './token-key.ts'

/** A rule on some variables; `problem` returns undefined for an environment that keeps it. */
type Rule = { variables: readonly (keyof Environment)[], problem: (env: Environment) => string | undefined }

const isProduction = ({ NODE_ENV }: Environment) => NODE_ENV === 'production'

/** Whether the store is the embedded one, in DATA_DIR. */
export function isStoreEmbedded (env: Environment): boolean {
  return env.EMBEDDED_STORE === 'on' ||
    (env.EMBEDDED_STORE === undefined && env.DATABASE_URL === undefined && !isProduction(env))
}

/** How mail is sent: as configured, otherwise by the credentials that are set, otherwise to a file. */
export function transportOf (env: Environment): string {
  return env.MAIL_TRANSPORT ??
    (env.RESEND_API_KEY !== undefined ? 'resend' : env.SMTP_URL !== undefined ? 'smtp' : 'file')
}

/** Where files are stored. */
export function fileStorageOf (env: Environment): string {
  return env.FILES ?? (env.FILES_S3_BUCKET !== undefined ? 's3' : isStoreEmbedded(env) ? 'disk' : 'off')
}

/** Whether messages are indexed for search. */
export function isSearchOn (env: Environment): boolean {
  return env.SEARCH === undefined ? isStoreEmbedded(env) : env.SEARCH === 'on'
}

/** Production refuses passwords that everybody knows. */
const unpublished = (variable: 'DATABASE_URL' | 'REDIS_URL' | 'SMTP_URL'): Rule => ({
  variables: ['NODE_ENV', variable],
  problem: (env) =>
    isProduction(env) && hasPublishedPassword(env[variable] ?? '')
      ? `${variable} contains a password from Confab's samples, or a common one: change it here and on the server.`
      : undefined
})

/** Rules for the store, the bus and their credentials. */
export const STORAGE_RULES: readonly Rule[] = [
  {
    variables: ['NODE_ENV', 'DATABASE_URL', 'EMBEDDED_STORE'],
    problem: (env) => {
      if (env.EMBEDDED_STORE === 'on' && env.DATABASE_URL !== undefined)
        return 'EMBEDDED_STORE=on and DATABASE_URL exclude each other: remove one of them.'
      if (isStoreEmbedded(env) || env.DATABASE_URL !== undefined) return undefined
      return `${env.EMBEDDED_STORE === 'off' ? 'EMBEDDED_STORE=off' : 'NODE_ENV=production'} needs DATABASE_URL, or ` +
        'EMBEDDED_STORE=on for a single replica that stores its messages in DATA_DIR.'
    }
  },
  unpublished('DATABASE_URL'),
  unpublished('REDIS_URL')
]

/** Rules for the storage of files. */
export const FILE_RULES: readonly Rule[] = [
  {
    variables: ['FILES', 'FILES_S3_BUCKET', 'FILES_S3_KEY_ID', 'FILES_S3_SECRET'],
    problem: (env) => {
      const missing = (['FILES_S3_BUCKET', 'FILES_S3_KEY_ID', 'FILES_S3_SECRET'] as const)
        .filter((name) => env[name] === undefined)
      return fileStorageOf(env) === 's3' && missing.length > 0 ? `FILES=s3 needs ${missing.join(', ')}.` : undefined
    }
  }
]

/** Further rules for a replica, in addition to {@link STORAGE_RULES}. */
export const SERVING_RULES: readonly Rule[] = [
  {
    variables: ['JWT_SECRET'],
    problem: (env) =>
      !isStoreEmbedded(env) && env.JWT_SECRET === undefined
        ? 'JWT_SECRET is required with DATABASE_URL, the same for all replicas (for example from: openssl rand -hex ' +
        '32).'
        : undefined
  },
  {
    variables: ['NODE_ENV', 'JWT_SECRET'],
    problem: (env) =>
      isProduction(env) && splitKeys(env.JWT_SECRET ?? '').some(isPublished)
        ? 'JWT_SECRET is published in Confab\'s samples: generate another one (for example: openssl rand -hex 32).'
        : undefined
  },
  {
    variables: ['NODE_ENV', 'PUBLIC_URL'],
    problem: (env) =>
      isProduction(env) && env.PUBLIC_URL === undefined
        ? 'PUBLIC_URL is required with NODE_ENV=production, as the base of the links in mails, e.g. ' +
        'https://chat.example.org.'
        : undefined
  },
  {
    variables: ['MAIL_TRANSPORT', 'RESEND_API_KEY'],
    problem: ({ MAIL_TRANSPORT, RESEND_API_KEY }) =>
      MAIL_TRANSPORT === 'resend' && RESEND_API_KEY === undefined
        ? 'MAIL_TRANSPORT=resend needs RESEND_API_KEY.'
        : undefined
  },
  {
    variables: ['MAIL_TRANSPORT', 'SMTP_URL'],
    problem: ({ MAIL_TRANSPORT, SMTP_URL }) =>
      MAIL_TRANSPORT === 'smtp' && SMTP_URL === undefined ? 'MAIL_TRANSPORT=smtp needs SMTP_URL.' : undefined
  },
  {
    variables: ['NODE_ENV', 'MAIL_TRANSPORT', 'RESEND_API_KEY', 'SMTP_URL'],
    problem: (env) =>
      isProduction(env) && env.MAIL_TRANSPORT === undefined && transportOf(env) === 'file'
        ? 'Mail has no way out: set RESEND_API_KEY or SMTP_URL, or ask for MAIL_TRANSPORT=file.'
        : undefined
  },
  {
    variables: ['NODE_ENV', 'MAIL_TRANSPORT', 'RESEND_API_KEY', 'SMTP_URL', 'MAIL_FROM'],
    problem: (env) =>
      isProduction(env) && transportOf(env) !== 'file' && env.MAIL_FROM.includes('@localhost')
        ? 'MAIL_FROM is required with NODE_ENV=production: mail servers refuse senders at localhost.'
        : undefined
  },
  unpublished('SMTP_URL'),
  ...FILE_RULES,
  {
    variables: ['APNS_KEY', 'APNS_KEY_ID', 'APNS_TEAM_ID', 'APNS_TOPIC'],
    problem: (env) => {
      const missing = (['APNS_KEY_ID', 'APNS_TEAM_ID', 'APNS_TOPIC'] as const).filter((name) => env[name] === undefined)
      return env.APNS_KEY !== undefined && missing.length > 0 ? `APNS_KEY needs ${missing.join(', ')}.` : undefined
    }
  },
  {
    variables: ['FILES_URL', 'PUBLIC_URL'],
    problem: ({ FILES_URL, PUBLIC_URL }) =>
      FILES_URL !== undefined && PUBLIC_URL !== undefined && new URL(FILES_URL).origin === new URL(PUBLIC_URL).origin
        ? 'FILES_URL must be another origin than PUBLIC_URL.'
        : undefined
  },
  {
    variables: ['PORT', 'METRICS_PORT'],
    problem: ({ PORT, METRICS_PORT }) =>
      PORT !== 0 && PORT === METRICS_PORT ? 'METRICS_PORT must be another port than PORT.' : undefined
  },
  {
    variables: ['PORT', 'METRICS_PORT', 'CHATCLI_WS_PORT'],
    problem: ({ PORT, METRICS_PORT, CHATCLI_WS_PORT: own }) =>
      own !== undefined && own !== 0 && (own === PORT || own === METRICS_PORT)
        ? 'CHATCLI_WS_PORT must be another port than PORT and METRICS_PORT.'
        : undefined
  },
  {
    variables: ['DRAIN_TIMEOUT', 'DRAIN_DELAY', 'DRAIN_WINDOW'],
    problem: ({ DRAIN_TIMEOUT: timeout, DRAIN_DELAY: delay, DRAIN_WINDOW: window }) =>
      timeout !== undefined && milliseconds(timeout) <= milliseconds(delay) + milliseconds(window)
        ? 'DRAIN_TIMEOUT must be longer than DRAIN_DELAY and DRAIN_WINDOW together.'
        : undefined
  }
]

/** Adds the rules that the environment breaks, unless a variable of the rule already has a problem. */
export function checkRules (rules: readonly Rule[], env: Environment, problems: Problems): void {
  for (const { variables, problem } of rules) {
    const sentence = problems.concern(...variables) ? undefined : problem(env)
    if (sentence !== undefined) problems.add(sentence, ...variables.filter((name) => name !== 'NODE_ENV'))
  }
}
