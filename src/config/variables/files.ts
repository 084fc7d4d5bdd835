/** Files that users send: where they are, and how large they may be. */
import Type from 'typebox'
import { choice, optional, size } from '../variable-types.ts'

const [MAX_FILE_SIZE, MAX_QUOTA] = ['5GiB', '1024TiB']

/** Variables with their descriptions, defaults and bounds. */
export const FILES = {
  FILES: Type.Optional(
    choice(
      'where files are stored: disk for DATA_DIR/files, which replicas have to share; s3 for a bucket; off for none. ' +
      'By default s3 with FILES_S3_BUCKET, else disk with the embedded store, else off',
      ['off', 'disk', 's3']
    )
  ),
  FILES_MAX_SIZE: size('the largest file', '100MiB', MAX_FILE_SIZE),
  FILES_QUOTA: size('what the files of one user may take together', '1GiB', MAX_QUOTA),
  FILES_URL: optional(
    'origin from which files are downloaded, another one than PUBLIC_URL: with disk a second name of this server, ' +
    'which then serves nothing else under it; with s3 the address of the endpoint for clients',
    '^https?://[^\\s/?#@]+/?$',
    'an origin such as https://files.example.org'
  ),
  FILES_S3_ENDPOINT: optional(
    'S3-compatible server, as this server reaches it; by default that of AWS for the region',
    '^https?://[^\\s/?#@]+/?$',
    'an origin such as https://s3.example.org'
  ),
  FILES_S3_BUCKET: optional('bucket of the files', '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', 'the name of a bucket'),
  FILES_S3_REGION: Type.String({
    description: 'region of the bucket', default: 'us-east-1', pattern: '^[a-z0-9-]+$', expected: 'the name of a region'
  }),
  FILES_S3_KEY_ID: optional('id of the access key for the bucket', '^\\S+$', 'the id of an access key'),
  FILES_S3_SECRET: optional('secret of the access key for the bucket', '^\\S+$', 'the secret of an access key'),
  FILES_S3_PATH_STYLE: Type.Optional(
    choice(
      'whether the bucket is in the path of URLs, not in the host; by default with FILES_S3_ENDPOINT',
      ['on', 'off']
    )
  )
}
