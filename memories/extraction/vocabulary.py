"""Word lists the grammar is written with. General knowledge, lower case."""

from __future__ import annotations

from .wordlists import words

SINGLE_VALUED = words(
    """
    name age birthday pronouns nationality hometown home occupation employer education
    email phone timezone spouse partner diet current_location deadline
    """
)
IDENTITY_KEYS = words(
    """
    name age birthday pronouns nationality hometown home occupation employer education
    email phone timezone spouse partner languages child son daughter sister brother
    mother father friend colleague manager pet
    """
)
CONTEXT_KEYS = words("current_location deadline working_on plan goal")


def category_of(key: str) -> str:
    """The category a key belongs to."""
    if key in IDENTITY_KEYS:
        return "identity"
    if key in CONTEXT_KEYS:
        return "context"
    return {"instruction": "instruction", "about": "uncertainty"}.get(key, "knowledge")


def is_single_valued(key: str) -> bool:
    """Whether a newer value replaces the older one."""
    return key in SINGLE_VALUED or key.startswith("favorite_")


PRONOUN_WORDS = words(
    """
    i im ive id ill me you youre he hes she shes it its we were they theyre them him us
    this that these those there here what who whom whose which where when why how
    whether
    """
)
CONJUNCTIONS = words(
    """
    and or but so because cause cuz coz bc since which who whose whom that when whenever
    while if unless though although where whereas as than then plus yet nor &
    """
)
AUXILIARIES = words(
    """
    am is are was were be been being isn't isnt aren't arent wasn't weren't has have had
    hasn't haven't hadn't do does did don't dont doesn't doesnt didn't didnt will won't
    wont would wouldn't can can't cant cannot could couldn't should shouldn't may might
    must shall ain't aint gonna let's lets i'm i've i'd i'll we're we've we'd we'll
    you're you've he's she's it's that's there's they're what's who's where's how's
    """
)
ADVERBS = words(
    """
    now nowadays today tonight tomorrow yesterday currently anymore already lately
    recently again always ever never too also either though anyway btw fyi lol haha
    please pls plz thanks thx ty honestly actually really basically apparently obviously
    just still only even maybe perhaps probably otherwise instead tbh imo rn atm ok okay
    well oh hmm hm yes yeah yep no nope not right sorry hi hey hello once twice
    soon later eventually finally more less til till until after before during ago
    without despite except altogether full-time fulltime part-time
    """
)
"""Words that are never inside a short value."""
TEMPORAL_STARTS = words("next last every each this these")
PREPOSITIONS = words(
    """
    in at on from to with by for of about into over under near around between through
    against like via per within across off out up down along behind
    """
)
BOUNDARY_WORDS = PRONOUN_WORDS | CONJUNCTIONS | AUXILIARIES | ADVERBS | TEMPORAL_STARTS

CLAUSE_VERBS = words(
    """
    want wants need needs think thinks know knows wonder wondering looking trying got
    get gets keep keeps work works live lives love loves hate hates like likes enjoy
    enjoys prefer prefers said says say tell told ask asked asks went go goes going came
    come comes make makes made find finds found feel feels felt see sees saw take takes
    took give gives gave use uses used run runs ran start starts started stop stops
    stopped try tries tried help helps show explain give suggest recommend write can't
    cannot dont don't won't having paid pay moved bought sold cant wish hope hoping
    speak speaks study studies play plays seems seem means mean
    """
)
"""Verbs that open a new clause after "and", so that what follows is no list item."""

NOT_PLACES = words(
    """
    fear hope peace pain love bed hurry trouble touch charge town hell heaven denial
    doubt shock need debt school college university hospital prison jail class work
    meeting progress general fact short brief advance addition person public private
    english theory practice house home shape luck tears stitches limbo mourning therapy
    recovery danger poverty harmony sin constant mind command control agreement favour
    favor bits ruins rehab retirement sync transit quarantine isolation lockdown awe two
    three four five my your his her our their a an one rural urban student shared
    temporary sheltered military college
    """
)
NOT_NAMES = words(
    """
    ok okay pm am adhd asap faq diy vat tbh fyi btw god lord jesus christmas easter
    internet monday tuesday wednesday thursday friday saturday sunday catholic muslim
    jewish christian buddhist hindu atheist agnostic protestant orthodox mormon sikh dr
    mr mrs ms miss sir madam crazy old-fashioned picky silly paranoid biased naive
    stupid lazy sorry thanks hi hello hey please yes no not maybe what why how when
    where who which the a an this that it its he she they we you i im my our your his
    her their so but and or if as at in on for of to with from by all any some every
    nothing something everything everyone someone anyone nobody also just now then there
    here later back again soon asap anytime tomorrow today tonight yesterday names virgo
    leo aries taurus gemini cancer libra scorpio sagittarius capricorn aquarius pisces
    team batman superman spiderman groot spartacus ishmael legion infj intj enfp infp estj entp isfj
    """
)

