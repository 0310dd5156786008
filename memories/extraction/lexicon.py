"""Words that tell whether a value can be what its key holds. General knowledge, lower case."""

from __future__ import annotations

from .vocabulary import RELATIONS
from .wordlists import words

PEOPLE = frozenset(key for key, _ in RELATIONS)
DETERMINERS = words("a an my our the another some two three this")
COUNTED = (" a ", " an ", " my ", " our ", " the ", " another ", " some ", " two ", " three ")
ORDINALS = words(
    """
    first second third fourth last next other previous latter former shorter longer
    """
)
ONE_OF_TWO = words("latter former either neither both")
STAGES = words(
    """
    table level step page chapter section phase question method version option plan part round
    stage task exercise row column line tab slide draft variant item point unit team lot gate
    """
)
"""What a number or a letter is added to: "option B", "Level 3"."""
ADJECTIVE_ENDINGS = ("able", "ible", "ful", "less", "ous", "ed", "ing", "ent", "ant", "where", "ly")
ABSTRACT_ENDINGS = (
    "ness", "tion", "sion", "ment", "ity", "ism", "ance", "ence", "ship", "hood", "dom",
    "day", "days", "work", "itude",
)  # fmt: skip

NOT_NAMES = words(
    """
    mud trash taken blank long short wrong missing unknown fine common rare gone weird hard easy
    cursed listed misspelled nobody nothing legion dirt mine yours his hers already still only
    too way quite pretty kind sort part full empty invalid incorrect ridiculous funny unusual
    special
    """
)
NOT_PERSONS = words(
    """
    google apple amazon microsoft facebook meta netflix siri alexa chatgpt claude gemini portal
    programme program level mode fight zone service network page app site website account card
    printer company team group club work school online house office bank world hates loves wants
    says thinks needs keeps from in of and or the zoom teams slack linkedin excel windows hr
    jira board directors management nobody everyone into away nuts angry late sick whatsapp
    same far besides congrats congratulations looky over down out back works ditto likewise long
    newbie thankfully luckily sadly fortunately unfortunately hopefully honestly finally recently
    lately actually basically apparently obviously usually normally generally suddenly eventually
    currently officially surprisingly interestingly ironically personally seriously technically
    ultimately naturally clearly frankly speaking meanwhile afterwards instead
    instagram tiktok youtube spotify music maker city park street road hotel center centre
    """
)

ORGANISATIONS = words(
    """
    agency airline airport archive association bakery bank bar body brewery broadcaster bureau
    business cafe café callcenter canteen care-home casino center centre chain charity church
    cinema clinic club college company consultancy cooperative co-op corporation council court
    dairy dealership dealer department distillery distributor embassy factory farm firm
    foundation foundry franchise garage gallery government group gym hospice hospital hostel
    hotel house institute insurer kennel kindergarten kitchen lab laboratory laundry library
    mall manufacturer market mine ministry municipality museum navy newspaper ngo nhs nursery
    office operator opera orchestra organisation organization outlet parish parlor parlour
    pharmacy plant police post practice prison producer publisher pub railway railways ranch
    refinery reseller resort restaurant retailer salon school service shelter shipyard shop spa
    station startup start-up store studio supermarket supplier surgery surveyor temple theater
    theatre university utility vet warehouse winery workshop yard zoo army airforce authority
    hall county state union magazine nonprofit non-profit depot
    """
)
COMPANIES = words(
    """
    accenture adidas airbnb airbus aldi allianz amazon apple asda audi axa barclays bayer bbc
    bmw boeing bosch capgemini carrefour cisco citroen cognizant costco daimler decathlon
    deliveroo dell deloitte dhl disney ebay ericsson etsy facebook fedex fiat ford fujitsu
    github gitlab google greggs honda hp hsbc huawei hyundai ibm ikea infosys ing intel
    john-lewis kfc kpmg kroger lego leroy-merlin lidl lufthansa lyft mcdonalds mcdonald's
    mercadona mercedes meta microsoft nestle netflix nike nintendo nissan nokia nvidia ocado
    oracle paypal pepsi peugeot pfizer philips pwc renault revolut ryanair sainsbury's
    sainsburys salesforce samsung santander sap seat shell shopify siemens sony spotify
    starbucks stripe subway target tata tcs tesco tesla toyota twitter uber unilever ups verizon
    vodafone volkswagen volvo waitrose walmart wipro zalando zara
    """
)
NOT_COMPANIES = words("zoom discord slack wifi call queue lobby")
NOT_HOMES = words(
    """
    linux windows macos mac android excel word chrome firefox python java react css html vim
    emacs fear hope silence agony luxury style order pieces pyjamas pajamas squalor terror jeans
    sweatpants pants meetings airports notion obsidian chaos tears left right
    top bottom settings mode incognito desktop love peace answer black view menu meeting group
    phase outlook teams slack zoom photoshop figma git github docker postgres
    """
)
SETTLEMENTS = words("village town hamlet suburb city farm countryside island")
PLACE_ENDINGS = (
    "ton", "ham", "ford", "bury", "burg", "burgh", "berg", "ville", "stan", "wick", "wich", "mouth",
    "pool", "chester", "cester", "field", "dale", "heim", "dorf", "stadt", "haven", "shire",
    "worth",
    "ingen", "recht", "foort", "hoven", "bridge", "borough", "polis", "grad", "wice", "land", "by",
    "bad", "pur", "abad", "nagar", "ia", "ona", "ano", "ara", "ova", "ina", "ena", "ella", "illa",
    "dam", "gen", "den", "lin", "sea", "oro", "hai", "rid", "castle", "minster",
    "ley", "stone", "bourne", "hill", "chi", "iro", "ao",
)  # fmt: skip

