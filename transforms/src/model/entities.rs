//! The entities of model.md, in an order in which what is referred to stands before what refers to it.

use super::{Child, Entity, Field, Group, Kept, Kind, Presence};
use Group::{Classification, Identification, Information, LegalBasis, Performance, Process, Responsible};
use Kind::{
    Atvk, Boolean, Code, CodeList, Date, Decimal, Duration, Email, Integer, Moment, Pseudonym, RegNo, Text, Timestamp,
    Url,
};

const fn field(name: &'static str, kind: Kind, label_lv: &'static str, label_en: &'static str) -> Field {
    Field {
        name,
        kind,
        list: false,
        presence: Presence::Optional,
        label_lv,
        label_en,
        group: None,
        term: "",
        refers: None,
        binding: false,
    }
}

impl Field {
    const fn required(self) -> Self {
        Self { presence: Presence::Required, ..self }
    }
    const fn due(self) -> Self {
        Self { presence: Presence::Due, ..self }
    }
    const fn list(self) -> Self {
        Self { list: true, ..self }
    }
    const fn group(self, group: Group) -> Self {
        Self { group: Some(group), ..self }
    }
    const fn term(self, term: &'static str) -> Self {
        Self { term, ..self }
    }
    const fn refers(self, entity: &'static str, field: &'static str) -> Self {
        Self { refers: Some((entity, field)), ..self }
    }
    /// What it refers to must be there: without it the record says nothing that can be used.
    const fn binding(self) -> Self {
        Self { binding: true, ..self }
    }
}

const fn child(
    name: &'static str,
    label_lv: &'static str,
    label_en: &'static str,
    group: Group,
    presence: Presence,
    term: &'static str,
    fields: &'static [Field],
) -> Child {
    Child { name, label_lv, label_en, presence, group: Some(group), term, fields }
}

/// Every entity.
pub static ENTITIES: &[&Entity] = &[
    &INSTITUTION,
    &LIFE_EVENT,
    &NEED,
    &SERVICE,
    &APPLICATION,
    &RESOURCE,
    &NEED_SERVICE,
    &SERVICE_RESOURCE,
    &SERVICE_SERVICE,
    &PORTFOLIO,
    &CATALOGUE_ENTRY,
    &SERVICE_REQUEST,
    &STATUS_EVENT,
    &SURVEY_RESPONSE,
    &TECHNOLOGY,
];

/// S2 3.2; cv:PublicOrganisation.
static INSTITUTION: Entity = Entity {
    name: "institution",
    label_lv: "Iestāde",
    label_en: "Institution",
    class: "cv:PublicOrganisation",
    keys: &[&["reg_no"]],
    fields: &[
        field("reg_no", RegNo, "Reģistrācijas numurs", "Registration number").required().term("dct:identifier"),
        field("name", Text, "Nosaukums", "Name").required().term("skos:prefLabel"),
        field("short_name", Text, "Saīsinājums", "Short name").term("skos:altLabel"),
        field("kind", CodeList("institution_kinds"), "Iestādes veids", "Kind").required().term("dct:type"),
        field("parent_reg_no", RegNo, "Augstākā iestāde", "Parent institution")
            .refers("institution", "reg_no")
            .term("org:subOrganizationOf"),
        field("atvk", Atvk, "Teritorija (ATVK)", "Territory (ATVK)").due().term("dct:spatial"),
        field("e_address", Code, "E-adrese", "E-address"),
        field("email", Email, "E-pasts", "E-mail").term("cv:contactPoint/cv:email"),
        field("website", Url, "Tīmekļvietne", "Website").term("foaf:homepage"),
        field("portfolio_manager", Text, "Pakalpojumu kopuma vadītājs", "Service portfolio manager").due(),
        field("social_links", Url, "Sociālo tīklu konti", "Social network accounts").list(),
        field("chatbot_url", Url, "Viedais palīgs", "Chatbot"),
        field("support_l2_phone", Code, "Otrā līmeņa palīdzības tālrunis", "Second-level support telephone")
            .term("cv:contactPoint/cv:telephone"),
        field("status", Text, "Statuss", "Status"),
    ],
    children: &[],
    link: false,
    kept: Kept::Merged,
};