OCCUPATIONS = words(
    """
    accountant actor actress actuary acupuncturist administrator advisor adviser agent
    agronomist ambassador analyst anchor animator apprentice arborist archaeologist
    architect archivist artisan artist assistant associate astronaut astronomer athlete
    attendant attorney auctioneer auditor au-pair author baker banker barber barista
    bartender beautician beekeeper biologist blacksmith blogger boilermaker bookkeeper
    bookseller botanist bouncer brewer bricklayer broker builder butcher butler buyer
    cabinetmaker cameraman caregiver carer caretaker caricaturist carpenter cartographer
    cartoonist cashier caterer ceo cfo chancellor chauffeur chef chemist chiropractor
    choreographer cio civil-servant cleaner clergyman clerk clown coach cobbler coder
    columnist comedian commander composer concierge conductor conservator constable
    consultant contractor controller cook coo coordinator copywriter counselor
    counsellor courier cpa crane-operator croupier cto curator dancer dean decorator
    dentist dermatologist designer detective developer devops dietician dietitian
    diplomat director dispatcher diver dj doctor docker doorman doula dramaturge
    draughtsman dressmaker driver economist editor educator electrician embalmer
    engineer entertainer entrepreneur epidemiologist esthetician executive fabricator
    farmer filmmaker firefighter fireman fisherman fitter florist foreman forester
    founder cofounder co-founder freelancer fundraiser gardener geographer geologist
    geophysicist glassblower glazier goldsmith gp grocer groomer guard guide gunsmith
    gynecologist hairdresser handyman headmaster headteacher herbalist historian
    horticulturist homemaker housewife househusband host hostess housekeeper hygienist
    illustrator importer influencer inspector installer instructor intern interpreter
    inventor investigator investor janitor jeweler jeweller joiner journalist judge
    kindergartener laborer labourer landscaper lawyer lecturer librarian lifeguard
    linguist locksmith logistician lumberjack machinist magician magistrate maid mailman
    manager manicurist marketer mason masseur masseuse mathematician mechanic mediator
    medic merchandiser merchant meteorologist microbiologist midwife miller miner
    minister missionary model mortician musician nanny naturalist negotiator neurologist
    notary novelist nun nurse nutritionist obstetrician oceanographer officer official
    ombudsman oncologist operator optician optometrist organist orthodontist osteopath
    owner-operator painter paralegal paramedic park-ranger pastor pathologist
    pediatrician paediatrician performer pharmacist philosopher photographer physician
    physicist physio physiotherapist pianist pilot planner plasterer playwright plumber
    podcaster podiatrist poet police-officer policeman policewoman politician porter
    postdoc postman postwoman potter priest principal printer procurator producer
    professor programmer proofreader prosecutor psychiatrist psychologist
    psychotherapist publicist publisher rabbi radiographer radiologist rancher ranger
    realtor receptionist recruiter rector referee registrar renovator repairman reporter
    representative researcher restaurateur retailer retiree roofer sailor salesman
    salesperson saleswoman scaffolder scholar scientist sculptor seamstress secretary
    seismologist server shepherd sheriff shoemaker shopkeeper singer smith social-worker
    sociologist soldier solicitor sommelier sonographer specialist statistician steward
    stewardess stockbroker stonemason strategist student stylist subeditor
    superintendent supervisor surgeon surveyor sysadmin tailor teacher teller tattooist
    taxidermist taxi-driver technician technologist telemarketer temp tester therapist
    tiler toolmaker trader trainee trainer translator treasurer trucker tutor typist
    umpire undertaker underwriter upholsterer urologist usher valet vet veterinarian
    videographer violinist volunteer waiter waitress warden watchmaker weaver welder
    winemaker woodworker worker writer youtuber zookeeper zoologist dev sre swe qa ux
    practitioner phlebotomist lead sde ta mp pm postie bureaucrat undergrad undergraduate
    postgraduate grad phd
    """
)
OCCUPATION_SUFFIXES = (
    "ologist", "ographer", "ician", "smith", "maker", "keeper", "therapist", "herder", "wright",
    "dresser", "worker", "grower", "layer", "monger", "seller", "trainer", "writer", "master",
    "tomist", "apist", "thetist", "ometrist", "iatrist", "odontist",
)  # fmt: skip
NOT_OCCUPATIONS = words(
    """
    troublemaker peacemaker goalkeeper masterpiece homemaker-in pacemaker matchmaker
    webmaster-of multilayer player scorekeeper noisemaker haymaker timekeeper bestseller
    patient politician-hater toastmaster musician-at-heart deal-maker deal-breaker
    """
)
WORKPLACES = (
    r"(?:hospital|school|bank|warehouse|bakery|restaurant|library|factory|kitchen|nursery|museum|"
    r"pharmacy|call cent(?:er|re)|hotel|salon|cafe|café|pub|garage|lab|clinic|kindergarten|farm|"
    r"brewery|print shop|law firm|startup|care home|nursing home|laundry|spa|zoo|theat(?:er|re)|"
    r"canteen|foundry|mine|shipyard|shop|store|supermarket|mall|gym|plant|airport|university)"
)
WORK_FIELDS = words(
    """
    marketing finance it hr sales logistics healthcare education insurance banking
    advertising construction publishing hospitality retail tech consulting accounting
    engineering law pharma biotech journalism architecture agriculture fashion design
    procurement recruitment research cybersecurity tourism catering telecoms
    manufacturing
    """
)

