/** The groups of the demo. */
import { BEN, GREMLIN, IDRIS, LENA, MAYA, type Member, TOMAS, ZOE } from './people.ts'

/** A message of a group. `as` names it for the lines that follow. */
export type Line = {
  by: Member
  text: string
  as?: string
  repliesTo?: string
  thread?: string
  picture?: { seed: number, name: string }
  reactions?: Readonly<Record<string, readonly Member[]>>
  /** Somebody reports it as spam. */
  report?: { by: Member, text: string }
}

/** A group; its first person makes it. */
export type GroupScript = { type: string, name: string, people: readonly Member[], lines: readonly Line[] }

export const GROUPS: readonly GroupScript[] = [
  {
    type: 'channel',
    name: 'Town square',
    people: [IDRIS, MAYA, BEN, ZOE, LENA, TOMAS, GREMLIN],
    lines: [
      { by: IDRIS, text: 'This is for everything that concerns all of us. For the rest there are groups.' },
      { by: LENA, text: 'Lunch on Friday: soup or the place with the terrace?', as: 'lunch' },
      { by: ZOE, text: 'Terrace!', repliesTo: 'lunch', reactions: { '☀️': [MAYA, TOMAS, BEN] } },
      {
        by: GREMLIN, text: 'Cheap replicas! Dead or alive! Today only!',
        report: { by: BEN, text: 'That is the third time this week.' }
      },
      { by: TOMAS, text: 'Hello everybody, I am the new one. I draw contours.', reactions: { '👋': [MAYA, ZOE, LENA] } }
    ]
  },
  {
    type: 'group',
    name: 'Ridge survey',
    people: [ZOE, MAYA, LENA, TOMAS],
    lines: [
      {
        by: ZOE, text: 'The first sheet from the new tracks:', as: 'sheet',
        picture: { seed: 1, name: 'ridge-north.png' }, reactions: { '😍': [MAYA, LENA], '🏔️': [TOMAS] }
      },
      { by: TOMAS, text: 'May I try a tighter spacing on this one?', thread: 'sheet' },
      { by: ZOE, text: 'Only if huts stay readable at **1:25 000**.', thread: 'sheet' },
      { by: MAYA, text: 'Try it on the south side first, there are fewer huts.', thread: 'sheet' },
      {
        by: TOMAS, text: 'South side, tighter:', picture: { seed: 2, name: 'ridge-south.png' },
        reactions: { '👍': [ZOE, MAYA, LENA] }
      },
      { by: LENA, text: 'Prints beautifully. Greens are right, too, this time 🌲' }
    ]
  },
  {
    type: 'group',
    name: 'Release 4.0',
    people: [MAYA, BEN, IDRIS, LENA, ZOE],
    lines: [
      {
        by: MAYA, as: 'plan',
        text: 'The plan for the week:\n\n' +
          '- **Monday** hand in the build\n- **Wednesday** release notes\n- **Friday** publish'
      },
      {
        by: BEN, text: 'Build is ready. `4.0.0-rc.2`, 41 MB.', repliesTo: 'plan',
        reactions: { '🚀': [MAYA, IDRIS, ZOE] }
      },
      { by: IDRIS, text: 'Tile server is warm. I keep the old box until Friday, just in case.' },
      { by: LENA, text: 'Could somebody read the notes once more? They are in the shared folder.', as: 'notes' },
      { by: ZOE, text: 'Reading them on the train.', thread: 'notes' },
      { by: ZOE, text: 'One typo, otherwise lovely.', thread: 'notes', reactions: { '🙏': [LENA] } }
    ]
  }
]
