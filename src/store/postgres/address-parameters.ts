/** The parameters of libpq's connection URIs: those that are used, and the reasons why the others are not. */

/** The usable parameters of a URL, by name. */
export type AddressParameters = Partial<Record<string, string>>

/** Checks a value. @returns what is wrong with it, to follow the name of the parameter; undefined when it is usable */
type Check = (value: string) => string | undefined

const any: Check = () => undefined
const oneOf = (...values: string[]): Check => (value) =>
  values.includes(value) ? undefined : `must be ${values.join(', ').replace(/, ([^,]*)$/, ' or $1')}`
const pattern = (form: RegExp, expected: string): Check => (value) =>
  form.test(value) ? undefined : `must be ${expected}`
const whole = pattern(/^\d{1,9}$/, 'a whole number')

/** The modes of encryption, weakest first. */
export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** Parameters that are used, or that say what is done anyway. */
export const PARAMETERS: Readonly<Partial<Record<string, Check>>> = {
  host: any,
  port: any,
  user: any,
  password: any,
  dbname: any,
  options: any,
  application_name: any,
  fallback_application_name: any,
  connect_timeout: whole,
  client_encoding: (value) =>
    /^(auto|utf-?8|unicode)$/i.test(value) ? undefined : 'must be UTF8: Confab uses no other encoding',
  target_session_attrs: (value) =>
    ['any', 'read-write', 'primary'].includes(value)
      ? undefined
      : 'must be any, read-write or primary: Confab writes, so it never uses a standby',
  load_balance_hosts: oneOf('disable', 'random'),
  sslmode: oneOf(...SSL_MODES),
  sslrootcert: any,
  sslcert: any,
  sslkey: any,
  sslpassword: any,
  sslsni: oneOf('0', '1'),
  sslcertmode: oneOf('disable', 'allow', 'require'),
  sslcompression: oneOf('0'),
  sslnegotiation: oneOf('postgres'),
  ssl_min_protocol_version: oneOf('TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'),
  ssl_max_protocol_version: oneOf('TLSv1.2', 'TLSv1.3'),
  channel_binding: oneOf('disable', 'prefer', 'require'),
  gssencmode: oneOf('disable', 'prefer'),
  keepalives: oneOf('0', '1'),
  keepalives_idle: whole,
  keepalives_interval: whole,
  keepalives_count: whole,
  tcp_user_timeout: whole
}

const NO_KERBEROS = 'there is no Kerberos here'
const NO_FILE = 'give the user and the password in the URL'
const NO_LIST = 'lists of revoked certificates are not checked'

/** Parameters that `psql` takes and Confab does not, each with the reason. */
export const REFUSED_PARAMETERS: Readonly<Partial<Record<string, string>>> = {
  hostaddr: 'name the address as the host',
  passfile: NO_FILE,
  service: NO_FILE,
  servicefile: NO_FILE,
  replication: 'Confab does not replicate',
  requirepeer: 'the owner of a Unix socket is not checked',
  require_auth: 'the server decides how passwords are checked',
  requiressl: 'write sslmode=require',
  sslcrl: NO_LIST,
  sslcrldir: NO_LIST,
  krbsrvname: NO_KERBEROS,
  gsslib: NO_KERBEROS,
  gssdelegation: NO_KERBEROS,
  min_protocol_version: 'the protocol is always 3.0',
  max_protocol_version: 'the protocol is always 3.0'
}