ANIMALS = (
    "dog|dogs|cat|cats|puppy|puppies|kitten|kittens|parrot|budgie|canary|cockatiel|hamster|"
    "guinea pigs?|rabbit|rabbits|bunny|bunnies|horse|horses|pony|tortoise|turtle|goldfish|ferret|"
    "ferrets|hedgehog|gecko|snake|lizard|iguana|chinchilla|gerbil|rat|rats|hen|hens|goat|goats|"
    "donkey|duck|ducks|pug|labrador|lab|beagle|poodle|terrier|greyhound|whippet|dachshund|corgi|"
    "husky|chickens?|rooster|cockerel|sheep|lamb|cow|bull|calf|pigeon|cavapoo|cockapoo|vizsla|"
    "dalmatian|tabby cat|collie|border collie|spaniel|retriever|golden retriever|shepherd|"
    "german shepherd|"
    "bulldog|french bulldog|boxer|rottweiler|chihuahua|tabby|siamese|maine coon|mutt|pup|pet|pets|"
    "parakeet|macaw|cockatoo|llama|alpaca|pig|axolotl|mare|"
    "gelding|stallion|foal|doggo|galgo|mastiff|"
    "sheepdog|sheepdogs|guide dog|wolfhound|bloodhound|foxhound|basset hound|hound|newfoundland|"
    "st bernard|doberman|dobermann|weimaraner|schnauzer|pomeranian|papillon|pekingese|akita|"
    "shiba inu|"
    "shiba|chow chow|great dane|staffie|staffy|jack russell|westie|yorkie|labradoodle|goldendoodle|"
    "ridgeback|lurcher|tomcat|kitty|moggy|budgerigar|lovebird|cockapoos|peacock|goose|geese|degu|"
    "tarantula|bearded dragon|terrapin|corn snake|shetland pony|mule|stallions|"
    "setter|pointer|spitz|shih tzu|samoyed|malinois|ragdoll|bengal"
)
RELATIONS: tuple[tuple[str, str], ...] = (
    ("mother", r"mother|mom|mum|mama|mam|mummy|mommy"),
    ("father", r"father|dad|papa|daddy"),
    ("sister", r"sisters?|sis"),
    ("brother", r"brothers?|bro"),
    ("son", r"sons?|little boy|baby boy"),
    ("daughter", r"daughters?|little girl|baby girl"),
    (
        "child",
        r"kids?|child|children|toddler|newborn|baby|kiddo|twins|triplets|"
        r"(?:youngest|eldest|oldest|firstborn|little one)"
        r"(?=,| \(|'s|\s(?:is|has|and|just|turned|starts?|goes|gets|called)\b| (?-i:[A-Z]))",
    ),
    ("spouse", r"wife|husband|spouse|hubby|wifey|missus"),
    (
        "partner",
        r"partner|boyfriend|girlfriend|fianc[eé]e?|bf|gf|better half|other half|"
        r"significant other",
    ),
    ("friend", r"friends?|mates?|budd(?:y|ies)|besties?|pals?|bff"),
    ("colleague", r"colleagues?|co-?workers?|team ?mates?|workmates?|work friends?"),
    (
        "manager",
        r"(?:line |team )?manager|boss|supervisor|team lead|team leader|head of department",
    ),
    ("pet", ANIMALS),
)
FEMALE = words("mother sister daughter")
MALE = words("father brother son")

