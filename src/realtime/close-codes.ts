/**
 * Every code with which a socket is closed, and whether its client should come back. ChatCLI clients read 1000 and
 * 1008 as "logged out" and reconnect after any other, so nothing but a refusal may use those two.
 */
export const CLOSE_CODES = {
  /**
   * Not authenticated, token expired, session ended, or the rules were broken for long: do not come back with the same
   * token.
   */
  refused: 1008,
  /** A frame was too big: come back, send smaller ones. (Sent by `ws`.) */
  tooBig: 1009,
  /** A fault of ours: come back. */
  internal: 1011,
  /** This replica stops: come back at once, to another. */
  restart: 1012,
  /** Too slow a reader, or too many sockets: come back in a moment and resume. */
  tryAgainLater: 1013
} as const

/** One of {@link CLOSE_CODES}. */
export type CloseCode = (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES]
