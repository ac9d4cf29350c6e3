"""The kinds of scam that a verdict may name, and what authors called them.

Every author named the kinds of their own mails, in their own language and as finely as they
liked. What a name says of what the fraud is after decides; how it comes (by a false friend, by
LinkedIn, by a voicemail) only where it says nothing else. A name that no rule knows is
`other_fraud`; a test holds the corpus to names that are known.
"""

import re

from triage.classify.advice import ADVICE

KINDS = tuple(ADVICE)

# Names whose words mislead or say nothing. What their mails are after was looked up in what their authors say of each
# (`why`); a name of several mails goes where most of them do.
BY_NAME = {
    "account_takeover": """
        amiga_pt_conta_roubada code_harvest_recruiter de_friend_hack falso_referido family_card_scam
        freundin_uebernommen friend_account friend_account_hijack_mule friend_in_need friend_instagram
        fwd_from_son_fake gekapertes_konto hijo_whatsapp neighbour_account_taken other_fraud_child_phone
        pair_fr_s pl_kuzyn_konto whatsapp_friend wnuczek_pl
    """,
    "advance_fee": """
        abogados_pago agenzia_finta_it allotment_friend_fake army_pension_job assistente_falsa au_pair_419
        au_pair_fake autoforward badania_blik borg_vooraf bourse_recherche calendar_spam calm_interview
        calm_norway caretaker_of_flat casting casting_book castle_caretaker chain_decisive_below
        chilean_mine_docs clases_es colf_london conference_named conference_staff_scam construction_abroad
        consultancy_paid_by_you cosmetics_starter_stock cousin_notary_fake crew_medical crowd_driver
        crowd_transcription crucero_es cruise_agent cruise_clinic_crude cruise_it cruise_jobs cruise_line_fake
        cruise_medical cruise_ship cruise_ship_jobs data_entry data_entry_polite_es data_harvest_church
        de_impfzentrum deepfake_video_de domestic_couple_uae driver dubai_mall_2007 easy_data_entry
        embassy_recruit empresa_clonada_es emprestimo en_backgroundcheck en_depot_gift en_ticket_agent
        en_trackside_cards enfermera_es enfermeros_exterior ensobrar es_false_police es_ong_volunteer_pay
        es_payroll_portal estafa_crucero estate_office facebook_group facebook_message facebook_modeling
        fake_admin_remote fake_airline_hr fake_amazon_br fake_barista_friend fake_belgian_job fake_bg_check_link
        fake_casting fake_contract_invoice fake_councillor_job fake_cruise_job fake_empfehlung
        fake_escrow_contractor fake_friend_sponsor fake_gov_bgcheck fake_government fake_hospital
        fake_hospital_abroad fake_hospital_uk fake_hr_bigco fake_interim_search fake_journal_editor
        fake_mum_referral fake_named_colleague_short fake_neighbour_referral fake_ngo fake_ngo_un
        fake_nhs_agency fake_offer_letter fake_oil_company fake_railway fake_recruiter_linkedin fake_ref
        fake_referral_hotel fake_referral_named_badly fake_referral_nhs_permit fake_referral_offshore
        fake_referral_whatsapp fake_scholar_job fake_shop_manager fake_stadtwerke_schufa fake_teacher_abroad
        fake_town_hall fake_un fake_un_fr fake_university fake_unpaid_cert falsa_directiva_deposito
        falsa_recomendación falsche_empfehlung falsche_klinik falso_conocido falszywy_kontrakt_pl farmacia_falsa
        fausse_recommandation faux_chef faux_formateur faux_musee_fr faux_parrain faux_parrainage
        faux_parrainage_fr federal_grant_secrecy film_extra_portfolio finta_assicurazione finto_incarico_pec
        forward fr_fake_referral fr_medical_pays fraud_letter friend_bonus_scheme friend_reco_text_en
        game_tester gefaelschter_personaldienst geklonte_firma_de gov_grant_de government_census_job grandma_pl
        grant_assessor hameconnage_emploi harvest_bond hoax_airport_jobs home_assembly hotel_canada_crude
        hotel_es in_house_longform_paid inmail_falso instagram_brand instagram_brand_scam_mail intro_mail_fake
        juridico_remoto_golpe kaucja_katar kleiderpaket kolega_falszywy koperty_pakiet laptop_kauf
        linkedin_recruiter_fake_nl lkw_pl_de magazijn_nl mailroom_clerk ministry_teacher_chile mlm_interview
        mobilisation_levy model_scout modeling_agency modelling modelling_fake municipal_lure nave_it naviera_es
        neef_gekaapt_nl neighbour_orchard_fake nep_factuur_keuring nep_vriendin_werk nigerian_vice_chancellor
        nl_bezorg oferta_falsa_ministerio offshore_rig_offer oil_offer_letter_2006 oil_rig oil_worker_galley
        our_advert_tablet overseas_nurse_quiet overseas_teacher pago_adelantado parcel_van_app_deposit
        payroll_update_with_job pen_assembly_2004 penalty_data_entry pet_transport pflege_ausland pl_ankiety
        pl_zaliczka prepaid_flight priest_caretaker_abroad prima_suplantada pt_aupair_ship pt_caucao pt_cruzeiro
        pt_falso_amigo pt_modelling pt_motorista purchase recomendada_falsa recruiter_imp
        recruitment_of_recruits_irish refund_recruiter relocation_flat_pt reply_to_ad scholarship
        scholarship_internship scratch_card_form seaman_chef_offshore_flawless ship_job_pt short_bait
        slot_for_sale startup_signal_fake storm_impostor student_brand_es teach_abroad_docs test_driver
        thuiswerk_nep_nl tracteur_caution translation_test tuition_museum_it typing_job typing_job_crude_2003
        uk_fruit_farm_agent uniform_boleto urgent_care_fake visa_lottery_hotels vog_nep_nl voluntary_nz_orchard
        warehouse_checker warehouse_fake_recruiter warning_cooperative_fraud website_modelling well_known
        whatsapp_hr_bigco_uk whatsapp_hr_voice whatsapp_interview xing_message zakup_sprzetu
    """,
    "ceo_fraud": """
        boss_vouchers chief_of_staff_gift en_lang_polite_admin fake_colleague_gift fake_referral_shopper
        fake_vicar_cards falscher_chef gift_assistant gutscheinkarten helper_gofund karty_podarunkowe
        personal_assistant_polished voicemail_tax
    """,
    "chat_app_interview": """
        admin_assistant_stock administrative_assistant apology_wrong_number_job calendar_scam conversation_hook
        fake_agency_interview_signal fake_interview_signal_lawyer fake_recruiter_company fake_referral_signal
        hangouts_data_entry linkedin_signal messenger_only_offer one_line_text text_style
    """,
    "crypto": """
        appje_oude_studievriend asesor_inversiones fr_investissement_job interim_contract_onboarding_wallet
        investment_intern low_key_trading trading_floor_seed
    """,
    "extortion": """
        blackmail fake_court rancon
    """,
    "fake_cheque": """
        accepted_offer_equipment_polished adjunct_scam admin_assistant admin_assistant_church
        admin_assistant_errands anziana_it apple_lure assistant_personal calm_contract campus_job
        campus_research_assistant caregiver carer_overseas_family chauffeur_embassy cleaning_friend_named
        conference_host contact_form contact_form_job craigslist_personal_assistant dental en_bus_wrap
        en_checks_tutor en_data_entry en_pet_sitter en_voucher_teacher facebook_marketplace fake_agency_carer
        fake_assistant_job fake_freelance_buyer fake_hr_docs_en fake_inhouse_pt fake_lever_offer
        fake_named_referrer fake_offer_letter_stipend fake_phd_scholarship_assistant fake_professor
        fake_remote_controller fake_research_assistant fake_vineyard_laptop faux_parent_precepteur
        fedex_hr_offer flat_caretaker freelance_translation garde_malade gig_payment_tutor hotel_pt_false
        indeed_message interpreter_fake interview_chat_equipment luxury_house_manager nadplata_laptop nanny
        nanny_gift_cards nanny_giftcard nanny_overseas nep_auto_reclame_nl pair_s payroll_fake_offer
        personal_assistant_gallery personal_assistant_polite personal_assistant_student personal_shopper
        pet_supplies_assistant pl_hw polite_housekeeper polite_research_assistant polite_translator
        professor_personal_assistant receptie_nl resume_reviewed_classic student_job_professor student_lure
        student_research_assistant_prof translation_fake uni_lure wardrobe_errand_assistant x_message
    """,
    "fake_invoice": """
        boleto_falso_ordem changed_account_invoice fake_trade_register fake_tuition_invoice falszywa_faktura
        forward_ceo gefaelschte_rechnung invoice_supplies_fake supplier_change
    """,
    "fake_referral": """
        amiga_falsa de_referral_fake fake_alumni fake_alumni_intro fake_cousin fake_exboss fake_intro
        fr_fakefriend freundin_empfahl friend_referral_fake named_excolleague_documents nl_ref
        pt_indicacao_falsa referral_bonus_scam unnamed_referrer_papers warehouse_friend_fake
    """,
    "identity_harvest": """
        apotheek_nl ats_style ausweis_bankkarte cloned_company dane_kadry_pl dane_przed_rozmowa
        data_entry_bank_login dati_personali daughter_school_fake de_signal decano_falso en_polite_archivist
        en_reference_pack fake_ats_notice fake_authority fake_big_company_offer fake_company_hr
        fake_headhunter_board_linkedin_passport fake_hired_ats fake_hr_grant fake_inhouse_docs
        fake_interview_teams fake_job_centre fake_ministry_theatre fake_offer_bank fake_onboarding
        fake_staffing_w2 falsa_multinacional_codigo falszywe_polecenie friend_recommended_false golpe_cargo
        government_grant_job hospital_porter hospital_preonboarding hotel_laundry_fake identidad_becas_es
        impf_testzentrum late_tell_accounting_partner linkedin_spoof nl_fake_uitzend onboarding_without_meeting
        ordine_falso payroll_other pl_olx_courier portal_falso puerto_es referido_falso retired_captain_fake
        staffing_fake_i9 suplantacion_clinica survey_reviewer_data teletravail_whatsapp veterans_benefit_job
        wa_site_manager_data
    """,
    "impersonation": """
        bank_call de_xing_fake emergency_relative fake_airline fake_amazon fake_construction_foreman
        fake_german_hospital fake_greenhouse fake_hotel_job fake_inmail fake_internal_it fake_law_office
        fake_offer_letter_pdf fake_prefecture_job fake_temp_agency fake_university_post fake_xing fr_linkedin
        hydro_project_statistician_gmail linkedin_real_notice_scam_recruiter recruit_reply_thread_fake
        safe_account_fraud school_pl_fake university_job_fake voicemail_bank
    """,
    "inheritance_419": """
        doacao don_heritage don_mourante dotacja_spadek
    """,
    "lent_account": """
        ai_training ai_training_gig ankieter_konto apartment_job_test conta crowd_delivery_de de_bankaccount
        domiciliation ebay_seller_account en_polite_signal ente_tutor_it fake_indeed fake_onboarding_de
        fake_referral_ident falsche_empfehlung_apptest falscher_konzern_steuerbuero falso_referral
        gefaelschte_jobzusage goods_in_owner_name hr_reply_to_ebay_reseller identity_bank_account
        invoice_clerk_accounts lent_account lent_account_offshore lent_account_pastor lent_profile_account
        nominee_director office_setup_company_account proxy_interview remote_account_gambling_co
        shell_company_director straw_director teaching_de
    """,
    "mail_department": """
        clerk_mail correspondence_clerk_print personal_info_reviewed
    """,
    "malware_lure": """
        archive_exercise arnaque_cv arruolamento_it blockchain_game boleto coding_lure en_2026_ai_training
        fake_founder_polished fake_meeting_app fake_oss_grant fake_recruiter_pl hr_deepfake_style
        interview_zoom_install invoice_attachment linkedin_fake_archive lure_pl_dev macro_cv_template
        probearbeit_de refund_assistant remote_access_interview secretary_invoice_attachment
        tech_support_remote_access test_audio thread_hijack tidy_github_lure wellfound_lure zip_test
    """,
    "money_mule": """
        agency_home_admin_fake agent_account agente_cobros_es apartment_manager art_buyer_assistant
        bank_representative_old bitcoin_assistent bonifico_it book_keeper_parish_fake
        bookkeeping_trial_vendor_payments calm_hospice_admin calm_office charity_donation_coordinator
        charity_fin charity_money_processor_en church_secretary_crude collaboratore_finanziario
        comptable_association consulente_pagamenti_it consultor_escrow_pt courtesy_desk_it_false
        crew_wages_processing crude_job crude_money de_fin_agent deepfake_family_office director_en
        donation_processor_charity drugie_konto en_tenant_agent es_teletrabajo_pagos ex_colleague_alias
        exclusive_hn fake_check_churchwork fake_contract_other fake_council_nl fake_invoice_caterer_job
        fake_parish_treasurer fake_payroll_work fake_recall_unclear fake_recruiter_pay_processing fake_ref_fr
        fake_referral_ledger fake_referral_linkedin fake_referral_named fake_referral_pt
        fake_referred_bookkeeper fake_refund_payroll falscher_freund_konto false_referral familia_es
        family_office_invoice fausse_cooptation faux_cabinet_suisse faux_compte_transit fr_fake_hr_hand
        fr_galerie fr_reference_fausse garden_centre_fake gift_agent_kitchen grant_clerk hmrc_jobseeker
        homecare_account housesitter_estate_manager ident_fr inmail_fake it_operatore_pagamenti
        job_offer_fr_false job_scam_late_tell jobpaket_de kennis_noemde_nep kfz_ueberfuehrung law_escrow
        law_firm_debt_collection local_rental_agent lonely_hr love_and_work mail_assistant_pt
        mail_dept_reviewed_resume mietkonto nanny_bank_fr niby_polecenie_pl nl_bank nl_scam_short
        old_payment_officer padrinho_falso paralegal_wire parish_warning_fraud pay_agent payroll_hijack_job
        payroll_reroute_job pet_shipping_agent pl_agent_celny pl_przedstawiciel polished_home_admin
        polite_accounting polizia_it_corriere praca_z_domu property_manager_money pt_fake_hotel_conta
        pt_processador pt_tesoureiro pt_trading_assistant refund_from_own_account relocation_flat_escrow
        rental_agent rental_viewer segnalazione_it slup sondaggio_it tajemniczy_klient_przekaz
        tenant_fake_landlady_steward treasury_own_account typhoon_donations_processing vriend_nl vriendin_nep_nl
        widow_estate_bookkeeper wire_assist zio_falso
    """,
    "mystery_shopper": """
        clients_mysteres
    """,
    "other_fraud": """
        academic_editor_fr aid_worker_en consultant_pharma de_short farm_tractor_escrow flawless_assistant
        gov_grant_trainee job_scam long_polite_recruiter other_fraud other_fraud_rental
        platform_message_relay_scam polite_broker rental_fake scam_forward
    """,
    "paid_placement": """
        adiantamento cabinet_bilan cadre_poli cassaforte_dirigenti choir_friend_fake directie_nl
        directivo_honorarios_es esclusivo_it fake_agency fake_headhunter fake_recruiter_paid_cv
        fake_referral_nhs_friend fake_search_firm_named_boss falsche_vermittlung_fuehrung faux_cabinet_bilan
        faux_cabinet_cadre flawless_long_late_tell forward_referral fr_long_flawless gutschein_recruiter
        introduction_fake jobportal_pl kostenpflichtige_vermittlung nep_headhunter paid_cv pt_falso_headhunter
        recruiter_cv_rewrite resume_formatting_fee resume_rewrite_gate seriös_klingend
    """,
    "phishing": """
        agenzia_entrate bank_fake_alert banque_fausse celebrity_pa correios_taxa dgfip_agent dopłata_paczka
        excolleague_code executive_spoof_inmail fake_ats_portal fake_calendly fake_google_hr fake_hr_bank_change
        fake_hr_internal fake_hr_onboarding fake_inhouse_background_link fake_inhouse_flawless
        fake_inhouse_portal fake_inps fake_internship_pt fake_jobcentre fake_library fake_payroll_change
        fake_shop_supplier_code fake_tax_refund falszywy_hr_logowanie finto_corriere forward_bank_details
        fr_ami_lien gemeente_nep google_fake_recruiter gym_buddy_fraud hr_lookalike_direct_deposit
        identite_interim idin_code impersonation_agency_bank_change late_giveaway_identity
        linkedin_fake_inmail_notice linkedin_jobs_premium_fake mail_quota microsoft_password nep_onboarding
        nl_fake_gemeente offer_bank_login olx_buyer pacco_brt paket_zoll parcel_redelivery parking_fine
        payroll_change_fake_employer payroll_company_lookalike pl_fake_interview_teams port_notice_fake
        promo_refund reference_claim rental_clerk surgery_clean tax_fake tikkie_verify
        unemployment_benefit_combo usps_smish wallet whatsapp_correos
    """,
    "reshipping": """
        addetto_posta amica_finta_pacchi courier_fake_fr fake_voicemail_courier_job faux_cabinet_chine
        faux_recruteur invite_ship_gifts_2026 it_vestiti lavoro_da_casa luggage pacchi_it pl_kadra_kurier
        przepakowywanie_paczek recruiter_nl reembalagem_pt reenvio reference_style_fake reparto_es
        shipping_job_crude slup_kurier tip_other violin_shop_fake_friend_courier
    """,
    "task_scam": """
        amica_rubata appopt arnaque_tache de_whatsapp_freelance dm_youtube fake_amazon_whatsapp fake_friend
        fr_cryptotask fr_like fr_whatsapp_hr it_linkedin_fake it_test_prodotti meio_periodo_amazon
        nep_recruiter_linkedin_nl nl_hotels nl_whatsapp oneliner paid_survey_job premio_recensioni_it
        product_tester product_tester_refund quoted_offer telegram_bewertung test_fr text_smish
        thuiswerk_whatsapp vendeur_video wa wa_lure_intl whatsapp whatsapp_de whatsapp_hr whatsapp_like_it
        whatsapp_relay_scam x_dm_fake
    """,
    "visa_fee": """
        au_pair au_pair_voorschot care care_abroad care_worker_sponsorship caregiver_abroad
        conference_speaker_nanny cousin_ship cruise dossier_payant dubai_hotel en_seed_farm
        estate_fake_deposit_own fake_hospital_hr fake_ngo_offer fake_volunteer_abroad flight_steward
        immigration_consultant immigration_quebec nanny_of_ship oferta_crucero orchard_seasonal receptionist_it
        ship_agent_referral uk_carer_sponsor
    """,
}

