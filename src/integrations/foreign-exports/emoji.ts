/** Emoji by the names that other chats give to them. */

/** Names that mean the same have a comma between them. */
const NAMES = `
+1,thumbsup,thumbs_up,like 👍|-1,thumbsdown,thumbs_down,dislike 👎|heart,love,red_heart ❤️|joy,haha 😂|
rolling_on_the_floor_laughing,rofl 🤣|smile 😄|smiley 😃|grin 😁|grinning 😀|laughing,satisfied 😆|sweat_smile 😅|
slightly_smiling_face 🙂|upside_down_face 🙃|wink 😉|blush 😊|innocent 😇|heart_eyes 😍|star-struck,star_struck 🤩|
kissing_heart 😘|yum 😋|stuck_out_tongue 😛|stuck_out_tongue_winking_eye 😜|zany_face 🤪|money_mouth_face 🤑|
hugging_face,hugs 🤗|thinking_face,thinking 🤔|zipper_mouth_face 🤐|neutral_face 😐|expressionless 😑|no_mouth 😶|
smirk 😏|unamused 😒|face_with_rolling_eyes,roll_eyes 🙄|grimacing 😬|relieved 😌|pensive 😔|sleepy 😪|sleeping 😴|
mask 😷|nauseated_face 🤢|sneezing_face 🤧|dizzy_face 😵|exploding_head 🤯|partying_face 🥳|sunglasses 😎|
nerd_face,nerd 🤓|face_with_monocle 🧐|confused 😕|worried 😟|white_frowning_face,frowning_face 🙁|open_mouth,wow 😮|
hushed 😯|astonished 😲|flushed 😳|pleading_face 🥺|fearful 😨|cold_sweat 😰|cry,sad 😢|sob 😭|scream 😱|
disappointed 😞|sweat 😓|weary 😩|tired_face 😫|triumph 😤|rage 😡|angry 😠|skull 💀|hankey,poop,shit 💩|
clown_face 🤡|ghost 👻|alien 👽|robot_face,robot 🤖|see_no_evil 🙈|hear_no_evil 🙉|speak_no_evil 🙊|kiss 💋|
broken_heart 💔|two_hearts 💕|sparkling_heart 💖|heartpulse 💗|orange_heart 🧡|yellow_heart 💛|green_heart 💚|
blue_heart 💙|purple_heart 💜|black_heart 🖤|100 💯|boom,collision 💥|dizzy 💫|sweat_drops 💦|dash 💨|zzz 💤|
wave 👋|raised_hand,hand ✋|ok_hand 👌|v ✌️|crossed_fingers 🤞|the_horns,metal 🤘|call_me_hand 🤙|point_left 👈|
point_right 👉|point_up_2 👆|point_down 👇|point_up ☝️|fist ✊|facepunch,punch 👊|clap 👏|raised_hands 🙌|
open_hands 👐|handshake 🤝|pray,folded_hands 🙏|writing_hand ✍️|muscle 💪|eyes 👀|eye 👁️|brain 🧠|
man-shrugging 🤷‍♂️|woman-shrugging 🤷‍♀️|shrug 🤷|man-facepalming 🤦‍♂️|woman-facepalming 🤦‍♀️|face_palm,facepalm 🤦|
bow 🙇|salute,saluting_face 🫡|dancer 💃|dog 🐶|cat 🐱|monkey_face 🐵|unicorn_face,unicorn 🦄|bee,honeybee 🐝|
bug 🐛|butterfly 🦋|snail 🐌|turtle 🐢|octopus 🐙|penguin 🐧|cherry_blossom 🌸|rose 🌹|sunflower 🌻|
four_leaf_clover 🍀|evergreen_tree 🌲|christmas_tree 🎄|earth_africa 🌍|full_moon 🌕|sunny,sun ☀️|cloud ☁️|
rainbow 🌈|zap ⚡|snowflake ❄️|fire 🔥|droplet 💧|ocean 🌊|apple 🍎|banana 🍌|avocado 🥑|pizza 🍕|hamburger 🍔|
taco 🌮|popcorn 🍿|cake 🍰|birthday 🎂|cookie 🍪|chocolate_bar 🍫|coffee ☕|tea 🍵|beer 🍺|beers 🍻|wine_glass 🍷|
champagne 🍾|clinking_glasses 🥂|tada 🎉|confetti_ball 🎊|balloon 🎈|gift 🎁|trophy 🏆|first_place_medal 🥇|medal 🏅|
soccer ⚽|basketball 🏀|dart 🎯|video_game 🎮|game_die 🎲|art 🎨|musical_note 🎵|notes 🎶|guitar 🎸|
car,red_car 🚗|bike 🚲|airplane ✈️|rocket 🚀|house 🏠|office 🏢|watch ⌚|hourglass ⌛|alarm_clock ⏰|calendar 📆|date 📅|
bulb 💡|mag 🔍|lock 🔒|unlock 🔓|key 🔑|hammer 🔨|wrench 🔧|gear ⚙️|link 🔗|paperclip 📎|pushpin 📌|scissors ✂️|
memo,pencil 📝|pencil2 ✏️|books 📚|book,open_book 📖|newspaper 📰|envelope,email ✉️|package 📦|
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|computer 💻|iphone 📱|phone,telephone ☎️|
camera 📷|movie_camera 🎥|bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|speech_balloon 💬|thought_balloon 💭|
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|heavy_plus_sign ➕|
heavy_minus_sign ➖|question ❓|grey_question ❔|exclamation,heavy_exclamation_mark ❗|bangbang ‼️|interrobang ⁉️|
warning ⚠️|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|construction 🚧|rotating_light 🚨|sos 🆘|recycle ♻️|
arrow_up ⬆️|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrows_counterclockwise 🔄|red_circle 🔴|large_blue_circle 🔵|
large_green_circle 🟢|large_yellow_circle 🟡|star ⭐|star2 🌟|sparkles ✨|moneybag 💰|dollar 💵|gem 💎|crown 👑|
checkered_flag 🏁|triangular_flag_on_post 🚩|new 🆕|ok 🆗|cool 🆒|soon 🔜|end 🔚|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣`

const SKIN_TONES: Readonly<Record<string, string>> = {
  'skin-tone-2': '🏻', 'skin-tone-3': '🏼', 'skin-tone-4': '🏽', 'skin-tone-5': '🏾', 'skin-tone-6': '🏿'
}

const EMOJI = new Map(NAMES.replaceAll('\n', '').split('|').flatMap((entry) => {
  const [names = '', emoji = ''] = entry.split(' ')
  return names.split(',').map((name) => [name, emoji] as const)
}))

/** The emoji of a name such as `thumbsup` or `wave::skin-tone-3`; undefined for one that is not known. */
export function emojiOfName (name: string): string | undefined {
  const [base = '', tone] = name.split('::')
  const emoji = EMOJI.get(base)
  if (emoji === undefined || tone === undefined) return emoji
  const modifier = SKIN_TONES[tone]
  return modifier === undefined ? emoji : emoji.replace(/^(.)\ufe0f?/u, `$1${modifier}`)
}

/** The names between colons in a text, as emoji where they are known. */
export function withEmoji (text: string): string {
  return text.replace(/:([a-z0-9_+-]+(?:::skin-tone-[2-6])?):/g, (whole, name: string) => emojiOfName(name) ?? whole)
}
