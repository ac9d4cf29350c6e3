"""Domain names: which are free mail, platforms or hiring systems, and which imitate another."""

from functools import lru_cache

from publicsuffixlist import PublicSuffixList

FREE_MAIL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "hotmail.co.uk",
        "hotmail.fr",
        "hotmail.es",
        "hotmail.it",
        "live.com",
        "live.nl",
        "msn.com",
        "yahoo.com",
        "yahoo.co.uk",
        "yahoo.fr",
        "yahoo.es",
        "yahoo.de",
        "yahoo.it",
        "yahoo.com.br",
        "ymail.com",
        "rocketmail.com",
        "aol.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "proton.me",
        "protonmail.com",
        "tutanota.com",
        "tuta.io",
        "gmx.de",
        "gmx.net",
        "gmx.com",
        "gmx.at",
        "gmx.ch",
        "web.de",
        "t-online.de",
        "freenet.de",
        "mail.com",
        "mail.ru",
        "yandex.ru",
        "yandex.com",
        "bk.ru",
        "inbox.ru",
        "list.ru",
        "qq.com",
        "163.com",
        "126.com",
        "orange.fr",
        "wanadoo.fr",
        "free.fr",
        "sfr.fr",
        "laposte.net",
        "libero.it",
        "virgilio.it",
        "alice.it",
        "tiscali.it",
        "uol.com.br",
        "bol.com.br",
        "terra.com.br",
        "ig.com.br",
        "sapo.pt",
        "wp.pl",
        "o2.pl",
        "onet.pl",
        "interia.pl",
        "poczta.onet.pl",
        "ziggo.nl",
        "kpnmail.nl",
        "xs4all.nl",
        "telenet.be",
        "skynet.be",
        "bluewin.ch",
        "btinternet.com",
        "rediffmail.com",
        "zoho.com",
        "fastmail.com",
        "hushmail.com",
        "comcast.net",
        "verizon.net",
    ]
)
"""Domains where anybody gets an address within a minute."""

PLATFORMS = frozenset(
    [
        "linkedin.com",
        "xing.com",
        "facebook.com",
        "facebookmail.com",
        "instagram.com",
        "twitter.com",
        "x.com",
        "indeed.com",
        "indeedemail.com",
        "wellfound.com",
        "angel.co",
        "hired.com",
        "stepstone.de",
        "monster.com",
        "glassdoor.com",
        "infojobs.net",
        "catho.com.br",
        "pracuj.pl",
        "welcometothejungle.com",
        "ziprecruiter.com",
        "totaljobs.com",
        "reed.co.uk",
        "seek.com.au",
        "naukri.com",
        "otta.com",
        "upwork.com",
        "malt.fr",
        "malt.com",
        "freelancer.com",
    ]
)
"""Registrable domains of platforms that pass on messages between people."""

HIRING_SYSTEMS = frozenset(
    [
        "greenhouse.io",
        "greenhouse-mail.io",
        "lever.co",
        "hire.lever.co",
        "ashbyhq.com",
        "myworkday.com",
        "workday.com",
        "smartrecruiters.com",
        "teamtailor.com",
        "teamtailor-mail.com",
        "icims.com",
        "taleo.net",
        "successfactors.com",
        "successfactors.eu",
        "bamboohr.com",
        "jobvite.com",
        "recruitee.com",
        "personio.de",
        "personio.com",
        "workable.com",
        "workablemail.com",
        "breezy.hr",
        "jazzhr.com",
        "bullhorn.com",
        "bullhornmail.com",
        "softgarden.de",
        "softgarden.io",
        "rexx-systems.com",
        "pinpointhq.com",
        "talentclue.com",
        "avature.net",
        "oraclecloud.com",
        "dayforce.com",
        "ukg.com",
        "homerun.co",
        "recruitcrm.io",
    ]
)
"""Registrable domains of applicant tracking systems and their relays."""


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def registrable(domain: str) -> str:
    """Return the domain somebody registered: the public suffix and one label more.

    Source: the Public Suffix List, bundled with the library publicsuffixlist.
    """
    return _suffixes().privatesuffix(domain.strip(".").lower()) or domain.strip(".").lower()


def has_public_suffix(domain: str) -> bool:
    """Return whether a name ends as one that can be registered does, or as those of examples (RFC 2606 section 2)."""
    return domain.endswith(".example") or _suffixes().publicsuffix(domain, accept_unknown=False) is not None


def label(domain: str) -> str:
    """Return the label of a domain that names its owner: acme for mail.acme.co.uk."""
    return registrable(domain).partition(".")[0]


_SKELETON = str.maketrans({"0": "o", "1": "l", "3": "e", "5": "s", "i": "l", "|": "l"})


def skeleton(name: str) -> str:
    """Return a name as it looks at a glance (after Unicode Technical Standard 39, section 4)."""
    return name.lower().replace("rn", "m").replace("vv", "w").replace("cl", "d").translate(_SKELETON).replace("-", "")


def is_lookalike(name: str, genuine: str) -> bool:
    """Return whether a domain label can be taken for another at a glance but is not it."""
    if name == genuine or min(len(name), len(genuine)) < 4:  # noqa: PLR2004  three letters look like many things
        return False
    if skeleton(name) == skeleton(genuine):
        return name.replace("-", "") != genuine.replace("-", "")
    return len(genuine) > 5 and _is_one_edit_apart(name, genuine)  # noqa: PLR2004  short names are neighbours by chance


def _is_one_edit_apart(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) > len(other):
        one, other = other, one
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            swapped = (
                one[index : index + 2] == other[index : index + 2][::-1] and one[index + 2 :] == other[index + 2 :]
            )
            return swapped or one[index + (len(one) == len(other)) :] == other[index + 1 :]
    return True


_ADDED_WORDS = frozenset(
    [
        "career",
        "careers",
        "job",
        "jobs",
        "hr",
        "hiring",
        "recruit",
        "recruiting",
        "recruitment",
        "talent",
        "apply",
        "work",
        "team",
        "staff",
        "group",
        "global",
        "hire",
        "vacancy",
        "offer",
        "offers",
        "selection",
        "seleccion",
        "recrutement",
        "karriere",
        "bewerbung",
        "lavora",
        "emploi",
        "empleo",
        "vagas",
        "praca",
        "rekrutacja",
    ]
)


def added_word(name: str) -> tuple[str, str] | None:
    """Return (brand, word) of a label like acme-careers or acmehr, None if it is not one."""
    head, dash, tail = name.rpartition("-")
    if dash and tail in _ADDED_WORDS and head:
        return head, tail
    for word in sorted(_ADDED_WORDS, key=len, reverse=True):
        if len(word) > 3 and name.endswith(word) and len(name) - len(word) > 3:  # noqa: PLR2004  "hr" ends many names
            return name[: -len(word)], word
    return None


@lru_cache(maxsize=4096)
def imitated_service(domain: str) -> str | None:
    """Return the well-known mail service or platform that a domain imitates, None if it imitates none."""
    site, name = registrable(domain), label(domain)
    near = {len(name) - 1, len(name), len(name) + 1}
    shape = skeleton(name)
    for one, genuine, its_shape in _WELL_KNOWN:
        # Neither the same at a glance nor nearly as long: no need to compare letters.
        if (its_shape == shape or len(genuine) in near) and site != one and is_lookalike(name, genuine):
            return one
    return None


_WELL_KNOWN = tuple(
    (site, site.partition(".")[0], skeleton(site.partition(".")[0]))
    for site in (*sorted(PLATFORMS), *sorted(FREE_MAIL))
)
