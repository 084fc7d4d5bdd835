/**
 * Encrypts a connection to Postgres before the driver receives it. The driver's own way checks no certificate with
 * `sslmode=require`, and continues with TLS when the server has refused it.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import path from 'node:path'
import tls from 'node:tls'
import type { TlsSettings } from './tls-settings.ts'

/** The request for encryption (Postgres manual, 55.7): its length and a number that no version of the protocol has. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const ACCEPTED = 'S'
/** A server that refuses TLS answers with one byte; anything longer is something else, or was injected. */
const ANSWER_BYTES = 1

/** The server does not encrypt, or not in the required way; `message` is a sentence for the operator. */
export class TlsError extends Error {
  override readonly name = 'TlsError'
  readonly code = 'TLS_REFUSED'
}

/**
 * Encrypts an open connection.
 * @param host its name is what the certificate is checked against
 * @returns the encrypted connection; the same one if the server cannot encrypt and need not
 * @throws {TlsError} when the server cannot encrypt, or its certificate is refused
 */
export async function encrypt (socket: Socket, host: string, settings: TlsSettings): Promise<Socket> {
  const options = await tlsOptions(host, settings)
  socket.write(SSL_REQUEST)
  const answer = await firstBytes(socket)
  if (answer.length !== ANSWER_BYTES || answer.toString('latin1') !== ACCEPTED) {
    if (settings.when === 'offered' && answer.length === ANSWER_BYTES) return socket
    throw new TlsError('the server does not encrypt connections: configure TLS there, or set sslmode=disable')
  }
  const encrypted = tls.connect({ ...options, socket })
  // Kept: an error before the driver listens must not end the process.
  encrypted.on('error', () => undefined)
  try {
    await once(encrypted, 'secureConnect')
  } catch (error) {
    throw certificateError(error)
  }
  return encrypted
}

async function tlsOptions (host: string, settings: TlsSettings): Promise<tls.ConnectionOptions> {
  const { check, ca, cert, key, keyPassword, sendsName, minVersion, maxVersion } = settings
  return {
    rejectUnauthorized: check !== 'none',
    checkServerIdentity: (_name, certificate) =>
      check === 'issuer and host' ? tls.checkServerIdentity(host, certificate) : undefined,
    // An address is no name that may be sent.
    ...(sendsName && !/^[\d.]+$|:/.test(host) && { servername: host }),
    ...(ca !== undefined && { ca: await readPem(ca, 'sslrootcert or DATABASE_CA') }),
    ...(cert !== undefined && { cert: await readPem(cert, 'sslcert') }),
    ...(key !== undefined && { key: await readPem(key, 'sslkey') }),
    ...(keyPassword !== undefined && { passphrase: keyPassword }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion })
  }
}

/** Files are read for each connection, so that renewed certificates are used without a restart. */
async function readPem (source: string, parameter: string): Promise<string> {
  if (source.startsWith('-----BEGIN')) return source
  try {
    return await readFile(path.resolve(source), 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new TlsError(`the file of ${parameter} cannot be read (${reason}): ${path.resolve(source)}`)
  }
}

/** The first answer; empty when the server closes the connection instead. */
async function firstBytes (socket: Socket): Promise<Buffer> {
  const closed = once(socket, 'close').then(() => Buffer.alloc(0))
  const answered = once(socket, 'data').then(([bytes]: unknown[]) => (Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0)))
  return Promise.race([answered, closed])
}

function certificateError (error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  const code = String(error.code)
  if (!/^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|ERR_SSL_|ERR_OSSL_)/.test(code)) return error
  return new TlsError(`its certificate is refused (${code}: ${error.message})`)
}
