/**
 * Which page the client runs in. A browser does not say why it refused a request to another origin, so the client
 * names what the server's operator may have to allow.
 */

// Only pages and their workers have one.
declare const location: { readonly origin: string } | undefined

/** The origin of the page, where it is not that of the server; undefined in a program. */
export function foreignOrigin (serverUrl: string): string | undefined {
  if (typeof location === 'undefined') return undefined
  const { origin } = location
  return URL.canParse(serverUrl, origin) && new URL(serverUrl, origin).origin !== origin ? origin : undefined
}

/** A sentence for a request that failed without an answer. */
export function describeUnreachable (serverUrl: string): string {
  const origin = foreignOrigin(serverUrl)
  return origin === undefined
    ? 'The server cannot be reached.'
    : `The server cannot be reached, or it does not allow pages of ${origin}: its CORS_ORIGINS must list this origin.`
}
