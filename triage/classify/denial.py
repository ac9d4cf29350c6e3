"""Whether a phrase is denied: "we never ask for bank details" asks for none.

A negation reaches no further than its clause, and some words take it back: "do not hesitate to send", "not only",
"if you do not pay". Which language a mail is in is not known here; where a word denies in one language alone,
other words of the text must tell that language.
"""

from collections.abc import Sequence


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


SENTENCE_ENDS = frozenset(".?!")
_REACH = 6
_LONG_REACH = 8
_AFTER = 5
_CLOSING = 3
"""A negation and the verb or two that close a German clause."""
_LIST_ITEM = 2
"""Words of one item of a list: "fees, your passport or bank details"."""

NEGATIONS = _set_of(
    "no not never cannot without nobody nothing none neither nor niemand nadie ninguem nikt"
    " kein keine keinen keinem keiner keines keinerlei nicht nichts nie niemals ohne weder keinesfalls"
    " ne pas jamais aucun aucune sans rien ni"
    " sin nunca jamas ningun ninguna nada tampoco"
    " nao sem nenhum nenhuma"
    " non nessun nessuna nessuno mai senza"
    " geen niet nooit zonder bez zadnych zadnej zaden zadna zadne nigdy"
)
"""Words that turn a phrase that follows them shortly, or holds them, into its denial."""

_NEVER = _set_of(
    "never nie niemals jamais nunca jamas nooit nigdy mai nobody niemand nadie ninguem nessuno nikt ningun nenhum"
)
"""They reach further: "never ask any of our candidates for ..."."""
_WITHOUT = _set_of("without ohne sans sin sem senza zonder bez")
_ABLE = ("able", "unable", "konnen", "kunnen", "pouv", "pourr", "peut", "pod", "pued", "possiam", "moze", "mozn")
_CAN = _set_of("can cannot could kann kan")
_CONTRACTED = _set_of(
    "don doesn didn won wouldn isn aren wasn weren haven hasn hadn can couldn shouldn needn mustn ain"
)
"""What stands before the "t" of don't, once the apostrophe is gone."""

# "No" is "in the" in Portuguese, "mai" is May in German and French, and English has NI numbers and "non-".
_PORTUGUESE = _set_of("nao voce voces seu sua seus suas uma um em pelo pela obrigado obrigada sao")
_ITALIAN = _set_of("che il di per della gli non sono alla una nostra nostro")
_ENGLISH = _set_of("the and you your we our")
_ENOUGH_WORDS = 2

_CLAUSE_WORDS = _set_of(
    "but please kindly because otherwise aber sondern bitte weil denn mais veuillez merci car pero sino porque"
    " favor porem pois maar ale lecz prosze so then if when once quand cuando quando"
)
_JOINING = _CLAUSE_WORDS | {"und", "oder", "en", "of"}
_AND = _set_of("and und et en")
_SUBJECTS = _set_of("i we you they it he she there then wir sie ihr du ich man nous vous on il elle je wij we")
_OR = _set_of("or nor oder noch ou ni nem o lub ani of")
_BUT_FOR = _set_of(
    "until till unless hasta ate finche dopoki than except besides als ausser sauf excepto salvo alem dan"
)
_MORE = _set_of("mas mais plus autre otra otro")
_IF = _set_of("if unless wenn falls sofern solange si se jesli jezeli indien")
_THAT = _set_of("que che that dass dat ze")
_WHY = _set_of("why warum wieso pourquoi waarom")
_TAKEN_BACK_STRAIGHT = _set_of(
    "only just merely simply nur bloss allein seulement uniquement solo solamente unicamente so somente apenas soltanto"
    " alleen slechts enkel tylko doubt matter problem problems worries fail later longer sooner wonder falta faute duda"
    " duvida problema probleme problemas problem sorge"
)
_PAID_BACK = ("refund", "rembours", "reembols", "rimbors", "erstatt", "zwrot", "terugbetaal")
"""A fee that is not refundable is a fee."""
_HESITATING = (
    *("hesit", "delay", "forget", "fail", "wait", "waste", "lose", "worry", "neglect"),
    *("zoger", "verzoger", "verzug", "vergess", "vergiss", "vergisst", "abwart", "verlier"),
    *("attendre", "attendez", "attends", "tarder", "tardez", "delai", "oubli", "inquiet", "perdez"),
    *("dude", "dudar", "vacil", "demor", "tarde", "tardar", "olvid", "espere", "esperes", "preocup", "pierd"),
    *("duvid", "esque", "perca", "esit", "aspett", "dimentic", "indugi"),
    *("aarzel", "wacht", "vergeet", "waha", "zwleka", "czeka", "zapomn", "zapomin"),
)
# In German and Dutch a negation may close the clause: then a word of asking, paying or needing must be there,
# for "your bank details we do not have" asks for them.
_LATE = _set_of("nicht nie niemals niet nooit keinesfalls")
_OF_ASKING = (
    *("brauch", "benotig", "verlang", "frag", "abfrag", "abgefrag", "gefrag", "erfrag", "forder", "anforder"),
    *("geforder", "angeforder", "erheb", "erhoben", "berechn", "zahl", "bezahl", "gezahlt", "notig", "notwendig"),
    *("erforderlich", "angeb", "send", "schick", "anfallen", "fallen", "verwend", "woll", "will", "kost"),
    *("nodig", "vrag", "vraag", "gevraag", "reken", "bereken", "betal", "betaal", "vereist"),
)
_NEEDED = (
    *("need", "requir", "request", "asked", "charged", "necess", "necesar", "demand", "exig", "pedid", "solicit"),
    *("obligat", "richiest", "cobrad", "precis"),
)
_TO_BE = _set_of("son es seran sera se")
_BEING = _set_of(
    "details data number information is are will be was were would isn aren won wasn weren ne n est sont"
    " seront sera vous te no le les se son es seran nao non sono os sao serao lhe lhes vos"
)
_NOT_YET = _set_of("noch nog bisher bislang")
_HOW = _set_of("per uber via an am im in mit bis nach vor zu spater erst nur op met door later voor")
"""Behind a late negation: it is the way that is denied."""