DIETS = (
    r"(?:(?:strict|strictly|mostly|fully|almost|lacto-ovo|ovo-lacto|100%)[ -])*"
    r"(?:vegans?|vegetarians?|veggie|pescatarians?|pescetarian|"
    r"flexitarian|plant[- ]based|keto|ketogenic|"
    r"paleo|halal|kosher|gluten[- ]free|dairy[- ]free|lactose[- ]free|sugar[- ]free|low[- ]carb|"
    r"carnivore|mediterranean|jain|raw food|raw vegan|fodmap|low[- ]fodmap|whole30|macrobiotic|"
    r"coeliac|celiac|low[- ]sodium|low[- ]fat|omnivore|fruitarian|nut[- ]free)"
)

OWNABLE = words(
    """
    car van truck motorbike motorcycle scooter moped bike bicycle e-bike ebike boat
    yacht kayak canoe caravan camper campervan motorhome tractor house flat apartment
    cottage condo farm garden allotment piano guitar violin cello drum drumkit saxophone
    trumpet keyboard synthesizer ukulele camera telescope drone laptop pc computer
    desktop tablet ipad iphone phone smartphone kindle e-reader printer console tv
    projector thermomix airfryer oven smoker bbq grill treadmill greenhouse sauna
    turntable microscope loom kiln sailboat hatchback sedan suv pickup tesla tent
    surfboard skateboard snowboard sewing-machine espresso-machine macbook chromebook
    nas smartwatch watch wetsuit trailer dishwasher dryer workshop vineyard bakery shop
    studio
    """
)
COMMON_SKILLS = words(
    """
    python java javascript typescript rust go golang kotlin swift ruby php perl scala
    haskell sql html css excel react vue angular django flask docker kubernetes linux
    bash git photoshop illustrator figma blender unity matlab latex tableau autocad
    sketchup cooking baking drawing painting sewing knitting welding woodworking
    carpentry photography editing writing singing dancing chess maths math statistics
    gardening negotiation negotiating juggling plumbing calligraphy c c++ c# r
    """
)
GAMES_AND_SPORTS = (
    r"tennis|football|soccer|rugby|cricket|basketball|volleyball|handball|hockey|ice hockey|golf|"
    r"badminton|squash|padel|pickleball|table tennis|ping pong|baseball|softball|lacrosse|"
    r"water polo|futsal|darts|snooker|billiards|pool|chess|poker|bridge|go|mahjong|backgammon|"
    r"board games|video games|videogames|dungeons (?:and|&) dragons|d&d|petanque|bowls|frisbee|"
    r"(?:the |my )?(?:\w+ )?(?:guitar|piano|violin|viola|cello|drums|bass|double bass|flute|"
    r"clarinet|oboe|saxophone|sax|trumpet|trombone|harp|accordion|ukulele|banjo|mandolin|recorder|"
    r"keyboard|organ|harmonica|bagpipes|sitar|tabla)"
)
SPORTS_GERUND = (
    r"(?:hiking|running|jogging|swimming|cycling|climbing|"
    r"bouldering|fishing|sailing|surfing|skiing|"
    r"snowboarding|kayaking|camping|dancing|birding|birdwatching|diving|scuba diving|rowing|riding|"
    r"horse riding|mountain biking|skating|ice skating|hunting|foraging|kitesurfing|windsurfing|"
    r"paragliding|geocaching|bowling|paddle boarding|paddleboarding|canoeing|trekking|caving)"
)
ANSWER_NOUNS = (
    r"answers?|repl(?:y|ies)|responses?|messages?|explanations?|summar(?:y|ies)|outputs?|texts?|"
    r"emails?|sentences?|paragraphs?|code|snippets?|examples?|lists?"
)
INSTRUCTION_VERBS = (
    r"answer|reply|respond|write|use|using|keep|give|call|address|include|add|end|start|begin|"
    r"format|put|explain|ask|show|cite|translate|stick|skip|speak|talk|be|make|provide|convert|"
    r"check|assume|limit|avoid|stop|quit|never|always|refer|treat|let|tell|send|leave|spell|"
    r"quote|mention|list|return|round|follow|do|don't|dont|do "
    r"not|suggest|recommend|prefer|say|sign|"
    r"greet|propose|offer|consider|double-check|confirm|"
    r"remember|summari[sz]e|drop|sound|open|close|"
    r"used|answered|wrote|kept|replied|stopped|gave|avoided|finish|wrap|mark|label|"
    r"express|state|print|comment|document|apologi[sz]e|repeat|cut|think"
)
NASTY = (
    r"(?:revolting|disgusting|repulsive|gross|vile|unbearable|insufferable|intolerable|nauseating|"
    r"horrible|horrid|deadly boring|dull|tedious|awful|dreadful|repellent|insipid)"
)
LOVELY = (
    r"(?:delightful|fascinating|relaxing|soothing|calming|therapeutic|irresistible|delicious|"
    r"captivating|enchanting|addictive|thrilling)"
)
