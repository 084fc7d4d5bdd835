/** What servers, sockets and processes of the tests live in: a test, or anything else that has an end. */
export type Scope = {
  /** Has something done at the end; what was added last is done first. */
  teardown: (handler: () => unknown) => void
}