/// S0; S2 P3.
static LIFE_EVENT: Entity = Entity {
    name: "life_event",
    label_lv: "Dzīves situācija",
    label_en: "Life event",
    class: "cv:LifeEvent",
    keys: &[&["code"]],
    fields: &[
        field("code", Code, "Kods", "Code").required().term("dct:identifier"),
        field("name", Text, "Nosaukums", "Name").required().term("dct:title"),
        field("description", Text, "Apraksts", "Description").due().term("dct:description"),
        field("educational_description", Text, "Izglītojošs apraksts", "Educational description"),
        field("audience", CodeList("audiences"), "Saņēmēji", "Audience").due().list(),
    ],
    children: &[],
    link: false,
    kept: Kept::Merged,
};

/// S0; S2 P3: each need belongs to a life event.
static NEED: Entity = Entity {
    name: "need",
    label_lv: "Vajadzība",
    label_en: "Need",
    class: "skos:Concept",
    keys: &[&["code"]],
    fields: &[
        field("code", Code, "Kods", "Code").required().term("skos:notation"),
        field("name", Text, "Nosaukums", "Name").required().term("skos:prefLabel"),
        field("description", Text, "Apraksts", "Description").term("skos:definition"),
        field("life_event_code", Code, "Dzīves situācijas kods", "Life event code")
            .required()
            .refers("life_event", "code")
            .term("dct:relation"),
    ],
    children: &[],
    link: false,
    kept: Kept::Merged,
};

