/**
 * Every close code of the server, and whether the client should reconnect. ChatCLI clients treat 1000 and 1008 as
 * "logged out" and reconnect after any other, so only a refusal may use those two.
 */
export const CLOSE_CODES = {
  /**
   * Not authenticated, token expired, session ended, or the rules were violated for long: do not reconnect with the
   * same token.
   */
  refused: 1008,
  /** A frame was too big: reconnect, send smaller ones. (Sent by `ws`.) */
  tooBig: 1009,
  /** A bug of the server: reconnect. */
  internal: 1011,
  /** This replica stops: reconnect at once, to another one. */
  restart: 1012,
  /** Too slow a reader, or too many sockets: reconnect in a moment and resume. */
  tryAgainLater: 1013
} as const

/** One of {@link CLOSE_CODES}. */
export type CloseCode = (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES]
