/** How the connections to Postgres are encrypted, by the rules of libpq (Postgres manual, 34.19). */
import { type AddressParameters, SSL_MODES } from './address-parameters.ts'

/** What is checked of the server's certificate: nothing, who issued it, or also that it is for this host. */
export type CertificateCheck = 'none' | 'issuer' | 'issuer and host'

/** How to encrypt. */
export type TlsSettings = {
  /**
   * `never`; `asked`: when the server refuses a connection without; `offered`: when the server can; `always`.
   */
  when: 'never' | 'asked' | 'offered' | 'always'
  check: CertificateCheck
  /** Certificates of trusted authorities: a file, or PEM text; undefined for those that Node.js knows. */
  ca: string | undefined
  /** Files of the client's own certificate and its key. */
  cert: string | undefined
  key: string | undefined
  keyPassword: string | undefined
  /** Whether the name of the host is sent before encryption begins. */
  sendsName: boolean
  minVersion: TlsVersion | undefined
  maxVersion: TlsVersion | undefined
}

/** Versions of TLS. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

type Mode = typeof SSL_MODES[number]

const WHEN = {
  disable: 'never',
  allow: 'asked',
  prefer: 'offered',
  require: 'always',
  'verify-ca': 'always',
  'verify-full': 'always'
} as const
const VERSIONS: readonly TlsVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']
/** The value of `sslrootcert` for the authorities that the system trusts. */
const SYSTEM = 'system'

/**
 * The settings of a URL. With an authority and without `sslmode` everything is checked; with `sslmode=require` and an
 * authority the issuer is, as in libpq.
 * @param ca the authority that is used unless the URL names one
 * @param problems receives what cannot be kept
 */
export function tlsSettings (
  parameters: AddressParameters, ca: string | undefined, problems: string[]
): TlsSettings {
  const root = parameters['sslrootcert'] ?? ca
  const given = SSL_MODES.find((name) => name === parameters['sslmode'])
  const mode = given ?? (root === undefined ? 'allow' : 'verify-full')
  const check = checkOf(mode, root !== undefined)
  if (root === SYSTEM && mode !== 'verify-full')
    problems.push('sslrootcert=system needs sslmode=verify-full: anybody can have a certificate of such an authority')
  if (mode === 'verify-ca' && root === undefined)
    problems.push('sslmode=verify-ca needs the file of an authority: set sslrootcert or DATABASE_CA')
  if (parameters['channel_binding'] === 'require' && check === 'none') {
    problems.push(
      'its parameter channel_binding=require cannot be kept, since the driver binds no password to a connection: ' +
      'replace it with sslmode=verify-full, and sslrootcert=system or the file of an authority, which keeps out the ' +
      'same attackers'
    )
  }
  return {
    when: WHEN[mode],
    check,
    ca: root === SYSTEM ? undefined : root,
    cert: parameters['sslcert'],
    key: parameters['sslkey'],
    keyPassword: parameters['sslpassword'],
    sendsName: parameters['sslsni'] !== '0',
    minVersion: VERSIONS.find((version) => version === parameters['ssl_min_protocol_version']),
    maxVersion: VERSIONS.find((version) => version === parameters['ssl_max_protocol_version'])
  }
}

function checkOf (mode: Mode, hasRoot: boolean): CertificateCheck {
  if (mode === 'verify-full') return 'issuer and host'
  return mode === 'verify-ca' || (mode === 'require' && hasRoot) ? 'issuer' : 'none'
}

/** A description for the operator. */
export function describeTls ({ when, check }: TlsSettings): string {
  if (when === 'never') return 'without encryption'
  const checked = check === 'none' ? 'certificate not checked' : `certificate checked (${check})`
  return when === 'always' ? `encrypted, ${checked}` : `encrypted if the server ${when === 'asked' ? 'asks' : 'can'}`
}