/// The eight description groups of S3 (PU2-7).
static SERVICE: Entity = Entity {
    name: "service",
    label_lv: "Pakalpojums",
    label_en: "Service",
    class: "cpsv:PublicService",
    keys: &[&["virsis_id"], &["owner_reg_no", "code"]],
    fields: &[
        field("code", Code, "Iestādes kods", "Owner's code").group(Identification).required().term("dct:identifier"),
        field("virsis_id", Code, "VIRSIS identifikators", "VIRSIS identifier")
            .group(Identification)
            .term("adms:identifier"),
        field("ep_id", Code, "E-pakalpojuma identifikators", "E-service identifier")
            .group(Identification)
            .term("adms:identifier"),
        field("name", Text, "Nosaukums", "Name").group(Identification).required().term("dct:title"),
        field("short_name", Text, "Īsais nosaukums", "Short name").group(Identification).term("dct:alternative"),
        field("name_en", Text, "Nosaukums angļu valodā", "Name in English").group(Identification).term("dct:title"),
        field("deep_link", Url, "Tiešā saite", "Deep link").group(Identification).term("foaf:page"),
        field("kind", CodeList("service_kinds"), "Pakalpojuma veids", "Service kind")
            .group(Classification)
            .due()
            .term("cv:isClassifiedBy"),
        field("audience", CodeList("audiences"), "Saņēmēji", "Audience")
            .group(Classification)
            .due()
            .list()
            .term("dct:audience"),
        field("themes", CodeList("themes"), "Tēmas", "Themes").group(Classification).list().term("cv:thematicArea"),
        field("cofog", Code, "COFOG funkcija", "COFOG function").group(Classification).term("dct:type"),
        field("keywords", Text, "Atslēgvārdi", "Keywords").group(Classification).list().term("dcat:keyword"),
        field("group_code", Code, "Šablona kods", "Group code").group(Classification),
        field("digital_level", CodeList("digital_levels"), "Digitalizācijas līmenis", "Digital level")
            .group(Classification)
            .term("cv:isClassifiedBy"),
        field("lifecycle", CodeList("lifecycle"), "Statuss", "Life-cycle status")
            .group(Classification)
            .term("adms:status"),
        field("phase", CodeList("phases"), "Pārvaldības posms", "Management phase").group(Classification),
        field("function", Text, "Funkcija", "Function").group(LegalBasis),
        field("delegated", Boolean, "Deleģēts uzdevums", "Delegated task").group(LegalBasis),
        field("owner_reg_no", RegNo, "Pakalpojuma turētājs", "Competent authority")
            .group(Responsible)
            .required()
            .refers("institution", "reg_no")
            .term("cv:hasCompetentAuthority"),
        field("manager_name", Text, "Pakalpojuma vadītājs", "Service manager").group(Responsible).due(),
        field("manager_email", Email, "Pakalpojuma vadītāja e-pasts", "Service manager's e-mail").group(Responsible),
        field("provider_reg_nos", RegNo, "Sniedzēji", "Providers")
            .group(Responsible)
            .list()
            .refers("institution", "reg_no")
            .term("cv:hasParticipation"),
        field("support_l2_phone", Code, "Otrā līmeņa palīdzības tālrunis", "Second-level support telephone")
            .group(Responsible)
            .term("cv:contactPoint/cv:telephone"),
        field("request_channels", CodeList("channels"), "Pieprasīšanas kanāli", "Request channels")
            .group(Process)
            .due()
            .list()
            .term("cv:hasChannel"),
        field("receive_channels", CodeList("channels"), "Saņemšanas kanāli", "Delivery channels")
            .group(Process)
            .list()
            .term("cv:hasChannel"),
        field("in_person_only", Boolean, "Tikai klātienē", "In person only").group(Process),
        field("in_person_reason", Text, "Kāpēc tikai klātienē", "Why in person only").group(Process),
        field("eligibility", Text, "Saņemšanas nosacījumi", "Eligibility").group(Process).term("cv:holdsRequirement"),
        field("inputs", Text, "Iesniedzamie dokumenti", "Inputs").group(Process).list().term("cpsv:hasInput"),
        field("forms", Url, "Veidlapas", "Forms").group(Process).list().term("vk:form"),
        field("expected_time", Duration, "Paredzamais izpildes laiks", "Expected time")
            .group(Process)
            .due()
            .term("cv:processingTime"),
        field("statutory_time", Duration, "Normatīvajos aktos noteiktais laiks", "Statutory time")
            .group(Process)
            .due()
            .term("vk:statutoryTime"),
        field("outputs", Text, "Rezultāts", "Outputs").group(Process).list().term("cpsv:produces"),
        field("territory_atvk", Atvk, "Teritorija", "Territory").group(Process).list().term("dct:spatial"),
        field("auth_levels", CodeList("auth_levels"), "Autentifikācijas līmeņi", "Authentication levels")
            .group(Process)
            .list()
            .term("cv:isClassifiedBy"),
        field("representation_allowed", Boolean, "Var pārstāvēt pilnvarota persona", "Representation allowed")
            .group(Process),
        field("appeal_channels", CodeList("channels"), "Apstrīdēšanas kanāli", "Appeal channels").group(Process).list(),
        field("appeal_term", Duration, "Apstrīdēšanas termiņš", "Appeal term").group(Process),
        field("annual_requests", Integer, "Pieprasījumi gadā", "Requests a year").group(Performance),
        field("rating_avg", Decimal, "Vidējais vērtējums", "Average rating").group(Performance),
        field("rating_count", Integer, "Vērtējumu skaits", "Number of ratings").group(Performance),
        field("description", Text, "Apraksts", "Description").group(Information).due().term("dct:description"),
        field("suggestion_link", Url, "Saite ierosinājumiem", "Link for suggestions")
            .group(Information)
            .term("cv:contactPoint/cv:contactPage"),
    ],
    children: &[
        child(
            "legal_acts",
            "Normatīvie akti",
            "Legal acts",
            LegalBasis,
            Presence::Due,
            "cv:hasLegalResource",
            &[
                field("title", Text, "Nosaukums", "Title").required().term("dct:title"),
                field("url", Url, "Saite", "Link").term("foaf:page"),
                field("clause", Text, "Pants vai punkts", "Clause").term("cpsv:follows"),
            ],
        ),
        child(
            "steps",
            "Izpildes soļi",
            "Steps",
            Process,
            Presence::Optional,
            "",
            &[
                field("no", Integer, "Nr.", "No."),
                field("name", Text, "Solis", "Step").required(),
                field("expected_time", Duration, "Paredzamais laiks", "Expected time"),
                field("client_visible", Boolean, "Redzams klientam", "Visible to the client"),
            ],
        ),
        child(
            "fees",
            "Maksa",
            "Fees",
            Process,
            Presence::Optional,
            "cv:hasCost",
            &[
                field("amount", Decimal, "Summa", "Amount").required().term("cv:hasValue"),
                field("currency", Code, "Valūta", "Currency").term("cv:currency"),
                field("note", Text, "Piezīme", "Note").term("dct:description"),
            ],
        ),
        child(
            "kpis",
            "Galvenie darbības rādītāji",
            "Key performance indicators",
            Performance,
            Presence::Optional,
            "",
            &[
                field("code", Text, "Rādītājs", "Indicator").required(),
                field("target", Decimal, "Mērķis", "Target"),
                field("unit", Text, "Mērvienība", "Unit"),
                field("period", Text, "Periods", "Period"),
            ],
        ),
        child(
            "faq",
            "Biežāk uzdotie jautājumi",
            "Frequently asked questions",
            Information,
            Presence::Optional,
            "",
            &[field("question", Text, "Jautājums", "Question").required(), field("answer", Text, "Atbilde", "Answer")],
        ),
    ],
    link: false,
    kept: Kept::Merged,
};

