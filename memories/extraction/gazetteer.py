"""Proper-noun word lists, lower case: peoples, languages, places, first names."""

from __future__ import annotations

from .wordlists import words

MONTHS = words(
    """
    january february march april may june july august september october november
    december jan feb mar apr jun jul aug sep sept oct nov dec
    """
)
WEEKDAYS = words(
    """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur
    thurs fri sat sun mondays tuesdays wednesdays thursdays fridays saturdays sundays
    """
)

NATIONALITIES = words(
    """
    afghan albanian algerian american andorran angolan argentine argentinian armenian
    aussie australian austrian azerbaijani bahamian bangladeshi basque belarusian
    belgian belizean beninese bhutanese bolivian bosnian botswanan brazilian british
    briton bulgarian burkinabe burmese burundian cambodian cameroonian canadian catalan
    chadian chilean chinese colombian congolese croat croatian cuban cypriot czech
    danish dane dominican dutch ecuadorian ecuadorean egyptian emirati english eritrean
    estonian ethiopian european fijian filipina filipino finn finnish french frenchman
    frenchwoman gabonese galician gambian georgian german ghanaian greek guatemalan
    guinean guyanese haitian honduran hungarian icelandic icelander indian indonesian
    iranian iraqi irish irishman irishwoman israeli italian ivorian jamaican japanese
    jordanian kazakh kenyan kiwi korean kosovar kurdish kuwaiti kyrgyz lao laotian
    latvian lebanese liberian libyan lithuanian luxembourgish macedonian malagasy
    malawian malaysian maldivian malian maltese mauritian mexican moldovan mongolian
    montenegrin moroccan mozambican namibian nepalese nepali nicaraguan nigerian
    norwegian omani pakistani palestinian panamanian paraguayan persian peruvian pole
    polish portuguese qatari romanian russian rwandan salvadoran samoan saudi scot
    scottish senegalese serb serbian singaporean slovak slovakian slovene slovenian
    somali spaniard spanish sudanese surinamese swede swedish swiss syrian taiwanese
    tajik tanzanian thai tibetan togolese tongan trinidadian tunisian turk turkish
    turkmen ugandan ukrainian uruguayan uzbek venezuelan vietnamese welsh yemeni zambian
    zimbabwean
    """
)

LANGUAGES = words(
    """
    afrikaans albanian amharic arabic aramaic armenian assamese aymara azerbaijani
    bahasa basque belarusian bengali berber bosnian breton bulgarian burmese cantonese
    catalan cebuano chinese corsican creole croatian czech danish dari dutch english
    esperanto estonian euskera faroese farsi filipino finnish flemish french frisian
    galician georgian german greek guarani gujarati hakka hausa hawaiian hebrew hindi
    hungarian icelandic igbo indonesian irish gaelic italian japanese javanese kannada
    kazakh khmer kinyarwanda korean kurdish kyrgyz lao latin latvian lingala lithuanian
    luxembourgish macedonian malagasy malay malayalam maltese mandarin maori marathi
    mongolian nahuatl nepali norwegian occitan odia oriya oromo pashto persian polish
    portuguese punjabi quechua romanian romansh russian samoan sanskrit sardinian
    serbian shona sindhi sinhala slovak slovene slovenian somali sotho spanish sundanese
    swahili swedish tagalog taiwanese tajik tamil tatar telugu thai tibetan tigrinya
    turkish twi ukrainian urdu uyghur uzbek valencian vietnamese welsh wolof xhosa
    yiddish yoruba zulu asl bsl lsf akan alsatian aragonese asturian balochi bambara bemba
    bhojpuri bisaya buryat chechen cherokee chichewa chuvash cornish darija dzongkha ewe fula
    fulani greenlandic hiligaynon hokkien hmong ilocano inuktitut kabyle kapampangan kashmiri
    kashubian kikuyu kirundi konkani krio kurmanji ladino luganda maithili manx minangkabau
    ndebele neapolitan ojibwe ossetian papiamento patois romani rusyn sami saraiki scots
    serbo-croatian sesotho setswana shanghainese sicilian silesian sorani sorbian sylheti
    tamazight teochew tetum tswana turkmen venetian waray
    """
)

