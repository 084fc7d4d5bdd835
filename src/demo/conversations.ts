/** The conversations of the demo. */
import { BEN, GREMLIN, IDRIS, LENA, MAYA, type Member, TOMAS, ZOE } from './people.ts'

/** A chat of two. Each line begins with `>` when the first of them writes it, with `<` when the other does. */
export type Script = { people: readonly [Member, Member], lines: readonly string[] }

const lines = (text: string): string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim())

export const CONVERSATIONS: readonly Script[] = [
  {
    people: [GREMLIN, MAYA],
    lines: lines(`
      > I kill servers. Write "kill" to me, and I end the process that you are connected to, with SIGKILL.
      > Keep writing meanwhile. What was acknowledged is not lost, not doubled, and in order.
    `)
  },
  {
    people: [MAYA, TOMAS],
    lines: lines(`
      > Welcome to the team, Tomas! Your account works, I see.
      < It does. Thanks for setting everything up.
      > The map style guide is in the shared folder. Start with the colours, the rest follows.
      < Will do. Is the contour spacing fixed, or can I try a tighter one?
      > Try it. Zoe has strong opinions on contours, be warned.
    `)
  },
  {
    people: [LENA, MAYA],
    lines: lines(`
      > The printer sent proofs of the valley sheet. The greens came out too dark.
      < How much too dark?
      > Forest reads as lake if the light is bad.
      < Ouch. Can they shift the profile, or do we?
      > They can, for free, if they have the file by Thursday.
      < Then Thursday it is. I will send it tonight.
    `)
  },
  {
    people: [IDRIS, MAYA],
    lines: lines(`
      > Server move went fine. Eleven minutes, nobody noticed.
      < Eleven! You said an hour.
      > I always say an hour.
      < 😄
      > Two tiles were stale afterwards. I rebuilt the whole northern range to be safe.
      < Good call. Anything left to do?
      > Only the old box. I switch it off on Friday, if nothing speaks against it.
    `)
  },
  {
    people: [ZOE, MAYA],
    lines: lines(`
      > Back from the ridge! Walked the new path twice, once with each receiver.
      < Brilliant. How do the tracks compare?
      > Within three metres almost everywhere. Except under the cliffs, where both have me walking through rock.
      < Ha. We mark it as surveyed, with a note on the cliffs?
      > Yes please. Photos are uploading, all 140 of them.
      > Also: the bridge at the second ford is gone. Really gone. Somebody should tell the rangers.
      > And I found the old boundary stone. 1874! Picture follows 🏔️
    `)
  },
  {
    people: [BEN, MAYA],
    lines: lines(`
      > Morning! Are you around?
      < Morning. Just got my coffee.
      > I want to go through the release with you, if you have a moment.
      < Sure. Top to bottom?
      > Top to bottom.
      > First: offline maps. They download, they open without a signal, and they are half the size they were.
      < Half? What did you do?
      > We stored every name three times. Now once.
      < 🎉
      > The catch: old downloads have to be fetched again. I would rather not migrate them.
      < How many people have one?
      > About 4,000, by the last count.
      < Then let us show a friendly sentence and refetch on Wi-Fi only.
      > That works. I will write the sentence, you will make it friendly.
      < Deal.
      > Second: search. It finds huts by their old names now.
      < Finally! "Upper Alm" finds something?
      > It finds "Steinkar Hut, formerly Upper Alm". With the date it was renamed.
      < Love it.
      > Still slow on the first letter. After the second one it is instant.
      < We could wait for the second letter.
      > I was hoping you would say that.
      > Third: the elevation profile. It draws while you drag, also on old phones.
      < How old?
      > Mine. So: old.
      < 😂 Fair.
      > There is one thing I do not like. When the path crosses a tunnel the profile shows the mountain, not the tunnel.
      < That is technically true, just not useful.
      > Exactly what I thought. A dotted line for the tunnel?
      < Dotted line, and the length of the tunnel in the label.
      > Noted.
      < What about the battery? People complained last time.
      > I measured. A whole day of recording takes 19 % on my phone. It was 31 %.
      < What changed?
      > We asked for the position every second and used every tenth. Now we ask for what we use.
      < It is always something like that.
      > It is.
      > Fourth, and last: sharing a tour by link.
      < I tried it yesterday. It works, but the preview picture was a grey square.
      > On which phone?
      < Lena's. The newest one.
      > Hm. Then it is the image format. I can send the older one as well, it is 40 KB more.
      < Worth it. A grey square looks broken.
      > Agreed. I will do that today.
      < Anything that could still stop us?
      > The app store review. They took four days last time.
      < So we hand it in on Monday, and plan for Friday.
      > And tell nobody a date before it is through.
      < You know me. I have told two people already.
      > Maya!
      < They are very discreet people.
      > Right. I prepare the build tonight, so that you can try it over the weekend.
      < I am on the ridge with Zoe on Saturday, that is the perfect test.
      > No signal, cold fingers, bright sun. It does not get better.
      < I will take notes. On paper.
      > With a pencil, pens freeze.
      < You really are a mountain person.
      > I fell into a stream once with a pen. Long story.
      < Tell me at lunch!
      > Gladly. One more question, about the release notes.
      > Do we mention the tile server? Nobody outside knows that it moved.
      < I would leave it out. Notes are for what people can see.
      > Fine with me. Idris will be a little sad.
      < We make him a cake.
      > Good. Then here is the draft, five lines:
      > "Maps for offline use are half as large. Huts are found by their old names. The profile follows your finger. A day of recording takes a third less battery. Share a tour with a link."
      < That is lovely. I would not change a word.
      > I will frame this message.
      < Please do. Lunch at half past twelve?
      > Half past twelve. The place with the soup?
      < The place with the soup 🍜
      > See you there. And bring the paper with the sketches, I want to show you something about the contour labels.
    `)
  }
]