def own_negations(words: frozenset[str]) -> frozenset[str]:
    """Return which words of a phrase may deny in a text."""
    return words & (NEGATIONS | {"t"})


def negations_of(present: frozenset[str]) -> frozenset[str]:
    """Return the words that deny in a text, given its different words."""
    found = NEGATIONS & present
    if "no" in found and len(present & _PORTUGUESE) >= _ENOUGH_WORDS:
        found -= {"no"}
    if "mai" in found and len(present & _ITALIAN) < _ENOUGH_WORDS:
        found -= {"mai"}
    if len(present & _ENGLISH) >= _ENOUGH_WORDS:
        found -= {"ni", "non"}
    return found | {"t"} if "t" in present and not _CONTRACTED.isdisjoint(present) else found


def is_denied(
    words: Sequence[str],
    pauses: frozenset[int],
    negations: frozenset[str],
    start: int,
    end: int,
    own: frozenset[str] = frozenset(),
) -> bool:
    """Return whether the phrase from `start` to before `end` is denied.

    Args:
        pauses: numbers of the words that a comma, dash or bracket stands before.
        negations: those of the text, see `negations_of`.
        own: negations that the phrase is made of: "we don't have any vacancies" says what it says.
    """
    return (
        _is_denied_before(words, pauses, negations, start)
        or _is_denied_within(words, pauses, negations - own, start, end)
        or _is_denied_behind(words, pauses, negations, start, end)
    )


def _is_denied_before(words: Sequence[str], pauses: frozenset[int], negations: frozenset[str], start: int) -> bool:
    closed = 0
    or_at = -1
    for index in range(start - 1, max(-1, start - 1 - _LONG_REACH), -1):
        word = words[index]
        if word in SENTENCE_ENDS or word in _CLAUSE_WORDS or (word in _AND and words[index + 1] in _SUBJECTS):
            return False
        if index + 1 in pauses and not _is_in_list(words, pauses, index + 1, start, or_at):
            closed += 1
        if word in _WITHOUT and _is_needed(words, pauses, negations, index):
            return False
        if word in negations and _denies(words, pauses, index, start):
            # "Never, under any circumstances, ...": what stands between commas is stepped over.
            is_open = closed == 0 or (closed == 2 and word in _NEVER and index + 1 in pauses)  # noqa: PLR2004
            if is_open and (start - index <= _REACH or or_at > 0 or _reaches_far(words, index)):
                return True
        if word in _OR:
            or_at = index
    return False


def _reaches_far(words: Sequence[str], at: int) -> bool:
    """Return whether a negation is of the strong kind: never, nobody, no one, at no point."""
    return words[at] in _NEVER or (
        words[at] == "no" and (words[at + 1] == "one" or words[max(0, at - 1)] in {"at", "under"})
    )


def _is_in_list(words: Sequence[str], pauses: frozenset[int], pause: int, start: int, or_at: int) -> bool:
    """Return whether a comma parts things denied together: "no fees, deposits or bank details"."""
    if words[pause] in _OR:
        return True
    if or_at > pause:
        return or_at - pause <= _LIST_ITEM or or_at in pauses
    return start - pause < _LIST_ITEM and _has_or_behind(words, start)


def _has_or_behind(words: Sequence[str], start: int) -> bool:
    for word in words[start + 1 : start + _LONG_REACH]:
        if word in SENTENCE_ENDS:
            return False
        if word in _OR:
            return True
    return False


