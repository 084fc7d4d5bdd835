/** The versions of Postgres that Confab runs on. */

/** The oldest major version: older ones lack features that the migrations use, and their checks of data are weaker. */
export const OLDEST_MAJOR = 15