/// S2: services and their applications are registered.
static APPLICATION: Entity = Entity {
    name: "application",
    label_lv: "Pakalpojuma lietotne",
    label_en: "Service application",
    class: "cv:Channel",
    keys: &[&["code"]],
    fields: &[
        field("code", Code, "Kods", "Code").required().term("dct:identifier"),
        field("service_code", Code, "Pakalpojuma kods", "Service code").required().refers("service", "code"),
        field("owner_reg_no", RegNo, "Pakalpojuma turētājs", "Competent authority")
            .refers("institution", "reg_no")
            .term("cv:ownedBy"),
        field("kind", CodeList("application_kinds"), "Veids", "Kind").required().term("dct:type"),
        field("platform", Text, "Platforma", "Platform"),
        field("url", Url, "Adrese", "Address").term("foaf:page"),
        field("auth_levels", CodeList("auth_levels"), "Autentifikācijas līmeņi", "Authentication levels").list(),
        field("api_url", Url, "API adrese", "API address").term("vk:api"),
    ],
    children: &[],
    link: false,
    kept: Kept::Merged,
};

/// S2 P3.
static RESOURCE: Entity = Entity {
    name: "resource",
    label_lv: "Resurss",
    label_en: "Resource",
    class: "dcat:Resource",
    keys: &[&["code"]],
    fields: &[
        field("code", Code, "Kods", "Code").required().term("dct:identifier"),
        field("name", Text, "Nosaukums", "Name").required().term("dct:title"),
        field("kind", CodeList("resource_kinds"), "Veids", "Kind").required().term("dct:type"),
        field("technology_group", CodeList("technology_groups"), "Tehnoloģiju grupa", "Technology group")
            .term("dct:subject"),
        field("owner_reg_no", RegNo, "Turētājs", "Owner")
            .required()
            .refers("institution", "reg_no")
            .term("dct:publisher"),
        field("endpoint_url", Url, "Piekļuves adrese", "Endpoint address").term("dcat:endpointURL"),
        field("description", Text, "Apraksts", "Description").term("dct:description"),
    ],
    children: &[],
    link: false,
    kept: Kept::Merged,
};

/// S2 P3: each need is linked to the services that meet it.
static NEED_SERVICE: Entity = Entity {
    name: "need_service",
    label_lv: "Vajadzības saite ar pakalpojumu",
    label_en: "Link need-service",
    class: "",
    keys: &[&["need_code", "owner_reg_no", "service_code"]],
    fields: &[
        field("need_code", Code, "Vajadzības kods", "Need code").required().refers("need", "code"),
        field("owner_reg_no", RegNo, "Pakalpojuma turētājs", "Competent authority")
            .required()
            .refers("institution", "reg_no"),
        field("service_code", Code, "Pakalpojuma kods", "Service code").required().refers("service", "code"),
    ],
    children: &[],
    link: true,
    kept: Kept::Merged,
};

