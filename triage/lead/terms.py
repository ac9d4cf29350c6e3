"""Facts with a few fixed values, read from the words for them: level, remote, contract, who hires, what to do next."""

import re
from collections.abc import Iterator, Mapping

from triage.lead.opportunity import Fact

_LEVELS = {
    "intern": r"intern(?:ship)?|trainee|praktik(?:um|ant\w*)|stagiaire|(?<!early )(?<!late )(?<!early-)(?<!late-)stage(?! (?:\d|manag|direct(?:or|ion)|techni|hand|crew|design|carpent|electric|door|lighting|production)\w*)|becari[oa]s?|pr[aá]cticas|est[aá]gi[oa]\w*|tirocin\w+|stagist[ae]|stagiairs?|sta[żz]yst\w+|praktykant\w*|apprentice\w*|azubi\w*|ausbildungsplatz|alternan\w+|aprendiz\w*|werkstudent\w*",
    "executive": r"ceo|cfo|cto|coo|cio|cmo|chro|chief \w+ officer|managing director|president|vorstand\w*|gesch[aä]ftsf[uü]hr\w+|directeur g[eé]n[eé]ral|directrice g[eé]n[eé]rale|director[a]? general|direttore generale|diretor(?:a)?[- ]geral|amministratore delegato|algemeen directeur|prezes\w*|non-executive director|board member|trustee|chair(?:man|woman)?",
    "head": r"head of|head|director|leiter(?:in)?|leitung|abteilungsleit\w+|directeur|directrice|director[a]|diretor[a]?|direttore|direttrice|hoofd|dyrektor\w*|jefe de [aá]rea|vp|vice president",
    "lead": r"lead(?! gen)|team ?lead(?:er)?|principal|staff(?= (?:[\w+#&-]+ ){0,3}(?:engineer|developer|scientist|designer|architect|programmer|sre|researcher|ingenieur|entwickler)\w*)|teamleit\w+|chef d['’][eé]quipe|jefe de equipo|l[ií]der|capo ?turno|capo ?squadra|teamleider|kierownik\w*|foreman|supervisor",
    "senior": r"senior|snr|sr\.?|s[eê]nior|starsz[aey]\w*|erfahrene[rn]?|confirm[eé]e?|experte",
    "junior": r"junior|jr\.?|jnr|j[uú]nior|graduate|entry[- ]level|berufseinsteiger\w*|d[eé]butante?|m[lł]odsz[aey]\w*|(?<!executive )(?<!personal )assistant(?= (?:[\w&-]+ )?(?:manag|engineer|account|control|buyer|editor|produc|direct|curator|professor|principal|coach|head|chef|planner|merchandis|architect|lawyer|site|project|organist|harbourmaster|cheesemaker|senco|tm\b)\w*)",
}
# An assistant to the CEO stands where assistants stand.
_SERVES = re.compile(
    r"\b(?:\w{0,20}assist\w{0,10}|secretary|sekret\w{1,10}|secr[eé]taire|pa|chief of staff)\s(?:to|of|for|der|des|du|de|del|della|van)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_LEVEL = {level: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE) for level, pattern in _LEVELS.items()}
_REMOTE = {
    "hybrid": re.compile(
        r"\b(?:hybrid\w*|hybride\w*|h[ií]brid[oa]\w*|ibrid[oa]\w*|hybrydow\w+|t[eé]l[eé]travail partiel|teletrabajo parcial|(?:one|two|three|four|1|2|3|4) days? (?:a week )?(?:from home|at home|remote|wfh|in the office|on ?site|in office|on the quay)"
        r"|(?:ein|zwei|drei|vier|1|2|3|4) tage? (?:pro woche |die woche )?(?:homeoffice|home-office|remote|von zu hause|im b[uü]ro|vor ort)|(?:un|deux|trois|2|3) jours? (?:par semaine )?(?:de |en )?(?:t[eé]l[eé]travail|chez vous|sur site|à la maison|remote)"
        r"|(?:un|dos|tres|2|3) d[ií]as? (?:a la semana |por semana |en )?(?:de |en )?(?:teletrabajo|casa|remoto|la oficina|oficina)|(?:um|dois|tr[eê]s|2|3) dias? (?:por semana )?(?:de |em )?(?:teletrabalho|casa|remoto|home office|no escrit[oó]rio)"
        r"|(?:uno|due|tre|2|3) giorn[io] (?:a settimana )?(?:di |in |da )?(?:smart working|casa|remoto|sede)|(?:een|twee|drie|2|3) dagen? (?:per week )?(?:thuis\w*|op kantoor)|(?:jeden|dwa|trzy|2|3) dni (?:w tygodniu )?(?:zdalnie|z domu|w biurze))\b",
        re.IGNORECASE,
    ),
    "remote": re.compile(
        r"\b(?:(?:fully |100 ?% ?|completely |totally )?remote(?:ly)?(?! (?:site|area|village|island|location|sensing|control|place|part|corner|community)\w*)|work(?:ing)? from home|wfh|home[- ]?based|from anywhere|home ?office|im home ?office|von zu ?hause|ortsunabh[aä]ngig"
        r"|(?:en )?t[eé]l[eé]travail|[aà] distance|(?:en |100 ?% )?remoto|teletrabajo|desde casa|a distancia|teletrabalho|(?:de|em|a partir de) casa|home office|[aà] dist[aâ]ncia|da remoto|da casa|smart working|telelavoro"
        r"|thuiswerk\w*|op afstand|vanuit huis|zdaln\w+|z domu)\b",
        re.IGNORECASE,
    ),
    "on_site": re.compile(
        r"\b(?:on[- ]?site|in[- ]office|in the office (?:five|every|all)|no remote|vor ort|pr[aä]senz|sur site|en pr[eé]sentiel|presencial\w*|in presenza|in sede|op locatie|stacjonarn\w+|na miejscu)\b",
        re.IGNORECASE,
    ),
}
_SOME_DAYS = re.compile(
    r"\b(?:one|two|three|four|[1-4]|ein(?:en|em)?|zwei|drei|vier|une?|deux|trois|dos|tres|dois|duas|tr[eê]s|due|tre|een|twee|drie|jeden|dwa|trzy)(?:\s\w+)?\s"
    r"(?:days?|tage?n?|jours?|d[ií]as?|giorn[io]|dag(?:en)?|dni|dzie[nń])\b|\b[1-9]0 ?%",
    re.IGNORECASE,
)
_NEAR = 45
_DENIES = re.compile(
    r"\b(?:no|not|kein\w*|nicht|pas de|pas en|sin|sem|non|nessun\w*|geen|niet|nie|without|ohne|sans|bez)\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)
_CONTRACTS = {
    "internship": r"internship|praktikum|stage (?:de|non|curricul)\w*|convention de stage|pr[aá]cticas|est[aá]gio|tirocinio|sta[żz]\b",
    "seasonal": r"seasonal|for the season|(?:summer|winter|harvest) season|saison(?:stelle|kraft|arbeit|vertrag)?\b|f[uü]r die saison|saisonni\w+|temporada|de temporada|safra|stagional\w*|per la stagione|seizoen\w*|sezonow\w+|na sezon",
    "temporary": r"temporary|temp\b|temp[- ]to[- ]perm|fixed[- ]term|maternity cover|parental cover|locum|befristet\w*|(?:elternzeit|mutterschafts?|mutterschutz|schwangerschafts?|karenz|krankheits?|urlaubs)-?vertretung|(?:als|zur) vertretung|vertretung(?= (?:gesucht|ab|bis|f[uü]r (?:eine?n?|unsere?n?|die|den|meine?n?|\d+))\b)|cdd\b|int[eé]rim(?:aire)?\w*|remplacement|temporal\b|contrato temporal|sustituci[oó]n|suplencia|tempor[aá]ri[oa]|termo certo|substitui[cç][aã]o|tempo determinato|interinale|sostituzione|tijdelijk\w*|uitzend\w+|zast[eę]pstwo|czas okre[sś]lony",
    "contract": r"contract(?:or|ing)? (?:role|position|basis|work|assignment|job)|(?:\d+|six|twelve|three|nine)[- ]months? contract|inside ir35|outside ir35|day rate|c2c|w2 or c2c|freelance\w*|auf rechnung|freiberuf\w*|projektvertrag|portage|aut[oó]nomo|freelancer|recibos verdes|pessoa jur[ií]dica|pj\b|partita iva|zzp\w*|b2b(?= (?:contract|kontrakt|basis|rate|stawka|umow\w+|lub|oder|or (?:uop|perm\w*|employ\w+|payroll)|(?:do|od) \d)|:?\s?\d)|(?:contract|kontrakt|umow[aęy]|basis|stawka|vat|net|netto|rate|na|net on|rate on|uop or|employment or|lub|oder|tys\.?|\d{1,7}\s?k|z[lł]|pln|eur|r[eę]k[eę])[ (/:]{1,2}b2b(?! (?:saas|sales|software|market\w*|sprzeda\w*|products?|clients?|customers?|compan\w+|tech|e-?commerce|payments?|platforms?|business|side|projects?))|umowa zlecenie|umowa o dzie[lł]o",
    "permanent": r"permanent(?:ly)?|perm\b|unbefristet\w*|festanstellung|cdi\b|indefinid[oa]|contrato fijo|fij[oa] desde|efetiv[oa]|clt\b|contrato sem termo|tempo indeterminato|vast contract|vaste aanstelling|onbepaalde tijd|umow[aęy] o prac[eę]|czas nieokre[sś]lony",
}
_CONTRACT = {kind: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE) for kind, pattern in _CONTRACTS.items()}
_STEP_WORDS = (
    r"call|ring|phone|chat|talk|speak|meet|coffee|interested|interest|cv|resume|résumé|reply|write|send|let me know|apply|come (?:by|in|round|and)|drop by|introduce|put you in touch|pass on|give (?:her|him|them)|available|time"
    r"|telefon\w*|anruf\w*|ruf\w*|gespr[aä]ch\w*|sprechen|interess\w*|lebenslauf|meld\w*|schreib\w*|melden|bewerb\w*|kennenlernen|kaffee|vorbei\w*|zeit"
    r"|appel\w*|t[eé]l[eé]phon\w*|rappel\w*|int[eé]ress\w*|[eé]chang\w*|parler|rencontr\w*|envoy\w*|[eé]cri\w+|venir|passer|caf[eé]|dispo\w*"
    r"|llam\w*|habl\w*|charl\w*|conversar|env[ií]\w*|m[aá]nda\w*|escr[ií]b\w*|interesa\w*|quedar|pasarte|pasa|videollamada|avis\w*|dime|cuenta"
    r"|lig\w*|fal\w*|convers\w*|envi\w*|mand\w*|escrev\w*|interess\w*|diga|passar|encontr\w*|marcar"
    r"|chiam\w*|sentir\w*|parlar\w*|mand\w*|scriv\w*|passa\w*|colloquio|incontr\w*|telefon\w*"
    r"|bel\w*|spreken|praten|stuur\w*|mail\w*|langs\w*|kennismak\w*|laat .{0,12}weten"
    r"|zadzwo\w*|porozmawia\w*|napi[sz]\w*|prze[sś]l\w*|spotka\w*|rozmow\w*|zainteresowan\w*|odpisz\w*|da[ćj] zna\w*"
)
_STEP = re.compile(rf"\b(?:{_STEP_WORDS})\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n…]+[.!?…]*")
_IMPERATIVE = re.compile(
    r"^\W*(?:please |just |so |if .{3,60}, )?(?:call|ring|phone|text|reply|write|send|let me know|apply|come|drop|tell|email|whatsapp|have a look|melden sie|rufen sie|ruf|schreib\w*|meld\w*|appel\w+|[eé]cri\w+|envoy\w+|dis-moi|dites|ll[aá]ma\w*|escr[ií]be\w*|m[aá]nda\w*|av[ií]sa\w*|dime|liga\w*|manda\w*|diz|diga\w*|chiama\w*|scrivi\w*|fammi|bel|stuur|mail|laat|zadzwo\w*|napisz|prze[sś]lij|daj|odpisz)\b",
    re.IGNORECASE,
)
_MAX_STEP = 220


def find_level(role: str) -> Fact | None:
    """Return how high a job stands, from the words of its title alone."""
    own = _SERVES.sub("", role)
    for level, pattern in _LEVEL.items():
        if match := pattern.search(own):
            return Fact(level, match[0])
    return None


def find_remote(texts: tuple[str, ...]) -> Fact | None:
    """Return where the work is done: remote, hybrid or on site."""
    for text in texts:
        for kind, pattern in _REMOTE.items():
            for match in pattern.finditer(text):
                if _DENIES.search(text[max(0, match.start() - 25) : match.start()]):
                    continue
                # Some days at home are days elsewhere as well.
                around = text[max(0, match.start() - _NEAR) : match.end() + _NEAR]
                return Fact("hybrid" if kind == "remote" and _SOME_DAYS.search(around) else kind, match[0])
    return None


def find_contract(texts: tuple[str, ...]) -> Fact | None:
    """Return the kind of contract, None where several kinds are named."""
    found = dict(_found(texts, _CONTRACT))
    if len(found) == 1:
        return next(iter(found.values()))
    # A seasonal or internship contract is temporary as well; the narrower word says more.
    for kind in ("internship", "seasonal"):
        if kind in found and set(found) <= {kind, "temporary"}:
            return found[kind]
    return None


def _found(texts: tuple[str, ...], patterns: Mapping[str, re.Pattern[str]]) -> Iterator[tuple[str, Fact]]:
    for kind, pattern in patterns.items():
        for text in texts:
            match = next(
                (
                    one
                    for one in pattern.finditer(text)
                    if not _DENIES.search(text[max(0, one.start() - 25) : one.start()])
                ),
                None,
            )
            if match:
                yield kind, Fact(kind, match[0])
                break


def find_next_step(text: str) -> Fact | None:
    """Return the last sentence that asks the owner to do something."""
    best = None
    for match in _SENTENCE.finditer(text):
        sentence = match[0].strip()
        if not 8 <= len(sentence) <= _MAX_STEP:  # noqa: PLR2004  shorter ones ask nothing
            continue
        asks = sentence.endswith("?") and _STEP.search(sentence)
        if asks or _IMPERATIVE.match(sentence):
            best = Fact(sentence, sentence)
    return best