# The first line that fits some whole words of a name decides, so that the narrow stand before the wide;
# `*` stands for any end or beginning of a word.
BY_PART = (
    ("malware_lure", "malware coding_test clickfix"),
    ("phishing", "phish* phishing survey_prize"),
    ("extortion", "extortion sextor*"),
    ("mail_department", "mail_department mail_dept mail_clerk"),
    (
        "mystery_shopper",
        "mystery mystere shopper testkaeufer shopping car_wrap wrap_car vehicle_wrap lyft_wrap voiture_pub survey_spam",
    ),
    ("advance_fee", "parcel_packing"),
    (
        "reshipping",
        "reship* parcel* package packages colis paket* *paket paketagent paczk* pakketjes paquetes warenagent inspector",
    ),
    (
        "lent_account",
        "account_rental rent_account rental_of_bank_account laptop_farm number_renting delivery_app_account",
    ),
    ("lent_account", "app_tester *apptester app_bank_test bank_app_tester account_opening kyc_tester payroll_tester"),
    (
        "lent_account",
        "videoident video_ident postident kontoeroeffnung konto_eroeffnen testkonto produkttester_konto wohnung_test",
    ),
    ("crypto", "crypto* krypto* trading_assistant"),
    (
        "money_mule",
        "mule muletto mula finanzagent geldezel payment_agent payment_process* payments_* payment_coordinator",
    ),
    (
        "money_mule",
        "agent_paiement agente_pag* gestor_pagos przelewy transfert_fonds treuhand cuenta_puente cash_courier",
    ),
    ("money_mule", "bank_transfer* wire_agent escrow_agent payroll_agent"),
    ("fake_cheque", "cheque* chequera assegno scheck fake_check equipment_check overpay* money_order*"),
    ("task_scam", "task* *task taches tarea* tarefa* taken takenscam aufgaben zadania app_optimi*"),
    ("task_scam", "likes like_videos liking* video_lik* curtidas review reviews"),
    ("account_takeover", "account_takeover hacked hijack*"),
    ("chat_app_interview", "chat* telegram signal_interview text_interview"),
    ("romance", "romance"),
    ("inheritance_419", "419 inherit* eredita herencia lotter* loter* donation loan loan_offer prestito"),
    ("ceo_fraud", "ceo* gift_card* giftcard*"),
    ("fake_invoice", "fake_invoice"),
    (
        "identity_harvest",
        "identity* identit* idfraude id documents credit_report harvest* pre_employment pieces_identite",
    ),
    ("visa_fee", "visa visado visto visum lmia work_permit"),
    (
        "paid_placement",
        "exec executive placement* recruitment_fee job_portal* cv_fee board headhunter_fee fuehrungskraft",
    ),
    ("advance_fee", "training course formation schulung szkolenie ausbildungsgebuehr curso corso"),
    (
        "advance_fee",
        "fee fees advance deposit taxa tasa frais gebuehr *gebuehr vorkasse kaution oplata anticipo avance kosten upfront",
    ),
    (
        "advance_fee",
        "equipment equipo apparatuur attrezzatura exam* kit envelope_stuffing work_at_home survey* background_check",
    ),
    ("fake_referral", "fake_referral fake_friend fake_named named_friend friend_recommended"),
    ("impersonation", "impersonat* lookalike fake_linkedin linkedin_fake fake_hr fake_recruiter"),
    ("chat_app_interview", "whatsapp voicemail"),
)


def _fitting(words: str) -> re.Pattern[str]:
    parts = (re.escape(word).replace(r"\*", "[^_]*") for word in words.split())
    return re.compile(rf"(?:^|_)(?:{'|'.join(parts)})(?:_|$)")


_NAMED = {name: kind for kind, names in BY_NAME.items() for name in names.split()}
_FITTING = tuple((kind, _fitting(words)) for kind, words in BY_PART)


def known_kind(kind: str) -> str | None:
    """Return the kind that a verdict names for an author's finer one, None if no rule knows the name."""
    if kind in _NAMED:
        return _NAMED[kind]
    return next((canonical for canonical, pattern in _FITTING if pattern.search(kind)), None)


def canonical_kind(kind: str) -> str:
    """Return the kind that a verdict names for an author's finer one, `other_fraud` for an unknown name."""
    return known_kind(kind) or "other_fraud"