/// S2 P3, S3: critical components of a service.
static SERVICE_RESOURCE: Entity = Entity {
    name: "service_resource",
    label_lv: "Pakalpojuma saite ar resursu",
    label_en: "Link service-resource",
    class: "",
    keys: &[&["owner_reg_no", "service_code", "resource_code"]],
    fields: &[
        field("owner_reg_no", RegNo, "Pakalpojuma turētājs", "Competent authority")
            .required()
            .refers("institution", "reg_no"),
        field("service_code", Code, "Pakalpojuma kods", "Service code").required().refers("service", "code"),
        field("resource_code", Code, "Resursa kods", "Resource code").required().refers("resource", "code"),
        field("critical", Boolean, "Kritiska komponente", "Critical component"),
    ],
    children: &[],
    link: true,
    kept: Kept::Merged,
};

/// S3, description group 6.
static SERVICE_SERVICE: Entity = Entity {
    name: "service_service",
    label_lv: "Pakalpojumu saite",
    label_en: "Link service-service",
    class: "",
    keys: &[&["owner_reg_no", "service_code", "related_owner_reg_no", "related_code", "kind"]],
    fields: &[
        field("owner_reg_no", RegNo, "Pakalpojuma turētājs", "Competent authority")
            .required()
            .refers("institution", "reg_no"),
        field("service_code", Code, "Pakalpojuma kods", "Service code").required().refers("service", "code"),
        field("related_owner_reg_no", RegNo, "Saistītā pakalpojuma turētājs", "Authority of the related service")
            .required()
            .refers("institution", "reg_no"),
        field("related_code", Code, "Saistītā pakalpojuma kods", "Related service code")
            .required()
            .refers("service", "code"),
        field("kind", CodeList("service_link_kinds"), "Saites veids", "Kind of link").required(),
        field("critical", Boolean, "Kritiska komponente", "Critical component"),
    ],
    children: &[],
    link: true,
    kept: Kept::Merged,
};

/// What an institution should offer; `item` is the code of either column, since one of the two is always empty.
static PORTFOLIO: Entity = Entity {
    name: "portfolio",
    label_lv: "Pakalpojumu portfelis",
    label_en: "Service portfolio",
    class: "",
    keys: &[&["reg_no", "item"]],
    fields: &[
        field("reg_no", RegNo, "Iestāde", "Institution").required().refers("institution", "reg_no"),
        field("item", Code, "Pakalpojuma vai šablona kods", "Service or group code").required(),
        field("service_code", Code, "Pakalpojuma kods", "Service code"),
        field("group_code", Code, "Šablona kods", "Group code"),
        field("since", Date, "No", "Since"),
        field("until", Date, "Līdz", "Until"),
    ],
    children: &[],
    link: false,
    kept: Kept::Merged,
};

/// S2 P1, P3; S4: an offer may group several services.
static CATALOGUE_ENTRY: Entity = Entity {
    name: "catalogue_entry",
    label_lv: "Piedāvājums katalogā",
    label_en: "Catalogue entry",
    class: "",
    keys: &[&["catalogue", "entry_id"]],
    fields: &[
        field("catalogue", CodeList("catalogues"), "Katalogs", "Catalogue").required(),
        field("entry_id", Code, "Identifikators", "Identifier").required(),
        field("name", Text, "Nosaukums", "Name").required(),
        field("url", Url, "Adrese", "Address"),
        field("service_codes", Code, "Pakalpojumu kodi", "Service codes").list().refers("service", "code"),
        field("owner_reg_no", RegNo, "Pakalpojuma turētājs", "Competent authority").refers("institution", "reg_no"),
        field("published_on", Date, "Publicēts", "Published on"),
        field("content_hash_seen", Code, "Satura kontrolsumma", "Content hash seen"),
    ],
    children: &[],
    link: false,
    kept: Kept::Merged,
};

