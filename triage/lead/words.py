"""Word lists that describe words to the tagger: heads of job titles, words of companies and agencies, titles of people.

Lower case, without accents; a trailing `*` stands for any ending, a leading one for any
beginning (German and Dutch compounds). They decide nothing: they are features.
"""

import re
from collections.abc import Callable
from functools import lru_cache

ROLE_HEADS = """
engineer* developer* manager* director* head* lead leader officer* analyst* consultant* architect* designer* accountant* nurse* nursing teacher*
lecturer* professor* assistant* administrator* coordinator* supervisor* foreman foremen technician* mechanic* electrician* plumber* welder* fitter*
driver* operator* chef* cook* waiter* waitress* barista* bartender* receptionist* secretary secretaries clerk* cashier* salesperson seller* buyer* controller* auditor* solicitor*
lawyer* counsel paralegal* attorney* doctor* physician* surgeon* dentist* pharmacist* therapist* physiotherapist* midwife* carer* caregiver* tutor* trainer*
researcher* scientist* chemist* biologist* statistician* programmer* tester* editor* writer* copywriter* translator* interpreter* journalist* photographer*
producer* planner* scheduler* estimator* surveyor* inspector* superintendent* gardener* carpenter* joiner* bricklayer* painter* roofer* plasterer* machinist*
librarian* archivist* curator* conservator* organist* musician* conductor* captain* skipper* mate* bosun* pilot* steward* stewardess* purser* guard* warden* caretaker* janitor* cleaner* housekeeper*
nanny nannies au-pair butler* concierge* ceo cfo cto coo cio cmo cro vp president* chairman chair trustee* treasurer* partner* associate* specialist* executive* representative* agent* adviser* advisor* broker*
underwriter* actuary actuaries bookkeeper* economist* strategist* marketer* intern* internship* trainee* apprentice* apprenticeship* postdoc* fellow* registrar* dean* principal* bursar* matron* keeper* groom* farmhand* shepherd* butcher* baker*
dispatcher* storekeeper* picker* packer* courier* porter* runner* rigger* scaffolder* glazier* tiler* fabricator* toolmaker* millwright* brewer* distiller* winemaker* sommelier* illustrator* animator* recruiter* geologist* hydrologist* geotechnician* ned sre devops qa pm dba
*ingenieur* *entwickler* *leiter* leitung* *berater* *techniker* *mechaniker* *elektriker* *elektroniker* *schlosser* *schreiner* *tischler* *maurer* *maler* *gartner* *fahrer* *pfleger* *kraft pflegefach* *fachkraft* *verkaufer*
*sachbearbeiter* *referent* *assistent* *sekretar* *buchhalter* *kaufmann kauffrau *kaufleute *lehrer* *erzieher* *arzt *arztin *therapeut* *apotheker* *jurist* *anwalt *anwaltin *syndikus* *prufer* *meister* *monteur* *lagerist* *koch kochin *kellner* *bedienung hausdame* *hausmeister* *forster* *planer* *architekt* *redakteur* *lektor* *ubersetzer*
*geschaftsfuhrer* *vorstand* *direktor* *koordinator* *spezialist* *praktikant* *werkstudent* *azubi* *lehrling* *trainer* *betreuer* *disponent* *schweisser* *schweiaer* *dreher* *fraser* *konstrukteur* *zeichner* *controller* *informatiker* *programmierer* *berater* *vertriebler* *bauleiter* *polier* *kantor* *organist* *backer* *metzger* *friseur* *stelle
ingenieur* developpeur* responsable* directeur* directrice* chef* cheffe* technicien* mecanicien* electricien* plombier* soudeur* chaudronnier* menuisier* macon* peintre* jardinier* conducteur* conductrice* chauffeur* infirmier* infirmiere* aide-soignant* medecin* pharmacien* kinesitherapeute* sage-femme professeur* enseignant* formateur* formatrice* educateur* educatrice*
comptable* controleur* gestionnaire* assistant* secretaire* charge* chargee* conseiller* conseillere* vendeur* vendeuse* commercial* acheteur* juriste* avocat* notaire* clerc* redacteur* redactrice* traducteur* traductrice* graphiste* regisseur* architecte* dessinateur* analyste* chercheur* chercheuse* cuisinier* cuisiniere* serveur* serveuse* receptionniste* gouvernante* magasinier* cariste* preparateur* operateur* operatrice* agent* coordinateur* coordinatrice* administrateur* stagiaire* alternant* apprenti* moniteur* animateur* animatrice* boulanger* patissier* boucher* coiffeur* poste
ingenier* desarrollador* gerente* jefe* jefa* director* directora* tecnico* tecnica* mecanico* electricista* fontanero* soldador* carpintero* albanil* pintor* jardinero* conductor* chofer* enfermer* auxiliar* medic* farmaceutic* fisioterapeuta* profesor* maestr* docente* educador* contable* contador* administrativ* secretari* asesor* vendedor* comercial* comprador* abogad* redactor* traductor* disenador* arquitect* analista* investigador* cociner* camarer* mozo* recepcionista* gobernanta* operari* encargad* coordinador* responsable* consultor* becari* practicante* monitor* peon* tornero* supervisor* ejecutiv* subgerencia* gerencia* jefatura* vacante puesto
engenheir* programador* desenvolvedor* gestor* diretor* chefe* tecnic* mecanic* eletricista* canalizador* encanador* soldador* carpinteir* pedreir* motorista* enfermeir* auxiliar* medic* farmaceutic* fisioterapeuta* professor* educador* contabilista* contador* administrativ* secretari* assessor* vendedor* comprador* advogad* jurista* redator* tradutor* designer* arquitet* analista* pesquisador* investigador* cozinheir* garco* empregad* rececionista* recepcionista* operador* encarregad* coordenador* responsavel* consultor* estagiari* monitor* torneir* supervisor* vaga
ingegner* sviluppator* responsabile* direttor* direttrice* capo* capoturno* tecnic* meccanic* elettricist* idraulic* saldator* falegnam* murator* giardinier* autist* infermier* oss medic* farmacist* fisioterapist* professor* maestr* docente* educator* educatrice* contabil* ragionier* impiegat* segretari* addett* consulent* venditor* commercial* buyer avvocat* giurist* redattor* traduttor* grafic* architett* analist* ricercator* cuoc* camerier* receptionist* operai* magazzinier* fresator* tornitor* coordinator* coordinatrice* tirocinant* stagist* apprendist* commess* bagnin* badant* pasticcer* panettier* gelatier* posto
*ingenieur* *ontwikkelaar* *manager* *leider* *directeur* *hoofd *monteur* *technicus *elektricien* *loodgieter* *lasser* *timmerman* *schilder* *hovenier* *chauffeur* *verpleegkundige* *verzorgende* *arts *apotheker* *fysiotherapeut* *docent* *leraar* *leerkracht* *boekhouder* *medewerker* *secretaresse* *adviseur* *verkoper* *inkoper* *jurist* *advocaat* *redacteur* *vertaler* *ontwerper* *architect* *analist* *onderzoeker* *kok *ober *receptionist* *operator* *coordinator* *stagiair* *planner* *controller* *schipper* *uitvoerder* *beheerder* *conducteur* functie vacature
inzynier* programist* kierowni* dyrektor* technik* mechanik* elektryk* hydraulik* spawacz* stolarz* murarz* malarz* ogrodnik* kierowc* pielegniar* lekarz* farmaceut* fizjoterapeut* nauczyciel* wykladowc* wychowawc* ksiegow* specjalist* asystent* sekretar* doradc* sprzedawc* handlow* kupiec prawnik* radc* adwokat* redaktor* tlumacz* projektant* architekt* analityk* badacz* kucharz* kelner* recepcjonist* operator* koordynator* brygadzist* magazynier* stazyst* praktykant* konstruktor* automatyk* slusarz* tokarz* frezer* piekarz* cukiernik* fryzjer* opiekun* opiekunk* psycholog* etat* stanowisk*
"""

