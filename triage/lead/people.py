"""The people of a message: who makes the approach, and who passes it on."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from triage.lead.candidates import Candidate, Mention, phrase_of
from triage.lead.columns import Context
from triage.lead.fold import fold
from triage.lead.material import Material, Zone
from triage.lead.names import TITLES, is_same_person, person_words
from triage.lead.tagging import FIELDS, Matrix
from triage.lead.words import AGENCY_WORDS, COMPANY_WORDS, matcher
from triage.records import Category

_BEGIN = {name: 1 + 2 * FIELDS.index(name) for name in ("recruiter", "referrer")}
_LEAST = 0.08
_MAX_NAME_WORDS = 5
_IS_COMPANY, _IS_AGENCY = matcher(COMPANY_WORDS), matcher(AGENCY_WORDS)
_NAME = re.compile(r"[^\W\d_a-z][\w'’.-]*(?:\s+(?:[^\W\d_][\w'’.-]*)){0,4}")
# No `\s*`: a display name of blanks alone would be gone through from each of them.
_VIA = re.compile(r"\s{0,5}(?:\(|,|\||–|\bvia\b|\büber\b|\bprzez\b|\bvía\b|@|/).*$")
_SIGNATURE_LINES = 6
_MAX_PEOPLE = 40
_MAX_SIGNATURE = 4
_CLOSINGS = frozenset(
    [
        "gruss",
        "grusse",
        "grusze",
        "gruaa",
        "regards",
        "wishes",
        "cheers",
        "ciao",
        "abraco",
        "abracos",
        "abrazo",
        "saludos",
        "cordialmente",
        "cordialement",
        "cumprimentos",
        "saluti",
        "pozdrawiam",
        "groet",
        "groeten",
        "best",
        "kind",
        "yours",
        "sincerely",
        "thanks",
        "danke",
        "merci",
        "gracias",
        "obrigado",
        "obrigada",
        "grazie",
        "dank",
        "hi",
        "hello",
        "hallo",
        "dear",
        "liebe",
        "lieber",
        "sehr",
        "bonjour",
        "salut",
        "hola",
        "querida",
        "querido",
        "estimada",
        "estimado",
        "caro",
        "cara",
        "carissima",
        "gentile",
        "beste",
        "dag",
        "hoi",
        "drogi",
        "droga",
        "ps",
        "und",
        "and",
        "or",
        "reply",
        "unsubscribe",
    ]
)
_ENDS = frozenset(",|(–-/:·")
_SELF = frozenset(["ich", "soy", "sono", "sou", "jestem", "aqui", "hier", "here", "je", "this"])
_INTRODUCES = re.compile(
    r"(?:\bi ' m|\bi' m|\bi am|my name is|this is|here is|\bit' s|ich bin|mein name ist|mein name:|hier ist|je suis|je m' appelle|c' est|soy(?: la| el)?|me llamo|mi nombre es|aqui"
    r"|sou(?: a| o)?|chamo-me|meu nome e|aqui e(?: a| o)?|sono|mi chiamo|ik ben|mijn naam is|nazywam sie|jestem|z tej strony)$"
)


def gather_people(material: Material, chances: Sequence[Matrix], context: Context) -> list[Candidate]:
    """Return everybody who may be recruiter or referrer, each once, under the fullest name, described."""
    people: list[Candidate] = []
    owner = _owner(material)
    for phrase, mention in _named(material, chances, context):
        words = person_words(phrase)
        if not words or any(word in owner for word in words) or any(word in _CLOSINGS for word in words):
            continue
        if len(people) < _MAX_PEOPLE:
            _add(people, phrase, mention)
    for person in people:
        person.facts = _describe(person, people, material, chances, context)
    return people


def _owner(material: Material) -> frozenset[str]:
    message = material.message
    sender = material.texts[Zone.SENDER]
    names = " ".join(one.name for one in message.recipients[:3])
    return frozenset(person_words(names)) - frozenset(person_words(sender))


def _named(material: Material, chances: Sequence[Matrix], context: Context) -> list[tuple[str, Mention | None]]:
    """Return the names found, the surest source first."""
    found: list[tuple[str, Mention | None]] = []
    sender = _VIA.sub("", material.texts[Zone.SENDER]).strip()
    if sender and not context.is_notice:
        found.append((sender, None))
    if context.writer:
        found.append((context.writer, None))
    spans = [(mention.chance, mention) for mention in (*_spans(material, chances), *_further(material))]
    spans.sort(key=lambda one: -one[0])
    found += [(phrase_of(material, mention), mention) for _, mention in spans]
    return found


def _spans(material: Material, chances: Sequence[Matrix]) -> list[Mention]:
    found = []
    for number, (line, matrix) in enumerate(zip(material.lines, chances, strict=True)):
        begins = list(_BEGIN.values())
        first_words = matrix[:, begins].sum(axis=1)
        whole = first_words + matrix[:, [one + 1 for one in begins]].sum(axis=1)
        starts = first_words > whole / 2
        at = 0
        while at < len(whole):
            if whole[at] < _LEAST:
                at += 1
                continue
            end = at + 1
            while end < len(whole) and whole[end] >= max(_LEAST, whole[at] / 4) and not starts[end]:
                end += 1
            first, last = at, end
            while first < last and (
                not line.tokens[first].text[0].isalpha() or fold(line.tokens[first].text).strip(".") in TITLES
            ):
                first += 1
            while last > first and not line.tokens[last - 1].text[-1].isalpha():
                last -= 1
            if first < last <= first + _MAX_NAME_WORDS:
                chance = float(np.max(whole[first:last]))
                found.append(Mention(number, first, last, chance, 0.0, 0.0))
            at = end
    return found


def _further(material: Material) -> Iterator[Mention]:
    """Yield names that the tagger may have missed: signatures, and people who say who they are."""
    for number, line in enumerate(material.lines):
        if line.zone is not Zone.TEXT:
            continue
        texts = [token.text for token in line.tokens]
        end = next((at for at, text in enumerate(texts) if text in _ENDS), len(texts))
        if line.last - line.place < _SIGNATURE_LINES and 0 < end <= _MAX_SIGNATURE and all(map(_is_name, texts[:end])):
            yield Mention(number, 0, end, 0.0, 0.0, 0.0)
        for at in range(2, len(texts)):
            if _is_introduced(texts, at):
                stop = at
                while stop < min(len(texts), at + _MAX_SIGNATURE) and _is_name(texts[stop]):
                    stop += 1
                yield Mention(number, at, stop, 0.0, 0.0, 0.0)


def _is_name(text: str) -> bool:
    return text[0].isupper() and len(text) > 1 and text[-1].isalpha()


def _is_introduced(texts: Sequence[str], at: int) -> bool:
    if not _is_name(texts[at]) or (_is_name(texts[at - 1]) and fold(texts[at - 1]) not in _SELF):
        return False
    before = " ".join(fold(text) for text in texts[max(0, at - 4) : at])
    return _INTRODUCES.search(before) is not None


def _add(people: list[Candidate], phrase: str, mention: Mention | None) -> None:
    known = next((one for one in people if is_same_person(one.phrase, phrase)), None)
    if known is None:
        people.append(Candidate(phrase, [mention] if mention else []))
        return
    if mention:
        known.mentions.append(mention)
    if len(person_words(phrase)) > len(person_words(known.phrase)) == 1:
        known.phrase = phrase


def _describe(
    person: Candidate, people: Sequence[Candidate], material: Material, chances: Sequence[Matrix], context: Context
) -> dict[str, float]:
    words = person_words(person.phrase)
    sender = material.texts[Zone.SENDER]
    zones = [material.lines[one.line].zone for one in person.mentions]
    facts = {
        "is_sender": float(not context.is_notice and is_same_person(sender, person.phrase)) if sender else 0.0,
        "is_writer": float(bool(context.writer) and is_same_person(context.writer, person.phrase)),
        "signs": float(any(_is_signature(material, one) for one in person.mentions)),
        "introduces": float(any(_is_told(material, one) for one in person.mentions)),
        "in_text": float(Zone.TEXT in zones),
        "in_subject": float(Zone.SUBJECT in zones),
        "in_forward": float(Zone.FORWARDED in zones),
        "in_quoted": float(Zone.QUOTED in zones),
        "mentions": float(np.log1p(len(person.mentions))),
        "company_word": float(any(_IS_COMPANY(word) or _IS_AGENCY(word) for word in words)),
        f"words={min(len(words), 4)}": 1.0,
        "others": float(np.log1p(len(people))),
        "capital": float(person.phrase[:1].isupper()),
        "notice": float(context.is_notice),
        "forward": float(bool(material.texts[Zone.FORWARDED])),
    }
    for name, begin in _BEGIN.items():
        chance = 0.0
        text_chance = 0.0
        for one in person.mentions:
            rows = chances[one.line][one.first : one.end]
            value = float((rows[:, begin] + rows[:, begin + 1]).max())
            chance = max(chance, value)
            if material.lines[one.line].zone is not Zone.SENDER and not _is_signature(material, one):
                text_chance = max(text_chance, value)
        best = max((_best(one, chances, begin) for one in people), default=0.0)
        facts[f"p_{name}"] = chance
        facts[f"logit_{name}"] = float(np.log((chance + 0.01) / (1.01 - chance)))
        facts[f"told_{name}"] = text_chance
        facts[f"best_{name}"] = float(chance >= best > 0)
        facts[f"rest_{name}"] = max((_best(one, chances, begin) for one in people if one is not person), default=0.0)
    category = (
        {Category.RECRUITER: "recruiter", Category.REFERRAL: "referral"}.get(context.category)
        if context.category
        else None
    )
    if category:
        facts |= {f"{category}:{name}": value for name, value in facts.items() if not name.startswith("words")}
    return {name: value for name, value in facts.items() if value}


def _best(person: Candidate, chances: Sequence[Matrix], begin: int) -> float:
    return max(
        (float(chances[one.line][one.first : one.end, begin : begin + 2].sum(axis=1).max()) for one in person.mentions),
        default=0.0,
    )


def _is_told(material: Material, mention: Mention) -> bool:
    texts = [token.text for token in material.lines[mention.line].tokens]
    return mention.first > 1 and _is_introduced(texts, mention.first)


def _is_signature(material: Material, mention: Mention) -> bool:
    line = material.lines[mention.line]
    return (
        line.zone is Zone.TEXT and line.last - line.place < _SIGNATURE_LINES and len(line.tokens) <= _MAX_NAME_WORDS + 3
    )