/// S2 2.3, P8.
static SERVICE_REQUEST: Entity = Entity {
    name: "service_request",
    label_lv: "Pieteikums",
    label_en: "Service request",
    class: "",
    keys: &[&["institution_reg_no", "request_no"]],
    fields: &[
        field("institution_reg_no", RegNo, "Iestāde", "Institution").required().refers("institution", "reg_no"),
        field("request_no", Code, "Pieteikuma numurs", "Request number").required(),
        field("kind", CodeList("request_kinds"), "Pieteikuma veids", "Kind of request").required(),
        field("service_code", Code, "Pakalpojuma kods", "Service code").refers("service", "code").binding(),
        field("channel", CodeList("channels"), "Kanāls", "Channel"),
        field("applicant_kind", CodeList("audiences"), "Pieteicēja veids", "Kind of applicant"),
        field("applicant_hash", Pseudonym, "Pieteicējs (pseidonīms)", "Applicant (pseudonym)"),
        field("submitted_at", Timestamp, "Iesniegts", "Submitted at"),
        field("closed_at", Timestamp, "Pabeigts", "Closed at"),
        field("state", CodeList("states"), "Stāvoklis", "State"),
        field("result", CodeList("results"), "Rezultāts", "Result"),
        field("due_at", Timestamp, "Termiņš", "Due at"),
        field("url", Url, "Adrese", "Address"),
    ],
    children: &[],
    link: false,
    kept: Kept::PerSource,
};

/// S2 P8, 4.3.4. The key is what an event is known by where its source gives it no id; the lake tells events apart by
/// their raw state and sequence too.
static STATUS_EVENT: Entity = Entity {
    name: "status_event",
    label_lv: "Statusa notikums",
    label_en: "Status event",
    class: "",
    keys: &[&["institution_reg_no", "request_no", "at", "state"]],
    fields: &[
        field("institution_reg_no", RegNo, "Iestāde", "Institution").required(),
        field("request_no", Code, "Pieteikuma numurs", "Request number").required(),
        field("event_id", Code, "Notikuma identifikators", "Event id"),
        field("seq", Integer, "Kārtas numurs", "Sequence number"),
        field("state", CodeList("states"), "Stāvoklis", "State").required(),
        field("at", Moment, "Laiks", "Time").required(),
        field("step_no", Code, "Soļa numurs", "Step number"),
        field("actor_role", Text, "Veicēja loma", "Role of the actor"),
        field("derivation", CodeList("derivations"), "Izcelsme", "Derivation").required(),
    ],
    children: &[],
    link: false,
    kept: Kept::Lake,
};

/// S2 annex 1; one record an answer. An earlier submission of the same respondent stays beside the later one.
static SURVEY_RESPONSE: Entity = Entity {
    name: "survey_response",
    label_lv: "Aptaujas atbilde",
    label_en: "Survey response",
    class: "",
    keys: &[&["wave", "respondent_reg_no", "submitted_at", "question"]],
    fields: &[
        field("wave", Code, "Aptauja", "Survey wave").required(),
        field("respondent_reg_no", RegNo, "Respondents", "Respondent").required().refers("institution", "reg_no"),
        field("question", Code, "Jautājums", "Question").required(),
        field("option", Code, "Atbildes variants", "Option"),
        field("value_raw", Text, "Atbilde", "Answer"),
        field("submitted_at", Timestamp, "Iesniegta", "Submitted at").required(),
    ],
    children: &[],
    link: false,
    kept: Kept::Merged,
};

/// What an institution uses for what (S2 annex 1).
static TECHNOLOGY: Entity = Entity {
    name: "technology",
    label_lv: "Izmantotā tehnoloģija",
    label_en: "Technology in use",
    class: "",
    keys: &[&["reg_no", "purpose", "system"]],
    fields: &[
        field("reg_no", RegNo, "Iestāde", "Institution").required().refers("institution", "reg_no"),
        field("purpose", CodeList("purposes"), "Nolūks", "Purpose").required(),
        field("system", CodeList("systems"), "Sistēma", "System").required(),
        field("since", Date, "No", "Since"),
    ],
    children: &[],
    link: false,
    kept: Kept::Merged,
};