POOR_PRAISE = words(
    """
    terrible horrible awful lousy bad worst rubbish useless great amazing excellent decent good
    brilliant better best nervous loyal happy unhappy concerned frustrated angry fast slow heavy
    stressed tired exhausted confused worried desperate curious struggling frazzled overworked
    light home first-time hopeless careful messy big firm strong natural born avid frequent
    regular compulsive hot cold back-seat backseat
    """
)
NO_CALLING = words(
    """
    mess genius hero ghost machine disaster loser fan believer dreamer fool coward winner person
    sucker stranger hostage rookie fossil sloth potato zombie amateur survivor newbie noob dummy
    stickler sinner lover hater monster number matter member owner user customer user-error
    reader spender sleeper quitter starter beginner overthinker thinker talker listener walker
    eater drinker smoker hoarder traveller traveler foreigner player gamer father mother brother
    sister daughter parent tenant subscriber follower supporter pensioner voter commuter joker
    prisoner character morning order bother answer charmer wonder fighter contender newcomer
    outsider insider lurker boomer millennial line joke done life charm team mystery placeholder
    buffer filter tester-of reminder flavor flavour water weather
    """
)
CALLING_ENDINGS = (
    "er", "or", "ist", "ian", "eer", "man", "woman", "ier", "wright", "herd", "hand", "monger",
    "assistant", "clerk",
)  # fmt: skip
MORE_WORK = words(
    """
    pair barback barkeep
    retired self-employed semi-retired unemployed freelance freelancer barman barmaid dad mum
    mom parent mother father chief head president vp payroll bookkeeping support maintenance
    security entry control service care housekeeping sourcing operations staff crew personnel
    rep admin exec
    """
)
EMPTY_VERBS = words("say know keep make be get do worry complain annoy survive suffer wait")
SCHOOLS = words(
    """
    university uni college school academy institute polytechnic conservatory seminary
    """
)
FIELD_ENDINGS = (
    "ology",
    "ics",
    "graphy",
    "onomy",
    "istry",
    "ophy",
    "metry",
    "ism",
    "ineering",
    "matics",
)
INVENTED_TONGUES = words("elvish klingon dothraki parseltongue simlish valyrian gibberish sarcasm")
NOT_STUDIED = words("it that this them these those your his her their you me")
DEGREES = words(
    """
    law medicine nursing engineering architecture economics philosophy history biology chemistry
    physics math maths mathematics psychology sociology linguistics literature art arts music
    business computing informatics pharmacy dentistry geography geology theology design
    marketing degree bachelor's master's bachelors masters phd diploma mba
    """
)
DRAFT_PARTS = words(
    """
    intro introduction ending end start beginning title headline layout paragraph paragraphs
    option options version versions draft drafts idea ideas design line lines part parts wording
    tone style structure sentence sentences phrase answer answers reply suggestion suggestions
    list outline color colour colors colours scheme name names plan approach format conclusion
    summary choice variant example examples way chances code solution look feel font heading
    joke opening email mail letter message text slide slides chart logo button
    """
)
NOT_FANS = words("not ceiling oscillating exhaust extractor cooling cpu desk no")
NOT_TASTES = words(
    """
    everywhere sure thought it'd makes gives brings takes keeps
    punishment saying asking being having getting doing making going telling trying knowing
    """
)
TIME_NOUNS = words(
    "overtime week day hour years year months month weeks ages decades minutes hours"
)
NOT_TOOLS = words(
    """
    caution sense logic force brackets humor humour words hands tea coffee decaf water dark
    light airplane silent plan guest common common-sense salt butter oil sugar care discretion
    chapter tears english it me them every each no lots plenty half twice when if up
    """
)
TOOLS = words(
    """
    uv ruff mypy pytest npm pnpm yarn vite webpack cmake poetry pip black eslint prettier playwright
    cypress selenium celery nginx apache caddy rabbitmq elasticsearch graphql htmx tailwind
    bootstrap supabase firebase prisma sqlalchemy fastapi gradle maven clickhouse duckdb pgvector
    podman helm
    circleci gunicorn uvicorn hugo jekyll obs gimp inkscape krita reaper calibre
    notion obsidian todoist trello asana jira slack discord zoom teams outlook gmail excel word
    powerpoint sheets evernote onenote airtable miro canva figma sketch blender photoshop
    lightroom illustrator premiere davinci audacity ableton cubase logic-pro vim neovim nvim
    emacs vscode pycharm intellij webstorm xcode eclipse sublime jupyter colab postgres
    postgresql mysql sqlite mongodb redis docker kubernetes k8s terraform ansible jenkins git
    github gitlab bitbucket aws azure gcp heroku vercel netlify wordpress shopify squarespace
    wix salesforce hubspot quickbooks xero sap stripe paypal revolut monzo chrome firefox safari
    edge brave vivaldi ubuntu debian fedora arch linux windows macos android ios iphone ipad
    kindle kobo garmin fitbit strava anki duolingo spotify netflix whatsapp telegram signal
    chatgpt copilot cursor zotero mendeley overleaf latex matlab stata spss tableau powerbi
    django flask rails laravel react vue svelte angular nextjs node deno bun numpy pandas
    pytorch tensorflow kafka spark airflow dbt snowflake bigquery grafana prometheus datadog
    sentry splunk tmux zsh bash fish homebrew nix nixos wheelchair hearing-aid insulin cpap
    inhaler crutches contact-lenses glasses ps5 ps4 xbox switch bitwarden keepass 1password
    lastpass nextcloud dropbox onedrive icloud proton protonmail thunderbird plex jellyfin
    home-assistant raspberry arduino
    """
)
TOOL_HEADS = words(
    """
    app apps software browser editor planner tool tools machine pump inhaler wheelchair aid aids
    keyboard phone laptop tablet camera printer router notebook notebooks journal stack server
    cloud system platform library framework pen pens mouse monitor stick cane
    """
)
CRAFTS = words(
    """
    soldering brewing programming coding carving pickling gardening public-speaking pottery
    touch-typing typing climbing swimming skiing sailing surfing running cycling bookkeeping
    budgeting spelling teaching tutoring mentoring networking selling tiling bricklaying
    painting embroidering crocheting weaving organising organizing proofreading copywriting
    fencing boxing rowing canning fermenting whittling
    """
)
NOT_SKILLS = words(
    """
    time people nothing this things it that life stuff names faces better listening waiting
    excuses guy thing feeling drill rules sarcasm memes bureaucracy patience invisibility
    small-talk zero
    """
)
NOT_ALLERGENS = words(
    """
    mornings morning mondays monday work meetings meeting talk stupidity people commitment drama
    fonts cardio mess exercise ties nonsense airlines chats chat emails email calls phone phones
    gym sports kids homework housework chores rules early alarms queues crowds traffic
    bureaucracy deadlines paperwork math maths jargon compliments change fun politics
    politicians ads adverts spreadsheets sarcasm love feelings effort bosses hype bills romance
    weddings idiots fools fakes liars hipsters children men women winter small bad bullshit bs
    thing things stuff something anything ingredient ingredients foods food
    crap tech computers printers excel powerpoint powerpoints buzzwords buzzword managers
    management clutter noise silence poverty boredom being life school everything everyone
    """
)
NOT_PROJECTS = words(
    """
    bug bugs
    tan fitness form accent swing handwriting abs body mood confidence
    patience anger temper reply answer stomach time assumption sleep fumes commission question
    section paragraph problem issue basis principle premise holiday holidays weekend weekends
    shift shifts caffeine coffee adrenaline hunch guess trust relationship relationships
    breathing posture attitude it them email mail message response day machine laptop computer
    phone mac pc deadline
    """
)
PROJECTS = words(
    """
    app apps game thesis dissertation report paper essay book novel memoir screenplay website
    site blog podcast documentary film movie album song proposal application portfolio
    presentation talk speech curriculum course manuscript cookbook plugin compiler engine
    library prototype startup business migration redesign research module backend frontend api
    dashboard export import
    """
)
MEALS = words(
    """
    lunch dinner breakfast supper brunch pizza pasta takeaway takeout food snack tea coffee
    options option something anything nothing things stuff weather bed sleep nap
    """
)
SMALL_STEPS = words("go order get have try eat make buy grab take do skip")
VAGUE_PLANS = words(
    """
    cry it that this them nothing ahead revenge sleep something anything coup things
    """
)
ERRANDS = words(
    """
    bed sleep work lunch dinner breakfast shop shops store school office loo toilet bathroom gym
    kitchen class supermarket bank home
    """
)
STUDIED = words(
    """
    engineering nursing accounting banking teaching computing counselling counseling marketing
    writing filmmaking printmaking acting fundraising publishing broadcasting manufacturing
    advertising programming painting drawing planning learning
    """
)
VAGUE_GOALS = words(
    """
    wing hide panic die please fix rain best miracle sleep friday monday moon annoy survive not
    simple clear nothing cry scream know
    """
)
NOT_PASTIMES = words(
    """
    end ends have need must sit try wonder think feel get lose spend am seem dead none nothing
    complaining worrying sleeping losing money work laundry housework hate miss wish want
    crying waiting commuting driving scrolling studying arguing recovering
    watch-the cleaning procrastinating overthinking can could would should forget ask
    """
)
NOT_OWNED = words(
    """
    room consequences consequence mistakes mistake failure failures fault decision choices
    choice problem narrative space moment vibe truth past result stage day responsibility
    outcome process data copyright rights
    """
)
PAPERS = words(
    """
    parcel number update script component container sheet certificate obsession page channel
    dispute package delivery item items voucher coupon gift return refund receipt error crash
    conversation chat workbook spreadsheet cluster repo repository pipeline endpoint function
    query database tables document pdf email mail letter outage outside stock shares ads link
    field form address shirt dress coat ticket tickets jacket parcels discount code warranty
    """
)
STATES = words(
    """
    dead broken slow old new missing closed wrong late away angry nuts rusty limited zero
    terrible useless worthless good bad weird boring minor major unclear tight gone fine ok okay
    tired sick stuck lost full empty down off out over done finished ready busy open hidden
    private blank complicated strange horrible awful ruined cancelled canceled expired pending
    invalid unknown mess joke disaster nightmare going getting being none nothing everything x y
    z tbd tba n/a
    """
)
PROVERBIAL = words(
    """
    trust mix skip underestimate judge remember stop regret forget eat drink marry meet lend
    argue say-never mind lose look chase hope fear doubt fail fails leave-home swim
    """
)
BEING = words("yourself kind prepared ready careful happy grateful safe")
COMFORTING = words("worry bother panic forget mind fret stress laugh judge")
