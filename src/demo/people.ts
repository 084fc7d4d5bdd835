/** The people of the demo: a small team that makes maps for hikers. */

/** A person of the demo. They share one password, as their accounts hold nothing of value. */
export type Member = { username: string, email: string }

export const PASSWORD = 'Demo-Pass-1'

const member = (username: string): Member => ({ username, email: `${username.toLowerCase()}@example.org` })

export const MAYA = member('Maya')
export const BEN = member('Ben')
export const ZOE = member('Zoe')
export const IDRIS = member('Idris')
export const LENA = member('Lena')
export const TOMAS = member('Tomas')
/** Kills replicas on request. */
export const GREMLIN = member('Gremlin')

export const TEAM: readonly Member[] = [MAYA, BEN, ZOE, IDRIS, LENA, TOMAS, GREMLIN]
