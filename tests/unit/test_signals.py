"""Signals: the phrase or header that shows each, in several languages, and its denial."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.classify import matching
from triage.classify.domains import (
    FREE_MAIL,
    HIRING_SYSTEMS,
    PLATFORMS,
    added_word,
    imitated_service,
    is_lookalike,
    label,
    registrable,
)
from triage.classify.features import extract_features
from triage.classify.matching import PhraseBook
from triage.classify.normalise import WordText, fold, without_accents, words_only
from triage.records import Address, Attachment, Authentication, Link, Message

PASSED = (Authentication("mx", "dkim", "pass", "linkedin.com"),)


def names(message: Message) -> set[str]:
    found = extract_features(message).signals
    assert all(signal.quote for signal in found)
    return {signal.name for signal in found}


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("asks_bank_details", "Send us your bank account details to be enrolled."),
        ("asks_bank_details", "Bitte teilen Sie uns Ihre Bankverbindung mit."),
        ("asks_bank_details", "Merci d'envoyer vos coordonnées bancaires."),
        ("asks_bank_details", "Necesitamos tu número de cuenta."),
        ("asks_bank_details", "Envie os seus dados bancários."),
        ("asks_identity_papers", "Attach a copy of your passport."),
        ("asks_identity_papers", "Schicken Sie eine Kopie Ihres Personalausweises."),
        ("asks_identity_papers", "Joignez une copie de votre carte d'identité."),
        ("asks_identity_papers", "Mándanos copia de tu DNI por ambas caras."),
        ("asks_identity_papers", "Mande uma foto do seu documento."),
        ("asks_money", "There is a small registration fee."),
        ("asks_money", "Die Bearbeitungsgebühr beträgt 40 Euro."),
        ("asks_money", "Les frais de dossier sont de 90 euros."),
        ("asks_money", "Los gastos de gestión son 60 euros."),
        ("asks_money", "A taxa de inscrição é de 80 reais."),
        ("chat_interview", "The interview takes place on Telegram."),
        ("chat_interview", "Das Vorstellungsgespräch findet über WhatsApp statt."),
        ("chat_interview", "L'entretien se fait sur Telegram."),
        ("chat_interview", "La entrevista será por WhatsApp."),
        ("chat_interview", "A entrevista é pelo WhatsApp."),
        ("passes_parcels", "You receive packages at home and put on a new label."),
        ("passes_parcels", "Sie nehmen Pakete entgegen: Pakete annehmen und weiterleiten."),
        ("passes_parcels", "Réception des colis à votre domicile."),
        ("passes_parcels", "Recibirás paquetes en tu domicilio."),
        ("passes_parcels", "Recebe encomendas em casa."),
        ("names_referrer", "Priya Shah suggested I get in touch."),
        ("names_referrer", "Auf Empfehlung von Frau Kranz schreibe ich Ihnen."),
        ("names_referrer", "Karim m'a parlé de vous."),
        ("names_referrer", "Nacho me dio tu número."),
        ("names_referrer", "O Rui me indicou você."),
        ("offers_candidates", "We have three candidates available from Monday."),
        ("offers_candidates", "Gern stellen wir Ihnen passende Kandidaten vor."),
        ("asks_referral", "Could you refer me to your boss?"),
        ("asks_job", "I am applying for the position of cook."),
        ("application_status", "Thank you for applying to Kestrel Foods."),
        ("application_status", "Leider müssen wir Ihrer Bewerbung eine Absage erteilen."),
        ("introduction", "Marta, meet Quentin, who is hiring."),
        ("job_alert", "12 new jobs for you this week"),
        ("paid_portal", "Upgrade to Premium to see who wants to hire you."),
        ("paid_portal", "Bitte das Angebot für 19 Euro freischalten."),
        ("paid_portal", "Débloquez l'offre dès maintenant."),
        ("paid_portal", "Desbloquea la oferta con tu tarjeta."),
        ("paid_portal", "Desbloqueie a vaga por 29 reais."),
        ("vague_offer", "Full details will be given once you accept."),
        ("vague_offer", "Wir haben mehrere Stellen zu vergeben."),
        ("vague_offer", "Plusieurs postes sont à pourvoir."),
        ("vague_offer", "Es una oportunidad única."),
        ("vague_offer", "Temos várias vagas."),
        ("knows_owner", "We worked together at the mill."),
        ("knows_owner", "Wir haben zusammen gearbeitet."),
        ("knows_owner", "Nous avons travaillé ensemble à Lyon."),
        ("knows_owner", "Nos conocimos en Burgos."),
        ("knows_owner", "Trabalhamos juntos no Porto."),
        ("offers_candidates", "Nous avons des candidats disponibles pour vous."),
        ("offers_candidates", "Tenemos candidatos disponibles para su vacante."),
        ("offers_candidates", "Temos candidatos disponíveis para a sua vaga."),
        ("asks_referral", "Könntest du mich deinem Chef empfehlen?"),
        ("asks_referral", "Pourrais-tu me recommander auprès de ton chef ?"),
        ("asks_referral", "¿Podrías recomendarme a tu jefa?"),
        ("asks_referral", "Podes recomendar-me ao teu chefe?"),
        ("asks_job", "Hiermit bewerbe ich mich um die Stelle als Koch."),
        ("asks_job", "Je vous adresse ma candidature au poste de cuisinier."),
        ("asks_job", "Le envío mi currículum para el puesto de cocinero."),
        ("asks_job", "Envio o meu currículo para a vaga de cozinheiro."),
        ("application_status", "Nous avons bien reçu votre candidature."),
        ("application_status", "Hemos recibido tu candidatura."),
        ("application_status", "Recebemos a sua candidatura."),
        ("introduction", "Marta, ich möchte dir Quentin vorstellen."),
        ("introduction", "Marta, je te présente Quentin."),
        ("introduction", "Marta, te presento a Quentin."),
        ("introduction", "Marta, apresento-te o Quentin."),
        ("job_alert", "12 neue Jobs für Sie"),
        ("job_alert", "12 nouvelles offres d'emploi pour vous"),
        ("job_alert", "12 nuevas ofertas de empleo para ti"),
        ("job_alert", "12 novas vagas para você"),
    ],
)
def test_a_phrase_shows_its_signal(signal: str, text: str) -> None:
    assert signal in names(Message(text=text))


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("asks_bank_details", "To set up payroll we need your IBAN and the name of your bank."),
        ("asks_bank_details", "Please reply with your account number and sort code."),
        ("asks_bank_details", "Send a voided check together with the direct deposit form."),
        ("asks_bank_details", "Fill in the form with your name, address and bank account."),
        ("asks_bank_details", "Tell us which bank you are with and your account number."),
        ("asks_bank_details", "Für die Lohnabrechnung brauchen wir noch Ihre IBAN."),
        ("asks_bank_details", "Teil uns bitte deine Kontonummer mit."),
        ("asks_bank_details", "Sie eröffnen dafür ein Konto auf Ihren Namen."),
        ("asks_bank_details", "Envoyez-nous votre RIB pour le virement du salaire."),
        ("asks_bank_details", "Il nous faut votre IBAN avant vendredi."),
        ("asks_bank_details", "Pásanos tu IBAN para poder pagarte."),
        ("asks_bank_details", "Indíquenos el nombre de su banco y su cuenta bancaria."),
        ("asks_bank_details", "Preciso do seu IBAN para o primeiro pagamento."),
        ("asks_bank_details", "Manda a tua chave Pix e a agência e conta."),
        ("asks_bank_details", "Ci serve il tuo IBAN per lo stipendio."),
        ("asks_bank_details", "Stuur ons je rekeningnummer."),
        ("asks_bank_details", "Prosimy podać numer konta, na które mamy przelać wynagrodzenie."),
        (
            "asks_bank_details",
            "So that we can pay you, mail me your account details and the bank's name: I need your IBAN.",
        ),
        ("asks_bank_details", "What is your account number?"),
        ("asks_bank_details", "Auf welches Konto sollen wir das Gehalt überweisen? Schicken Sie uns die IBAN."),
        ("asks_bank_details", "Merci de nous faire parvenir un RIB."),
        ("asks_bank_details", "¿Me das tu número de cuenta?"),
        ("asks_bank_details", "Qual é o seu IBAN?"),
        ("asks_identity_papers", "Send me a photo of your ID, front and back."),
        ("asks_identity_papers", "We also need a selfie of you holding your passport."),
        ("asks_identity_papers", "Scan both sides of your driving licence and mail it to us."),
        ("asks_identity_papers", "Reply with your full name, date of birth and social security number."),
        ("asks_identity_papers", "Bitte mailen Sie uns Ihren Personalausweis, Vorder- und Rückseite."),
        ("asks_identity_papers", "Wir benötigen ein Selfie mit Ihrem Ausweis."),
        ("asks_identity_papers", "Schick mir ein Foto von deinem Ausweis."),
        ("asks_identity_papers", "Teilen Sie uns Ihr Geburtsdatum und Ihre Steuer-ID mit."),
        ("asks_identity_papers", "Envoyez une photo recto verso de votre pièce d'identité."),
        ("asks_identity_papers", "Un selfie avec votre carte d'identité est demandé."),
        ("asks_identity_papers", "Votre numéro de sécurité sociale nous manque encore."),
        ("asks_identity_papers", "Envíanos una foto del DNI por las dos caras."),
        ("asks_identity_papers", "Hazte un selfie sujetando tu documento."),
        ("asks_identity_papers", "Mande o seu RG e CPF."),
        ("asks_identity_papers", "Tire uma selfie segurando o documento."),
        ("asks_identity_papers", "Preciso de uma cópia do teu cartão de cidadão."),
        ("asks_identity_papers", "Ci mandi copia della carta d'identità e del suo codice fiscale."),
        ("asks_identity_papers", "Stuur een foto van je paspoort."),
        ("asks_identity_papers", "Proszę przesłać skan dowodu osobistego."),
        ("asks_identity_papers", "Take a picture of your driver's license and text it over."),
        ("asks_identity_papers", "Laden Sie ein Foto Ihres Reisepasses hoch."),
        ("asks_identity_papers", "Merci de joindre un scan de votre passeport."),
        ("asks_identity_papers", "Adjunta tu pasaporte escaneado."),
        ("asks_identity_papers", "Envie foto da frente e do verso do RG."),
        ("asks_identity_papers", "Stuur naam, adres en BSN."),
        ("asks_money", "You pay the training fee up front and get it back with your first salary."),
        ("asks_money", "A deposit of $60 is required before you start."),
        ("asks_money", "The fee for the background check has to be paid in advance."),
        ("asks_money", "We ask every new starter to pay for the uniform."),
        ("asks_money", "You only need to cover the cost of the certificate, 45 euros."),
        ("asks_money", "There is an upfront payment of 80 pounds for the visa."),
        ("asks_money", "Send the fee to the account below."),
        ("asks_money", "Bitte überweisen Sie die Gebühr von 79 Euro vorab."),
        ("asks_money", "Die Kosten für die Schulung zahlen Sie im Voraus."),
        ("asks_money", "Es fällt eine einmalige Anmeldegebühr an."),
        ("asks_money", "Vorher ist eine Kaution von 100 € zu zahlen."),
        ("asks_money", "Vous devez payer la formation à l'avance."),
        ("asks_money", "Une avance de 120 euros est à verser pour le visa."),
        ("asks_money", "Une caution vous sera demandée, elle est remboursable."),
        ("asks_money", "Il faut régler les frais d'inscription avant lundi."),
        ("asks_money", "Tienes que pagar por adelantado el curso."),
        ("asks_money", "Debe abonar 40 euros para la tramitación."),
        ("asks_money", "El uniforme se paga antes de empezar y se te devolverá."),
        ("asks_money", "Hay que hacer un depósito de 50 euros."),
        ("asks_money", "É preciso pagar adiantado o curso."),
        ("asks_money", "Tem de pagar 60 euros pelo exame antes de começar."),
        ("asks_money", "O valor da matrícula será devolvido no primeiro salário."),
        ("asks_money", "Deve versare in anticipo 90 euro per il corso."),
        ("asks_money", "Je betaalt vooraf 50 euro borg."),
        ("asks_money", "Prosimy o wpłatę kaucji, można zapłacić BLIKIEM."),
        ("asks_money", "You will need to pay $45 for the course before we can start."),
        ("asks_money", "The visa costs 300 euros, which you pay in advance and we refund later."),
        ("asks_money", "Please make the payment for the uniform today."),
        ("asks_money", "Sie müssen die Schulung vorab bezahlen."),
        ("asks_money", "Bitte zahlen Sie eine Kaution in Höhe von 90 Euro."),
        ("asks_money", "Die Gebühr wird mit dem ersten Gehalt verrechnet."),
        ("asks_money", "Il vous faudra avancer les frais de visa."),
        ("asks_money", "La formation coûte 150 euros, payables d'avance."),
        ("asks_money", "Necesitamos que pagues el visado antes de viajar."),
        ("asks_money", "Hay una cuota de inscripción de 30 euros."),
        ("asks_money", "Precisa pagar a taxa antes da entrevista."),
        ("asks_money", "O curso custa 200 reais e é pago antes do início."),
        ("asks_money", "Prima di iniziare bisogna pagare il corso."),
        ("asks_codes_or_passwords", "You will get a code by text message, please send it to me."),
        ("asks_codes_or_passwords", "Read me the six digit code that we have just sent to your phone."),
        ("asks_codes_or_passwords", "Reply with your username and password."),
        ("asks_codes_or_passwords", "Give us the login for your bank account."),
        ("asks_codes_or_passwords", "Forward the verification code you receive."),
        ("asks_codes_or_passwords", "Tell me the PIN when it arrives."),
        ("asks_codes_or_passwords", "Enter your password to keep your mailbox."),
        ("asks_codes_or_passwords", "Your account has been suspended, please verify your identity."),
        ("asks_codes_or_passwords", "Click the link below to confirm your account."),
        ("asks_codes_or_passwords", "Schicken Sie uns den Code, den Sie per SMS bekommen."),
        ("asks_codes_or_passwords", "Nennen Sie mir bitte die TAN."),
        ("asks_codes_or_passwords", "Bitte geben Sie Ihr Passwort ein."),
        ("asks_codes_or_passwords", "Ihr Konto wurde gesperrt."),
        ("asks_codes_or_passwords", "Wir brauchen Ihre Zugangsdaten zum Online-Banking."),
        ("asks_codes_or_passwords", "Vous recevrez un code par SMS, transmettez-le-nous."),
        ("asks_codes_or_passwords", "Communiquez-nous votre mot de passe."),
        ("asks_codes_or_passwords", "Cliquez sur le lien pour confirmer votre compte."),
        ("asks_codes_or_passwords", "Votre compte a été suspendu."),
        ("asks_codes_or_passwords", "Te llegará un código por SMS, pásamelo."),
        ("asks_codes_or_passwords", "Necesitamos su contraseña y su clave de acceso."),
        ("asks_codes_or_passwords", "Envíame el código que recibas."),
        ("asks_codes_or_passwords", "Su cuenta ha sido bloqueada."),
        ("asks_codes_or_passwords", "Você vai receber um código por SMS, me manda."),
        ("asks_codes_or_passwords", "Informe a sua senha para continuar."),
        ("asks_codes_or_passwords", "A sua conta foi bloqueada."),
        ("asks_codes_or_passwords", "Mandami il codice che ricevi via SMS."),
        ("asks_codes_or_passwords", "Inserisca la sua password."),
        ("asks_codes_or_passwords", "Stuur ons de code die je per sms krijgt."),
        ("asks_codes_or_passwords", "Vul je wachtwoord in."),
        ("asks_codes_or_passwords", "Proszę podać kod z SMS-a."),
        ("asks_codes_or_passwords", "Wpisz swoje hasło."),
        ("asks_codes_or_passwords", "Please give me your online banking password."),
        ("asks_codes_or_passwords", "What is the code you just got by SMS?"),
        ("asks_codes_or_passwords", "Let me know the six-digit code as soon as you have it."),
        ("asks_codes_or_passwords", "Schick mir kurz den Code, der gleich per SMS kommt."),
        ("asks_codes_or_passwords", "Wie lautet Ihr Passwort?"),
        ("asks_codes_or_passwords", "Donnez-moi le code que vous venez de recevoir."),
        ("asks_codes_or_passwords", "Dime el código que te ha llegado al móvil."),
        ("asks_codes_or_passwords", "Preciso da sua senha do banco."),
        ("asks_codes_or_passwords", "Diga-me o código que recebeu no telemóvel."),
        ("asks_software", "Please install AnyDesk so that our technician can set up your computer."),
        ("asks_software", "Download the app from this link and sign in."),
        ("asks_software", "Clone the repository and run npm install."),
        ("asks_software", "The test is in the attached zip, the password is hire2026."),
        ("asks_software", "Unzip the archive and run the setup."),
        ("asks_software", "Open the document and enable macros."),
        ("asks_software", "Run the script on your own machine before the interview."),
        ("asks_software", "Bitte laden Sie die App herunter."),
        ("asks_software", "Installieren Sie das Programm auf Ihrem Rechner."),
        ("asks_software", "Das Passwort für die Zip-Datei lautet 1234."),
        ("asks_software", "Téléchargez l'application et installez-la."),
        ("asks_software", "Installez ce logiciel avant l'entretien."),
        ("asks_software", "Le mot de passe de l'archive est 1234."),
        ("asks_software", "Descárgate la aplicación antes de la entrevista."),
        ("asks_software", "Instala este programa en tu ordenador."),
        ("asks_software", "La contraseña del zip es 1234."),
        ("asks_software", "Baixe o aplicativo no seu celular."),
        ("asks_software", "Descarregue a aplicação e abra o ficheiro."),
        ("asks_software", "Instale o programa no seu computador."),
        ("asks_software", "A senha do arquivo é 1234."),
        ("asks_software", "Scarica l'app e installala."),
        ("asks_software", "Installeer de app op je telefoon."),
        ("asks_software", "Proszę zainstalować aplikację."),
        ("asks_software", "You need to have TeamViewer on your PC."),
        ("asks_software", "Lade dir unsere App herunter und melde dich an."),
        ("asks_software", "Veuillez télécharger notre logiciel de visioconférence."),
        ("asks_software", "Tiene que descargar e instalar nuestra aplicación."),
        ("asks_software", "É necessário instalar o nosso aplicativo."),
        ("passes_cheques", "We will mail you a check to deposit into your account."),
        ("passes_cheques", "You will receive a cheque for your office equipment."),
        ("passes_cheques", "Once the check clears, buy the laptop from our vendor."),
        ("passes_cheques", "Deposit the cheque and keep £200 for yourself."),
        ("passes_cheques", "A check will be sent to you to cover the equipment."),
        ("passes_cheques", "Print the e-check and deposit it with your banking app."),
        ("passes_cheques", "Sie erhalten von uns einen Scheck für die Büroausstattung."),
        ("passes_cheques", "Den Scheck lösen Sie bitte bei Ihrer Bank ein."),
        ("passes_cheques", "Reichen Sie den Scheck bei der Bank ein."),
        ("passes_cheques", "Wir schicken Ihnen einen Scheck zu."),
        ("passes_cheques", "Vous recevrez un chèque pour acheter le matériel."),
        ("passes_cheques", "Nous vous envoyons un chèque, encaissez-le à votre banque."),
        ("passes_cheques", "Recibirá un cheque para comprar el material."),
        ("passes_cheques", "Te mandamos un cheque y lo ingresas en tu banco."),
        ("passes_cheques", "Cobre el cheque en su banco."),
        ("passes_cheques", "Vai receber um cheque para comprar o equipamento."),
        ("passes_cheques", "Deposite o cheque na sua conta."),
        ("passes_cheques", "Riceverà un assegno per comprare il materiale."),
        ("passes_cheques", "Dostanie Pan czek na zakup sprzętu."),
        ("passes_cheques", "Wir stellen Ihnen einen Scheck aus."),
        ("passes_cheques", "Take the check to your bank and cash it."),
        ("passes_cheques", "Our accountant will issue a check so you can buy the equipment."),
        ("passes_cheques", "Wir senden Ihnen vorab einen Scheck, den Sie auf Ihr Konto einzahlen."),
        ("passes_cheques", "Vous déposez le chèque sur votre compte et gardez 200 euros."),
        ("passes_cheques", "Le enviaremos un cheque por correo para que lo cobre."),
        ("passes_cheques", "Enviamos um cheque e você deposita na sua conta."),
        ("passes_parcels", "Parcels come to your home, you put a new label on them and send them on."),
        ("passes_parcels", "You will receive and reship packages from home."),
        ("passes_parcels", "Check the contents of the parcels and forward them to our customers."),
        ("passes_parcels", "Die Pakete kommen zu Ihnen nach Hause und Sie schicken sie weiter."),
        ("passes_parcels", "Sie empfangen Pakete und versenden sie weiter."),
        ("passes_parcels", "Vous recevez des colis chez vous et vous les réexpédiez."),
        ("passes_parcels", "Les paquets arrivent chez vous, vous collez une nouvelle étiquette."),
        ("passes_parcels", "Los paquetes llegan a tu casa y tú los reenvías."),
        ("passes_parcels", "As encomendas chegam a sua casa e você reenvia."),
        ("passes_parcels", "Riceve pacchi a casa e li rispedisce."),
        ("passes_parcels", "Je ontvangt pakketten thuis en stuurt ze door."),
        ("passes_parcels", "Odbiera Pan paczki w domu i nadaje je dalej."),
        ("passes_parcels", "The job is to take in packages and mail them on with a new label."),
        ("passes_parcels", "Du nimmst zu Hause Pakete an und leitest sie weiter."),
        ("passes_parcels", "Votre travail consiste à recevoir des colis et à les renvoyer."),
        ("passes_parcels", "Tu trabajo: recibir paquetes en casa y enviarlos a otra dirección."),
        ("passes_parcels", "O trabalho é receber pacotes em casa e reenviá-los."),
        ("passes_parcels", "Become our home parcel inspector."),
        ("passes_payments", "Payments from our clients arrive in your account and you send them on."),
        ("passes_payments", "You receive transfers from our customers and keep 5% for yourself."),
        ("passes_payments", "Keep ten percent of each payment as your commission."),
        ("passes_payments", "Withdraw the money and send the rest to our supplier."),
        ("passes_payments", "Our buyers pay into your account and you forward the money to us."),
        ("passes_payments", "You take the cash to a Bitcoin machine."),
        ("passes_payments", "Your task is to accept payments on behalf of the company."),
        ("passes_payments", "Die Zahlungen unserer Kunden gehen auf Ihrem Konto ein, und Sie leiten sie weiter."),
        ("passes_payments", "Kunden überweisen das Geld auf Ihr Konto."),
        ("passes_payments", "Sie behalten 10 % als Provision und überweisen den Rest."),
        ("passes_payments", "Von jeder Überweisung dürfen Sie fünf Prozent behalten."),
        ("passes_payments", "Les paiements de nos clients arrivent sur votre compte et vous les transférez."),
        ("passes_payments", "Nos clients versent l'argent sur votre compte."),
        ("passes_payments", "Vous gardez 8 % de chaque virement et vous nous envoyez le reste."),
        ("passes_payments", "Los pagos de nuestros clientes llegan a tu cuenta y tú los reenvías."),
        ("passes_payments", "Nuestros clientes ingresan el dinero en su cuenta."),
        ("passes_payments", "Te quedas con el 10% y el resto nos lo transfieres."),
        ("passes_payments", "Os pagamentos dos nossos clientes chegam à sua conta e você repassa."),
        ("passes_payments", "O dinheiro dos clientes cai na sua conta."),
        ("passes_payments", "Você fica com 10% e transfere o resto."),
        ("passes_payments", "I pagamenti dei nostri clienti arrivano sul suo conto e lei li inoltra."),
        ("passes_payments", "Trattiene il 5% e ci invia il resto."),
        ("passes_payments", "Betalingen van onze klanten komen op jouw rekening binnen en je stuurt ze door."),
        ("passes_payments", "Je houdt 5% en maakt de rest over."),
        ("passes_payments", "Wpłaty naszych klientów trafiają na Pana konto, a Pan przesyła je dalej."),
        ("passes_payments", "Zatrzymuje Pan 5% prowizji."),
        (
            "passes_payments",
            "We need someone to receive money transfers from customers and pass them to our suppliers.",
        ),
        ("passes_payments", "Tu única tarea será recibir pagos de clientes y reenviarlos."),
        ("passes_payments", "A sua tarefa é receber pagamentos de clientes e repassá-los."),
        ("passes_payments", "Votre tâche : encaisser les paiements de nos clients et nous les reverser."),
        (
            "passes_payments",
            "Money from our customers will be paid into your bank account; you then transfer it to our partners.",
        ),
        ("passes_payments", "Clients will transfer funds to your account and you pass them on, minus your 7%."),
        ("passes_payments", "You may keep 8 % of every transfer."),
        ("passes_payments", "Auf Ihrem Konto gehen Gelder unserer Kunden ein, die Sie weiterleiten."),
        ("passes_payments", "Du bekommst das Geld auf dein Konto und überweist es abzüglich 10 % weiter."),
        ("passes_payments", "Vous recevez les virements des clients sur votre compte bancaire et les renvoyez."),
        ("passes_payments", "L'argent des clients arrive sur votre compte, vous en gardez 10 %."),
        ("passes_payments", "Recibirás en tu cuenta los pagos de los clientes."),
        ("passes_payments", "El dinero entra en tu cuenta y lo reenvías, quedándote con un 10 %."),
        ("passes_payments", "Você recebe o dinheiro dos clientes na sua conta e repassa."),
        ("passes_payments", "Recebe as transferências na sua conta e fica com 5%."),
        ("crypto", "You are paid in crypto, USDT or Bitcoin."),
        ("crypto", "We trade cryptocurrencies."),
        ("crypto", "Der Lohn wird in Kryptowährungen gezahlt."),
        ("crypto", "Richten Sie bitte ein Krypto-Wallet ein."),
        ("crypto", "Vous êtes payé en cryptomonnaies."),
        ("crypto", "Achetez des cryptos avec cet argent."),
        ("crypto", "Le salaire est versé en crypto-monnaie."),
        ("crypto", "Compras criptomonedas con ese dinero."),
        ("crypto", "Se paga en una criptomoneda."),
        ("crypto", "O pagamento é em criptomoedas."),
        ("crypto", "Compra uma criptomoeda à escolha."),
        ("crypto", "Lo stipendio è in criptovalute."),
        ("crypto", "Het loon wordt in cryptovaluta betaald."),
        ("crypto", "Wypłata w kryptowalutach."),
        ("crypto", "Buy Bitcoins with the rest."),
        ("crypto", "Wir zahlen in Krypto."),
        ("chat_app", "Add me on WhatsApp."),
        ("chat_app", "My Telegram is below."),
        ("chat_app", "Write to us on Signal."),
        ("chat_app", "Schreiben Sie mir auf WhatsApp."),
        ("chat_app", "Melde dich über Signal."),
        ("chat_app", "Écrivez-moi sur WhatsApp."),
        ("chat_app", "Escríbeme por WhatsApp."),
        ("chat_app", "Háblame al wasap."),
        ("chat_app", "Me chama no zap."),
        ("chat_app", "Manda mensagem pelo Whats."),
        ("chat_app", "Fale connosco pelo WhatsApp."),
        ("chat_app", "Mi scriva su WhatsApp."),
        ("chat_app", "Stuur een appje via WhatsApp."),
        ("chat_app", "Proszę napisać na WhatsAppie."),
        ("chat_app", "Pode me chamar no zap."),
        ("chat_app", "Mande um WhatsApp para este número."),
        ("chat_app", "Contacte-nos via Telegram."),
        ("chat_interview", "The interview is held by chat only."),
        ("chat_interview", "There will be a text-based interview."),
        ("chat_interview", "Message our hiring manager on Telegram to begin."),
        ("chat_interview", "We interview by instant messenger."),
        ("chat_interview", "Das Gespräch führen wir im Chat bei Telegram."),
        ("chat_interview", "Das Interview läuft rein schriftlich per Chat."),
        ("chat_interview", "L'entretien se déroule par chat."),
        ("chat_interview", "Contactez notre recruteuse sur Telegram."),
        ("chat_interview", "La entrevista se hace por chat."),
        ("chat_interview", "Escriba a nuestra reclutadora por Telegram."),
        ("chat_interview", "A entrevista é feita por chat."),
        ("chat_interview", "Il colloquio si fa via chat."),
        ("chat_interview", "Het sollicitatiegesprek is via WhatsApp."),
        ("chat_interview", "Rozmowa odbywa się na czacie."),
        ("chat_interview", "The interview is text-based and takes an hour."),
        ("chat_interview", "Please add our receptionist on WhatsApp to begin."),
        ("chat_interview", "Your interview will be conducted over WhatsApp chat."),
        ("chat_interview", "Das Vorstellungsgespräch läuft über Telegram."),
        ("chat_interview", "Vous passerez l'entretien sur WhatsApp."),
        ("chat_interview", "Te haremos la entrevista por Telegram."),
        ("chat_interview", "Contact our hiring manager on Signal."),
        ("gift_cards", "Please buy five Apple gift cards."),
        ("gift_cards", "Scratch off the back and send me the codes."),
        ("gift_cards", "Kaufen Sie bitte Steam-Guthabenkarten."),
        ("gift_cards", "Besorgen Sie Google-Play-Karten."),
        ("gift_cards", "Kauf drei Amazon-Gutscheine und schick mir die Codes."),
        ("gift_cards", "Achetez trois cartes-cadeaux."),
        ("gift_cards", "Prends des cartes Google Play."),
        ("gift_cards", "Compre tarjetas regalo de Amazon."),
        ("gift_cards", "Compra tres tarjetas de regalo."),
        ("gift_cards", "Compre cartões-presente."),
        ("gift_cards", "Compre cartões de oferta da Apple."),
        ("gift_cards", "Compri delle carte regalo."),
        ("gift_cards", "Koop drie cadeaukaarten."),
        ("gift_cards", "Proszę kupić karty podarunkowe."),
        ("gift_cards", "Could you get some Google Play vouchers for me?"),
        ("gift_cards", "Besorge bitte Geschenkkarten für die Kollegen."),
        ("paid_portal", "Become a Premium member to read this message."),
        ("paid_portal", "Pay 9 euros to see the employer's contact details."),
        ("paid_portal", "An employer has written to you: subscribe to see who."),
        ("paid_portal", "Buy credits to answer."),
        ("paid_portal", "Werden Sie Premium-Mitglied, um die Nachricht zu lesen."),
        ("paid_portal", "Schalten Sie das Angebot jetzt frei."),
        ("paid_portal", "Passez à Premium pour lire le message."),
        ("paid_portal", "Abonnez-vous pour voir qui vous recherche."),
        ("paid_portal", "Hazte Premium para ver la oferta."),
        ("paid_portal", "Suscríbete para ver quién te busca."),
        ("paid_portal", "Torne-se Premium para ver a vaga."),
        ("paid_portal", "Assine o plano premium para responder."),
        ("paid_portal", "Passa a Premium per leggere il messaggio."),
        ("paid_portal", "Word Premium-lid om het bericht te lezen."),
        ("paid_portal", "Wykup konto Premium, aby zobaczyć ofertę."),
        ("paid_portal", "To see the name of the employer you have to upgrade to Premium."),
        ("paid_portal", "Mit Premium können Sie die Nachricht lesen: jetzt freischalten."),
        ("paid_portal", "Il faut un abonnement Premium pour répondre."),
        ("paid_portal", "Necesitas una cuenta Premium para responder."),
        ("paid_portal", "Precisa de um plano Premium para responder."),
    ],
)
def test_what_is_asked_of_the_owner_or_passes_through_them_is_told(signal: str, text: str) -> None:
    assert signal in names(Message(text=text))


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("asks_bank_details", "Our IBAN for the invoice is at the foot of the page."),
        ("asks_bank_details", "Please check with your bank if the card is refused."),
        ("asks_bank_details", "We will never ask you for your bank details."),
        ("asks_bank_details", "The new online banking is here."),
        ("asks_bank_details", "Zahlbar auf unser Konto, IBAN DE00 1234."),
        ("asks_bank_details", "Wir fragen niemals nach Ihrer IBAN."),
        ("asks_bank_details", "Jetzt Girokonto eröffnen und 50 Euro sichern!"),
        ("asks_bank_details", "Règlement par virement, IBAN FR76 1234."),
        ("asks_bank_details", "Hable con su banco si tiene dudas."),
        ("asks_bank_details", "Bonifico sul nostro conto corrente, codice IBAN IT00."),
        ("asks_bank_details", "Numer rachunku do wpłaty: 12 3456."),
        ("asks_bank_details", "I walked along the river to your bank of the canal."),
        ("asks_bank_details", "Wir geben unsere Bankverbindung auf jeder Rechnung an."),
        ("asks_bank_details", "La cuenta del restaurante la pagamos a medias."),
        ("asks_bank_details", "The left bank of the river is sandy."),
        ("asks_bank_details", "Ihre Rechnung: bitte auf das unten genannte Konto überweisen, IBAN DE12."),
        ("asks_bank_details", "Segue o IBAN da associação para as quotas."),
        ("asks_bank_details", "Nuestro número de cuenta es ES12."),
        ("asks_identity_papers", "Here is a selfie of Lena and me at the lake."),
        ("asks_identity_papers", "There are good arguments on both sides."),
        ("asks_identity_papers", "The garden is lovely, front and back."),
        ("asks_identity_papers", "Patient: Meyer, date of birth 12.03.1980."),
        ("asks_identity_papers", "Der Bericht muss die Kosten getrennt ausweisen."),
        ("asks_identity_papers", "Ein Selfie vom Gipfel, liebe Grüße!"),
        ("asks_identity_papers", "Un selfie de nosotros en la playa."),
        ("asks_identity_papers", "Adorei a selfie de vocês."),
        ("asks_identity_papers", "Codice fiscale e partita IVA 01234567890."),
        ("asks_identity_papers", "Please do not send a copy of your passport by mail."),
        ("asks_identity_papers", "Take a photo of the front and back of the chair."),
        ("asks_identity_papers", "Il a une belle pièce avec une carte au mur."),
        ("asks_identity_papers", "Das Zeugnis weist ihn als Meister aus."),
        ("asks_identity_papers", "Denise Kowalczyk, RN, BSN, nurse recruiter."),
        ("asks_money", "Our CV department's fee schedule is unchanged."),
        ("asks_money", "You will never have to pay a fee."),
        ("asks_money", "Your travel costs will be reimbursed."),
        ("asks_money", "There is no registration fee."),
        ("asks_money", "We found a deposit of clay under the barn."),
        ("asks_money", "Thanks for telling me up front."),
        ("asks_money", "Die Anreise wird natürlich erstattet."),
        ("asks_money", "Vielen Dank im Voraus für Ihre Mühe."),
        ("asks_money", "Bitte geben Sie uns vorab kurz Bescheid."),
        ("asks_money", "Merci d'avance pour votre réponse."),
        ("asks_money", "Gracias por adelantado."),
        ("asks_money", "Obrigado e até logo, a taxa de conversão subiu."),
        ("asks_money", "Grazie in anticipo."),
        ("asks_money", "Dziękuję za informację zwrotną."),
        ("asks_money", "Herr Borg kommt morgen."),
        ("asks_money", "We pay your training course and the kit."),
        ("asks_money", "Wir zahlen keine Gebühr."),
        ("asks_money", "We pay 25 euros an hour, in advance if you like."),
        ("asks_money", "We cover the visa and the flight."),
        ("asks_money", "Wir zahlen das Gehalt immer im Voraus."),
        ("asks_money", "Die Kosten übernehmen wir, eine Gebühr gibt es nicht."),
        ("asks_money", "Nous prenons les frais à notre charge."),
        ("asks_money", "Pagamos el viaje y el alojamiento."),
        ("asks_money", "Não pagas nada pela formação."),
        ("asks_money", "No tienes que pagar el curso."),
        ("asks_money", "Vous n'avez rien à payer pour la formation."),
        ("asks_money", "We never ask candidates to pay a deposit."),
        ("asks_money", "Der Blick vom Büro ist schön, im Voraus danke."),
        ("asks_money", "The rent deposit of our neighbours came back."),
        ("asks_money", "Votre salaire est payé chaque fin de mois, sans avance de frais."),
        ("asks_money", "Te pagamos el curso y el uniforme."),
        ("asks_money", "Pagamos-te a formação."),
        ("asks_money", "Paghiamo noi il corso e la divisa."),
        ("asks_money", "Wij betalen je opleiding."),
        ("asks_money", "Szkolenie opłacamy my."),
        ("asks_money", "Proszę o adres zwrotny."),
        ("asks_money", "The application deadline is Friday, and travel costs are paid by us."),
        ("asks_money", "Our training costs are paid in full by the trust."),
        ("asks_codes_or_passwords", "Our staff will never ask for your password or a code."),
        ("asks_codes_or_passwords", "We will never phone you and ask for a security code."),
        ("asks_codes_or_passwords", "Never share your password with anybody."),
        ("asks_codes_or_passwords", "Your verification code is 123456. Do not share it with anyone."),
        ("asks_codes_or_passwords", "You have changed your password."),
        ("asks_codes_or_passwords", "I am key account manager at Dunmore Limited."),
        ("asks_codes_or_passwords", "I sent you the code for the parser yesterday."),
        ("asks_codes_or_passwords", "The dress code will be sent with the invitation."),
        ("asks_codes_or_passwords", "Es ging um nur Tan und Braun als Farben."),
        ("asks_codes_or_passwords", "Frau Tan ruft Sie morgen an."),
        ("asks_codes_or_passwords", "Geben Sie Ihre TAN niemals weiter."),
        (
            "asks_codes_or_passwords",
            "Für das Konto der Firma ist Frau Beck zuständig, bitte bestätigen Sie den Termin.",
        ),
        ("asks_codes_or_passwords", "Cliquez ici pour lire notre lettre."),
        ("asks_codes_or_passwords", "Ne communiquez jamais votre mot de passe."),
        ("asks_codes_or_passwords", "La clave del éxito es la constancia."),
        ("asks_codes_or_passwords", "No comparta nunca su contraseña."),
        ("asks_codes_or_passwords", "Deixei a chave com a vizinha."),
        ("asks_codes_or_passwords", "Nunca informe a sua senha."),
        ("asks_codes_or_passwords", "Você recebe a senha da fila na entrada."),
        ("asks_codes_or_passwords", "Il codice della strada va verificato, poi vediamo."),
        ("asks_codes_or_passwords", "Koden for døren er den samme."),
        ("asks_codes_or_passwords", "The area code of the phone is 0113."),
        ("asks_codes_or_passwords", "Write clean code and send a pull request."),
        ("asks_codes_or_passwords", "Wir verlangen niemals Ihr Passwort oder eine TAN."),
        ("asks_codes_or_passwords", "Nous ne vous demanderons jamais votre mot de passe."),
        ("asks_codes_or_passwords", "Nunca le pediremos su contraseña ni su clave."),
        ("asks_codes_or_passwords", "Nunca pedimos a sua senha."),
        ("asks_codes_or_passwords", "Please update the account plan and confirm the visit."),
        ("asks_codes_or_passwords", "La clave de la entrevista es la puntualidad."),
        ("asks_codes_or_passwords", "Indique a hora em que quer a chave do apartamento."),
        ("asks_codes_or_passwords", "The postcode for the sat nav is on the map; tell me when you have parked."),
        ("asks_codes_or_passwords", "Der Zugangscode der Tür hängt am Brett."),
        ("asks_codes_or_passwords", "Wir senden Ihnen Ihre Zugangsdaten am ersten Tag."),
        ("asks_codes_or_passwords", "Vous recevrez un code promo par la poste."),
        ("asks_codes_or_passwords", "Tenga en cuenta la verificación de asistencia."),
        ("asks_codes_or_passwords", "O código postal é 4000-123."),
        ("asks_codes_or_passwords", "Het account van de klant ligt bij Joost."),
        ("asks_codes_or_passwords", "Kod pocztowy 30-001 Kraków."),
        ("asks_software", "You would run the project with a team of six."),
        ("asks_software", "She runs a task force and an install base of 400 customers."),
        ("asks_software", "En nuestras instalaciones hay un programa de formación."),
        ("asks_software", "Buscamos instalador de placas con programa de obra fijo."),
        ("asks_software", "Das Programm des Abends liegt bei."),
        ("asks_software", "Cerchiamo un installatore di caldaie, programma flessibile."),
        ("asks_software", "Nos installations et le programme de la journée."),
        ("asks_software", "The password for the wifi is on the fridge."),
        ("asks_software", "We install heat pumps; the programme for the week is attached."),
        ("asks_software", "She runs a setup of three lathes."),
        ("asks_software", "Unsere App ist neu, schauen Sie im Laden vorbei."),
        ("asks_software", "Le programme du concert et l'installation des chaises."),
        ("passes_cheques", "I wanted to check whether you got the form I sent."),
        ("passes_cheques", "Please check the equipment before you leave."),
        ("passes_cheques", "We need to check and clear the gutters."),
        ("passes_cheques", "A background check will be sent for approval."),
        ("passes_cheques", "Our vendor portal is down."),
        ("passes_cheques", "There are funds for a new office."),
        ("passes_cheques", "Das Auto ist scheckheftgepflegt."),
        ("passes_cheques", "We do not send you a check to deposit."),
        ("passes_cheques", "Make the cheque out to the parish, please."),
        ("passes_cheques", "Check the deposit box at the gate."),
        ("passes_cheques", "Wir schicken Ihnen die Unterlagen; ein Scheck-Heft gibt es nicht mehr."),
        ("passes_cheques", "Tu cheque-restaurante se activa el lunes."),
        ("passes_cheques", "Vos chèques-vacances sont arrivés."),
        ("passes_parcels", "Your parcel will be delivered to your home address today."),
        ("passes_parcels", "Ihr Paket wurde dem Empfänger zu Hause zugestellt."),
        ("passes_parcels", "Votre colis sera livré à votre domicile."),
        ("passes_parcels", "Vous allez recevoir votre colis demain."),
        ("passes_parcels", "Su paquete llegará a su casa mañana."),
        ("passes_parcels", "A sua encomenda chega a casa amanhã."),
        ("passes_parcels", "Je pakket wordt morgen thuis bezorgd."),
        ("passes_parcels", "Twoja paczka czeka, odbiór paczki do piątku."),
        ("passes_parcels", "The band is on a new label now."),
        ("passes_parcels", "We are looking for a shipping coordinator for the port of Hull."),
        ("passes_parcels", "Wir suchen Zusteller, die Pakete zu Kunden nach Hause bringen."),
        ("passes_parcels", "Chauffeur-livreur: vous livrez les colis à domicile."),
        ("passes_parcels", "Package handler, night shift, at the Hull depot."),
        ("passes_parcels", "Use the package manager of your distribution."),
        ("passes_payments", "We keep 10 copies in the office."),
        ("passes_payments", "Sales rose by 5 percent each quarter."),
        ("passes_payments", "Your refund is on its way, the money will be in your account on Friday."),
        ("passes_payments", "We are hiring an accounts manager and a financial officer."),
        ("passes_payments", "You earn a commission on every sale."),
        ("passes_payments", "I will send you the rest tomorrow."),
        ("passes_payments", "Ria Jansen sends her regards."),
        ("passes_payments", "Den Restbetrag begleichen Sie bei der Abholung."),
        ("passes_payments", "Ihre Zahlung ist auf unserem Konto eingegangen."),
        ("passes_payments", "Die Mitarbeiter behalten 30 Tage Urlaub."),
        ("passes_payments", "Votre paiement a été débité de votre compte."),
        ("passes_payments", "Le reste de l'équipe vous envoie ses amitiés."),
        ("passes_payments", "Hemos recibido su pago, gracias."),
        ("passes_payments", "Recebemos o seu pagamento."),
        ("passes_payments", "Abbiamo ricevuto il pagamento della fattura."),
        ("passes_payments", "Wij hebben uw betaling ontvangen."),
        ("passes_payments", "Otrzymaliśmy przelew na konto."),
        ("passes_payments", "You keep 25 days of leave and every Friday off."),
        ("passes_payments", "Can you send the rest of the documents to me?"),
        ("passes_payments", "Our customers pay by card and your account manager helps."),
        ("passes_payments", "Your salary is paid into your bank account every month."),
        ("passes_payments", "Ihr Gehalt überweisen wir auf Ihr Konto."),
        ("passes_payments", "Votre salaire est viré sur votre compte."),
        ("passes_payments", "Te ingresamos la nómina en tu cuenta."),
        ("passes_payments", "Depositamos o salário na sua conta."),
        ("passes_payments", "Keep me posted about the rest of the week."),
        ("passes_payments", "A commission of 10 % is paid for each sale."),
        ("passes_payments", "Wir behalten 3 Plätze frei."),
        ("passes_payments", "Nous gardons 10 places pour vous."),
        ("passes_payments", "Quedan 10 plazas, reserve la suya."),
        ("passes_payments", "Você fica com 30 dias de férias."),
        ("passes_payments", "Hij houdt van koken."),
        ("passes_payments", "Zatrzymujemy się w Łodzi na 2 dni."),
        ("passes_payments", "The accountant handles payments from customers and the account of the shop."),
        ("crypto", "The crypt below the church is open."),
        ("crypto", "We trained the network on traffic signals, and the trading platform is in Java."),
        ("crypto", "Er forscht zur Kryptographie."),
        ("crypto", "The tetherball court is closed."),
        ("chat_app", "The second draft is better imo."),
        ("chat_app", "We had a lovely hangout on Sunday."),
        ("chat_app", "The signal on the platform was red."),
        ("chat_app", "A quick zap with the drill and it was done."),
        ("chat_app", "Das war ein gutes Signal."),
        ("chat_app", "There was a signal on the line and a signal processing course."),
        ("chat_app", "Der Blick auf das Signal am Bahnhof."),
        ("chat_interview", "Before the interview we could have an informal chat."),
        ("chat_interview", "It is a text-based game."),
        ("chat_interview", "After the interview I will text you."),
        ("chat_interview", "The interview about the signal box is in the paper."),
        ("chat_interview", "Das Interview war ein wichtiges Signal."),
        ("chat_interview", "Nach dem Interview gehen wir auf einen kurzen Chat zum Kaffee."),
        ("chat_interview", "L'entretien se fait dans nos bureaux, le chat de la maison vous accueille."),
        ("chat_interview", "You can message me on WhatsApp."),
        ("gift_cards", "I wrote it from scratch, the code is on the server."),
        ("gift_cards", "Ihr Gutschein-Code für 10 % Rabatt."),
        ("gift_cards", "Une carte et un cadeau pour maman."),
        ("gift_cards", "The Apple event and the Google talk are on cards by the door."),
        ("gift_cards", "Here is the card, and a gift for the baby."),
        ("gift_cards", "Start from scratch; the cards are on the table."),
        ("paid_portal", "We upgraded the boiler, come and see it."),
        ("paid_portal", "Unlock the side door when you arrive."),
        ("paid_portal", "The premium on your policy is due."),
        ("paid_portal", "Bitte den Parkplatz freischalten."),
        ("paid_portal", "Buy the tickets early."),
        ("paid_portal", "We pay you to see clients in their homes."),
    ],
)
def test_innocent_mail_that_shares_words_asks_for_nothing(signal: str, text: str) -> None:
    assert signal not in names(Message(text=text))


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("asks_bank_details", "We will never ask you for your bank details."),
        ("asks_money", "We never ask candidates to pay a deposit."),
        ("asks_money", "No tienes que pagar el curso."),
        ("asks_codes_or_passwords", "Never share your password with anybody."),
        ("asks_codes_or_passwords", "Ne communiquez jamais votre mot de passe."),
        ("asks_codes_or_passwords", "Nunca informe a sua senha."),
        ("asks_codes_or_passwords", "Senden Sie uns niemals Ihr Passwort."),
        ("passes_cheques", "We do not send you a check to deposit."),
    ],
)
def test_an_honest_warning_is_a_denial(signal: str, text: str) -> None:
    found = names(Message(text=text))
    assert f"denies:{signal}" in found
    assert signal not in found


def test_a_denied_phrase_is_its_own_signal() -> None:
    found = names(Message(text="We never ask for a registration fee."))
    assert "denies:asks_money" in found
    assert "asks_money" not in found


def sent(addr_spec: str, name: str = "") -> Message:
    return Message(sender=Address(name, addr_spec), text="hello")


def claims(domain: str, text: str, result: str) -> Message:
    return replace(sent(f"j@{domain}"), text=text, authentication=(Authentication("mx", "dmarc", result, domain),))


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        ("free_mail_sender", sent("bo@gmail.com")),
        ("free_mail_company", sent("acme.hr@gmail.com", "Acme Recruitment")),
        ("platform_verified", replace(sent("x@linkedin.com"), authentication=PASSED)),
        ("lookalike_domain", sent("x@linkedln.com")),
        ("lookalike_domain", sent("x@rnonster.com")),
        ("added_word_domain", sent("x@acme-careers.com")),
        ("hiring_system_sender", sent("no-reply@us.greenhouse-mail.io")),
        ("role_account", sent("no-reply@acme.example")),
        ("punycode_domain", sent("x@xn--acm-dma.example")),
        ("reply_to_free_mail", replace(sent("x@acme.example"), reply_to=(Address("", "x@gmail.com"),))),
        (
            "authentication_fails",
            replace(sent("x@acme.example"), authentication=(Authentication("mx", "dmarc", "fail", "acme.example"),)),
        ),
        ("no_sender", Message(text="hello")),
        ("hidden_text", replace(sent("x@a.example"), hidden="other words")),
        ("invisible_characters", replace(sent("x@a.example"), text="sa\u200bla\u200bry in\u200bside")),
        ("lookalike_letters", replace(sent("x@a.example"), text="your sаlary")),
        (
            "dangerous_attachment",
            replace(sent("x@a.example"), attachments=(Attachment("offer.pdf.scr", "application/x"),)),
        ),
        ("archive_attachment", replace(sent("x@a.example"), attachments=(Attachment("job.zip", "application/zip"),))),
        (
            "link_text_mismatch",
            replace(sent("x@a.example"), links=(Link("www.bank.example", "https://evil.example/x"),)),
        ),
        *(
            (
                "link_text_mismatch",
                replace(sent("x@a.example"), links=(Link("www.bank.example", target),)),
            )
            for target in (
                "https://evil.example#@bank.example/login",
                "https://evil.example?@bank.example",
                "https://bank.example@evil.example/",
                "//evil.example/x",
                "http:\\\\evil.example",
                "https:/evil.example\\@bank.example",
                "ht\ttps://evil.example",
            )
        ),
        ("header:list-id", replace(sent("x@a.example"), list_facts=frozenset({"list-id"}))),
        ("in_thread", replace(sent("x@a.example"), in_reply_to="<1@x>", quoted="as I wrote")),
        ("names_pay", replace(sent("x@a.example"), text="52.000 € a year")),
        (
            "company_elsewhere",
            replace(sent("j@quick-hire.example"), text="I write for Halden Marine Ltd about a post."),
        ),
        ("company_in_domain", claims("haldenmarine.example", "I write for Halden Marine Ltd.", "pass")),
        ("company_in_domain", claims("hms-group.example", "Halden Marine Services GmbH, Kiel", "pass")),
        ("company_in_domain", claims("mueller-bau.example", "Müller Bau GmbH, Kiel", "pass")),
        ("company_in_domain_unproved", claims("haldenmarine.example", "I write for Halden Marine Ltd.", "fail")),
        ("company_in_domain_unproved", claims("haldenmarine.example", "I write for Halden Marine Ltd.", "none")),
        ("company_in_domain_unproved", replace(sent("j@haldenmarine.example"), text="Halden Marine Ltd")),
        ("text_in_attachment", replace(sent("x@a.example"), attachments=(Attachment("offer.pdf", "application/pdf"),))),
        ("pay_out_of_proportion", Message(text="Earn $400 a day, only 1-2 hours a day from your phone.")),
        ("pay_out_of_proportion", Message(text="300 € pro Tag bei nur 2 Stunden am Tag")),
        ("pay_out_of_proportion", Message(text="250 euros par jour pour 2 heures par jour")),
        ("pay_out_of_proportion", Message(text="Ganarás 300 euros al día por 2 horas al día")),
        ("pay_out_of_proportion", Message(text="Ganhe 300 euros por dia com 2 horas por dia")),
    ],
)
def test_a_fact_shows_its_signal(signal: str, message: Message) -> None:
    assert signal in names(message)


@pytest.mark.parametrize(
    "text",
    [
        "£19 an hour, 20 hours a week",
        "We pay 600 € per day for 8 hours a day",
        "1,900 a month for 3 hours a day",
        "2 hours",
    ],
)
def test_ordinary_pay_is_in_proportion(text: str) -> None:
    assert "pay_out_of_proportion" not in names(Message(text=text))


@pytest.mark.parametrize(
    "subject",
    [
        *("Re: the post", "RE: the post", "Re[2]: the post", "AW: Stelle", "Antwort: Stelle", "RE : le poste"),
        *(
            "RES: vaga",
            "R: posto",
            "SV: jobbet",
            "VS: työ",
            "Odp: praca",
            "Antw: baan",
            "Fwd: Re: post",
            "[list] Re: x",
        ),
    ],
)
def test_a_subject_that_answers_is_in_a_thread(subject: str) -> None:
    found = names(replace(sent("x@a.example"), in_reply_to="<1@x>", subject=subject))
    assert "in_thread" in found
    assert "in_thread_unquoted" not in found


@pytest.mark.parametrize(
    "subject", ["", "The post", "Restaurant: staff", "Ref: 1234", "Area manager: a post", "Rechnung"]
)
def test_a_thread_that_nothing_shows_is_claimed_alone(subject: str) -> None:
    found = names(replace(sent("x@a.example"), in_reply_to="<1@x>", subject=subject))
    assert "in_thread_unquoted" in found
    assert "in_thread" not in found
    assert not names(replace(sent("x@a.example"), subject="Re: the post")) & {"in_thread", "in_thread_unquoted"}


def test_a_company_on_free_mail_or_a_platform_is_held_against_no_domain() -> None:
    for address in ("bo@gmail.com", "messages@linkedin.com"):
        assert not names(replace(sent(address), text="Halden Marine Ltd")) & {"company_elsewhere", "company_in_domain"}


ACCUSATIONS = {"lookalike_domain", "added_word_domain", "punycode_domain", "free_mail_sender"}


@pytest.mark.parametrize(
    "domain",
    [
        *("acme.com", "linkedin.com", "bbc.co.uk", "posteo.de", "mailbox.org", "mail.example.org", "outlook.acme.com"),
        # Words that end as an added word does.
        *(
            "lancashire.gov.uk",
            "cheshire.com",
            "network.com",
            "artwork.com",
            "steam.com",
            "coffer.com",
            "flagstaff.com",
        ),
        *("wspolpraca.pl", "citigroup.com", "tele-work.eu", "greenjobs.co.uk", "hr-jobs.nhs.uk", "brighttalent.com"),
        # Neighbours of well-known names.
        *("freelance.de", "freelancers.org", "mall.cz", "salt.ch", "malta.com", "grange.com", "range.co", "laporte.fr"),
        *(
            "libera.chat",
            "minster.co.uk",
            "munster.ie",
            "twister.de",
            "cloud.com",
            "plant.com",
            "telnet.com",
            "week.com",
        ),
        *("bluefin.com", "total.com", "fiver.com", "tella.tv", "seed.com", "sing.com", "indexed.com", "x.gov", "ac.me"),
        # Platforms that are called like one, or have a domain in each country.
        *("hellowork.com", "totaljobs.com", "irishjobs.ie", "infojobs.it", "facebookmail.com", "xing.de", "indeed.fr"),
        # Called like free mail, under a suffix anybody may take.
        *("live.studio", "live.example", "outlook.ai", "yahoo.com.de", "yandex.example"),
    ],
)
def test_an_innocent_domain_is_accused_of_nothing(domain: str) -> None:
    assert not names(sent(f"x@{domain}")) & ACCUSATIONS


@pytest.mark.parametrize(
    ("domain", "imitated"),
    [
        *((one, "linkedin.com") for one in ("linkedln.com", "1inkedin.com", "linkdein.com")),
        *(
            (one, "linkedin.com")
            for one in ("linkedin-jobs.com", "linkedinteam.com", "jobs-linkedin.com", "linkedin.careers")
        ),
        *((one, "linkedin.com") for one in ("linkedin.careers-x.com", "linkdin-vagas.com.br", "linkedln-hr-team.com")),
        ("rnonster.com", "monster.com"),
        ("gmai1.com", "gmail.com"),
        ("gmall.com", "gmail.com"),
        ("outlok.com", "outlook.com"),
        ("yah00.com", "yahoo.com"),
        ("xlng.com", "xing.com"),
        ("faceb00k.com", "facebook.com"),
        ("indeeed.com", "indeed.com"),
        ("indeed-hiring.com", "indeed.com"),
        ("lnfojobs.net", "infojobs.net"),
        ("0range.fr", "orange.fr"),
        ("rnalt.com", "malt.com"),
        ("stepst0ne.de", "stepstone.de"),
    ],
)
def test_an_imitation_is_told_from_what_it_imitates(domain: str, imitated: str) -> None:
    assert imitated_service(domain) == imitated
    assert "lookalike_domain" in names(sent(f"x@mail.{domain}"))


@pytest.mark.parametrize(
    "domain",
    [
        *("yahoo.ca", "yahoo.co.in", "outlook.de", "outlook.fr", "hotmail.be", "hotmail.nl", "live.fr", "live.co.uk"),
        *("pm.me", "seznam.cz", "email.cz", "abv.bg", "ukr.net", "freemail.hu", "home.nl", "hetnet.nl", "telia.com"),
        *("gmx.fr", "yandex.kz", "yandex.com.tr", "poczta.onet.pl", "pop.interia.pl"),
    ],
)
def test_free_mail_is_known_by_its_national_forms(domain: str) -> None:
    assert "free_mail_sender" in names(sent(f"x@{domain}"))


def test_every_domain_of_the_lists_can_be_met() -> None:
    for sites in (FREE_MAIL, PLATFORMS, HIRING_SYSTEMS):
        assert [site for site in sites if registrable(site) != site] == []
    assert PLATFORMS.isdisjoint(FREE_MAIL | HIRING_SYSTEMS)


@pytest.mark.parametrize(
    ("signal", "address"),
    [
        ("platform_sender", "no-reply@jobteaser.com"),
        ("platform_sender", "contact@emails.hellowork.com"),
        ("platform_sender", "x@apec.fr"),
        ("hiring_system_sender", "acme@hire.lever.co"),
        ("hiring_system_sender", "nao-responda@gupy.io"),
    ],
)
def test_platforms_and_hiring_systems_are_known(signal: str, address: str) -> None:
    assert signal in names(sent(address))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Node.js", "https://acme.com/job"),
        ("Offer.pdf", "https://acme.com/offer.pdf"),
        ("www.acme.com", "https://user:word@jobs.acme.com:443/x#@y"),
        ("acme.co.uk/jobs", "//www.acme.co.uk"),
        ("www.acme.com", "mailto:jobs@other.example"),
        ("www.acme.com", "/jobs"),
    ],
)
def test_a_link_that_leads_where_it_says_is_no_mismatch(text: str, target: str) -> None:
    assert "link_text_mismatch" not in names(replace(sent("x@a.example"), links=(Link(text, target),)))


@pytest.mark.parametrize(
    ("domain", "site", "name"),
    [
        ("mail.acme.co.uk", "acme.co.uk", "acme"),
        ("acme.com", "acme.com", "acme"),
        ("", "", ""),
        ("localhost", "localhost", "localhost"),
    ],
)
def test_registrable_domains(domain: str, site: str, name: str) -> None:
    assert (registrable(domain), label(domain)) == (site, name)


@pytest.mark.parametrize(
    ("name", "genuine", "alike"),
    [
        ("linkedln", "linkedin", True),
        ("rnonster", "monster", True),
        ("g00gle", "google", True),
        ("indeeed", "indeed", True),
        ("indeed", "indeed", False),
        ("other", "indeed", False),
        ("abc", "abd", False),
    ],
)
def test_lookalikes(name: str, genuine: str, *, alike: bool) -> None:
    assert is_lookalike(name, genuine) is alike


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("acme-careers", ("acme", "careers")),
        ("acme-group", ("acme", "group")),
        ("acmejobs", ("acme", "jobs")),
        ("acmerecrutement", ("acme", "recrutement")),
        ("acmegroup", None),
        ("acme", None),
        ("jobs", None),
        ("bpjobs", None),
        ("bp-jobs", ("bp", "jobs")),
        ("topjobs", None),
    ],
)
def test_added_words(name: str, parts: tuple[str, str] | None) -> None:
    assert added_word(name) == parts


def test_text_is_folded_to_one_spelling() -> None:
    assert fold("Ｓａｌａｒｙ\u200b").text == "salary"
    assert fold("sаlаry").text == "salary"
    assert fold("зарплата").text == "зарплата"
    assert fold("раyment ѕelected аѕѕіstant вaнк Keep тeam к1к").text == "payment selected assistant bahk keep team к1к"
    assert fold("раyment, b\u0435nk, кeep").lookalikes == 3
    assert fold("sa\U000e0061l\U000e0100ary").text == "salary"
    assert fold("sa\U000e0061l\U000e0100ary").invisible == 2
    assert fold("in \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f").invisible == 0
    assert without_accents("wysłano café größe") == "wyslano cafe grosse"
    assert words_only("see https://x.example/a or a@b.example, 1.200 €!") == "see xurl or xaddr 0 000 €!"
    assert WordText.of("one. two? three").sentences == ["one", ".", "two", "?", "three"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@x.example@y.example", "@ xaddr"),
        ("a@x.example@y.example", "xaddr @y example"),
        ("@@a.b@c.d.", "@@ xaddr"),
        ("b" * 70 + "@x.example", "b" * 6 + " xaddr"),
        ("c@localhost, d@e", "c@localhost d@e"),
    ],
)
def test_an_address_is_what_stands_around_an_at_sign(text: str, words: str) -> None:
    assert words_only(text) == words


def test_a_gap_does_not_cross_a_sentence() -> None:
    book = PhraseBook({"x": ("send .. papers",)})
    assert book.find(["send", "us", "your", "papers"])
    assert not book.find(["send", "us", ".", "your", "papers"])


@given(st.text(max_size=300))
def test_any_text_has_signals_with_quotes(text: str) -> None:
    names(Message(subject=text[:50], text=text, sender=Address(text[:20], f"{text[:5]}@{text[5:20]}")))


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once(text: str) -> None:
    words = words_only(without_accents(fold(text).text))
    assert words_only(words) == words


def test_a_book_finds_the_same_however_many_words_it_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_MAX_KNOWN_WORDS", 5)
    book = PhraseBook({"x": ("send .. papers",), "y": ("prepay* now",)})
    wanted = [("x", 0, 3), ("y", 4, 6)]
    text = ["send", "your", "papers", "please", "prepayment", "now"]
    for number in range(10):
        assert not book.find([f"w{number}", f"v{number}", "papers"])
        assert sorted((one.name, one.start, one.end) for one in book.find(text)) == wanted
    assert len(book._known) + len(book._idle) <= 5
