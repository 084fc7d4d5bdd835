/** Where files are stored, and what of them is allowed. */
import path from 'node:path'
import type { Environment } from './environment.ts'
import { fileStorageOf } from './rules.ts'
import { bytes } from './sizes.ts'

/** A bucket of an S3-compatible server. */
export type BucketSettings = {
  endpoint: string
  bucket: string
  region: string
  keyId: string
  secret: string
  isPathStyle: boolean
}

/** See {@link fileSettings}. */
export type FileSettings = ReturnType<typeof fileSettings>

/** The settings of files. */
export function fileSettings (env: Environment) {
  return {
    storage: storageSettings(env),
    maxBytes: bytes(env.FILES_MAX_SIZE),
    /** Of all files of a user. */
    quotaBytes: bytes(env.FILES_QUOTA),
    /** Another origin for downloads, without a slash at its end. */
    origin: env.FILES_URL === undefined ? undefined : new URL(env.FILES_URL).origin
  }
}

type StorageSettings = { kind: 'off' } | { kind: 'disk', folder: string } | ({ kind: 's3' } & BucketSettings)

function storageSettings (env: Environment): StorageSettings {
  switch (fileStorageOf(env)) {
    case 'disk':
      return { kind: 'disk', folder: path.join(path.resolve(env.DATA_DIR), 'files') }
    case 's3':
      return {
        kind: 's3',
        endpoint: new URL(env.FILES_S3_ENDPOINT ?? `https://s3.${env.FILES_S3_REGION}.amazonaws.com`).origin,
        bucket: env.FILES_S3_BUCKET ?? '',
        region: env.FILES_S3_REGION,
        keyId: env.FILES_S3_KEY_ID ?? '',
        secret: env.FILES_S3_SECRET ?? '',
        isPathStyle: env.FILES_S3_PATH_STYLE === undefined
          ? env.FILES_S3_ENDPOINT !== undefined
          : env.FILES_S3_PATH_STYLE === 'on'
      }
    default:
      return { kind: 'off' }
  }
}
