"""Tells the language of a text by its commonest words."""

import re
from collections import Counter

_WORD = re.compile(r"[^\W\d_]+")
_MAX_WORDS = 400
_MIN_SHARE = 0.12
_MIN_HITS = 3
_MIN_LEAD = 1.15
_COMMON = {
    "en": "the and to of you for with is are we your have be on would this i it that our at from as if not or my will",
    "de": "und der die das ich sie wir nicht ist für mit ein eine auf zu den von bei ihr uns im es haben sich oder dem auch dir du an",
    "fr": "le la les et de des un une je vous nous pour est dans que qui sur avec pas au du votre ce en ne il à ou chez suis",
    "es": "el la los las y de que en un una por con para no es su se lo al del te como más le si tu estamos está muy pero",
    "pt": "o a os as e de que em um uma por com para não é se do da no na você ao mais seu sua como são está eu nós mas",
    "it": "il la lo gli le e di che in un una per con non è si del della da al sono ho ti mi come più se lei ci anche nel alla",
    "nl": "de het een en van ik je we is dat voor met niet op in te zijn bij aan er u onze ons jou als naar ook heb nog om",
    "pl": "i w na z do się nie że to jest o za od dla po jak czy pan pani mam tak co ale bo przez nas mnie są był już cię",
    "sv": "och att det i på är som en för jag med vi du har inte av till den om ett ni kan vår från eller hos",
    "da": "og at det i på er som en for jeg med vi du har ikke af til den om et kan vores fra eller hos jer",
}
_WORDS = {name: frozenset(words.split()) for name, words in _COMMON.items()}


def tell_language(text: str) -> str | None:
    """Return the language (ISO 639-1) whose commonest words make up most of a text, None where none stands out."""
    words = [word.lower() for word in _WORD.findall(text)[:_MAX_WORDS]]
    if not words:
        return None
    counts = Counter(words)
    hits = {name: sum(counts[word] for word in common) for name, common in _WORDS.items()}
    best, second = sorted(hits, key=lambda name: -hits[name])[:2]
    stands_out = hits[best] >= _MIN_HITS and hits[best] >= _MIN_SHARE * len(words)
    return best if stands_out and hits[best] >= _MIN_LEAD * hits[second] else None