COUNTRIES = words(
    """
    afghanistan albania algeria andorra angola argentina armenia australia austria
    azerbaijan bahrain bangladesh belarus belgium belize benin bhutan bolivia bosnia
    botswana brazil bulgaria cambodia cameroon canada chile china colombia congo croatia
    cuba cyprus denmark ecuador egypt england eritrea estonia ethiopia fiji finland
    france gabon gambia georgia germany ghana greece guatemala guinea guyana haiti
    honduras hungary iceland india indonesia iran iraq ireland israel italy jamaica
    japan jordan kazakhstan kenya kosovo kuwait laos latvia lebanon liberia libya
    lithuania luxembourg macedonia madagascar malawi malaysia maldives mali malta
    mauritius mexico moldova monaco mongolia montenegro morocco mozambique myanmar
    namibia nepal netherlands nicaragua nigeria norway oman pakistan palestine panama
    paraguay peru philippines poland portugal qatar romania russia rwanda scotland
    senegal serbia singapore slovakia slovenia somalia spain sudan suriname sweden
    switzerland syria taiwan tajikistan tanzania thailand tunisia turkey uganda ukraine
    uruguay uzbekistan venezuela vietnam wales yemen zambia zimbabwe uk usa us uae
    america scandinavia catalonia bavaria tuscany flanders wallonia andalusia brittany
    normandy texas california florida ohio oregon alaska hawaii colorado nevada arizona
    utah michigan illinois virginia ontario quebec alberta kerala punjab
    """
)

CITIES = words(
    """
    aachen aarhus accra adelaide amman amsterdam ankara antwerp athens atlanta auckland
    austin baghdad bangalore bengaluru bangkok barcelona basel beijing beirut belfast
    belgrade bergen berlin bern bilbao birmingham bogota bogotá bologna bordeaux boston
    bratislava bremen brisbane bristol bruges brussels bucharest budapest cairo calgary
    cambridge canberra cardiff casablanca chennai chicago cologne copenhagen cordoba
    cork cracow krakow dakar dallas delhi denver detroit dhaka doha dresden dubai dublin
    durban düsseldorf edinburgh eindhoven florence frankfurt gdansk geneva genoa ghent
    glasgow gothenburg granada graz groningen guadalajara hamburg hanoi havana helsinki
    houston hyderabad istanbul izmir jakarta jerusalem johannesburg kampala karachi
    kathmandu kiel kinshasa kolkata kyiv kiev kyoto lagos lahore lausanne leeds leipzig
    leuven lille lima linz lisbon lisboa liverpool ljubljana london lyon maastricht
    madrid malaga málaga malmö manchester manila marrakesh marseille melbourne memphis
    miami milan minsk montevideo montreal moscow mumbai munich nairobi nantes naples
    nice nottingham nuremberg oslo ottawa oxford palermo paris perth philadelphia
    phoenix pisa pittsburgh porto portland potsdam prague pretoria pune quito reykjavik
    riga rome rotterdam salzburg santiago sarajevo seattle seoul seville shanghai
    sheffield shenzhen skopje sofia stockholm strasbourg stuttgart sydney taipei tallinn
    tampere tbilisi tehran tokyo toronto toulouse trieste tunis turin turku utrecht
    valencia vancouver venice verona vienna vilnius warsaw washington wellington
    winnipeg wroclaw york zagreb zaragoza zurich zürich
    """
)
PLACE_PHRASES = frozenset(
    (
        "new york", "new zealand", "new delhi", "new jersey", "new orleans", "new mexico",
        "san francisco", "san diego", "san jose", "los angeles", "las vegas", "salt lake city",
        "sao paulo", "são paulo", "rio de janeiro", "buenos aires", "mexico city", "cape town",
        "hong kong", "kuala lumpur", "ho chi minh city", "tel aviv", "abu dhabi", "addis ababa",
        "saudi arabia", "south africa", "south korea", "north korea", "sri lanka", "costa rica",
        "puerto rico", "el salvador", "dominican republic", "czech republic", "ivory coast",
        "united states", "united kingdom", "northern ireland", "the hague", "the netherlands",
        "the philippines", "the uk", "the us", "the usa", "the states", "the uae", "the bahamas",
        "st petersburg", "saint petersburg", "den haag", "the bay area", "new york city",
    )
)  # fmt: skip