def _is_denied_within(
    words: Sequence[str], pauses: frozenset[int], negations: frozenset[str], start: int, end: int
) -> bool:
    return any(
        words[index] in negations
        and words[index + 1] not in _HOW
        and pauses.isdisjoint(range(index + 1, end))
        and _denies(words, pauses, index, end)
        for index in range(start + 1, end - 1)
    )


def _denies(words: Sequence[str], pauses: frozenset[int], at: int, end: int) -> bool:
    """Return whether nothing takes a negation back: hesitating, "only", "until", a condition before it."""
    word = words[at]
    if word == "t" and words[at - 1] not in _CONTRACTED:
        return False
    between = words[at + 1 : end]
    if between and (between[0] in _TAKEN_BACK_STRAIGHT or between[0].startswith(_PAID_BACK)):
        return False
    # "Nous ne demandons que votre RIB", "no pedimos más que".
    if "que" in between and (word == "ne" or words[at + 1 + between.index("que") - 1] in _MORE):
        return False
    if any(one.startswith(_HESITATING) or one in _BUT_FOR for one in between):
        return False
    before = _clause_before(words, pauses, at)
    return not (_is_conditional(before) or _asks_why(before) or any(one.startswith(_HESITATING) for one in before[-3:]))


def _is_conditional(before: Sequence[str]) -> bool:
    """Return whether a condition stands before: "if you do not ...", but not "se informa que no ..."."""
    last = max((place for place, word in enumerate(before) if word in _THAT), default=-1)
    return not _IF.isdisjoint(before[last + 1 :])


def _asks_why(before: Sequence[str]) -> bool:
    """Return whether it is "why not", "why don't you"; "that is why we never" is none."""
    asking = [word for word in before if word not in _CONTRACTED and word != "ne"][-2:]
    return asking == ["por", "que"] or not _WHY.isdisjoint(asking[-1:])


def _clause_before(words: Sequence[str], pauses: frozenset[int], at: int) -> Sequence[str]:
    first = at
    while first > max(0, at - _REACH) and first not in pauses and words[first - 1] not in SENTENCE_ENDS:
        first -= 1
    return words[first:at]


def _is_needed(words: Sequence[str], pauses: frozenset[int], negations: frozenset[str], at: int) -> bool:
    """Return whether something else is not to be had without it: "without your bank details we cannot pay you"."""
    rest = words[at + 1 : at + 2 + 2 * _LONG_REACH]
    length = next((place for place, word in enumerate(rest) if word in SENTENCE_ENDS), len(rest))
    return any(
        one in negations and any(near in _CAN or near.startswith(_ABLE) for near in part[max(0, place - 2) : place + 3])
        for part in (_clause_before(words, pauses, at), rest[:length])
        for place, one in enumerate(part)
    )


def _is_denied_behind(
    words: Sequence[str], pauses: frozenset[int], negations: frozenset[str], start: int, end: int
) -> bool:
    return _is_not_needed(words, negations, end) or _is_denied_last(words, pauses, negations, start, end)


def _is_not_needed(words: Sequence[str], negations: frozenset[str], end: int) -> bool:
    """Return whether it says "... are not needed"; between a phrase and that stand forms of "to be" alone."""
    for index in range(end, min(len(words), end + _AFTER)):
        word = words[index]
        behind = words[index + 1 : index + 4]
        if word in negations and word != "ne" and (word != "no" or not _TO_BE.isdisjoint(behind[:1])):
            return any(one.startswith(_NEEDED) for one in behind)
        if word not in _BEING:
            return False
    return False


def _is_denied_last(
    words: Sequence[str], pauses: frozenset[int], negations: frozenset[str], start: int, end: int
) -> bool:
    if _LATE.isdisjoint(negations):
        return False
    last = _clause_end(words, pauses, end)
    late = next((index for index in range(end, min(last, end + _AFTER)) if words[index] in _LATE), None)
    if late is None or last - late > _CLOSING or words[late - 1] in _NOT_YET:
        return False
    if (last < len(words) and words[last] == "?") or not _HOW.isdisjoint(words[late + 1 : last]):
        return False
    before = _clause_before(words, pauses, start)
    clause = [*before, *words[start:last]]
    return (
        any(one.startswith(_OF_ASKING) for one in clause)
        and not _is_conditional(before)
        and not any(one.startswith(_HESITATING) for one in clause)
    )


def _clause_end(words: Sequence[str], pauses: frozenset[int], end: int) -> int:
    """Return one past the last word of the clause, or a place too far for a negation to close it."""
    last, limit = end, min(len(words), end + _AFTER + _CLOSING + 1)
    while last < limit and last not in pauses and words[last] not in SENTENCE_ENDS and words[last] not in _JOINING:
        last += 1
    return last