COMPANY_WORDS = """
inc llc ltd limited gmbh ag kg se plc corp corporation company co group holding holdings sa sas sarl spa srl bv nv oy ab as aps sl slu ltda zoo ohg ev mbh llp partners sons brothers bros
university universitat universite universidad universidade universita universiteit uniwersytet college school schule ecole escuela escola scuola academy akademie hospital klinik* klinikum clinic* clinique clinica szpital ziekenhuis hopital museum musee museo trust foundation stiftung fondation fundacion fundacao fondazione stichting fundacja council institute institut instituto istituto
bank hotel hotels restaurant labs lab laboratories systems technologies technology tech software pharma foods energy logistics transport* engineering industries manufacturing airways airlines shipping marine resort* bakery brewery farms farm estate theatre theater theatre opera orchestra society association verein verband association asociacion associacao werke werk maschinenbau stadtwerk* bau logistik verlag kanzlei praxis apotheke brauerei backerei metallbau anlagenbau energie atelier* etablissements maison groupe cabinet societe mairie grupo empresa talleres construcciones hermanos laboratorios cooperativa bodega* gruppo officine officina cantina* studio studios fabryka zaklad* spolka firma
"""

AGENCY_WORDS = """
recruitment recruiting recruit recruiters staffing talent search executive headhunt* resourcing personnel careers selection appointments employment temps crewing crew hire hiring people
personalberatung personalvermittlung personaldienstleist* zeitarbeit vermittlung recrutement interim rh conseil seleccion reclutamiento rrhh recursos humanos recrutamento selecao selezione ricerca lavoro personale uitzendbureau detachering werving selectie rekrutacja rekrutacyjna agencja kadry hr client clients mandant* mandat* kunde* kunden cliente clientes klient* opdrachtgever*
"""