FIRST_NAMES = words(
    """
    aaron abdul abigail adam adriana agnes ahmed aisha alan albert alejandro alex
    alexander alexandra alfred ali alice alicia alina alison amanda amara amber amelia
    amina amir amy ana anastasia anders andre andrea andreas andrew andy angela anika
    anita anja ann anna anne anthony antonio anya april arjun arthur arturo asha astrid
    audrey barbara beatrice ben benjamin bianca bill bob boris brandon brenda brian
    bruno camila camille carla carlos carmen caroline catherine cecilia charles charlie
    charlotte chen chiara chloe chris christian christina claire clara claudia connor
    cristina daniel daniela david deborah dennis diana diego dimitri dmitri dominic
    dorothy eduardo edward elena eleni elias elif elisa elise elizabeth ella ellen emil
    emily emma enrique eric erik erika ernesto esther ethan eva evelyn fatima felipe
    felix fernando filip fiona francesca francesco francisco frank frida gabriel
    gabriela george georgia gerard gina giorgio giovanni giulia gloria greg greta
    guillermo gustavo hamid hana hannah hans harry hassan heather hector heidi helen
    helena henrik henry hiroshi hugo ian ibrahim ida igor ines ingrid irene iris isaac
    isabel isabella ivan jack jacob jake james jamie jan jane janet jason javier jean
    jennifer jenny jens jeremy jessica jim joan joana joanna joao joe johan johanna john
    jonas jonathan jorge jose joseph joshua juan judith julia julian julie julien karen
    karim karin karl kate katherine kathy katie katja kavita keiko kelly ken kenji kevin
    khalid kim klaus kumar kyle lara lars laura lauren layla lea lee leila leila lena
    leo leon leonardo leonie lewis liam lidia lina linda lisa liz lorenzo louis louise
    luca lucas lucia lucy luigi luis luisa lukas luke lydia magda malik manuel marc
    marcel marco marcus margaret maria mariam marie marina mario marion marius mark
    markus marta martha martin martina mary mateo mathias matt matteo matthew max maya
    megan mehmet mei melissa mia michael michelle miguel mike mina mira miriam mohamed
    mohammed monica monika morgan nadia nancy naomi natalia natalie natasha nathan neha
    nicholas nick nicolas nicole nikita nina nora oleg olga oliver olivia omar oscar
    pablo pamela paola patricia patrick paul paula paulo pavel pedro peter petra philip
    philippe pia pierre piotr priya rachel rafael rahul raj ravi raul rebecca renata
    ricardo richard rita robert roberto robin roger roland ronald rosa rose ruth ryan
    sabine sally sam samantha samir samuel sandra sanjay sara sarah sasha scott sean
    sebastian sergei sergio sharon sheila silvia simon simone sofia sonia sophia sophie
    stefan stella stephanie stephen steve steven sunita susan suzanne sven svetlana
    sylvia tamara tania tanya tara teresa thea thomas tim timothy tina tobias tom tomas
    tony tuan umar ursula valentina valeria vanessa vera veronica victor victoria vikram
    viktor vincent vladimir walter wei wendy will william xavier yara yasmin yoko yuki
    yusuf yves zara zoe finn rashid aidan ciara niamh sean eoin declan conor lorcan
    fergus hamish rory callum ewan iain mairi siobhan ifan rhys owen gwen astrid freja
    lars nils stina sven linnea elin oskar otto jonas lukas lena anke birgit heike
    jurgen uwe kai felix dario enzo fabio giada ilaria luigi paolo silvio ximena rocio
    mateus thiago joaquim tiago rui vasco ngozi chidi emeka kwame kofi ama abena tunde
    bola zainab amina hassan mustafa emre deniz elif ayse leyla farid reza dariush
    parisa nasrin arash ananya deepak rohan sanjana neeraj pooja ritu suresh ramesh
    lakshmi meera anjali kiran tariq bilal imran hiro haruto sakura naoki minh linh
    thanh mei ling jun hyun jiwoo soo tereza jana petra zuzana jakub tomek kasia
    agnieszka magda piotr wojtek ania bogdan mihai ioana andrei elena dragan milos
    jelena ivana marko luka nikola
    """
)