SEEKING = """
look* seek* need* want* hir* recruit* fill* replac* opening vacan* role position post job join offer* search*
such* brauch* besetz* stelle* position* einstell* verstark*
cherch* recherch* recrut* besoin poste offre* remplac* embauch*
busc* necesit* vacante puesto oferta contrat* plaza* ofrec*
procur* precis* vaga* contrat* oferec* abri*
cerc* assum* posto posizione offert* selezion*
zoek* nodig vacature functie
szuk* poszuk* potrzeb* rekrut* stanowisk* ofert* zatrudn*
"""

REFERRING = """
suggest* recommend* referr* mention* name gave passed told says said pointed introduc* vouch* put spoke spoken
empfohlen empfiehl* empfahl genannt gegeben erzahlt vorgeschlagen hingewiesen gebracht verwies erwahnt
recommand* conseill* suggere donne parle dit indique souffle glisse present*
recomend* sugir* sugeri* dio dado hablo hablado dijo pas* coment* indic*
suger* deu falou disse indicou passou
consigliat* suggerit* dato parlato detto fatto segnalat* indicat*
aanbevolen getipt genoemd gaf gegeven vertelde
polec* podal* wspomn* mowil* powiedzial* dal dala
"""

TITLES = """
mr mrs ms miss dr prof sir herr herrn frau monsieur madame mme m mlle senor senora sr sra don dona doctor doctora signor signora sig dott dottor dottoressa dhr mevr mevrouw meneer pan pani panu pana
aunt auntie uncle tante onkel tia tio zio zia ciocia wujek father brother sister cousin friend boss colleague neighbour
"""


def matcher(words: str) -> Callable[[str], bool]:
    """Return a test whether a folded word is in a list."""
    exact: set[str] = set()
    stems: list[str] = []
    ends: list[str] = []
    inner: list[str] = []
    for word in words.split():
        bare = word.strip("*")
        if word.startswith("*"):
            (inner if word.endswith("*") else ends).append(bare)
        elif word.endswith("*"):
            stems.append(bare)
        else:
            exact.add(bare)
    known, starts, endings = frozenset(exact), tuple(stems), tuple(ends)
    within = re.compile("|".join(map(re.escape, inner))) if inner else None

    @lru_cache(maxsize=3_000)
    def matches(word: str) -> bool:
        return (
            word in known
            or word.startswith(starts)
            or (len(word) > 3 and word.endswith(endings))  # noqa: PLR2004  "ober" within "October" is no waiter
            or (within is not None and within.search(word) is not None)
        )

    return matches
