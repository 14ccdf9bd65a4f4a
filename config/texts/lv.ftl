# Visi teikumi, ko vienkop saka cilvēkiem. Te tos drīkst pārveidot; ja kāda teksta nav, der programmā iebūvētais.
# Mainīgie { $… } abās valodās ir vieni un tie paši.

### Konstatējumi: faili

F001-title = Faila nav
F001-message = Nav atrasts „{ $value }”.
F001-remedy = Pārbaudiet, vai fails ir nolikts paredzētajā mapē un vai tā nosaukums nav mainījies.
F001-explain = Avota konfigurācijā (sadaļā [fetch]) ir norādīts fails, mape vai arhīva sastāvdaļa, ko nevar atrast. No šī avota netiek ielādēts nekas, reģistrā paliek iepriekšējā piegāde. Biežākais iemesls ir pārdēvēts fails; tuvākos atrastos nosaukumus rāda padomā.

F002-title = Fails ir tukšs
F002-message = Failā nav datu.
F002-remedy = Izveidojiet eksportu no jauna un pārbaudiet, vai failā ir rindas.
F002-explain = Failā nav neviena baita vai ir tikai tukšas rindas. Tukšu failu nekad neuzskata par ziņu, ka viss ir izņemams: no tā neko neielādē, un reģistra dati paliek neskarti.

F003-title = Tikai virsraksti
F003-message = Zem kolonnu virsrakstiem nav nevienas rindas.
F003-remedy = Pārbaudiet, vai eksporta atlase nav par šauru, un atsūtiet failu no jauna.
F003-explain = Fails ir lasāms un virsraksti ir atrasti, bet ierakstu nav. Pilnā piegādē tas nozīmētu, ka jāizņem visi avota ieraksti, tāpēc ielāde gaida apstiprinājumu.

F004-title = Cits saturs, nekā gaidīts
F004-message = Fails pēc satura nav tas, par ko uzdodas: { $value }.
F004-remedy = Atsūtiet pašu datu failu, nevis lejupielādes lapu vai failu ar mainītu paplašinājumu.
F004-explain = Faila saturs neatbilst tā nosaukumam vai avota konfigurācijai, piemēram, ar paplašinājumu .xlsx saglabāta tīmekļa lapa. Tā notiek, ja lejupielādes brīdī ir beigusies autorizācija vai failam ar roku mainīts paplašinājums. No faila neko neielādē.

F005-title = Bojāts fails
F005-message = Fails ir bojāts vai aprauts, to nevar izlasīt līdz galam.
F005-remedy = Atveriet failu programmā, kurā tas veidots, saglabājiet no jauna un atsūtiet vēlreiz.
F005-explain = Failu nevarēja izlasīt līdz beigām: trūkst tā daļas vai ir pārkāpti formāta likumi. Pusi piegādes neielādē nekad, jo trūkstošos ierakstus tad nāktos izņemt. Reģistrā paliek iepriekšējie dati.

F006-title = XML ar dokumenta tipa deklarāciju
F006-message = XML failā ir dokumenta tipa deklarācija (DOCTYPE), tādus failus drošības dēļ nelasa.
F006-remedy = Iestatiet eksportu tā, lai XML failā nebūtu DOCTYPE rindas.
F006-explain = Dokumenta tipa deklarācijā var ierakstīt entītijas, kas lasīšanas brīdī izvēršas gigabaitos vai atver citus failus. Datu apmaiņai deklarācija nav vajadzīga, tāpēc failus ar to noraida.

F007-title = Pārsniegts drošības ierobežojums
F007-message = Pārsniegts drošības ierobežojums: ne vairāk kā { $expected } (iestatījums { $hint }).
F007-remedy = Pārbaudiet, vai fails ir pareizais; ja tam tiešām jābūt tik lielam, lūdziet vienkop uzturētāju palielināt iestatījumu.
F007-explain = Katram failam ir atļauts tikai noteikts apjoms: baiti, kolonnas, lauka garums, ligzdojuma dziļums, arhīva saspiešanas pakāpe. Tas sargā no arhīviem, kas izvēršas bezgalīgi, un no nejauši aizpildītām lapām. Ierobežojumi stāv faila config/vienkop.toml sadaļā [limits].

F008-title = Nepareizs kodējums
F008-message = Faila baiti neatbilst rakstzīmju kodējumam.
F008-remedy = Saglabājiet failu UTF-8 kodējumā vai pasakiet vienkop uzturētājam, kādā kodējumā tas ir.
F008-explain = Rakstzīmju kodējums nosaka, kuri baiti ir kuri burti. Ja avota konfigurācijā norādītais vai atpaztais kodējums failam neder, burti ar garumzīmēm un mīkstinājuma zīmēm kļūtu par citām zīmēm, tāpēc failu neielādē. Kodējumu nosaka avota konfigurācijas sadaļā [format] ar „encoding”.

F009-title = Sabojāti burti
F009-message = Latviešu burti faila tekstos ir sabojāti jau pirms eksporta ({ $value }).
F009-remedy = Atrodiet, kurā solī teksti tiek pārkodēti nepareizi, un eksportējiet no jauna.
F009-explain = Tekstos „ā”, „č” un „š” vietā stāv tādas zīmes kā „â”, „è” un „ð”. Tas notiek, ja windows-1257 teksts kādā sistēmā ir izlasīts kā windows-1252 un tā arī saglabāts. Ieraksti ir ielādēti tādi, kādi tie ir, jo droši atjaunot burtus var tikai pie avota.

F010-title = Nav atrasta tabula
F010-message = Piegādē nav darblapas, virsrakstu rindas vai ierakstu ceļa, kas norādīts avota konfigurācijā.
F010-remedy = Pārbaudiet, vai darblapa nav pārdēvēta un vai tabulas uzbūve nav mainījusies; ja mainījusies, pasakiet to vienkop uzturētājam.
F010-explain = Avota konfigurācijas sadaļa [table.read] pasaka, kurā darblapā, rindā vai XML un JSON ceļā ir dati. Šajā piegādē tādas vietas nav. No tabulas neko neielādē, reģistra dati paliek. Tuvākos atrastos nosaukumus rāda padomā.

F011-title = Darbgrāmata ar paroli
F011-message = Fails ir aizsargāts ar paroli.
F011-remedy = Noņemiet paroli un atsūtiet failu pa drošu kanālu.
F011-explain = Ar paroli aizsargāts fails ir šifrēts, un bez paroles to nevar izlasīt. Paroles vienkop neglabā.

F012-title = Pieņēmums
F012-message = Pieņemts: { $expected } ir „{ $value }”.
F012-remedy = Ja pieņēmums ir pareizs, nekas nav jādara; lai tas nemainītos, to var ierakstīt avota konfigurācijā.
F012-explain = Ko avota konfigurācija nepasaka (kodējumu, atdalītāju, virsrakstu rindu), to nosaka pēc faila satura. Katrs tāds pieņēmums ir redzams. Ja to ieraksta avota konfigurācijā tā, kā rāda padoms, nākamās piegādes lasīs tieši tāpat.

F013-title = Neizmantota kolonna
F013-message = Kolonnu „{ $column }” neizmanto neviens lauks.
F013-remedy = Ja kolonnā ir reģistram vajadzīgas ziņas, pasakiet to vienkop uzturētājam.
F013-explain = Piegādē ir kolonna, ko avota konfigurācija nepiemin. Tā nav kļūda, bet jauna kolonna mēdz nozīmēt, ka iestāde sākusi uzskaitīt ko jaunu.

F014-title = Trūkst kolonnas
F014-message = Piegādē nav kolonnas „{ $column }”.
F014-remedy = Pārbaudiet, vai kolonna nav pārdēvēta vai izdzēsta.
F014-explain = Avota konfigurācijā ir norādīta kolonna, kuras šajā piegādē nav. Kolonnas trūkums nav tas pats, kas tukša šūna: atbilstošais lauks reģistrā paliek, kāds bijis. Ja kolonna ir pārdēvēta, avota konfigurācijā var norādīt abus virsrakstus.

F015-title = Lasīšana pārtrūka
F015-message = Lasīšana pārtrūka, un vaina nav failā: { $value }.
F015-remedy = Palaidiet avotu vēlreiz; ja tas atkārtojas, nododiet šo ziņojumu un failu vienkop uzturētājam.
F015-explain = Failu nevarēja izlasīt līdz galam tāpēc, ka disks, tīkla mape vai pati programma to neļāva, nevis tāpēc, ka fails būtu bojāts. No šī avota netiek ielādēts nekas, reģistrā paliek iepriekšējā piegāde; pārējie avoti turpina darbu.

F016-title = Nav piekļuves
F016-message = „{ $value }” ir savā vietā, bet to nav atļauts lasīt.
F016-remedy = Piešķiriet lietotājam, ar kuru darbojas vienkop, tiesības lasīt šo failu un mapi.
F016-explain = Fails vai mape, ko norāda avota konfigurācija (sadaļa [fetch]), ir atrasta, bet operētājsistēma neļauj to atvērt. No šī avota netiek ielādēts nekas, reģistrā paliek iepriekšējā piegāde.

### Konstatējumi: rindas

R001-title = Rindā trūkst šūnu
R001-message = Šūnu skaits rindā: { $value }, kolonnu skaits: { $expected }.
R001-remedy = Pārbaudiet, vai rinda nav pārrauta vai kāds atdalītājs nav izdzēsts.
R001-explain = Teksta failā rindai ir mazāk šūnu nekā kolonnu. Trūkstošās šūnas rindas beigās pieņem par tukšām un rindu ielādē.

R002-title = Rindā ir liekas šūnas
R002-message = Šūnu skaits rindā: { $value }, kolonnu skaits: { $expected }.
R002-remedy = Ielieciet pēdiņās tekstu, kurā ir atdalītājs, vai izdzēsiet liekās šūnas.
R002-explain = Teksta failā rindai ir vairāk šūnu nekā kolonnu. Visbiežāk atdalītājs ir iekļuvis tekstā, kas nav pēdiņās, un visas šūnas aiz tā ir pavirzījušās. Kura vērtība ir kurā kolonnā, nav zināms, tāpēc šī viena rinda ir karantīnā; pārējās ir ielādētas.

R003-title = Neaizvērtas pēdiņas
R003-message = Pēdiņas ir atvērtas, bet nav aizvērtas.
R003-remedy = Aizveriet pēdiņas vai dubultojiet tās, ja tās ir daļa no teksta.
R003-explain = CSV failā pēdiņas tur kopā šūnas tekstu. Ja tās nav aizvērtas, viena šūna aprītu visu atlikušo failu. Tāpēc karantīnā ir tikai šī rinda, un lasīšana turpinās ar nākamo.

R004-title = Vadības zīmes
R004-message = Rindā ir vadības zīmes, kuru tekstā nedrīkst būt.
R004-remedy = Izdzēsiet neredzamās zīmes avota sistēmā un eksportējiet no jauna.
R004-explain = Nulles baiti un citas vadības zīmes parasti ir pēdas no bojāta eksporta vai pārrautas pārsūtīšanas. Šāda rinda ir karantīnā, lai sabojāts teksts nenonāktu reģistrā.

R005-title = Kļūda Excel šūnā
R005-message = Šūnā ir Excel kļūda { $value }.
R005-remedy = Izlabojiet formulu vai ierakstiet vērtību.
R005-explain = Šūnā ir formula, kas beidzas ar kļūdu (#REF!, #N/A, #DIV/0! u. c.). Vērtības nav; ja šūna ir laukam, kura vērtība vajadzīga, par to ir arī V023.

R006-title = Formula bez vērtības
R006-message = Šūnas formulai nav aprēķinātas vērtības.
R006-remedy = Atveriet darbgrāmatu programmā Excel, pārrēķiniet (F9) un saglabājiet.
R006-explain = Darbgrāmatā līdzās formulām glabājas to pēdējās vērtības. Ja failu ir izveidojusi cita programma un Excel to nav saglabājis, vērtību nav; ja šūna ir laukam, kura vērtība vajadzīga, par to ir arī V023. Formulas vienkop nerēķina.

R007-title = Nav ieraksts
R007-message = Te vajadzētu būt ierakstam, bet tā nav.
R007-remedy = Pārbaudiet, kā top eksports: katram ierakstam jābūt savam objektam vai savai rindai.
R007-explain = JSON failā katrs ieraksts ir objekts: masīva elements vai viena rinda (NDJSON). Šajā vietā ir kas cits: rinda, kas nav JSON, vai elements, kas nav objekts. Karantīnā ir tikai tas; pārējie ieraksti ir ielādēti.

### Konstatējumi: tīkls

N001-title = Serveris nav sasniedzams
N001-message = Serveris neatbild: { $value ->
        [name] tā nosaukumu nezina nosaukumu dienests (DNS)
        [connect] šajā adresē un portā savienojumus nepieņem
        [time] atbilde nav saņemta atļautajā laikā
        [tls] neizdodas vienoties par šifrētu savienojumu
        [broke] savienojums pārtrūka pusceļā
       *[other] { $value }
    }.
N001-remedy = Pārbaudiet, vai serveris darbojas un vai no šīs iekārtas tas ir pieejams (nosaukums, ports, ugunsmūris); pēc tam palaidiet avotu vēlreiz.
N001-explain = Pieprasījums ir mēģināts tik reižu, cik norāda „attempts” sadaļā [fetch.server], ar arvien garākām pauzēm. No šī avota netiek ielādēts nekas, un tā kursors paliek uz vietas; saņemtās lapas ir saglabātas, un nākamā palaišana turpinās no tām. Vides mainīgajos norādītos starpniekserverus neizmanto: serverim jābūt sasniedzamam tieši.

N002-title = Sertifikāts nav derīgs
N002-message = { $value } sertifikāts neapliecina, kas ir šis serveris: { $expected ->
        [expired] tam beidzies termiņš
        [early] tas vēl nav stājies spēkā
        [issuer] tā izdevējs nav uzticams
        [name] tas izdots citam nosaukumam
       *[other] to nevar pieņemt
    }.
N002-remedy = Lūdziet servera īpašniekam derīgu sertifikātu; ja iestādei ir sava sertifikācijas iestāde, tās sertifikāta failu norādiet kā „ca_file” sadaļā [fetch.server].
N002-explain = Savienojums ir šifrēts, bet bez derīga sertifikāta nav zināms, ar ko, un noslēpumi nonāktu pie jebkā, kas atbild. Tāpēc nekas netika prasīts. Šo pārbaudi izslēgt nevar; iestādes pašas izdevējam uzticas ar „ca_file”.

N003-title = Pieteikšanās noraidīta
N003-message = Serveris nepieņem mūsu piekļuves datus: { $value }.
N003-remedy = Pārbaudiet noslēpumu, ko norāda auth sadaļā [fetch.server]: vai tas vēl ir derīgs, vai ir no šī servera un vai nokopēts viss.
N003-explain = Serveris atbildēja, ka mūs nepazīst (401), vai arī pieteikšanās nedeva pilnvaru. Ja pilnvaru iegūst piesakoties, tas mēģināts vēlreiz. No šī avota netiek ielādēts nekas, reģistrā paliek līdzšinējais. Servera teiktais parādīts bez noslēpumiem.

N004-title = Nav tiesību
N004-message = Serveris mūs pazīst, bet šo lasīt neļauj: { $value }.
N004-remedy = Lūdziet sistēmas administratoru piešķirt vienkop kontam tiesības lasīt prasīto.
N004-explain = Serveris atbildēja 403: piekļuves dati ir pareizi, bet tiesību nepietiek. No šī avota netiek ielādēts nekas, reģistrā paliek līdzšinējais.

N005-title = Serveris atbild ar kļūdu
N005-message = Serveris atbildēja { $value }.
N005-remedy = Pieprasījumu un atbildi parādiet servera uzturētājiem; kad kļūda novērsta, palaidiet avotu vēlreiz.
N005-explain = Atbildes statuss nav ne izdošanās, ne atteikums ielaist. Kļūdas, kas mēdz pāriet (500, 502, 503, 504, 429 un līdzīgas), mēģinātas vēlreiz tik reižu, cik norāda „attempts” sadaļā [fetch.server], nogaidot servera prasīto laiku. No šī avota netiek ielādēts nekas, kursors paliek uz vietas, saņemtais ir saglabāts.

N006-title = Atbildē nav datu
N006-message = Atbilde nav JSON, kaut serveris saka, ka viss izdevies. Tā sākas: { $value }.
N006-remedy = Atveriet adresi pārlūkā: parasti tā ir pieteikšanās lapa vai starpniekservera paziņojums. Izlabojiet adresi vai piekļuves datus sadaļā [fetch.server].
N006-explain = Tika prasīts JSON, bet saņemts kas cits: lapa cilvēkiem, tukša atbilde vai neprasīts saspiešanas veids. Tādu atbildi nekad neuzskata par tukšu sarakstu. No šī avota netiek ielādēts nekas.

N007-title = Lapas nebeidzas
N007-message = Saraksts nebeidzas: { $value ->
        [page] atkārtojās tā pati lapa
        [link] atkārtojās tā pati saite uz nākamo lapu
        [idle] lapa pēc lapas nedod neko jaunu
        [pages] lapu ir vairāk nekā { $expected }
       *[other] { $value }
    }.
N007-remedy = Salīdziniet [fetch.paging] ar sistēmas dokumentāciju; ja lapu tiešām ir tik daudz, palieliniet „pages”.
N007-explain = Atkārtojās lapa, kurā nav nekā jauna, vai lapu ir vairāk, nekā atļauj „pages”. Tā notiek, ja sistēma nepazīst lapas parametru un ikreiz atbild ar pirmo lapu. No šī avota netiek ielādēts nekas, jo nav zināms, kā trūkst.

N008-title = Atbilde par lielu
N008-message = Atbilde ir lielāka, nekā atļauts: ne vairāk kā { $expected } baiti (iestatījums { $hint }).
N008-remedy = Prasiet mazākas lapas; ja vienai atbildei tiešām jābūt tik lielai, palieliniet iestatījumu sadaļā [fetch.server].
N008-explain = Skaita apjomu pēc izvēršanas, lai neliela saspiesta atbilde nevarētu aizpildīt atmiņu. Lasīšana apstājās pie ierobežojuma, un no šī avota netiek ielādēts nekas.

N009-title = Serveris nav atļauts
N009-message = Adrese ved uz { $value }, kur vērsties nedrīkst: { $expected ->
        [link-local] tā ir lokālā posma (link-local) adrese
        [scheme] atļauts tikai http un https, un nekad http, ja pašam serverim ir https
       *[other] konfigurācija šo serveri un portu nenosauc
    }.
N009-remedy = Ja serveris pieder pie avota, pievienojiet to „hosts” sarakstam sadaļā [fetch.server]; pāradresācija uz pieteikšanās lapu nozīmē, ka piekļuves dati neder. Lokālā posma adresēs nevēršas nekad.
N009-explain = Vēršas tikai pie servera, ko norāda „url”, un pie tiem, ko uzskaita „hosts”, lai ko teiktu pāradresācija vai saite atbildē; citādi svešs serveris ar vienkop palīdzību varētu iegūt no iekšējā tīkla to, ko pats neredz. Lokālā posma adreses (169.254.0.0/16, fe80::/10), kur mākoņi glabā iekārtas atslēgas, noraida arī tad, ja uz tām norāda nosaukums. Uz turieni nekas nav sūtīts.

N010-title = Ieraksta vairs nav
N010-message = Sarakstā minēto ierakstu { $key } neizdevās nolasīt (sistēmas atbilde: { $value }).
N010-remedy = Ja ieraksts ir dzēsts, nekas nav jādara; ja nav, pārbaudiet, vai vienkop konts drīkst to lasīt.
N010-explain = Starp saraksta un paša ieraksta pieprasījumu tas ir dzēsts vai pārvietots, vai arī sistēma nespēj to izdot. Šajā piegādē ieraksta nav, un tas, kas par to ir reģistrā, paliek. Ja sistēma nav pateikusi, ka ieraksta vairs nav, kursors paliek uz vietas un ierakstu prasīs vēlreiz; kodus, kas nozīmē „vairs nav”, uzskaita „gone” sadaļā [fetch.errors].

N011-title = Mazāk ierakstu, nekā solīts
N011-message = Solīto ierakstu skaits: { $expected }, saņemto: { $value }.
N011-remedy = Palaidiet avotu vēlreiz; ja tas atkārtojas, pārbaudiet lapošanu un vienkop konta tiesības.
N011-explain = Sistēma pasaka, cik ierakstu ir, bet lapas beidzās agrāk. Tāda piegāde nav pilna: ieraksti šķistu dzēsti, kaut nav. No tās neko neielādē.

N012-title = Sistēma ziņo par kļūdu
N012-message = Sistēma atbildēja ar savu kļūdu: { $value }.
N012-remedy = Sameklējiet kodu sistēmas dokumentācijā vai parādiet to administratoram.
N012-explain = Dažas sistēmas atbild, ka viss izdevies (200), un kļūdu ieraksta saturā. To pazīst pēc sadaļas [fetch.errors]. No šī avota netiek ielādēts nekas.

N013-title = Nav noslēpuma vai sertifikāta
N013-message = { $expected ->
        [env] Vides mainīgais { $value } nav iestatīts vai ir tukšs.
        [file] Failu „{ $value }” nevar izlasīt, vai tas ir tukšs.
        [letters] Vērtībā, ko satur { $value }, ir zīmes, kuras galvenē nevar nosūtīt.
       *[certificate] Failā „{ $value }” nav nolasāma sertifikāta (vajadzīgs PEM).
    }
N013-remedy = Iestatiet konfigurācijā nosaukto tam lietotājam, ar kuru darbojas vienkop, un palaidiet avotu vēlreiz.
N013-explain = Noslēpumi konfigurācijā nestāv nekad; tā nosauc vides mainīgo vai failu (auth sadaļā [fetch.server]) un failu ar sertifikātiem (ca_file). Nosauktā nebija. Serverim nekas netika prasīts.

N014-title = Nav ierakstītas atbildes
N014-message = Mapē „{ $value }” nav ierakstīta atbilde uz šo pieprasījumu.
N014-remedy = Ierakstiet saraksti no jauna vai pievienojiet pieprasījumu un atbildi mapei ar roku.
N014-explain = Avots darbojas no ierakstītām atbildēm („recorded” sadaļā [fetch]), pašam serverim neko neprasa. Pieprasījuma metodei, ceļam, parametriem un saturam jāsakrīt ar ierakstītajiem; parametru secībai nav nozīmes. Padoms rāda tuvāko ierakstīto pieprasījumu.

N015-title = Vēsturē ir pārrāvumi
N015-message = Ieraksta { $key } izmaiņu žurnāls nav pilns: „{ $value }”, kur gaidāms „{ $expected }”.
N015-remedy = Parasti nekas nav jādara: statusus, ko sistēma nav reģistrējusi, nevar iegūt. Ja to ir daudz, jautājiet administratoram par žurnālu.
N015-explain = Izmaiņa žurnālā sākas no cita statusa, nekā beidzās iepriekšējā, vai pēdējais nav tas, kāds ierakstam ir tagad. Žurnālā esošie statusi ir ielādēti; starpā esošo statusu laiki nav zināmi.

N016-title = Laika posms ir pilns
N016-message = Laika posmā { $value } ierakstu ir vairāk par { $expected }, ko serveris izdod vienā reizē.
N016-remedy = Palieliniet servera ierobežojumu vai sašauriniet pieprasījumu.
N016-explain = Sistēmai nav lapošanas, tāpēc ierakstus prasa pēc izmaiņu laika posmos, kurus dala uz pusēm, kamēr tie ir pilni. Šis ir īsākais iespējamais un joprojām pilns, tāpēc kādu ierakstu var trūkt. No šī avota netiek ielādēts nekas.

N017-title = Vērtības nav sarakstā
N017-message = Sarakstā „{ $field }” nav vērtības { $value }.
N017-remedy = Ja vērtība sistēmā ir dzēsta, neko nevar darīt; ja nav, pārbaudiet, vai vienkop konts redz visu sarakstu.
N017-explain = Sistēmas ierakstos un žurnālos nosaukumu vietā glabā identifikatorus, bet nosaukumus — atsevišķos sarakstos. Šī identifikatora sarakstā nav, tāpēc tas ielādēts tāds, kāds ir.

N018-title = Servera pulkstenis rāda nepareizi
N018-message = Servera un šīs iekārtas pulksteņi atšķiras par { $value }.
N018-remedy = Pārbaudiet abu pulksteņu sinhronizāciju.
N018-explain = Par tik var būt nepareizi laiki, ko raksta sistēma. Nekas tāpēc nepazūd: kursors ir jaunākais izmaiņu laiks pašos ierakstos, ne vēlāks par servera laiku ielasīšanas sākumā, un nekad šīs iekārtas laiks.

N019-title = Nav ierakstīts
N019-message = Atbildi nevar ierakstīt bez tajā esošajiem personas datiem: { $value }.
N019-remedy = Ierakstiet avotu bez personas datiem vai sagatavojiet atbildes ar roku.
N019-explain = Ierakstot saraksti ar serveri, personas datu vietā liek pseidonīmus. JSON atbildē tos var atrast, cita veida atbildē nevar, tāpēc to nepieraksta.

N020-title = Atbildē nav meklētā
N020-message = Atbildē nav tā, kas tajā pēc konfigurācijas jāatrod ({ $expected }); tā sākas šādi: { $value }
N020-remedy = Salīdziniet atbildi ar norādi saņēmēja failā (JSON rādītāju) un labojiet to; ja atbilde nav pilna, vaicājiet sistēmas uzturētājam.
N020-explain = Sistēma pieprasījumu pieņēma, bet atbildē nav tā, kas jāzina, lai turpinātu: piešķirtā id, ieraksta, par kuru jautāts, vai ziņu par katru nosūtīto ierakstu. Tas nekad netiek uzskatīts ne par piekrišanu, ne par to, ka ieraksta tur nav.

### Konstatējumi: vērtības

V001-title = Trūkst obligātas vērtības
V001-message = Nav aizpildīts obligātais lauks „{ $field }”.
V001-remedy = Aizpildiet šūnu.
V001-explain = Bez šī lauka ieraksts nevar pastāvēt: nav zināms, kas tas ir vai kam pieder. Ieraksts ir karantīnā; ja reģistrā tas jau bija, paliek iepriekšējā redakcija.

V002-title = Trūkst vajadzīgas vērtības
V002-message = Nav aizpildīts lauks „{ $field }”, kam vajadzētu būt aizpildītam.
V002-remedy = Aizpildiet šūnu; ja uz ierakstu tas neattiecas, ierakstiet „nav attiecināms”.
V002-explain = Lauku prasa normatīvie akti vai laba prakse. Ieraksts ir pieņemts, bet skaitās nepilnīgs. „Nav attiecināms” ir atbilde un par trūkumu netiek uzskatīta.

V003-title = Nezināma klasifikatora vērtība
V003-message = „{ $value }” nav klasifikatora „{ $expected }” vērtība.
V003-remedy = Ierakstiet kādu no klasifikatora vērtībām vai lūdziet savu rakstību pievienot.
V003-explain = Laukā drīkst būt tikai klasifikatora vērtības. Burtu lielums, garumzīmes un atstarpes nav svarīgas, un klasifikatoram var pierakstīt citas rakstības (config/codelists). Šo vērtību neatpazina; tuvākās rāda padomā. Ko iestāde ar to domājusi, vienkop neminēs.

V004-title = Nav datums
V004-message = „{ $value }” nav datums. Derīgs pieraksts: { $expected }.
V004-remedy = Ierakstiet datumu pareizi; pārbaudiet, vai tāda diena ir kalendārā.
V004-explain = Vērtību nevar izlasīt kā datumu vai laiku. Dienu un mēnesi nekad nemaina vietām, un 31.02. nav datums. Ja avots datumus raksta savā veidā, to norāda avota konfigurācijā ar „formats”.

V005-title = Nav skaitlis
V005-message = „{ $value }” neder; šeit jābūt skaitlim, piemēram, { $expected }.
V005-remedy = Ierakstiet tikai skaitli; piezīmes lieciet citā kolonnā.
V005-explain = Laukā jābūt skaitlim. Decimālkomats, tūkstošu atstarpes un eiro zīme netraucē, bet vārdi un vairāki skaitļi vienā šūnā gan.

V006-title = Nav „jā” vai „nē”
V006-message = „{ $value }” nav ne „jā”, ne „nē”.
V006-remedy = Ierakstiet „jā” vai „nē”.
V006-explain = Laukā der „jā” un „nē”, kā arī „ir” un „nav”, „yes” un „no”, 1 un 0. Citādu atbildi vienkop neskaidro.

V007-title = Nav ilgums
V007-message = „{ $value }” nav ilgums ar mērvienību.
V007-remedy = Ierakstiet skaitli un mērvienību, piemēram, „30 dienas” vai „10 darba dienas”.
V007-explain = Ilgums ir skaitlis un mērvienība: minūtes, stundas, dienas, darba dienas vai mēneši. Ja avotā ir tikai skaitlis, mērvienību norāda avota konfigurācijā ar „unit”. Diena un darba diena ir dažādas mērvienības.

V008-title = Nederīgs reģistrācijas numurs
V008-message = „{ $value }” nav reģistrācijas numurs: tajā jābūt 11 cipariem.
V008-remedy = Ierakstiet 11 ciparu numuru no Uzņēmumu reģistra vai publisko personu saraksta.
V008-explain = Pēc reģistrācijas numura pazīst iestādi, tāpēc tam jābūt pilnam. Ja Excel numuru ir pārvērtis par skaitli, pārbaudiet, vai nav zudušas nulles sākumā.

V009-title = Neatbilst kontrolcipars
V009-message = Reģistrācijas numura „{ $value }” kontrolcipars neatbilst.
V009-remedy = Pārbaudiet, vai numurā nav pārrakstīšanās kļūdas.
V009-explain = Reģistrācijas numura pēdējais cipars izriet no pārējiem. Ja tas neatbilst, numurā visdrīzāk ir kļūda, taču ieraksts ir pieņemts, jo atsevišķi numuri no likuma atkāpjas.

V010-title = Nederīgs teritorijas kods
V010-message = „{ $value }” nav ATVK kods: tajā jābūt 7 cipariem.
V010-remedy = Ierakstiet 7 ciparu kodu kopā ar nulli sākumā.
V010-explain = Administratīvo teritoriju un teritoriālo vienību klasifikatora kodā ir 7 cipari. Excel mēdz nomest nulli sākumā; ja avotā tā ir vienmēr, avota konfigurācijā raksta „pad = 7”.

V011-title = Nav tīmekļa adrese
V011-message = „{ $value }” nav tīmekļa adrese.
V011-remedy = Ierakstiet pilnu adresi, kas sākas ar https://.
V011-explain = Adresē jābūt protokolam un domēna vārdam. Ieraksts ir pieņemts, bet saite publiskajos sarakstos nestrādās.

V012-title = Nav e-pasta adrese
V012-message = „{ $value }” nav e-pasta adrese.
V012-remedy = Ierakstiet vienu adresi formā vards@iestade.lv.
V012-explain = E-pasta adresē ir viena „@” zīme un domēna vārds. Ieraksts ir pieņemts, bet uz šādu adresi vēstuli nosūtīt nevarēs.

V013-title = Ārpus robežām
V013-message = „{ $value }” ir ārpus robežām ({ $expected }).
V013-remedy = Pārbaudiet, vai skaitlis vai gads ir ierakstīts pareizi.
V013-explain = Vērtība ir skaitlis vai datums, bet laukam neiespējams, piemēram, negatīvs skaits vai 2204. gads.

V014-title = Beigas pirms sākuma
V014-message = Beigas „{ $value }” ir pirms sākuma.
V014-remedy = Pārbaudiet abus datumus; varbūt tie ir samainīti vietām.
V014-explain = Laika posma beigas nevar būt pirms tā sākuma. Ilgumu no šādiem datumiem aprēķināt nevar, tāpēc ieraksts ir karantīnā.

V015-title = Ilgāk par noteikto
V015-message = Paredzētais laiks „{ $value }” pārsniedz noteikto ({ $expected }).
V015-remedy = Pārbaudiet abus termiņus; iestādes paredzētais laiks nedrīkst būt ilgāks par normatīvajos aktos noteikto.
V015-explain = Pakalpojuma paredzamajam izpildes laikam jāiekļaujas normatīvajos aktos noteiktajā. Ieraksts ir pieņemts, bet pretruna saņēmējam būs redzama.

V016-title = Nesalīdzināmas mērvienības
V016-message = „{ $value }” un „{ $expected }” nevar salīdzināt.
V016-remedy = Ja iespējams, norādiet abus termiņus vienā mērvienībā.
V016-explain = Darba dienas un mēnešus nevar precīzi pārvērst kalendāra dienās, tāpēc nav pārbaudīts, vai paredzētais laiks iekļaujas noteiktajā. Ieraksts ir pieņemts.

V017-title = Personas kods tekstā
V017-message = Laukā „{ $field }” bija personas kods; tas ir aizstāts ar zvaigznītēm.
V017-remedy = Izņemiet personas kodu no brīvā teksta avota sistēmā.
V017-explain = Brīvā tekstā personas datiem nav vietas. Personas kodu (ar domuzīmi vai bez tās) vienkop aizklāj, pirms teksts nonāk reģistrā, konstatējumos, žurnālos vai pārskatos. Ieraksts ir pieņemts.

V018-title = Neatbilst paraugam
V018-message = „{ $value }” neatbilst paraugam { $expected }.
V018-remedy = Ierakstiet vērtību tādā formā, kādu avots ir noteicis.
V018-explain = Avota konfigurācijā šim laukam ar „pattern” vai „extract” ir noteikta vērtības forma. Parasti tas sargā kodus, pēc kuriem ierakstu pazīst.

V019-title = Pārāk garš teksts
V019-message = Teksts laukā „{ $field }” ir garāks, nekā atļauts.
V019-remedy = Saīsiniet tekstu vai pārbaudiet, vai šūnā nav ielīmēts kas lieks.
V019-explain = Teksta garums ir ierobežots, lai viena šūna nevarētu aizņemt visu atmiņu. Ierobežojumu nosaka faila config/vienkop.toml sadaļā [limits].

V020-title = Neesoša stunda
V020-message = Laiks „{ $value }” nepastāv: pulksteni tad pagriež uz vasaras laiku.
V020-remedy = Pārbaudiet laiku; iespējams, avots to raksta citā laika joslā.
V020-explain = Marta pēdējā svētdienā Latvijā pēc 2.59 seko 4.00. Vietējais laiks starp tiem nepastāv, un tā pārvēršana būtu minējums.

V021-title = Divkārša stunda
V021-message = Laiks „{ $value }” tajā naktī ir divreiz; pieņemts agrākais.
V021-remedy = Nekas nav jādara; ja tas ir svarīgi, avotam jāraksta laiks ar nobīdi no UTC.
V021-explain = Oktobra pēdējā svētdienā stunda no 3.00 līdz 4.00 atkārtojas. Kura no abām domāta, no vietējā laika nevar zināt, tāpēc vienmēr pieņem agrāko.

V022-title = Vairākas vērtības vienas vietā
V022-message = Laukā „{ $field }” ir vairākas vērtības: „{ $value }”.
V022-remedy = Atstājiet vienu vērtību; ja to tiešām ir vairākas, vienkop uzturētājam jāizvēlas cits lauks vai kolonna.
V022-explain = XML elements vai JSON atslēga ierakstā atkārtojas, bet laukam der tikai viena vērtība. Kura ir īstā, nav zināms, tāpēc ieraksts ir karantīnā. Saraksta laukos (piemēram, kanāli) vairākas vērtības ir atļautas.

V023-title = Vērtības vietā ir kļūda
V023-message = Lauka „{ $field }” šūnā ir Excel kļūda vai neaprēķināta formula, tāpēc vērtība nav zināma.
V023-remedy = Izlabojiet formulu, ļaujiet Excel to aprēķināt, saglabājiet un atsūtiet failu no jauna.
V023-explain = Šūnā ir kļūda (#REF!, #N/A) vai formula, kuras vērtība nekad nav aprēķināta. Tā nav tukša šūna: kas tajā jābūt, nav zināms. Tāpēc ieraksts ir karantīnā un reģistrā paliek iepriekšējā redakcija, ja vien avots šim laukam nav noteicis invalid = "empty".
V024-title = Laiks nākotnē
V024-message = Lauka „{ $field }” laiks „{ $value }” ir pēc dienas, par kuru ir šī ielāde.
V024-remedy = Labojiet gadu, mēnesi vai dienu; vēlākais iespējamais: { $expected }.
V024-explain = Notikums, kas vēl nav noticis, nav notikums: visbiežāk tā ir drukas kļūda gadā. Notikums ir karantīnā, pārējie tā paša pieteikuma notikumi paliek.

### Konstatējumi: atslēgas un atsauces

K001-title = Vienāds ieraksts vairākkārt
K001-message = Ieraksts „{ $key }” piegādē ir vairākas reizes, viss saturs sakrīt.
K001-remedy = Nekas nav jādara; atkārtojumu var izdzēst.
K001-explain = Ja divas rindas pilnīgi sakrīt, tas ir viens ieraksts. To ielādē vienreiz un pārējos saskaita kā atkārtojumus.

K002-title = Ieraksts vairākkārt ar atšķirīgu saturu
K002-message = Ieraksts „{ $key }” piegādē ir vairākas reizes ar atšķirīgu saturu; pieņemts pēdējais.
K002-remedy = Atstājiet vienu rindu; ja tie ir divi dažādi ieraksti, dodiet katram savu kodu.
K002-explain = Vienā piegādē divām rindām ir viena atslēga, bet dažāds saturs. Spēkā ir tā, kas failā stāv vēlāk. Bieži tas nozīmē, ka rinda ir nokopēta un kods aizmirsts nomainīt.

K003-title = Atsauce uz neesošu ierakstu
K003-message = Lauks „{ $field }” norāda uz „{ $value }”, kā reģistrā nav.
K003-remedy = Pārbaudiet kodu vai numuru; ja tas ir pareizs, jāiesniedz arī ieraksts, uz kuru tas norāda.
K003-explain = Ieraksts norāda uz citu, ko neviens avots nav piegādājis. Ieraksts ir pieņemts; saite sāks darboties, kad trūkstošais ieraksts tiks ielādēts.

K004-title = Saitei nav gala
K004-message = Saite norāda uz „{ $value }”, kā reģistrā nav.
K004-remedy = Izlabojiet kodu vai vispirms reģistrējiet ierakstu, uz kuru saite norāda.
K004-explain = Saite savieno divus ierakstus, piemēram, vajadzību un pakalpojumu. Ja viena no tiem nav, nav arī ko savienot, tāpēc saite ir karantīnā.

K005-title = Rinda bez piederības
K005-message = Rinda pieder ierakstam, kā piegādē nav.
K005-remedy = Pārbaudiet rindā norādīto kodu vai pievienojiet trūkstošo ierakstu.
K005-explain = Soļus, maksas un citas pakārtotās rindas piesaista ierakstam pēc tā atslēgas. Tāda ieraksta šajā piegādē nav, vai arī tas pats ir karantīnā, tāpēc rindu nav kur likt.

K006-title = Varbūt tas pats pakalpojums
K006-message = Pakalpojums „{ $value }” varbūt ir tas pats, kas „{ $expected }” ({ $hint }).
K006-remedy = Aplūkojiet pāri ar „vienkop review list” un izlemiet: „review accept” vai „review reject”.
K006-explain = Neviena atslēga (reģistra numurs, turētāja kods) abus pakalpojumus nesaista, taču nosaukums, tiesību akti, saņēmēji un kanāli ir līdzīgi. Kamēr nav izlemts, tie ir divi pakalpojumi. Lēmumu atceras, un tas attiecas arī uz nākamajām piegādēm.
K007-title = Pieteikums nezināmam pakalpojumam
K007-message = Pieteikuma lauks „{ $field }” norāda uz „{ $value }”, kā reģistrā nav.
K007-remedy = Labojiet pakalpojuma kodu vai iesniedziet pakalpojuma aprakstu; pieteikumi ar to tiks ielādēti nākamajā reizē.
K007-explain = Pieteikums, kura pakalpojums nav zināms, neko nepasaka par nevienu pakalpojumu, tāpēc tas ir karantīnā kopā ar saviem notikumiem. Kodu salīdzina ar visiem reģistra pakalpojumiem.
K008-title = Notikums bez pieteikuma
K008-message = Notikuma „{ $value }” pieteikuma reģistrā nav, vai tas ir karantīnā.
K008-remedy = Labojiet pieteikumu (skatiet tā konstatējumus) vai iesniedziet to; notikumi jāiesniedz vēlreiz kopā ar to.
K008-explain = Notikums pieder pieteikumam, ko piegādā tas pats avots. Kamēr pieteikums nav pieņemts, nav zināms, par kādu pakalpojumu notikums ir, tāpēc to neielādē.

T001-title = Notikums pēc slēgšanas
T001-message = Pieteikums „{ $key }” bija slēgts („{ $expected }”), tomēr pēc tam ir „{ $value }” bez atkārtotas atvēršanas vai apstrīdēšanas.
T001-remedy = Aplūkojiet pieteikuma vēsturi avotā: vai trūkst atkārtotas atvēršanas, slēgšana ir par agru vai diviem notikumiem ir sajaukts laiks?
T001-explain = Pēc slēdzoša statusa (pabeigts, atteikts, atsaukts, pārsūtīts, anulēts) var būt tikai atkārtota atvēršana, apstrīdēšana vai cita slēgšana. Notikumus pieņem tādus, kādi tie ir: no šā brīža pieteikums skaitās atvērts, turklāt atkārtoti.

T002-title = Atkārtoti atvērts, lai gan nebija slēgts
T002-message = Pieteikums „{ $key }” ir atkārtoti atvērts („{ $value }”), bet slēgšanas pirms tam nav.
T002-remedy = Papildiniet avotā trūkstošo slēgšanu vai izlabojiet statusu, ja darbs vienkārši turpinājās.
T002-explain = Atkārtoti atvērt var tikai slēgtu pieteikumu. Notikumu pieņem tādu, kāds tas ir; to skaita kā pieteikuma soli, nevis kā atkārtotu atvēršanu.

T003-title = Apstrīdēts pirms lēmuma
T003-message = Pieteikums „{ $key }” ir apstrīdēts („{ $value }”), bet pirms tam nav ne lēmuma, ne slēgšanas.
T003-remedy = Pārbaudiet apstrīdēšanas laiku un to, vai izvadā netrūkst notikuma par lēmumu.
T003-explain = Apstrīd lēmumu. Pirms apstrīdēšanas jābūt statusam „lēmums pieņemts” vai slēdzošam statusam. Apstrīdēšanu tomēr saskaita.

T004-title = Melnraksts pēc iesniegšanas
T004-message = Pieteikums „{ $key }” kļuva par melnrakstu („{ $value }”) pēc tam, kad bija iesniegts („{ $expected }”).
T004-remedy = Pārbaudiet notikumu secību; ja pieteikums atdots klientam, tas ir „gaida klientu”.
T004-explain = Melnraksts ir tas, ko klients vēl nav iesniedzis; laiku pirms iesniegšanas neskaita. Melnraksts pēc citiem statusiem ir pretruna. Laiku turpina skaitīt no pirmās iesniegšanas.

T005-title = Atpakaļ pie iesniegta
T005-message = Pieteikums „{ $key }” jau bija izpildē („{ $expected }”), tomēr pēc tam ir „{ $value }” bez atkārtotas atvēršanas.
T005-remedy = Pārbaudiet notikumu secību un laikus; notikumiem ar dienas precizitāti vajadzīgs kārtas numurs, ja to secība nav tāda kā statusiem.
T005-explain = Pieteikuma soļi ved no pieteikta caur izpildi uz pabeigtu. Atgriešanās no izpildes pie iesniegta vai reģistrēta bez atkārtotas atvēršanas visbiežāk ir nepareizs laiks vai nepareizi saskaņots statuss. Notikumus pieņem tādus, kādi tie ir.

T006-title = Slēgts, nemaz nesācies
T006-message = Pieteikuma „{ $key }” pirmais notikums jau ir slēgšana: „{ $value }”.
T006-remedy = Panāciet, lai avots izvada arī iesniegšanu, vai norādiet iesniegšanas laiku atsevišķā kolonnā.
T006-explain = Ja pirms slēgšanas nav neviena notikuma, pieteikums nav ilgis nemaz, un mediānas izskatās labākas, nekā ir. Pieteikumu saskaita ar ilgumu nulle.

T007-title = Svētku dienas nav zināmas
T007-message = Darba laiks ir mērīts { $value }. gadā, par kuru svētku dienas nav zināmas.
T007-remedy = Papildiniet config/codelists/holidays.csv ar šā gada svētku dienām un pārceltajām darbdienām.
T007-explain = Darba laikā neskaita svētku dienas un ievēro Ministru kabineta rīkojumus par darbdienu pārcelšanu. Gadā, par kuru sarakstā nav nevienas rindas, par darbdienu uzskata katru dienu no pirmdienas līdz piektdienai, tāpēc darba laiks iznāk par garu.

### Konstatējumi: piegāde

S001-title = Pārāk daudz karantīnas
S001-message = Karantīnā nonāca { $value } ierakstu, pieļaujamā daļa ir { $expected }: nekas nav ielādēts.
S001-remedy = Vispirms izlabojiet kļūdu, kas atkārtojas visbiežāk, un atsūtiet failu no jauna.
S001-explain = Katram avotam ir noteikts, kādu ierakstu daļu drīkst likt karantīnā („max_quarantined_share”). Ja tā pārsniegta, parasti ir mainījusies faila uzbūve, nevis sabojājušies atsevišķi ieraksti. No šīs piegādes nekas nav ielādēts, reģistrā paliek iepriekšējie dati, un izpilde beidzas ar kļūdas kodu, lai kāds paskatītos.

S002-title = Tukša pilnā piegāde
S002-message = Pilnajā piegādē nav neviena ieraksta, bet reģistrā no šī avota ir { $value }; gaida apstiprinājumu.
S002-remedy = Pārbaudiet eksportu; ja ierakstu tiešām vairs nav, apstipriniet to.
S002-explain = Avots piegādā visu, kas tam ir, tātad tukša piegāde nozīmētu, ka jāizņem viss. Gandrīz vienmēr tā ir eksporta kļūda, tāpēc bez apstiprinājuma („vienkop run AVOTS --approve”) nekas nemainās. Tā pati daļa attiecas uz katru sarakstu (soļiem, maksām, tiesību aktiem …) visos avota ierakstos kopā: viena pakalpojuma solis mazāk ir ierasta lieta, visi pakalpojumi bez soļiem nav. Saraksta vienības, kas aiziet kopā ar savu ierakstu, neskaita.

S003-title = Izņemtu pārāk daudz
S003-message = Piegāde izņemtu { $value } ierakstu, bez apstiprinājuma pieļaujamā daļa ir { $expected }; gaida apstiprinājumu.
S003-remedy = Pārbaudiet, vai piegāde ir pilna; ja ierakstu tiešām vairs nav, apstipriniet to.
S003-explain = Ko pilna piegāde vairs nesatur, to no reģistra izņem (vēsture paliek). Ja tādu ierakstu ir vairāk, nekā atļauj „max_retired_share”, piegāde varbūt ir nepilna, tāpēc bez apstiprinājuma („vienkop run AVOTS --approve”) nekas nemainās.

S004-title = Nekas nav piegādāts
S004-message = Avots neko nav piegādājis.
S004-remedy = Noskaidrojiet, vai eksports ir noticis un vai tas nonāk īstajā vietā.
S004-explain = Avots šoreiz nav devis nevienu ierakstu. Reģistrā palika iepriekšējie dati. Avotu, kas klusē, nekad nerāda kā veiksmīgu.

S005-title = Nekas nav izņemts
S005-message = Nekas nav izņemts: nav zināms, kuram ierakstam pieder karantīnas rindas ({ $value }).
S005-remedy = Izlabojiet karantīnas rindas un atsūtiet failu no jauna; ieraksti, kuru tajā vairs nav, tiks izņemti tad.
S005-explain = Avots piegādā visu, kas tam ir, tātad tas, kā piegādē nav, ir jāizņem. Bet šajā piegādē ir rindas, kuras nevarēja izlasīt vai kurām nav atslēgas: jebkura no tām var būt ieraksts, kura it kā trūkst. Tāpēc šoreiz viss, kas reģistrā bija, paliek. Ja aptaujas rindā ir izlasāms respondents, paliek tikai šī respondenta atbildes, un šis konstatējums nerodas. Ja rindas pieder sarakstam (soļiem, maksām …), paliek šī saraksta vienības, bet ar pašiem ierakstiem notiek, kā piegādāts.

### Konstatējumi: kas mainījies kopš iepriekšējās piegādes

D001-title = Jauna kolonna
D001-message = Piegādē ir kolonna „{ $column }”, kuras iepriekšējā nebija.
D001-remedy = Ja kolonnā ir reģistram vajadzīgas ziņas, piesaistiet to avota konfigurācijā; ja nav, nekas nav jādara.
D001-explain = Katras tabulas kolonnas atceras tādas, kādas tās bija pēdējā ielādētajā piegādē. Šī ir jauna. Jauna kolonna mēdz nozīmēt, ka iestāde sākusi uzskaitīt ko jaunu. To pasaka vienreiz; kolonnu, ko neizmanto neviens lauks, katrā piegādē uzskaita F013. Kas notiek ar pārmaiņām, nosaka „drift” avota sadaļā [policy].

D002-title = Zudusi kolonna
D002-message = Iepriekšējā piegādē bija kolonna „{ $column }”, šajā tās nav.
D002-remedy = Pajautājiet iestādei, vai kolonna izņemta ar nodomu. Ja tai tagad ir cits nosaukums, norādiet avota konfigurācijā abus virsrakstus.
D002-explain = Katras tabulas kolonnas atceras tādas, kādas tās bija pēdējā ielādētajā piegādē. Tas, kā piegādē nav, reģistrā paliek, kāds bijis, tāpēc par zudušu kolonnu pasaka, pirms tās vērtības noveco. Ja konfigurācija kolonnu piemin, katra nākamā piegāde bez tās dod F014. Par piegādi, kurā ir tikai izmaiņas, to nesaka: tajā daudz kā nav. XML un JSON, kur ieraksti tukšo izlaiž, vērā ņem tikai ceļu, kas bija vismaz katram desmitajam ierakstam.

D003-title = Pārdēvēta kolonna
D003-message = Kolonna „{ $column }” tagad, šķiet, saucas „{ $value }”.
D003-remedy = Ja tā ir tā pati kolonna, norādiet avota konfigurācijā abus virsrakstus; ja nav, pajautājiet iestādei, kas noticis ar pirmo.
D003-explain = Iepriekšējās piegādes kolonnas vairs nav, un ir jauna, kas tai līdzinās: pēc nosaukuma, pēc vērtību kodiem un pieraksta, pēc vietas starp pārējām kolonnām. Tas ir minējums, un neko pēc tā nepiesaista: lauks reģistrā paliek, kāds bijis, līdz konfigurācija piemin arī jauno virsrakstu.

D004-title = Mainījies vērtību pieraksts
D004-message = Kolonnas „{ $column }” vērtības bija rakstītas kā { $expected }, tagad kā { $value }.
D004-remedy = Pajautājiet iestādei, kas mainījies, un pārbaudiet, vai vērtības saprot tā, kā tās domātas; datumam ar slīpsvītrām vajag „formats” avota konfigurācijā.
D004-explain = Kā kolonnas vērtības pierakstītas (datumi, skaitļi, ilgumi, teksti), atceras no pēdējās ielādētās piegādes; šeit to rāda piemēri. Vismaz katra desmitā vērtība ir pierakstīta tā, kā kolonnā nebija, vai ir zudušas nulles kodu sākumā (tās mēdz nomest Excel), vai tekstu kolonnā ir tikai skaitļi. Pirmā tāda vieta ir „{ $cell }”. Vai vērtību var nolasīt, par katru spriež atsevišķi, kā vienmēr.

D005-title = Jauns kods
D005-message = Kolonnā „{ $column }” ir vērtība „{ $value }”, kādas tajā līdz šim nebija.
D005-remedy = Ja kodu saraksts „{ $expected }” to nepazīst (V003), pierakstiet to sarakstā kā paveidu vai avota sadaļā „codes”; pēc tam karantīnas rindas laiž vēlreiz: vienkop quarantine retry.
D005-explain = Kodu sarakstam piesaistītas kolonnas tekstus atceras. Par tādu, ko saraksts nepazīst, šeit pasaka vienreiz, kopā ar tuvāko pazīstamo, un pie katras rindas kā V003; tādu, ko saraksts pazīst, pārņem bez ziņas. No vienas kolonnas nosauc ne vairāk par 20 jauniem, un vairāk nekā 200 dažādu tekstu nav kodi.

D006-title = Vērtība citā pierakstā
D006-message = „{ $value }” nav pierakstīts tā kā kolonnas līdzšinējās vērtības ({ $expected }).
D006-remedy = Pierakstiet vērtību kā līdz šim. Ja jaunais pieraksts ir pareizs, apstipriniet to: vienkop run AVOTS --approve.
D006-explain = Avota sadaļā [policy] ir drift = "quarantine": rindu, kuras vērtība pierakstīta citādi nekā kolonnas vērtības pēdējā ielādētajā piegādē, neielaiž, līdz kāds jauno pierakstu apstiprina.

S007-title = Avots ir mainījies
S007-message = Nekas nav ielādēts: tas, ko avots piegādā, ir mainījies (pārmaiņas: { $value }), un tā kārtība to neielaiž.
S007-remedy = Izlabojiet piegādi vai avota konfigurāciju, vai apstipriniet pārmaiņas.
S007-explain = Avota sadaļā [policy] ir drift = "fail" (jebkura pārmaiņa) vai "quarantine" (zudusi vai pārdēvēta piesaistīta kolonna, kas skar visas rindas). Reģistrā paliek, kas bijis, un par pārmaiņām saka katrā piegādē, līdz to vairs nav vai tās ir apstiprinātas („vienkop run AVOTS --approve”). Kas mainījies, saka konstatējumi D001–D005.

### Konstatējumi: reģistrs kopumā

L001-title = Neapmierināta vajadzība
L001-message = Vajadzība „{ $value }” ({ $key }; dzīves situācija: { $hint }) nav sasaistīta ne ar vienu pakalpojumu.
L001-remedy = Sasaistiet vajadzību ar pakalpojumu, kas to apmierina. Ja tāda nav, vajadzība paliek neapmierināta, un pakalpojums ir jāplāno.
L001-explain = Katrai dzīves situācijas vajadzībai ir piesaistīts viens vai vairāki pakalpojumi, kas to apmierina (digitālo tehnoloģiju nodrošinājuma arhitektūra, P3; PU2-7). Saites ar pakalpojumiem, kuri ir likvidēti vai kuru reģistrā vairs nav, neskaita. Tā nav ieraksta kļūda, bet ziņa par visu reģistru; to aprēķina no jauna pēc katras palaišanas.

L002-title = Iespējams, lieks pakalpojums
L002-message = Pakalpojums „{ $value }” ({ $key }; { $hint }) nav sasaistīts ne ar vienu vajadzību.
L002-remedy = Sasaistiet pakalpojumu ar vajadzību, ko tas apmierina. Ja tādas nav, izvērtējiet, vai pakalpojums ir vajadzīgs.
L002-explain = Katrs reģistrēts pakalpojums, lai kāds būtu tā veids, apmierina kādu vajadzību; tas pamato pakalpojuma pastāvēšanu (PU2-7). Likvidētus pakalpojumus neskaita. Tā nav ieraksta kļūda, bet ziņa par visu reģistru; to aprēķina no jauna pēc katras palaišanas.

L003-title = Pakalpojums nav sasaistīts ar resursu
L003-message = Pakalpojums „{ $value }” ({ $key }; { $hint }) nav sasaistīts ne ar vienu resursu.
L003-remedy = Norādiet informācijas un digitālo tehnoloģiju resursus, kas vajadzīgi pakalpojuma sniegšanai, un tos, kas ir kritiski.
L003-explain = Katram pakalpojumam ir piesaistīts viens vai vairāki resursi, kas vajadzīgi tā sniegšanai (digitālo tehnoloģiju nodrošinājuma arhitektūra, P3). Plānotus un likvidētus pakalpojumus neskaita. Resurss bez pakalpojuma ir atļauts. Tā nav ieraksta kļūda, bet ziņa par visu reģistru; to aprēķina no jauna pēc katras palaišanas.

L004-title = Atsauce, kurai reģistrā nav gala
L004-message = Ieraksta „{ $key }” ({ $hint }) lauks „{ $field }” norāda uz „{ $value }”, kā reģistrā nav.
L004-remedy = Izlabojiet kodu vai numuru, izņemiet ierakstu, ja tas vairs nav spēkā, vai piegādājiet arī to, uz ko tas norāda.
L004-explain = Reģistrā esošs ieraksts vai saite norāda uz citu ierakstu, kura reģistrā nav: tas ir izņemts vēlāk vai nekad nav piegādāts. K003 un K004 to saka par piegādi brīdī, kad tā ienāk; L004 – par visu, kas karājas gaisā tagad.
S006-title = Avots kavējas
S006-message = Pārāk ilgi nav nekā jauna: pēdējoreiz { $value }, gaidīts ik pēc { $expected }.
S006-remedy = Noskaidrojiet, vai eksports joprojām notiek un vai tas nonāk īstajā vietā.
S006-explain = Avota konfigurācijā noteikts, cik bieži gaidāms kas jauns („expected_every” sadaļā [policy]). Kopš minētās dienas nav atnācis neviens fails, kura saturs nebūtu jau redzēts; tas pats fails, ko katra izpilde izlasa no jauna, nav piegāde. Reģistrā paliek iepriekšējie dati, bet tie var būt novecojuši. Ja avots tiešām mainās retāk, palieliniet „expected_every”.

### Konstatējumi: ienākošo failu mape

I001-title = Cita avota labojumu darbgrāmata
I001-message = Labojumu darbgrāmata ir avotam „{ $value }”, bet ielikta avota „{ $expected }” mapē.
I001-remedy = Ielieciet failu tā avota mapē, kuram tas sagatavots.
I001-explain = Labojumu darbgrāmatas lapa „vienkop” saka, kuram avotam tā ir. Cita avota rindas nevienu šī avota ierakstu neizlabotu, tāpēc nekas nav ielādēts.

I002-title = Labojumu darbgrāmatu nevar atpazīt
I002-message = Failā ir vienkop labojumu kolonnas, bet trūkst tā, pēc kā darbgrāmatu atpazīst: { $value }.
I002-remedy = Ielieciet avota ienākošo failu mapē pašu labojumu darbgrāmatu (xlsx vai ods), neizdzēšot lapu „vienkop” un pirmās trīs kolonnas.
I002-explain = Labojumu darbgrāmatu atpazīst pēc lapas „vienkop” un pirmās kolonnas. Bez tām nav zināms, ko rindas labo, un pilnas piegādes vietā tās izņemtu visu pārējo; tāpēc nekas nav ielādēts.

I003-title = Labojumu darbgrāmata ir novecojusi
I003-message = Avotam vairs nav tabulas „{ $value }”, kurai darbgrāmata sagatavota.
I003-remedy = Sagatavojiet labojumu darbgrāmatu no jauna (vienkop quarantine export) un pārnesiet labojumus uz to.
I003-explain = Avota konfigurācija pēc darbgrāmatas sagatavošanas ir mainīta, un rindas vairs nevar nolasīt tā, kā tās bija domātas.

I004-title = Nav ko labot
I004-message = Karantīnā vairs nav ieraksta Nr. { $value } (slēgts palaišanā: { $expected }); rinda nav ņemta.
I004-remedy = Ja rinda vēl jālabo, sagatavojiet jaunu labojumu darbgrāmatu (vienkop quarantine export).
I004-explain = Labojumu darbgrāmatas rinda nosauc, kuru karantīnas ierakstu tā labo. Šis ieraksts jau ir izlabots, slēgts vai šim avotam nekad nav bijis. Veca darbgrāmata atliktu atpakaļ to, kas pa to laiku mainīts, tāpēc rinda ir izlaista.

### Konstatējumi: vaicājumi datubāzēs

Q001-title = Datubāze nav sasniedzama
Q001-message = Nevar savienoties ar datubāzi { $value }: { $expected }
Q001-remedy = Pārbaudiet, vai datubāzes serveris darbojas un no šīs mašīnas ir sasniedzams (adrese, ports, ugunsmūris, sertifikāts, datubāzes nosaukums); ja tas ir SQLite fails, vai tas tiešām ir datubāze.
Q001-explain = Serveris neatbild, tā sertifikātam netic, tādas datubāzes tajā nav vai SQLite fails nav datubāze. No šī avota netiek ielādēts nekas, reģistrā paliek iepriekšējā piegāde; pārējie avoti turpina darbu.

Q002-title = Datubāze neielaiž
Q002-message = Datubāze { $value } nepieņem lietotāju vai paroli: { $expected }
Q002-remedy = Pārbaudiet lietotāju un paroli adresē, ko norāda [fetch] url, un vai šim lietotājam ļauts pieslēgties no šīs mašīnas.
Q002-explain = Serveris ir sasniegts, bet pieslēgšanos noraida: parole ir nomainīta, lietotājs slēgts vai drīkst pieslēgties tikai no citurienes. Adrese ar paroli stāv vides mainīgajā vai failā, ko norāda avota konfigurācija, un vienkop to nekur nerāda.

Q003-title = Datubāze noraida vaicājumu
Q003-message = Datubāze noraida vaicājumu ({ $value }): { $expected }
Q003-remedy = Izlabojiet vaicājumu avota konfigurācijā; izmēģiniet to ar datubāzes pašas rīkiem.
Q003-explain = Vaicājumā ir kļūda, vai arī tabula vai kolonna, ko tas nosauc, ir pārdēvēta. Ziņā ir datubāzes pašas vārdi. No avota netiek ielādēts nekas, reģistrā paliek iepriekšējā piegāde.

Q004-title = Trūkst tiesību lasīt
Q004-message = Lietotājs nedrīkst lasīt to, ko prasa vaicājums ({ $value }): { $expected }
Q004-remedy = Lūdziet datubāzes pārzini piešķirt lietotājam tiesības lasīt (GRANT SELECT) ziņā nosauktās tabulas vai skatus.
Q004-explain = Pieslēgties izdevās, bet datubāze neļauj lasīt kādu tabulu vai skatu. Vislabāk vienkop dot savu lietotāju, kas drīkst lasīt tikai vajadzīgos skatus un neko vairāk.

Q005-title = Vērtība, ko nevar pārnest
Q005-message = Kolonnas „{ $column }” vērtību nevar pārnest tādu, kāda tā ir ({ $value }): { $expected }
Q005-remedy = Vaicājumā pārvērtiet kolonnu par tekstu vai skaitli; ja tie ir baiti, kas ir teksts, pasakiet to kodējumu: [fetch.encodings].
Q005-explain = Masīvus, rindas, intervālus un ģeometriju katra datubāze raksta savādi, tāpēc tos nepārnes, kamēr vaicājums nepasaka, kā (piemēram, array_to_string, ST_AsText). Tas pats notiek ar tekstu, kura baiti nav norādītajā kodējumā: burti kļūtu par citiem. No avota netiek ielādēts nekas.

Q006-title = Vaicājums nav viens lasošs vaicājums
Q006-message = Vaicājumam jābūt vienam un tikai jālasa ({ $value }): { $expected }
Q006-remedy = Atstājiet vienu vaicājumu, kas sākas ar SELECT (vai WITH, VALUES, TABLE) un neko neraksta.
Q006-explain = Avota datubāzē vienkop tikai lasa: katrs vaicājums notiek transakcijā, kurā rakstīt nevar, un ir viens vaicājums, nevis vairāki aiz semikola. Ko citu datubāze vai vienkop noraida.

Q007-title = Vaicājums nebeidzas laikā
Q007-message = Vaicājumi ({ $value }) nebeidzās { $expected } sekundēs.
Q007-remedy = Sašauriniet vaicājumu (ar cursor tas prasa tikai izmaiņas), palūdziet indeksu vai palieliniet [fetch] timeout_seconds.
Q007-explain = Ilgs vaicājums apgrūtina iestādes sistēmu, tāpēc laiks ir ierobežots; beidzoties laikam, vaicājumu pārtrauc arī serverī. No piegādes, kas nav vesela, neielādē neko.

Q008-title = Pēc kolonnas nevar spriest, kas jauns
Q008-message = Pēc „{ $expected }” nevar spriest, cik tālu nonākts ({ $value }).
Q008-remedy = Iekļaujiet kursora kolonnu vaicājuma rezultātā ar to pašu nosaukumu (arī burtu lielums ir svarīgs); tajā jābūt skaitļiem, datumiem vai laikiem, un vaicājumā jābūt „:cursor”.
Q008-explain = Piegādē, kurā ir tikai izmaiņas, kursora kolonnas lielākā vērtība pasaka, no kuras vietas turpināt nākamreiz. To nevar pateikt, ja kolonnas rezultātā nav, ja tajā ir jauktas vērtības (skaitļi un teksti) vai tādas, ko nevar sakārtot. Neko neielādē, lai izmaiņas nepazustu nemanot.

Q009-title = Savienojums pārtrūka
Q009-message = Savienojums ar datubāzi pārtrūka pusceļā ({ $value }): { $expected }
Q009-remedy = Palaidiet avotu vēlreiz; ja tas atkārtojas, jautājiet datubāzes pārzinim, kas pārtrauc ilgus savienojumus.
Q009-explain = Daļa rindu atnāca, bet ne visas. Pusi piegādes neielādē nekad: reģistrā paliek iepriekšējie dati, un kursors paliek, kur bijis.

Q010-title = Neskaidri kolonnu nosaukumi
Q010-message = Rezultātā ({ $value }) ir vairākas kolonnas ar nosaukumu „{ $column }” vai kolonna bez nosaukuma.
Q010-remedy = Dodiet vaicājumā katrai kolonnai savu nosaukumu: SELECT a.nosaukums AS iestade, b.nosaukums AS pakalpojums.
Q010-explain = Kolonnas atšķir pēc nosaukumiem. Ja divām tas ir viens, nevar zināt, kura domāta, tāpēc neielādē neko.

Q011-title = Nav noslēpuma
Q011-message = Datubāzes adreses nav tur, kur norādīts ({ $value }): { $expected }
Q011-remedy = Iestatiet vides mainīgo vai ielieciet adresi failā, ko norāda [fetch] url, un pārbaudiet, vai lietotājs, ar kuru darbojas vienkop, to drīkst lasīt.
Q011-explain = Adrese ar paroli nestāv avota konfigurācijā, bet vides mainīgajā (env = "NOSAUKUMS") vai atsevišķā failā (file = "ceļš"). Tur tās nav vai tā ir tukša.

Q012-title = Datubāzes adrese nav saprotama
Q012-message = Adresi, ko glabā { $value }, nevar izmantot: { $expected }
Q012-remedy = Adresi raksta tā: postgres://lietotājs:parole@serveris:5432/datubāze, mysql://… vai sqlite:///ceļš; zīmes / ? # @ parolē raksta %2F %3F %23 %40. Nezināmus parametrus noraida, lai pārrakstīšanās neatstātu savienojumu nepārbaudītu.
Q012-explain = Adresei jāsākas ar datubāzes veidu un jānosauc datubāze. Pašu adresi vienkop nekur nerāda, jo tajā ir parole; parādīta tikai tā daļa, kas nav noslēpums.

Q013-title = Nav norādītās kolonnas
Q013-message = Rezultātā ({ $value }) nav kolonnas „{ $column }”, ko nosauc [fetch.encodings].
Q013-remedy = Rakstiet kolonnas nosaukumu tā, kā to dod vaicājums (arī burtu lielums ir svarīgs).
Q013-explain = Kodējums ir norādīts kolonnai, kuras rezultātā nav. Bez tā tās baiti ielādētos par nesaprotamiem cipariem, tāpēc neielādē neko.

Q014-title = Kursora kolonnā ir nākotnes diena
Q014-message = Vaicājuma „{ $value }” kursora kolonnā ir „{ $expected }”, kas ir vēlāk par šo dienu; kursoru tas nevirza.
Q014-remedy = Atrodiet datubāzē ierakstu ar šo vērtību un izlabojiet to.
Q014-explain = Ja kursors pārlēktu uz nākotni, līdz tai dienai nekas jauns vairs nenāktu. Tāpēc tādas vērtības neskaita; to rindas nāk katru reizi no jauna, kas neko nebojā.

Q015-title = Datubāze lokālā posma adresē
Q015-message = Datubāze { $value } ir lokālā posma (link-local) adresē { $expected }, un ar tādu nesavienojas nekad.
Q015-remedy = Noskaidrojiet, kāpēc adrese ved turp: iestādes serverim ir sava tīkla adrese. Iespējams, mainīts ieraksts DNS.
Q015-explain = Lokālā posma adresēs (169.254.0.0/16, fe80::/10) mākoņi glabā iekārtas atslēgas, un iestādes datubāzes tur nav. Ar serveri tādā adresē, arī ja tā ir tikai viena no nosaukuma adresēm, nesavienojas; uz turieni nekas nav sūtīts.

finding-hint = (Padoms: { $hint })

### Konfigurācijas kļūdas

config-error = kļūda
config-help = padoms
config-count = { $problems ->
    [zero] { $problems } kļūdu
    [one] { $problems } kļūda
   *[other] { $problems } kļūdas
} { $files ->
    [zero] { $files } konfigurācijas failos
    [one] { $files } konfigurācijas failā
   *[other] { $files } konfigurācijas failos
}

config-hint-nearest = varbūt domāts: { $names }
config-hint-known = zināmie: { $names }
config-hint-child = struktūras raksta sadaļā [table.children.{ $child }] vai savā tabulā
config-hint-comma = saglabājiet failu kā CSV ar komatu (UTF-8)
config-hint-dir = konfigurācijas mapi norāda ar --config
config-hint-path = ceļu raksta no mapes, kurā ir config; paraugi paliek tajā
config-hint-cron = minūte, stunda, mēneša diena, mēnesis, nedēļas diena; piemēram, „15 3 * * 1-5”: plkst. 03.15 no pirmdienas līdz piektdienai

config-no-vienkop = faila nav
config-utf8 = fails nav UTF-8 kodējumā
config-unreadable = failu nevar izlasīt: { $reason }
config-texts-broken = teksti nav lasāmi: { $reason }

config-syntax = TOML pieraksta kļūda ({ $reason })
config-syntax-unquoted = teksts jāliek pēdiņās
config-syntax-quote = pēdiņas nav aizvērtas
config-syntax-unclosed = iekava nav aizvērta
config-syntax-comma = starp vērtībām trūkst komata
config-syntax-no-value = aiz atslēgas trūkst vērtības
config-syntax-key = šāda atslēga jāliek pēdiņās
config-syntax-escape = aiz „\” ir nezināma zīme; regulārās izteiksmes raksta vienkāršajās pēdiņās: '\d+'
config-duplicate-key = šī atslēga jau ir norādīta
config-number = skaitli { $value } nevar izmantot
config-invalid = nav derīgs: { $reason }
config-unknown-key = nezināma atslēga „{ $key }”
config-missing-key = trūkst atslēgas „{ $key }”
config-wrong-choice = „{ $value }” te neder
config-wrong-type = te jābūt { $expected ->
    [string] tekstam
    [integer] veselam skaitlim
    [number] skaitlim
    [boolean] „true” vai „false”
    [array] sarakstam
    [object] tabulai
    [object-or-string] tekstam vai tabulai
    [array-or-string] tekstam vai sarakstam
   *[other] citam veidam ({ $expected })
}, bet ir { $found ->
    [string] teksts
    [number] skaitlis
    [boolean] „true” vai „false”
    [array] saraksts
   *[object] tabula
}
config-too-small = { $value } ir par maz, mazākais ir { $limit }
config-too-large = { $value } ir par daudz, lielākais ir { $limit }
config-empty = te nedrīkst būt tukšs
config-pattern = „{ $value }” neatbilst paraugam { $pattern }

config-id-characters = „{ $value }” neder par nosaukumu: atļauti mazie latīņu burti, cipari un defises
config-id-file = id „{ $id }” nesakrīt ar faila nosaukumu { $file }
config-id-twice = avots „{ $id }” jau ir failā { $file }
config-reg-no = „{ $value }” nav reģistrācijas numurs (11 cipari)
config-path = ceļš „{ $path }” ved ārā no atļautās mapes
config-unknown-kind = [{ $table }] veids „{ $value }” nav zināms
config-option-refused = „{ $option }” vērtība neder: { $reason }
config-refused-other = { $value }
config-refused-empty = tai nedrīkst būt tukšai
config-refused-pattern = „{ $value }” nav derīgs nosaukumu paraugs
config-refused-records-of-lines = ja ieraksts ir katra rinda, nav, uz ko norādīt
config-refused-explode = vajag ceļu ierakstā, piemēram, „soli” vai „process/soli”
config-refused-pointer = JSON rādītājs sākas ar „/” (tukšs apzīmē visu dokumentu)
config-refused-one-character = „{ $value }” nav viena ASCII zīme, kas nav ne burts, ne cipars
config-refused-quote = tā sakrīt ar „delimiter”
config-refused-from-one = rindas skaita no 1
config-refused-columns-and-header = kolonnu nosaukumus norāda tikai tad, ja nav „header_row”
config-refused-column-names = nosaukumiem jābūt atšķirīgiem, un tie nedrīkst būt tukši
config-refused-encoding = kodējuma „{ $value }” nav
config-refused-root = „{ $value }” jāsākas ar „/” un saknes elementa nosaukumu
config-refused-element = „{ $value }” nav elementa vai atribūta nosaukums
config-refused-prefix = sadaļā „namespaces” nav prefiksa „{ $value }”
config-refused-above-root = „{ $value }” ved ārpus saknes elementa
config-refused-url = „{ $value }” nav adrese, kas sākas ar http:// vai https://
config-refused-url-secret = adresē ar lietotāja vārdu, paroli vai parametriem var būt noslēpums; izmantojiet „auth” vai „path”
config-refused-host = „{ $value }” nav servera nosaukums ar portu vai bez tā, piemēram, „files.agentura.lv” vai „10.0.0.7:8443”
config-refused-header = „{ $value }” nevar būt galvene
config-refused-secret-header = galvenē „{ $value }” būtu noslēpums, un tā vieta ir „auth”
config-refused-secret-text = „{ $value }” saturētu noslēpumu; norādiet vietu, kur tas ir: {"{"} env = "NOSAUKUMS" {"}"} vai {"{"} file = "ceļš" {"}"}
config-refused-path = vajag ceļu ierakstā, piemēram, „id” vai „status/name”
config-refused-query = parametrs „{ $value }” var būt teksts, skaitlis, jā vai nē, vai to saraksts
config-refused-body-of-get = pieprasījuma saturam vajag method = "POST"
config-refused-placeholder = nav zināms, ar ko aizpildīt vietu „{ $value }”
config-refused-time-format = „{ $value }” nav laika formāts, piemēram, „%Y-%m-%d %H:%M:%S”
config-refused-time-zone = laika joslas „{ $value }” nav
config-refused-length = „{ $value }” nav laika ilgums, piemēram, „2min” vai „30d”
config-refused-moment = „{ $value }” nav ne diena, ne laika brīdis
config-refused-extract = „{ $value }” nav regulārā izteiksme ar grupu
config-refused-window-parameters = laika posmiem vajag parametru ar to beigām („to”)
config-refused-with-windows = izmaiņas jau prasa laika posmi; parametrs „{ $value }” nav vajadzīgs
config-refused-first-needed = pieprasījumā ir teksts ar „since”, tāpēc pirmajai reizei jāzina, no kura brīža sākt
config-refused-no-ids = pieprasījumā nav vietas „ids”
config-refused-id-needed = bez tā ierakstus nevar atšķirt citu no cita
config-refused-method = „{ $value }” nav GET, POST vai PUT
config-refused-sql-place = vajag vienu no diviem: „file” (SQLite fails) vai „url” (vieta, kur glabājas adrese)
config-refused-sql-text = vajag vienu no diviem: „query” vai „query_file”
config-refused-sql-of-each-query = ja ir vairāki vaicājumi, to norāda katrā [[fetch.query]]
config-refused-sql-names = katram vaicājumam vajag savu nosaukumu; „{ $value }” neder
config-refused-sql-several = jābūt vienam vaicājumam; aiz „{ $value }” ir vēl kas
config-refused-sql-begins = vaicājums sākas ar SELECT, WITH, VALUES vai TABLE, nevis ar „{ $value }”
config-refused-sql-writes = „{ $value }” raksta; vaicājums drīkst tikai lasīt
config-refused-sql-unclosed = „{ $value }” nav aizvērts
config-refused-sql-no-cursor = vaicājumā ir „:cursor”, bet nav norādīts, kas tas ir: cursor = {"{"} column = "…", first = "…" {"}"}
config-refused-sql-cursor-unused = vaicājumā nav „:cursor”, tāpēc katru reizi nāktu viss

config-unknown-entity = nav tādas entītijas: „{ $value }”
config-unknown-field = entītijai „{ $entity }” nav lauka „{ $value }”
config-unknown-child = entītijai „{ $entity }” nav struktūru „{ $value }”
config-required-unmapped = „{ $entity }” obligātajam laukam „{ $field }” nav norādīts, no kurienes ņemt vērtību
config-key-unmapped = „{ $entity }” atslēgas laukam „{ $field }” šajā tabulā nav norādīts, no kurienes ņemt vērtību
config-key-fixed = „{ $entity }” ierakstus atšķir pēc { $key }, jo pēc tiem statusu notikumi nosauc savu pieteikumu; „key” jāizlaiž
config-not-for-child = „{ $option }” nav lietojams tabulai, kurā ir struktūras „{ $entity }”
config-no-origin = laukam „{ $field }” nav norādīts, no kurienes ņemt vērtību: vajag „column”, „columns” vai „value”
config-contradiction = „{ $first }” un „{ $second }” reizē nav lietojami
config-misplaced = „{ $option }” laukam „{ $field }” nav lietojams: { $option ->
    [codes] tam nav klasifikatora
    [split] tas nav saraksts
    [formats] tas nav datums vai laiks
    [unit] tas nav ilgums
    [pad] nulles sākumā ir tikai kodiem un numuriem
    [pseudonymise] pseidonīmi ir tikai tekstiem un tiem paredzētiem laukiem
    [join] nav norādīts „columns”
   *[other] tas te neko nenozīmē
}
config-regex = regulārā izteiksme nav derīga: { $reason }
config-regex-brackets = iekavas nav pa pāriem
config-regex-class = nav aizvērta zīmju kopa [ ]
config-regex-range = diapazons zīmju kopā [ ] ir otrādi
config-regex-escape = aiz „\” ir zīme, kas tur neko nenozīmē
config-regex-repetition = pirms „*”, „+”, „?” vai „{"{"}” nav, ko atkārtot, vai atkārtojumu skaits nav skaitlis
config-regex-unsupported = skatīšanos apkārt (?=, ?!, ?<) un atsauces uz grupām šīs izteiksmes neprot
config-regex-group = izteiksmē vajag grupu iekavās: tās saturs ir vērtība
config-time-format = pēc formāta „{ $value }” datumu nolasīt nevar: vajag dienu, mēnesi un gadu, piemēram, %d.%m.%Y
config-unknown-unit = „{ $value }” nav ilguma mērvienība
config-unknown-code = klasifikatorā „{ $list }” nav vērtības „{ $value }”
config-no-codelist = nav klasifikatora „{ $list }”, ko prasa lauks „{ $field }” (config/codelists/{ $list }.csv)
config-changes-are-no-snapshot = kursors prasa tikai izmaiņas, tāpēc jābūt delivers = "delta": pilnā piegādē tas, kas nav mainījies, izskatītos izņemts
config-sample-network = paraugs nedrīkst sazināties ar tīklu: jānorāda recorded = "data-samples/<id>", mape ar ierakstītām atbildēm
config-unknown-preset = nav tādas sagataves: „{ $value }”
config-without = sagatavē nav „{ $value }”, no kā varētu atteikties
config-secret = konfigurācijā stāv pats noslēpums; to šeit neraksta, un tas tagad jāuzskata par atklātu un jānomaina
config-hint-secret = ierakstiet, kur tas atrodams: {"{"} env = "NOSAUKUMS" {"}"} vai {"{"} file = "ceļš" {"}"}
config-hint-secret-auth = galvenes un parametrus, kas ir noslēpums, norāda sadaļā auth: {"{"} kind = "header" vai "query", name = "{ $name }", secret = {"{"} env = "NOSAUKUMS" {"}"} {"}"}
config-skip = vajag „matches”, „unless” vai „others_empty = true”
config-child-origin = struktūrām „{ $child }” vajag „column” vai „numbered”
config-child-item = struktūrām „{ $child }” vajag „pattern” vai „field”: kas katrā vienumā ir kas
config-numbered = virsrakstā „{ $value }” nav „{"{"}n{"}"}”, kura vietā liek 1, 2, 3 …
config-unpivot-key = „key” te neder: ja tabulai ir „unpivot”, ierakstu ({ $entity }) pazīst pēc tā paša atslēgas
config-hint-unpivot-key = atslēga ir: { $key }; izdzēsiet „key”
config-unpivot = „unpivot” ir tikai aptauju atbildēm (survey_response) un statusa notikumiem (status_event), nevis „{ $entity }”
config-unpivot-questionnaire = „{ $entity }” kolonnas ir notikumu laiki, anketas tiem nav
config-unpivot-no-columns = Trūkst [table.unpivot.columns]: katras laika kolonnas virsraksts un tās stāvoklis, piemēram, "Reģistrēts" = "reģistrēts"
config-unknown-state = „{ $value }” nav stāvoklis no kodu saraksta „states”
config-events-without-requests = Statusa notikumi pieder pieteikumiem: šim avotam vajag arī tabulu ar entity = "service_request"
config-events-key = Pieteikumus, kuriem ir notikumi, pazīst pēc iestādes un numura; citas atslēgas te nevar būt
config-unknown-questionnaire = nav anketas „{ $value }”
config-unknown-question = anketā „{ $questionnaire }” nav jautājuma „{ $value }”

config-twice = „{ $value }” ir divreiz
config-unknown-reference = šajā anketā nav „{ $value }”
config-figure = attēls „{ $figure }” nav derīgs: { $reason }
config-overlap = rindas „{ $first }” un „{ $second }” pārklājas
config-day = „{ $value }” nav diena formā 2024-06-17

config-unknown-source = nav avota „{ $value }”
config-unknown-pipeline = nav plūsmas „{ $value }”
config-source-twice = „{ $value }” ir norādīts jau otrreiz
config-hint-source-twice = to jau nosauc „{ $other }”; vienu no abiem izdzēsiet
config-sample-mixed = paraugs „{ $value }” nevar būt vienā plūsmā ar īstiem avotiem
config-glob = „{ $value }” nav derīgs nosaukumu paraugs
config-time-zone = nav laika joslas „{ $value }”
config-cron-fields = cron rindā ir pieci lauki (vai seši, ja sākumā ir sekundes), nevis { $found }
config-cron-field = „{ $value }” nevar būt cron rindas { $field ->
    [second] sekundes
    [minute] minūtes
    [hour] stundas
    [day] mēneša diena
    [month] mēnesis
   *[weekday] nedēļas diena
}
config-cron-never = cron rindai „{ $value }” neatbilst neviena diena
config-matching-share = slieksnim jābūt no 0 līdz 1
config-matching-review = „review” slieksnis nevar būt augstāks par „merge”
config-matching-weight = svaram jābūt 0 vai lielākam
config-matching-name = nosaukuma svaram jābūt lielākam par 0, citādi nav ko salīdzināt
config-matching-repeated = „{ $value }” jau ir citā vietā ({ $first })
config-priority-field = „{ $value }” nav ne lauks, ne saraksts; rakstiet entītija.lauks, piemēram, "service.name"
config-no-schedule = „{ $option }” bez „schedule” neko nenozīmē

config-csv = fails nav lasāms kā CSV: { $reason }
config-csv-empty = fails ir tukšs
config-csv-separator = kolonnas nav atdalītas ar komatu
config-csv-header = kolonna „{ $column }” nav savā vietā: pirmā rinda sākas ar { $header }
config-csv-column = trūkst kolonnas „{ $column }”
config-csv-cells = šūnu skaits ir { $found }, pirmajā rindā { $expected }
config-csv-required = „{ $column }” ir tukšs
config-csv-duplicate = kods „{ $code }” ir divreiz
config-csv-clash = rakstība „{ $spelling }” der gan „{ $first }”, gan „{ $second }”
config-calendar-twice = diena { $value } ir divreiz
config-hint-calendar-twice = abus iemeslus nosauciet vienā rindā
config-calendar-year = diena { $value } nav no { $from }. līdz { $to }. gadam
config-calendar-weekday = { $value } tāpat ir darbdiena: par darbdienu kļūst tikai sestdiena vai svētdiena
config-hint-calendar-weekday = pārcelšanai ir divas rindas: brīvā diena ar „brīvdiena”, tās vietā strādātā ar „darbdiena”
config-working-time = darba dienai jābeidzas („{ $to }”) pēc tam, kad tā sākusies („{ $from }”)

### Komandrinda

cli-summary-title = vienkop: { $pipeline }, { $as_of }
cli-plan-title = Plāns (nekas nav rakstīts): { $pipeline }, { $as_of }
cli-col-source = Avots
cli-col-read = Nolasīts
cli-col-accepted = Pieņemts
cli-col-quarantined = Karantīnā
cli-col-inserted = Jauni
cli-col-changed = Mainīti
cli-col-retired = Izņemti
cli-col-unchanged = Nemainīti
cli-col-seconds = Sek.
cli-col-state = Stāvoklis
cli-state-ok = kārtībā
cli-state-attention = jāapskata
cli-state-failed = neizdevās
cli-state-gate = par daudz kļūdu
cli-state-approval = gaida apstiprinājumu
cli-state-not-run = nav sākts
cli-state-nothing = nekas nav piegādāts
cli-attention = Kam jāpievērš uzmanība
cli-attention-none = Viss kārtībā.
cli-findings-of = { $source }: { $counts }
cli-more-findings = … un vēl { $count }; visi: vienkop findings { $source }
cli-links-of = Reģistrs kopumā (visi: vienkop findings --links)
cli-reports = Pārskati
cli-verdict-clean = Pabeigts, karantīnā nav nekā.
cli-verdict-attention = Pabeigts. Daži ieraksti jāapskata (vienkop quarantine list), pārējie ir ielādēti.
cli-verdict-failed = Pabeigts, bet ne viss ir ielādēts: skatīt iepriekš.
cli-verdict-late = Pabeigts, viss piegādātais ir ielādēts; bet kāds avots kavējas: skatīt iepriekš.
cli-late-never = nekad
cli-verdict-approval = Kāds avots gaida apstiprinājumu (komanda norādīta pie avota); pārējie ir ielādēti.
cli-verdict-publication = Avoti ir ielādēti; publicējamais gaida apstiprinājumu (komanda norādīta iepriekš).
cli-verdict-broken = Darbs pārtraukts pirms beigām: avoti „nav sākts” nav ne lasīti, ne mainīti.
cli-drift-taken = { $source }: tas, ko avots piegādā, ir mainījies (pārmaiņas: { $count }); pārņemts (vienkop findings { $source })
cli-drift-contact = Par šīm pārmaiņām pasakiet: { $contact }
cli-drift-no-contact = Par šīm pārmaiņām pasakiet iestādei; kam, nav norādīts: contact = "…" avota { $source } failā
cli-check-schema-same = uzbūve tāda pati kā pēdējā ielādē
cli-check-schema-drift = kopš iepriekšējās piegādes: { $message }
cli-approve-hint = Apstiprināt tikai šo avotu: { $command }
cli-approve-unknown = --approve: šajā darbā nav avota „{ $name }”. Līdzīgi: { $nearest }
cli-plan-kind-insert = jauns
cli-plan-kind-change = mainīts
cli-plan-kind-retire = izņemts
cli-plan-kind-merge = apvienots
cli-plan-empty = (tukšs)
cli-explain-unknown = Nav koda „{ $code }”. Līdzīgi: { $nearest }
cli-explain-severity-info = ziņa
cli-explain-severity-warning = brīdinājums
cli-explain-severity-error = kļūda
cli-explain-remedy = Kā labot: { $text }
cli-check-config = Konfigurācija kārtībā. Avoti: { $sources }, plūsmas: { $pipelines }, kodu saraksti: { $codelists }.
cli-preset-verified = pārbaudīts pie īstas sistēmas
cli-preset-unverified = veidots pēc dokumentācijas, pie īstas sistēmas nav pārbaudīts
cli-presets-none = Sagatavju nav: mapē config/presets nav neviena faila.
cli-check-source-ok = { $source }: kārtībā (faili: { $files }, rindas paraugā: { $rows })
cli-check-access = serveris sasniedzams: { $reached }; pieteikšanās pieņemta: { $authenticated }; tiesības lasīt: { $permitted }
cli-check-first = pirmais ieraksts ({ $entity }): aizpildīti { $fields } no { $of } laukiem
cli-check-yes = jā
cli-check-no = nē
cli-check-not-asked = nav zināms
cli-check-source-bad = { $source }: { $message }
cli-check-schedule = { $pipeline }: izpilda pēc grafika „{ $schedule }”, tuvākie laiki: { $times }
cli-check-registry-ok = Reģistrs { $registry }: kārtībā
cli-check-registry-new = Reģistra { $registry } vēl nav, to izveidos pirmā palaišana
cli-check-registry-grant = Reģistrs { $registry }: pietrūkst tiesību. Datubāzes īpašniekam jāizpilda: { $statement }
cli-check-registry-schema = Reģistrs { $registry }: search_path ({ $path }) nenosauc nevienu shēmu, kas ir un ko drīkst lietot. Izveidojiet shēmu un dodiet tai USAGE vai izlabojiet adresi.
cli-check-registry-read-only = Reģistrs { $registry }: serveris ļauj tikai lasīt (rezerves serveris vai default_transaction_read_only). Norādiet serveri, kurā drīkst rakstīt.
cli-check-registry-file = Reģistrs: vienkop lietotājs nedrīkst rakstīt failā vai mapē { $path }.
cli-retry-title = Karantīna vēlreiz: { $as_of }
cli-retry-plan-title = Kas notiktu ar karantīnu, laižot to vēlreiz (nekas netiek mainīts): { $as_of }
cli-retry-gone = { $file }, saņemts { $landed }, vairs netiek glabāts; ieraksti, kas paliek karantīnā: { $count }
cli-retry-held = ieraksti no piegādes, no kuras nekas nav ielādēts: { $count }; palaidiet avotu no jauna: vienkop run { $source }
cli-retry-newer = paliek karantīnā, jo reģistrā ir kas jaunāks: { $count } ({ $ids }). Ja tie nokārtoti: vienkop quarantine close ID --because "…"
cli-retry-unread = paliek karantīnā, jo to rindas vairs nelasa neviena avota tabula: { $count } ({ $ids })
cli-retry-no-source = Avota { $source } konfigurācijā vairs nav; tā ieraksti paliek karantīnā.
cli-quarantine-empty = Karantīnā nav nekā.
cli-quarantine-none = Karantīnā nav ieraksta „{ $id }”. Sarakstu rāda: vienkop quarantine list
cli-quarantine-because = Norādiet iemeslu: --because "…"
cli-quarantine-closed = No saraksta noņemti ieraksti: { $count } (palaišana { $run }). Kas tie bija un kāpēc noņemti, rāda: vienkop quarantine show.
cli-quarantine-closed-before = Ieraksts „{ $id }” vairs nav karantīnā; nekas nav mainīts.
cli-quarantine-closed-by-run = Karantīnā vairs nav kopš palaišanas { $run }: tas piegādāts no jauna.
cli-quarantine-closed-by-hand = Noņemts no saraksta palaišanā { $run }: { $because }
cli-col-id = Ieraksts
cli-col-where = Kur
cli-col-key = Atslēga
cli-col-codes = Kodi
cli-col-column = Kolonna
cli-col-value = Vērtība
cli-col-run = Nr.
cli-col-pipeline = Plūsma
cli-col-started = Sākta
cli-col-status = Iznākums
cli-runs-empty = Vēl nekas nav palaists.
cli-run-clean = pabeigta
cli-run-attention = pabeigta, jāapskata
cli-run-failed = ne viss ielādēts
cli-run-broken = pārtraukta
cli-run-running = iesākta
cli-no-report = Pārskats nav izveidots: reģistrā nav par ko ziņot (prasītās aptaujas: { $questionnaires }).
cli-plan-no-registry = Reģistra { $registry } vēl nav: salīdzināts ar tukšu.
cli-plan-verdict = Tas ir plāns: nekas nav ielādēts. Izpildīt: vienkop run
cli-plan-more = … un vēl { $count }
cli-merged-of = { $source }: ar citu avotu pakalpojumiem apvienoti jauni ieraksti: { $count } (vienkop review list --all)
cli-source-held = Šo avotu pašlaik ielādē cita palaišana ({ $holder }). Palaidiet vēlreiz, kad tā būs beigusies.
cli-col-skipped = Izlaists
cli-findings-empty = Konstatējumu nav.
cli-replay-same = Viss sakrīt ar gaidīto.
cli-replay-accepted = Gaidītie rezultāti atjaunoti: { $dir }
cli-replay-differs = Faili, kas atšķiras no gaidītā: { $files }. Ja tā ir pareizi: vienkop replay … --accept
cli-replay-outside = Paraugam jābūt mapē { $dir }: { $source } lasa { $path }
cli-assess-empty = Reģistrā nav par ko ziņot (aptauja „{ $wave }”). Vispirms: vienkop run
cli-interrupted = Pārtraukts: iesāktais avots nav ielādēts, iepriekšējie ir.
cli-no-key = Avots „{ $source }” pseidonimizē personas, bet atslēgas nav. Norādiet vides mainīgo { $env } (vismaz 16 baiti).
cli-record-undeclared = Ieraksts nav sākts: avots ({ $sources }) nenorāda, kuri atbilžu lauki identificē personas. Papildiniet [fetch] ar personal = ["author/name", …] vai, ja tādu nav, personal = [].
cli-record-nothing = Ierakstīt nav ko: neviens no avotiem nevaicā serverim.
cli-record-folder = Mapē { $folder } nevar ierakstīt. Norādiet jaunu vai tukšu mapi.
cli-recorded = Ierakstīts: { $folders }. Pirms nodošanas citiem ierakstu pārlūkojiet; atskaņo ar [fetch] recorded = "…".
cli-source-unknown = Nav ne plūsmas, ne avota „{ $name }”. Līdzīgi: { $nearest }
cli-schema-written = Uzrakstīts: { $path }
cli-place-line = { $line }. rinda
cli-place-line-column = { $line }. rinda, kolonna „{ $column }”
cli-place-record = { $record }. ieraksts
cli-place-record-path = { $record }. ieraksts, { $path }
cli-as-of-bad = --as-of: „{ $value }” nav datums (2024-07-08) vai laiks (2024-07-08T12:00:00Z)
cli-place-cell-column = { $cell }, kolonna „{ $column }”
cli-record-title = { $entity } „{ $name }”
cli-record-key = Atslēga
cli-record-uid = Uid
cli-record-name = Nosaukums
cli-record-state = Stāvoklis
cli-record-current = spēkā, pašreizējā redakcija kopš { $at } ({ $run }. palaišana)
cli-record-retired = izņemts { $at } ({ $run }. palaišana)
cli-record-was = (izņemts)
cli-record-no-registry = Reģistra { $registry } vēl nav. Vispirms: vienkop run
cli-record-none = Reģistrā nav ieraksta „{ $id }”. Norādiet uid (vismaz 8 pirmās zīmes) vai veidu un atslēgu, piemēram, institution:90000270634 vai service:90000270634/01; veidus rāda: vienkop list entities
cli-record-kind = Nav ierakstu veida „{ $kind }”. Līdzīgi: { $nearest }
cli-record-several = „{ $id }” var būt vairāki ieraksti; norādiet uid:
cli-record-quarantined = Ieraksts „{ $id }” reģistrā nav pieņemts, tas ir karantīnā: vienkop quarantine show { $number }
cli-record-yes = jā
cli-record-no = nē
cli-record-unit-min = min.
cli-record-unit-h = st.
cli-record-unit-d = d.
cli-record-unit-working-d = darba d.
cli-record-unit-month = mēn.
cli-record-sources = Avoti (augstākā prioritāte pirmā)
cli-record-priority = prioritāte { $priority }
cli-record-record = ieraksts { $key }, uid { $uid }, kopš { $run }. palaišanas
cli-record-mapping = kartējums: { $file }
cli-record-no-mapping = avota apraksta konfigurācijā vairs nav
cli-record-in-quarantine = pēdējā piegādē ieraksts ir karantīnā, reģistrā palikusi iepriekšējā redakcija: vienkop quarantine show { $number }
cli-record-deliveries = Piegādes
cli-record-targets = Pie saņēmējiem
cli-record-target = { $target }: { $state ->
    [accepted] pieņemts
    [refused] nav pieņemts
    [removing] nosūtīta izņemšana, atbildes nav
   *[sent] nosūtīts, atbildes nav
} ({ $at })
cli-record-delivery = { $source }: { $file }, { $run }. palaišana, { $at }
cli-record-evidence = plūsma { $pipeline }; fails saņemts { $at }
cli-record-file-kept = fails tiek glabāts
cli-record-file-gone = fails vairs nav saglabāts
cli-record-file-expired = fails vairs nav saglabāts: failus ar personas datiem glabā { $days } dienas
cli-record-fields = Lauki
cli-record-raw = avotā rakstīts: „{ $text }”
cli-record-events = Notikumi
cli-record-steps = Soļi
cli-record-lasted = { $elapsed }, darba laikā { $worked }
cli-record-lost = nav ņemts vērā: „{ $value }” { $from }
cli-record-no-source = (neviens no pašreizējiem avotiem šo vērtību nepiegādā)
cli-record-constant = nemainīga vērtība avota aprakstā
cli-history-head = { $kind } · { $at } · { $run }. palaišana, plūsma { $pipeline }
cli-history-inserted = Iekļauts
cli-history-changed = Mainīts
cli-history-retired = Izņemts
cli-history-returned = Atgriezies
cli-history-gone = Vairs nepiegādā: { $sources }
cli-history-nothing = (redzamu atšķirību nav)
cli-history-item-added = pievienots
cli-history-item-removed = izņemts
cli-history-item-changed = mainīts
cli-history-reordered = mainīta vienumu secība
cli-history-merged = Tajā iekļauts: { $uid }
cli-history-merged-into = Iekļauts citā: { $uid }
cli-history-separated = Atdalīts no: { $uid }
cli-review-empty = Neviens pāris negaida lēmumu, un nav jaunu šablonu, ko piedāvāt.
cli-review-pairs = Pakalpojumi, kas varbūt ir viens un tas pats:
cli-review-open = gaida lēmumu
cli-review-accepted = apvienoti
cli-review-rejected = atzīti par dažādiem
cli-review-side = { $owner }, kods { $code }, avoti: { $sources }
cli-review-col-field = Lauks
cli-review-col-alike = Līdzība
cli-review-col-weight = Svars
cli-review-col-left = Pirmais
cli-review-col-right = Otrais
cli-review-note-other-owner = Turētāji ir dažādi: tādus neapvieno bez cilvēka lēmuma.
cli-review-note-municipalities = Abi turētāji ir pašvaldības: tas ir viena veida, nevis viens pakalpojums.
cli-review-note-unmatched-words = Kādam nosaukuma vārdam otrā nosaukumā nav atbilstoša.
cli-review-note-name-alone = Nosaukumi nav gluži vienādi, un citi lauki līdzību neapstiprina.
cli-review-note-several-candidates = Ir vairāki iespējamie pāri.
cli-review-how = Viens pakalpojums: vienkop review accept { $id } · divi: vienkop review reject { $id }
cli-review-how-undo = Atdalīt: vienkop review split { $id }
cli-review-groups = Viena veida pakalpojumi vairākās pašvaldībās, kam vēl nav kopīga šablona koda (apstiprināt: vienkop review accept KODS):
cli-review-group = { $code }  „{ $name }”, pakalpojumi: { $count }
cli-review-done-accepted = Apvienoti ({ $run }. palaišana): paliek { $uid }, tajā iekļauts { $other }. Lēmumu atceras.
cli-review-done-rejected = Atzīti par diviem pakalpojumiem ({ $run }. palaišana). Šo pāri vairs nejautās.
cli-review-done-split = Atdalīti ({ $run }. palaišana): { $uid } un { $other }. Kopā tos vairs neliks.
cli-review-done-grouped = Šablona kods piešķirts ({ $run }. palaišana), pakalpojumi: { $count }. Ja kāds avots norāda savu kodu, ņem vērā to.
cli-review-already-accepted = Par šo pāri jau izlemts: pakalpojumi ir apvienoti. Atdalīt var ar „vienkop review split”.
cli-review-already-rejected = Par šo pāri jau izlemts: tie ir divi pakalpojumi.
cli-review-already-open = Par šo pāri vēl nav izlemts: nav ko atdalīt.
cli-review-nothing = Nav ko atdalīt: šis avots par pakalpojumu neko nesaka, vai arī citu avotu tam nav.
cli-review-unknown = Tāda pāra nav. Sarakstu rāda: vienkop review list --all
cli-review-no-group = Šablons „{ $id }” nav piedāvāts. Līdzīgi: { $nearest }
cli-review-split-what = „{ $id }” nav pāra numurs. Norādiet apvienošanas numuru (vienkop review list --all) vai pakalpojumu un avotu: vienkop review split { $id } --source AVOTS
cli-schedule-as-of = --as-of un schedule viens otru izslēdz: grafiks iet pēc pulksteņa. Izpildīt ar citu dienu: vienkop run --as-of { $value }
cli-schedule-none = Nevienai plūsmai nav grafika. Ierakstiet to failā config/pipelines/<nosaukums>.toml, piemēram: schedule = "15 3 * * 1-5"
cli-schedule-missed = Nokavētie laiki: { $number }, pirmais { $first }.
cli-schedule-missed-many = Nokavētie laiki: { $number } vai vairāk, pirmais { $first }.
cli-schedule-only-told = { $pipeline }: { $missed } Tikai paziņots, nav izpildīts; nākamais laiks: { $next }
cli-schedule-retry = Mēģinās vēlreiz { $at } ({ $attempt } no { $attempts }): { $sources }
cli-schedule-given-up = Veltīgi mēģināts vēlreiz ({ $attempts } no { $attempts }): { $sources }

## Situācijas novērtējums

report-title = Esošās situācijas novērtējums
report-as-of = Datu stāvoklis: { $date }
report-date = { $year }. gada { $day }. { $month }
report-month = { $month ->
    [m01] janvāris
    [m02] februāris
    [m03] marts
    [m04] aprīlis
    [m05] maijs
    [m06] jūnijs
    [m07] jūlijs
    [m08] augusts
    [m09] septembris
    [m10] oktobris
    [m11] novembris
   *[m12] decembris
}
report-contents = Saturs
report-skip = Izlaist satura rādītāju
report-search = Meklēt visās tabulās
report-search-table = Meklēt šajā tabulā
report-search-found = Atrastās rindas: { $shown } no { $all }; tabulas: { $tables }
report-search-shown = Parādītās rindas: { $shown } no { $all }
report-caption = { $number }. attēls. { $title }
report-figure = { $number }. attēls
report-figure-follow-up = { $number }. attēls, papildjautājums
report-figure-header = Attēls
report-share-count = skaits
report-share-of = no
report-unit = mērvienība
report-unit-d = dienas
report-unit-working-s = darba laika sekundes
report-unit-working-d = darba dienas
report-section-header = Sadaļa
report-table-header = Tabula
report-question = Jautājums
report-answer = Atbilde
report-count = Skaits
report-share-header = Daļa
report-total = Kopā
report-kind = Iestādes veids
report-kind-unknown = veids nav zināms
report-by-kind = Sadalījums pa iestāžu veidiem
report-kind-n = { $kind } (n = { $n })
report-n = n = { $n }
report-follow-up = Papildjautājums
report-reg-no = Reģistrācijas numurs
report-nearest = Tuvākie zināmie nosaukumi
report-analyst = analītiķa teksts
report-chart-lines = Līniju diagramma: { $title }
report-chart = Joslu diagramma: { $title }
report-same-numbers = Skaitļi ir arī failos report.json un tables/*.csv.
report-pdf-about = Skaitļi ir no vienkop reģistra; no kurienes katrs cēlies, rāda komanda vienkop explain.
report-pdf-figures = Attēlu saraksts
report-pdf-tables = Tabulu saraksts
report-pdf-table = { $number }. tabula. { $title }
report-pdf-by-kind = { $title }: skaits un daļa pa iestāžu veidiem
report-pdf-first = Attēlā ir pirmās { $shown } no { $all } tabulas rindām.
report-pdf-left-out = Šeit neparādītas rindas: { $count }.
report-pdf-elsewhere = Šeit neparādītas rindas: { $count }. Visas rindas: { $files }.
report-pdf-sheet = report.xlsx (lapa „{ $id }”)

report-behind = Ieraksti, ko skaita pārskata skaitļi
report-behind-all = Ierakstu skaits: { $count }.
report-behind-first = Pirmie { $most } ieraksti no { $count }; visus rāda vienkop explain.
report-behind-how = Kolonnas nosauktas tā, kā tās sauc skaitļu atlasītāji (vienkop explain ID): atlasot kolonnās atlasītāja vērtības, paliek tieši tie ieraksti, ko skaita skaitlis. Lapa: { $name }.
behind-survey-response = Aptaujas atbildes
behind-service = Pakalpojumi
behind-expected = Portfeļu pozīcijas
behind-readiness = Gatavības prasības
behind-placement = Obligātās vietas katalogos
behind-offer = Piedāvājumi katalogos
behind-listed = Katalogos parādītais
behind-technology = Tehnoloģiju grupas iestādēs
behind-condition = Nosacījumi iestādēs
behind-need = Vajadzības
behind-institution = Iestādes
behind-lack = Reģistra trūkumi
behind-delivery = Avotu pēdējās piegādes
behind-finding = Konstatējumu skaits pa avotiem
report-respondents = { $count ->
    [zero] { $count } respondentu
    [one] { $count } respondents
   *[other] { $count } respondenti
}
report-respondents-header = Respondenti
report-respondents-title = Respondenti pa iestāžu veidiem

report-row-yes = Jā
report-row-no = Nē
report-row-none = Nav atbildes
report-row-unclear = Nesaprotama atbilde
report-row-other = Cits atbilžu salikums
report-row-unmatched = Citi (neatpazīti nosaukumi)
report-row-unmatched-options = Citas atbildes
report-row-no-system = Sistēma nav nosaukta

report-survey-when = Aptaujas laiks: { $opened } – { $closed }. Aptaujā piedalījās { $respondents }.
report-survey-counting = Procentuālās daļas rēķinātas no visiem respondentiem un noapaļotas līdz divām zīmēm aiz komata; sadalījumā pa iestāžu veidiem – no attiecīgā veida respondentiem. Sistēmu nosaukumu dažādie rakstības veidi ir apvienoti.
report-survey-again = Respondenti, kas atbildējuši vairākkārt: { $count }. No katra skaitīta pēdējā iesniegtā anketa.

report-note-systems = Respondents var nosaukt vairākas sistēmas, tāpēc daļu summa var pārsniegt 100 %.
report-note-options = Respondents var izvēlēties vairākas atbildes, tāpēc daļu summa var pārsniegt 100 %.
report-note-uses-any = Grupā „{ $no }” ieskaitīti arī respondenti bez atbildes ({ $count }).

## Apjoma vārdi: teikuma priekšmets secinājumos

noun-respondents-all = visi respondenti
noun-respondents-of = respondentu
report-share-all = { $all }
report-share-great-majority = vairums { $of }
report-share-most = lielākā daļa { $of }
report-share-over-half = vairāk nekā puse { $of }
report-share-just-over-half = nedaudz vairāk nekā puse { $of }
report-share-half = puse { $of }
report-share-nearly-half = teju puse { $of }
report-share-under-half = mazāk nekā puse { $of }
report-share-under-third = mazāk nekā trešdaļa { $of }
report-share-under-quarter = mazāk nekā ceturtdaļa { $of }
report-share-few = maz { $of }

report-list-and = { $list } un { $last }
report-sentence-empty = Aptaujā nav neviena respondenta.
report-sentence-predicate = { $share } ({ $count } no { $n } jeb { $percent }) { $predicate }.
report-sentence-answer = Atbildi „{ $answer }” sniedza { $share } ({ $count } no { $n } jeb { $percent }).
report-sentence-nobody = Atbildi „{ $answer }” nesniedza neviens respondents.
report-sentence-unanswered = Uz jautājumu neatbildēja { $respondents } ({ $percent }).
report-sentence-cross-first = { $share } ({ $count } no { $n } jeb { $percent }) { $label }
report-sentence-cross-next = { $count } ({ $percent }) { $label }
report-sentence-cross-none = Neviens respondents nav atbildējis uz visiem jautājumiem.
report-sentence-systems-first = Visbiežāk nosauktie risinājumi: { $list }.
report-sentence-systems-others = Tāpat nosaukti: { $list }.
report-sentence-systems-all = Nosauktie risinājumi: { $list }.
report-sentence-systems-none = Neviens zināms risinājums nav nosaukts.
report-sentence-options-first = Visbiežāk izvēlētās atbildes: { $list }.
report-sentence-options-others = Retāk izvēlētas: { $list }.
report-sentence-options-all = Izvēlētās atbildes: { $list }.
report-sentence-options-none = Neviena no piedāvātajām atbildēm nav izvēlēta.

## Analītiķim

report-review-title = Analītiķim pārskatāmās atbildes
report-review-text = Šīs atbildes ir ieskaitītas tabulās, taču par to nozīmi jālemj cilvēkam. Neatpazītu nosaukumu vai rakstības veidu pievieno kodu sarakstam „systems” kā jaunu sistēmu vai aizstājvārdu.
report-review-unmatched-title = Neatpazīti nosaukumi un atbildes
report-review-unmatched-note = Tabulās tie skaitīti rindās „Citi (neatpazīti nosaukumi)”, „Citas atbildes” un „Nesaprotama atbilde”.
report-review-no-system-title = Atbildes, kas nenosauc sistēmu
report-review-no-system-note = Tās netiek skaitītas kā sistēmas lietošana.
report-review-not-listed-title = Respondenti, kuru nav iestāžu sarakstā
report-review-not-listed-note = Sadalījumā pa veidiem tie ir grupā „veids nav zināms”.
report-review-questions-title = Jautājumi, kuru nav anketā
report-review-questions-note = Atbildes uz tiem nav ieskaitītas nevienā tabulā.

### Vide: reģistrs

fault-registry-url = reģistra adrese { $url } neder: { $reason }; rakstiet sqlite:// un faila ceļu vai postgres://lietotājs@serveris/datubāze
fault-registry-url-no-scheme = tai nav shēmas
fault-registry-url-scheme = reģistrs var būt SQLite fails vai PostgreSQL datubāze
fault-registry-url-no-file = tajā nav nosaukts fails
fault-registry-url-no-database = tajā nav nosaukta datubāze
fault-registry-url-parameter = parametra „{ $name }” nav
fault-registry-url-certificate = faila { $path } nav
fault-registry-url-other = to nevar saprast (paroles zīmes / ? # @ raksta kā %2F %3F %23 %40)
fault-registry-open = nevar atvērt reģistru { $path }; pārbaudiet, vai mape ir un vai failu drīkst lasīt un rakstīt
fault-registry-corrupt = reģistrs { $path } ir bojāts vai nav reģistrs; atjaunojiet pēdējo rezerves kopiju vai pārvietojiet to, lai sāktu no jauna
fault-registry-held-source = avotu „{ $name }” apstrādā { $holder } (gaidīts { $seconds } s); palaidiet vēlreiz, kad tas būs beidzis
fault-registry-held-pipeline = plūsmu „{ $name }” izpilda { $holder } (gaidīts { $seconds } s); palaidiet vēlreiz, kad tas būs beidzis
fault-registry-held-writer = reģistrā raksta { $holder } (gaidīts { $seconds } s); palaidiet vēlreiz, kad tas būs beidzis
fault-registry-held-unknown = cits process
fault-registry-unreachable = reģistrs { $path } nav sasniedzams vai savienojums ar to ir pārtrūcis; no iesāktā nekas nav saglabāts: palaidiet vēlreiz, kad serveris atbild
fault-registry-refused = reģistrs { $path } mūs nelaiž iekšā; pārbaudiet lietotāju, paroli (PGPASSWORD vai .pgpass), datubāzi un, ja ir sslmode=verify-full, sertifikātu un sslrootcert
fault-registry-locked = reģistrā { $path } raksta cita palaišana vai plāns (gaidīts { $seconds } s); palaidiet vēlreiz, kad tas būs beidzis
fault-registry-read-only = reģistru { $path } drīkst tikai lasīt; dodiet vienkop lietotājam rakstīšanas tiesības (failam un tā mapei; serverī CREATE shēmai un TEMPORARY datubāzei); kas trūkst, rāda vienkop check
fault-registry-full = reģistram { $path } vai tā pagaidu failiem nav vietas; atbrīvojiet vietu un palaidiet vēlreiz, no iesāktā nekas nav ielādēts
fault-registry-newer = reģistra { $path } shēmas versija ir { $found }, šī programma pazīst { $known }; uzstādiet jaunāko vienkop
fault-registry-older = reģistru { $path } veidojusi vecāka vienkop; atjaunina „vienkop run”, plāns neko neraksta
fault-registry-migration = nevar sagatavot reģistra { $path } tabulas
fault-registry-twice = avots „{ $name }” { $run }. palaišanā jau ir piegādājis; sāciet jaunu palaišanu
fault-registry-broken = pakalpojumu salīdzināšana pārtrūka; tā ir programmas kļūda, lūdzu, ziņojiet par to
fault-lake-missing = Notikumu ezera faila { $path } nav, lai gan reģistrs to min. Reģistrs un ezers ir viens veselums: atjaunojiet failu vai abus no pēdējās rezerves kopijas
fault-lake-damaged = Notikumu ezera fails { $path } ir bojāts ({ $reason }); atjaunojiet to no pēdējās rezerves kopijas
fault-lake-write = Notikumu ezera failu { $path } nevar ierakstīt: { $reason }
fault-registry-other = reģistrs { $path }

### Veiktspējas rādītāji: vienkop kpi un pārskata 3. sadaļa

performance-title = Pakalpojumu veiktspēja
performance-period = Periods: { $from } – { $to } (abas dienas ieskaitot).
performance-until = Skaitīti visi pieprasījumi; pēdējā diena: { $to }.
performance-counting = Skaitīti pakalpojumu pieprasījumi; citu veidu pieteikumi ir atsevišķā tabulā. Saņemtos skaita pēc iesniegšanas dienas, pabeigtos un to ilgumu – pēc pēdējās pabeigšanas dienas, atvērtos – perioda pēdējā dienā. Ilgums ir no pirmā notikuma, kas nav melnraksts, līdz pabeigšanai, kalendāra laikā, ja nav teikts „darba laikā”. Mediāna ir vērtība, par kuru puse ilgumu ir īsāki un puse garāki, 90. procentile – laiks, kurā iekļaujas deviņi no desmit. Ja kaut vienam no pieprasījumiem zināma tikai diena, ilgums rādīts dienās. Daļas ir no tiem pieprasījumiem, par kuriem to var pateikt; „–” nozīmē, ka skaitīt nav ko.
performance-volume-title = Apjoms
performance-volume-text = Cik pieprasījumu saņemts un pabeigts, cik ir atvērtu un nokavētu, un pa kādiem kanāliem tie saņemti.
performance-time-title = Izpildes laiks
performance-time-text = Cik ilgi pieprasījumus izpildīja un cik bieži iekļāvās paredzētajā un normatīvajos aktos noteiktajā laikā.
performance-outcome-title = Rezultāti
performance-outcome-text = Ar kādu rezultātu pieprasījumi pabeigti un cik bieži tas izdevās bez papildu pūlēm. Atteikumu daļa ir no pieprasījumiem, par kuriem lemts; „ar pirmo reizi” – pabeigti, ne reizi negaidot klientu.
performance-steps-title = Izpildes soļi
performance-steps-text = Cik ilgi pieprasījumi bija katrā stāvoklī (skaitīti periodā beigušies soļi) un cik laika vēl paredzams atvērtajiem.
performance-clause-3-1-title = MK noteikumu Nr. 402 3.1. apakšpunkts
performance-clause-3-1-text = Pakalpojumi, kas atbilst kritērijam: vairāk nekā 5000 pieprasījumu gadā vai vairāk nekā 10 % no visiem iestādes pieprasījumiem. Ja e-pakalpojuma vēl nav, tas jāapsver. Gads ir iesniegšanas kalendārais gads; pēdējais var būt nepilns.
performance-other-kinds-title = Citu veidu pieteikumi
performance-other-kinds-text = Pieteikumi, kas nav pakalpojuma pieprasījumi; pakalpojumu rādītājos tie nav ieskaitīti.

table-total = Galvenie rādītāji
table-total-note = Blakus kopskaitam – pēc tā, no kā zināms statusu laiks: žurnālam un laika kolonnām var ticēt vairāk nekā divu piegāžu starpībai un ar roku ievadītajam.
table-short-service = Pakalpojumi
table-short-institution = Iestādes
table-short-channel = Kanāli
table-short-month = Mēneši
table-volume-service = Apjoms pa pakalpojumiem
table-volume-institution = Apjoms pa iestādēm
table-volume-channel = Apjoms pa kanāliem
table-volume-month = Apjoms pa mēnešiem
table-volume-month-note = Atvērtie un nokavētie ir pie mēneša, kurā tie iesniegti.
table-time-service = Izpildes laiks pa pakalpojumiem
table-time-institution = Izpildes laiks pa iestādēm
table-time-channel = Izpildes laiks pa kanāliem
table-time-month = Izpildes laiks pa mēnešiem, kuros pabeigts
table-outcome-service = Rezultāti pa pakalpojumiem
table-outcome-institution = Rezultāti pa iestādēm
table-outcome-channel = Rezultāti pa kanāliem
table-outcome-month = Rezultāti pa mēnešiem, kuros pabeigts
table-steps-total = Soļu ilgums
table-steps-service = Soļu ilgums pa pakalpojumiem
table-forecast-total = Atvērto pieprasījumu atlikušais laiks
table-forecast-total-note = Laiks, kāds no šī soļa līdz pabeigšanai bija vajadzīgs citiem, bez jau pagājušajām dienām. Nav rādīts, ja pamatā ir mazāk nekā 5 pabeigti pieprasījumi.
table-forecast-service = Atvērto pieprasījumu atlikušais laiks pa pakalpojumiem
table-clause-3-1 = Pakalpojumi, kas atbilst kritērijam
table-other-kinds = Pieteikumi pa veidiem

head-service = Pakalpojums
head-institution = Iestāde
head-channel = Kanāls
head-month = Mēnesis
head-state = Solis
head-kind = Veids
head-year = Gads

measure-all = Kopā
measure-no-derivation = Bez notikumiem
measure-no-service = (pakalpojums nav norādīts)
measure-no-channel = (kanāls nav zināms)
measure-no-date = (datums nav zināms)
measure-unknown = (nav zināms)
measure-received = Saņemti
measure-electronic-share = Pa e-kanāliem
measure-in-person = Saņemti klātienē
measure-in-person-share = Klātienes, kuru statusi reģistrēti
measure-undated = Bez datuma (nav ieskaitīti)
measure-open = Atvērti
measure-overdue = Nokavēti
measure-due-unknown = Termiņš nav zināms
measure-closed = Pabeigti
measure-granted = Piešķirti
measure-partly-granted = Daļēji piešķirti
measure-refused = Atteikti
measure-completed = Pabeigti bez norādīta rezultāta
measure-withdrawn = Atsaukti
measure-forwarded = Pārsūtīti
measure-cancelled = Anulēti
measure-refusal-share = Atteikumu daļa
measure-timed = Ar zināmu ilgumu
measure-median-seconds = Mediāna
measure-p90-seconds = 90. procentile
measure-median-working-seconds = Mediāna darba laikā
measure-p90-working-seconds = 90. procentile darba laikā
measure-expected-share = Paredzētajā laikā
measure-expected-of = Salīdzināmi ar paredzēto laiku
measure-expected-undecidable = Ar paredzēto laiku nav salīdzināmi
measure-statutory-share = Normatīvajā laikā
measure-statutory-of = Salīdzināmi ar normatīvo laiku
measure-statutory-undecidable = Ar normatīvo laiku nav salīdzināmi
measure-first-time-right-share = Ar pirmo reizi
measure-reopened = Atkārtoti atvērti
measure-appealed = Apstrīdēti
measure-waited = Gaidīja klientu
measure-waiting-median-seconds = Klienta gaidīšanas mediāna
measure-suspended = Bija apturēti
measure-suspended-median-seconds = Apturēšanas mediāna
measure-stays = Reizes
measure-behind = Pamatā reizes
measure-typical-seconds = No soļa sākuma (mediāna)
measure-remaining-median-seconds = Vēl paredzams (mediāna)
measure-remaining-p90-seconds = Vēl paredzams (90. procentile)
measure-requests = Pieprasījumi
measure-holder-requests = Iestādes pieprasījumi
measure-holder-share = Daļa
measure-digital-level = Digitalizācijas līmenis
measure-e-service = Secinājums
measure-short-expected-share = Paredzētajā
measure-short-statutory-share = Normatīvajā
measure-short-refusal-share = Atteikumi
e-service-consider = e-pakalpojums jāapsver
e-service-exists = e-pakalpojums jau ir
e-service-unknown = e-pakalpojums jāapsver, ja tā vēl nav (līmenis nav zināms)
e-service-no = kritērijam neatbilst

duration-d = d
duration-h = h
duration-min = min
duration-s = s
duration-working-d = darba d.

report-of = no { $of }
report-measures-more = Vēl { $count ->
    [one] { $count } rinda
   *[other] { $count } rindas
}

cli-kpi-empty = Nav neviena pieprasījuma, ko skaitīt. Statusus ielādē avots, kura tabula ir service_request un status_event: vienkop run. Ja norādīts periods, pakalpojums vai iestāde, mēģiniet bez tiem.
cli-kpi-no-registry = Reģistra { $registry } vēl nav. Vispirms: vienkop run
cli-kpi-service-unknown = Nevienā pieprasījumā un reģistrā nav pakalpojuma ar kodu „{ $name }”. Līdzīgi: { $nearest }
cli-kpi-institution-unknown = Nevienā pieprasījumā un reģistrā nav iestādes „{ $name }”. Līdzīgi: { $nearest }
cli-kpi-date = „{ $value }” nav datums; rakstiet, piemēram, 2024-07-08
cli-kpi-order = periods beidzas ({ $to }), pirms tas sākas ({ $from })
cli-kpi-undecidable = Nav nosakāms: { $due } atvērtiem – vai tie nokavēti (nav termiņa vai pietiekami precīza laika); { $expected } pabeigtiem – vai iekļauts paredzētajā laikā; { $statutory } – vai normatīvajā; { $undated } – kuram periodam tie pieder (nav datuma).

# Sections 2, 4 to 8 of the report
cannot-be-told = nav nosakāms
list-left = Šeit nerādīto ierakstu skaits: { $count }; visus uzskaita vienkop explain "{ $select }".
noun-services-all = visi pakalpojumi
noun-services-of = pakalpojumu
noun-needs-all = visas vajadzības
noun-needs-of = vajadzību
noun-items-all = visas portfeļu pozīcijas
noun-items-of = portfeļu pozīciju
noun-answers-all = visas prasības
noun-answers-of = prasību
noun-institutions-all = visas iestādes
noun-institutions-of = iestāžu
noun-conditions-all = visi nosacījumi
noun-conditions-of = nosacījumu
noun-records-all = visi ieraksti
noun-records-of = ierakstu
conclusion-portfolio-total = { $share } ({ $count } no { $n } jeb { $percent }) atbilst reģistrētam pakalpojumam.
conclusion-portfolio-total-none = Nevienai no { $n } portfeļu pozīcijām neatbilst reģistrēts pakalpojums.
conclusion-completeness-group = { $share } ({ $count } no { $n } jeb { $percent }) atbilst visu astoņu apraksta grupu prasībām.
conclusion-completeness-group-none = Nevienam no { $n } pakalpojumiem nav aprakstītas visas astoņas grupas.
conclusion-links-total = ar kādu pakalpojumu saistās { $share } ({ $count } no { $n } jeb { $percent }).
conclusion-links-total-none = Nevienai no { $n } vajadzībām nav piesaistīta pakalpojuma.
conclusion-catalogue-placement = katalogā, kurā tiem jābūt, atrodas { $share } ({ $count } no { $n } jeb { $percent }).
conclusion-catalogue-placement-none = Neviens no { $n } pakalpojumiem nav katalogā, kurā tam jābūt.
conclusion-freshness-institution = { $share } ({ $count } no { $n } jeb { $percent }) balstās uz novecojušu aprakstu.
conclusion-freshness-institution-none = Neviens no { $n } pakalpojumu aprakstiem nav novecojis.
conclusion-readiness-requirement = no { $n } prasībām, par kurām ir dati, izpildītas { $count } jeb { $percent } – { $share }.
conclusion-readiness-requirement-none = No { $n } prasībām, par kurām ir dati, neviena nav izpildīta.
conclusion-readiness-institution = no { $n } prasībām dati ļauj spriest par { $count } jeb { $percent } – { $share }.
conclusion-readiness-institution-none = Ne par vienu no { $n } prasībām reģistra dati neļauj spriest.
conclusion-technology-group = { $share } ({ $count } no { $n } jeb { $percent }) izmanto pakalpojumu pārvaldības valsts vienoto reģistru (T1).
conclusion-technology-group-none = Neviena no { $n } iestādēm neizmanto pakalpojumu pārvaldības valsts vienoto reģistru (T1).
conclusion-condition-support = no { $n } nosacījumiem dati ļauj spriest par { $count } jeb { $percent } – { $share }.
conclusion-condition-support-none = Ne par vienu no { $n } nosacījumiem dati neļauj spriest.
conclusion-quality-source = reģistrā nonāk { $share } ({ $count } no { $n } jeb { $percent }).
conclusion-quality-source-none = Neviens no { $n } ierakstiem nav nonācis reģistrā.
conclusion-change-more = visvairāk pieaugusi atbildes „{ $label }” daļa (par { $points } procentpunktiem).
conclusion-change-less = visvairāk sarukusi atbildes „{ $label }” daļa (par { $points } procentpunktiem).
conclusion-change-none = atbilžu daļas nav mainījušās.
report-conclusion-unused = Analītiķa tekstam „{ $id }” šajā pārskatā nav tabulas; tas nav izmantots.
coverage-title = Pārklājums
coverage-text = Vai reģistrā ir tas, kam tur jābūt: pakalpojumi pret iestāžu portfeļiem, to apraksti, saites, vieta katalogos un cik nesen tie atjaunoti. Likvidētus pakalpojumus neskaita.
coverage-portfolio-title = Pakalpojumi un portfeļi
coverage-portfolio-text = Portfeļa pozīcija ir pakalpojums vai pakalpojumu šablons, ko iestāde ir deklarējusi. Pašvaldībai, kas neko nav deklarējusi, tā ir atvasināta: šablons, ko piedāvā noteikta daļa pašvaldību (config/assessment.toml, shared_by). Ja par iestādes portfeli nekas nav zināms, tās pārklājums nav nosakāms.
coverage-completeness-title = Aprakstu pilnīgums
coverage-completeness-text = Pēc astoņām apraksta grupām (PU2-7). Grupa ir aprakstīta, ja aizpildīti visi tās obligātie un pēc noteikumiem gaidāmie lauki; ja tādu nav – ja aizpildīts kāds no laukiem. Sesto grupu veido saites ar resursiem un citiem pakalpojumiem. Vispārēja labuma pakalpojumiem saņēmējus, kanālus un termiņus neprasa.
coverage-links-title = Vajadzības, pakalpojumi un resursi
coverage-links-text = Katrai vajadzībai ir pakalpojums, katram pakalpojumam – vajadzība un resursi (P3, PU2-7). Resursus neprasa pakalpojumiem, kas vēl tikai plānoti.
coverage-catalogues-title = Vieta katalogos
coverage-catalogues-text = Iedzīvotājiem paredzētiem publiskiem individuāla labuma pakalpojumiem obligāti jābūt Latvija.gov.lv, uzņēmējiem – Business.gov.lv, starpiestāžu pakalpojumiem – Virsis.gov.lv (PU2-8). Piedāvājumam vajag lietotni vai e-formu, ja pakalpojums nav tikai klātienē (P2). Ja piedāvājums nosauc tikai pakalpojuma kodu, tāds kods ir vairākām iestādēm un numurs nepalīdz, vieta katalogā nav nosakāma. Katalogos parādīto salīdzina ar reģistrēto.
coverage-freshness-title = Aprakstu svaigums
coverage-freshness-text = Apraksts ir novecojis, ja neviens no tā avotiem ilgāk par noteikto dienu skaitu (config/assessment.toml, stale_after_days) nav piegādājis neko jaunu.
basis-all = Kopā
basis-declared = Deklarētais portfelis
basis-derived = Atvasinātais portfelis
group-1 = Identifikācija
group-2 = Klasifikācija
group-3 = Sniegšanas pamatojums
group-4 = Atbildīgie
group-5 = Pieprasīšanas un saņemšanas nosacījumi un process
group-6 = Saistītie pakalpojumi un resursi
group-7 = Galvenie darbības rādītāji
group-8 = Informācija saņēmējiem un iesaistītajiem
measure-group-1 = 1. Identif.
measure-group-2 = 2. Klasif.
measure-group-3 = 3. Pamatojums
measure-group-4 = 4. Atbildīgie
measure-group-5 = 5. Process
measure-group-6 = 6. Saites
measure-group-7 = 7. Rādītāji
measure-group-8 = 8. Informācija
presence-required = obligāts
presence-due = gaidāms
presence-optional = pēc izvēles
link-need = Vajadzības ar pakalpojumu
link-service-need = Pakalpojumi ar vajadzību
link-service-resource = Pakalpojumi ar resursu
head-basis = Pamats
head-item = Kods
head-code = Kods
head-name = Nosaukums
head-number = Numurs
head-group = Apraksta grupa
head-field = Lauks
head-presence = Vai vajadzīgs
head-link = Saite
head-need = Vajadzība
head-life-event = Dzīves situācija
head-catalogue = Katalogs
head-registered = Reģistrā
head-requirement = Prasība
head-benchmark-group = Grupa
head-level = Kas atbild
head-value = Vērtība
head-why = Iemesls
head-technology = Tehnoloģiju grupa
head-technologies = Vajadzīgās grupas
head-condition = Nosacījums
head-source = Avots
head-rule = Pārbaude
head-agency = Kam jālabo
head-remedy = Kas darāms
head-measure = Rādītājs
measure-expected = Gaidāmi
measure-registered-share = Reģistrēti
measure-missing = Trūkst
measure-services = Pakalpojumi
measure-institutions = Iestādes
measure-with-services-share = Ar reģistrētiem pakalpojumiem
measure-with-portfolio-share = Ar zināmu portfeli
measure-described-share = Aprakstīti
measure-not-described = Nav aprakstīti
measure-groups-share = Aprakstītās grupas
measure-filled-share = Aizpildīts
measure-empty = Tukšs
measure-linked-share = Sasaistīti
measure-not-linked = Nav sasaistīti
measure-need-share = Ar vajadzību
measure-resource-share = Ar resursu
measure-due = Jābūt
measure-placed-share = Ir katalogā
measure-not-placed = Nav
measure-placement-unknown = Nav nosakāms
measure-offers = Piedāvājumi
measure-operable-share = Ar lietotni vai e-formu
measure-operable-in-person = Tikai klātienē
measure-not-operable = Bez lietotnes
measure-operable-unknown = Nav nosakāms
measure-listed = Parādīti pakalpojumi
measure-unregistered = Nav reģistrēti
measure-current-share = Kā reģistrā
measure-stale-listed = Novecojuši
measure-not-compared = Nav salīdzināmi
measure-stale-share = Novecojuši
measure-delivered-on = Pēdējā jaunā piegāde
measure-changed-on = Pēdējās izmaiņas
measure-met = Izpildīts
measure-not-met = Nav izpildīts
measure-readiness-unknown = Nav zināms
measure-not-applicable = Nav attiecināms
measure-public-services = Publiskie pakalpojumi
measure-known-share = Zināmā daļa
measure-met-share = Izpildīts no zināmā
measure-has = Ir
measure-has-not = Nav
measure-technology-unknown = Nav zināms
measure-fully = Pilnībā
measure-partly = Daļēji
measure-not-supported = Neatbalsta
measure-condition-unknown = Nav zināms
measure-mapped = Ieraksti
measure-accepted = Pieņemti
measure-quarantined = Karantīnā
measure-duplicates = Dublikāti
measure-standing = Paliek karantīnā
measure-rejected = Nelasāmas rindas
measure-findings = Konstatējumi
measure-errors = Kļūdas
measure-warnings = Brīdinājumi
measure-infos = Ziņas
measure-sources = Avoti
measure-lacking = Trūkumi
measure-delivery-status = Stāvoklis
measure-last-new-on = Pēdējais jaunums
measure-late = Kavē
measure-place = Vieta
measure-score = Vērtējums
measure-known-weight = Zināmā svara daļa
measure-trend = Izmaiņa
measure-part-coverage = Pārklājums
measure-part-completeness = Pilnīgums
measure-part-needs = Vajadzības
measure-part-resources = Resursi
measure-part-catalogues = Katalogi
measure-part-readiness = Gatavība
measure-part-freshness = Svaigums
measure-before-share = Iepriekš
measure-now-share = Tagad
measure-change-points = Izmaiņa, procentpunkti
measure-before = Iepriekš
measure-now = Tagad
measure-change = Izmaiņa
table-portfolio-total = Portfeļu pozīcijas un reģistrētie pakalpojumi
table-portfolio-kind = Iestādes, par kurām kas zināms
table-portfolio-institution = Reģistrētie pakalpojumi pret portfeli pa iestādēm
table-completeness-group = Aprakstītie pakalpojumi pa apraksta grupām
table-completeness-institution = Aprakstu pilnīgums pa iestādēm
table-completeness-field = Aizpildītie lauki
table-links-total = Saites kopā
table-links-institution = Saites pa iestādēm
table-catalogue-placement = Obligātā vieta katalogos
table-catalogue-institution = Obligātā vieta katalogos pa iestādēm
table-catalogue-offer = Piedāvājumi, ko var pieprasīt
table-catalogue-listing = Katalogos parādītais salīdzinājumā ar reģistru
table-catalogue-listing-note = Katalogā parādīts pakalpojums ir novecojis, ja kataloga norādītā satura kontrolsumma nav tā, kas reģistra plūsmā; tas nav salīdzināms, ja katalogs to nenorāda vai piedāvājums ir par vairākiem pakalpojumiem.
table-catalogue-mending = Kas katalogos jālabo pa iestādēm
table-catalogue-mending-note = Trūkst obligātajā katalogā, parādīts citādi nekā reģistrā, parādīts bez reģistrācijas. Bez reģistrācijas parādīto iestādei pieskaita tikai tad, ja katalogs to nosauc.
table-freshness-institution = Aprakstu svaigums pa iestādēm
table-readiness-requirement = Prasības
table-readiness-institution = Gatavība pa iestādēm
table-technology-group = Iestādes pa tehnoloģiju grupām
table-technology-institution = Tehnoloģiju grupas pa iestādēm
table-condition-support = Iestādes, kuru tehnoloģijas nosacījumu atbalsta
table-quality-source = Piegādes pa avotiem
table-quality-rule = Konstatējumi pa pārbaudēm
table-quality-institution = Reģistra trūkumi pa iestādēm
table-score-institution = Iestāžu kopējais vērtējums
table-portfolio-kind-note = Iestādei bez zināma portfeļa pārklājums nav nosakāms.
table-readiness-requirement-note = „Nav zināms” nekad nav skaitīts kā „nav izpildīts”. Tukšs lauks nozīmē „nav izpildīts” tikai tad, ja tas ir obligāts vai iestāde to aizpilda kādam citam savam pakalpojumam.
table-readiness-institution-note = Zināmā daļa ir no prasībām, kas uz pakalpojumu attiecas; izpildītā – no zināmajām.
table-technology-group-note = Grupa iestādei ir, ja to saka aptaujas atbilde, ziņas par izmantotajām tehnoloģijām vai iestādes resurss; nav – ja uz visiem attiecīgajiem jautājumiem atbildēts noliedzoši.
table-condition-support-note = Pilnībā – ir visas vajadzīgās tehnoloģiju grupas, daļēji – dažas ir un dažu nav, neatbalsta – nav nevienas.
table-quality-source-note = Ieraksti = pieņemti + karantīnā + dublikāti. Skaitļi ir par katra avota pēdējo palaišanu; „Paliek karantīnā” un konstatējumi ir arī par agrākām izmaiņu piegādēm, kamēr ieraksts nav piegādāts no jauna.
table-score-institution-note = Vērtējums no 0 līdz 100 ir zināmo daļu vidējais pēc svara; iestādei, par kuru zināms pārāk maz (config/assessment.toml, least_known), vērtējuma nav.
list-portfolio-missing = Portfeļa pozīcijas bez reģistrēta pakalpojuma
list-portfolio-missing-note = Iestāde tos piedāvā vai tiem būtu jābūt, bet reģistrā tādu nav.
list-unmet-needs = Neapmierinātās vajadzības
list-unmet-needs-note = Vajadzības, kurām nav piesaistīta neviena spēkā esoša pakalpojuma.
list-services-without-need = Pakalpojumi bez vajadzības
list-services-without-need-note = Iespējams, lieki pakalpojumi: tiem nav piesaistīta neviena vajadzība.
list-services-without-resource = Pakalpojumi bez resursa
list-services-without-resource-note = Pakalpojumi, kuru sniegšanai vajadzīgie resursi nav zināmi.
list-catalogue-missing = Pakalpojumi, kuru nav obligātajā katalogā
list-catalogue-missing-note = Tiem katalogā jābūt pēc veida un saņēmējiem.
list-offers-inoperable = Piedāvājumi bez lietotnes un e-formas
list-offers-inoperable-note = Pakalpojums nav tikai klātienē, bet pieprasīt to elektroniski nevar.
list-listing-stale = Parādīts citādi nekā reģistrā
list-listing-stale-note = Katalogam apraksts no jauna jāņem no plūsmas.
list-listing-unregistered = Parādīts bez reģistrācijas
list-listing-unregistered-note = Pakalpojums jāreģistrē vai piedāvājums jāizņem.
registered-no = tāda pakalpojuma nav
registered-ended = likvidēts
list-readiness-undecided = Prasības, par kurām dati neļauj spriest
list-readiness-undecided-note = Nevienam pakalpojumam tās nav skaitītas kā neizpildītas.
list-conditions-undecided = Nosacījumi, par kuriem dati neļauj spriest
list-conditions-undecided-note = Tie nav skaitīti kā neatbalstīti.
list-mending = Kas katrai iestādei jālabo
list-mending-note = Kļūdas un brīdinājumi avotu pēdējās piegādēs; pašus ierakstus rāda vienkop findings.
readiness-title = Gatavība eGovernment Benchmark prasībām
readiness-text = Prasības no arhitektūras dokumenta 4.3.4. apakšnodaļas, kas no 2030. gada būs obligātas. Vērtēti publiskie pakalpojumi, kas vairs nav tikai plānoti.
readiness-requirements-title = Prasību izpilde
readiness-requirements-text = Cik pakalpojumiem katra prasība ir izpildīta, nav izpildīta, nav zināma vai uz tiem neattiecas.
readiness-institutions-title = Gatavība pa iestādēm
readiness-institutions-text = Skaitīti visu pakalpojumu un prasību pāri.
benchmark-OA = Pieejamība tiešsaistē
benchmark-MF = Mobilās ierīces
benchmark-US = Lietotāju atbalsts
benchmark-SD = Pakalpojuma sniegšana
benchmark-PD = Personas dati
benchmark-DE = Pakalpojuma izveide
benchmark-KE = Pamatelementi
benchmark-CB = Pārrobežu izmantošana
benchmark-none = –
level-service = pakalpojuma apraksts
level-application = lietotne
level-institution = iestāde
level-requests = pieteikumu dati
why-no-field = reģistrā tam nav lauka
why-application = redzams tikai pašā lietotnē
why-workplace = redzams tikai klienta darba vietā
why-groups = ne par vienu iestādi nav ziņu par { $groups }
why-apart = ne par vienu iestādi nav ziņu par visām vajadzīgajām grupām reizē
why-not-mapped = nav kartēts: arhitektūras dokuments tam nenorāda nevienu tehnoloģiju grupu
readiness-online-available = Pieejams tiešsaistē
readiness-deep-link = Tiešā saite uz lietotni
readiness-mobile-friendly = Piemērots mobilajām ierīcēm
readiness-faq = Biežāk uzdotie jautājumi
readiness-demo = Darbības demonstrācija
readiness-chatbot = Viedais palīgs
readiness-support-l2-phone = Otrā līmeņa palīdzības tālrunis
readiness-video-consultation = Video konsultācija
readiness-feedback = Atgriezeniskā saite
readiness-social-links = Iestādes sociālo tīklu konti
readiness-appeal = Apstrīdēšanas kanāli un termiņš
readiness-in-person-statuses-recorded = Klātienes pakalpojumu statusu uzskaite
readiness-steps-defined = Noteikti izpildes soļi
readiness-step-time-recorded = Soļu laika uzskaite
readiness-progress-visible = Klients redz izpildes gaitu
readiness-remaining-time-forecast = Atlikušā laika prognoze
readiness-draft-supported = Melnraksta saglabāšana
readiness-app-time-estimate = Aizpildīšanas laika aplēse
readiness-expected-time-stated = Norādīts paredzamais izpildes laiks
readiness-statutory-time-shown = Norādīts normatīvais termiņš
readiness-rating-shown = Rādīts vērtējums
readiness-draft-data-monitoring = Personas datu izmantošanas uzraudzība
readiness-own-data-view = Savu datu aplūkošana
readiness-data-correction = Datu labošana
readiness-improvement-suggestions = Ierosinājumi uzlabojumiem
readiness-codesign-link = Saite līdzdalībai (TAP)
readiness-strong-auth = Droša autentifikācija
readiness-single-sign-on = Vienotā pieteikšanās
readiness-eidas = eIDAS
readiness-push-notifications = Paziņojumi
technology-title = Tehnoloģijas un to atbalstītie nosacījumi
technology-text = Tehnoloģiju grupas T1–T10 un pakalpojumu izveides, sniegšanas un pilnveides nosacījumi pēc arhitektūras dokumenta 2. pielikuma. Skaitītas iestādes, par kurām kas zināms.
technology-groups-title = Tehnoloģiju grupas
technology-groups-text = Cik iestādēm katra grupa ir, nav vai nav zināma.
technology-conditions-title = Nosacījumi
technology-conditions-text = Nosacījums ir nosakāms, ja vismaz par vienu iestādi zināmas visas tam vajadzīgās grupas. Aptauja nejautā par T7, T8 un T10, tāpēc no tās vien var spriest par N1-1, N1-5, N2-2, N4-1, N4-2 un N6-2.
technology-institutions-title = Tehnoloģijas pa iestādēm
technology-institutions-text = Kura grupa kurai iestādei ir.
technology-yes = ir
technology-no = nav
technology-unknown = ?
quality-title = Datu kvalitāte
quality-text = Ko avoti piegādāja un kas piegādēs jālabo.
quality-deliveries-title = Piegādes
quality-deliveries-text = Katra avota pēdējā palaišana: cik ierakstu tajā bija, cik pieņemti un cik palika karantīnā, un vai avots kavē.
quality-rules-title = Konstatējumi pa pārbaudēm
quality-rules-text = Ko pārbaudes atrada visu avotu piegādēs un kas vēl nav novērsts; ko nozīmē kods, stāsta vienkop explain KODS.
quality-mending-title = Kas jālabo
quality-mending-text = Iestādei labojami trūkumi: reģistrā kopumā un piegādēs.
delivery-ok = piegādāts
delivery-failed = neizdevās
delivery-approval = gaida apstiprinājumu
delivery-gate = aizturēts
late-yes = kavē
late-no = nekavē
late-unknown = nav nosakāms (nav noteikts expected_every)
score-title = Iestāžu vērtējums
score-text = No kā sastāv katras iestādes vērtējums: daļas ir šī pārskata skaitļi, svari – config/assessment.toml.
score-not-approved = Metodika nav apstiprināta
score-approved = Metodiku apstiprina: { $by }.
score-part = { $part } (svars { $weight })
change-title = Izmaiņas kopš iepriekšējā novērtējuma
change-since-assessment = Salīdzināts ar novērtējumu, kura datu stāvoklis ir { $day }.
change-since-wave = Salīdzināts ar iepriekšējo aptaujas vilni, kas noslēdzās { $day }.
change-text = Skaitļi ir sastatīti pēc to identifikatoriem; procentpunkti ir daļu starpība. Respondentu loks var būt mainījies.
change-survey-title = Aptauja
change-survey-text = Tabulas, kas ir abos novērtējumos.
change-other-title = Pārējie rādītāji
change-other-text = { $count ->
    [zero] Nav mainījušies { $count } skaitļi; mainījušies rādīti zemāk.
    [one] Nav mainījies { $count } skaitlis; mainījušies rādīti zemāk.
   *[other] Nav mainījušies { $count } skaitļi; mainījušies rādīti zemāk.
}
cli-previous-missing = Nav iepriekšējā novērtējuma: nevar nolasīt { $path }. Norādiet mapi, kurā ir report.json, vai dienu, kurai pārskats veidots, piemēram, 2024-07-08.
cli-previous-broken = { $path } nav šīs programmas pārskats: { $reason }
cli-figure-id = Identifikators
cli-figure-label = Skaitlis
cli-figure-value = Vērtība
cli-figure-select = Atlase
cli-figure-found = Atlase dod
cli-figure-sources = Avoti
cli-figure-list = Ieraksti
cli-figure-differs = Atlase dod citu skaitu nekā pārskats: reģistrs pa to laiku ir mainījies, vai programmā ir kļūda.
cli-figure-none = Pārskatā nav skaitļa „{ $id }”; tuvākie: { $nearest }.
cli-figure-not = „{ $id }” ({ $value }): { $why }
cli-figure-derived = Skaitlis nav ierakstu skaits: tas noteikts pēc pārējiem šīs rindas skaitļiem. Kas ir aiz katra no tiem, rāda tā identifikators:
cli-figure-unresolved = aiz šī skaitļa nav ierakstu kopas, ko varētu uzskaitīt: tas ir aprēķināts no citiem pārskata skaitļiem.
cli-figure-records = { $count ->
    [zero] { $count } ierakstu
    [one] { $count } ieraksts
   *[other] { $count } ieraksti
}
cli-figure-left = { $count ->
    [zero] … vēl { $count } ierakstu (visi ar --json)
    [one] … vēl { $count } ieraksts (visi ar --json)
   *[other] … vēl { $count } ieraksti (visi ar --json)
}
config-score-weights = visi svari ir 0: nav no kā veidot vērtējumu
config-hint-score-weights = Vismaz vienam svaram jābūt lielākam par 0.
config-score-approved = metodika atzīmēta kā apstiprināta, bet nav teikts, kas to apstiprinājis
config-hint-score-approved = Ierakstiet approved_by: kas un kad to apstiprināja.
config-conclusion-id = nav tabulas „{ $value }”
config-pipeline-file = plūsmas mapē nezināms fails „{ $file }”

### Jauna reģistra pievienošana: vienkop onboard

config-onboarding-name = modelī un kodu sarakstos nav „{ $value }”
onboard-no-terminal = Nav termināļa, kurā jautāt. Ar --yes atrastais tiek pieņemts bez jautājumiem.
onboard-no-variable = Vides mainīgais { $name } nav iestatīts.
onboard-not-found = Nav tāda faila vai mapes: { $path }
onboard-no-tables = Datubāzē { $path } nav tabulu, ko drīkstam lasīt.
onboard-nothing-readable = Nevar nolasīt nevienu failu. { $files }
onboard-nothing = Nekas no atrastā nelīdzinās reģistra modelim, tāpēc fails netika rakstīts:
  { $left }
onboard-id-taken = Avots { $id } jau ir: { $file }. Norādiet citu ar --id; iepriekšējo uzmetumu aizstāj --replace.
onboard-file-exists = Fails { $file } jau ir; to aizstāj --replace, citu nosaukumu dod --id.
onboard-left-empty = nav nevienas rindas
onboard-left-unknown = kolonnās nav atpazīts nekas no reģistra modeļa
onboard-left-unreadable = nav ne darbgrāmata, ne XML, ne JSON, ne atdalīts teksts
onboard-left-format = cits formāts ({ $kind }): vienam avotam ir viens formāts, šim failam vajag savu avotu

onboard-ask-id = Avota identifikators (arī faila nosaukums)
onboard-ask-id-form = „{ $id }” neder: tikai mazie latīņu burti, cipari un domuzīmes.
onboard-ask-id-taken = Avots „{ $id }” jau ir.
onboard-ask-title = Kā avotu sauks kopsavilkumos
onboard-ask-institution = Iestādes reģistrācijas numurs (11 cipari; tukšs, ja vēl nav zināms)
onboard-ask-institution-form = Reģistrācijas numurā ir 11 ciparu.
onboard-ask-table = Vai šī tabula saprasta pareizi?
onboard-ask-right = Jā
onboard-ask-change = Mainīt kāda lauka kolonnu
onboard-ask-leave = Šo tabulu nelasīt
onboard-ask-field = Kurš lauks
onboard-ask-column = No kuras kolonnas
onboard-ask-none = (ne no vienas)
onboard-ask-personal = Šajā kolonnā ir dati par personām; šim laukam tie nav paredzēti.
onboard-ask-code = Ko laukā { $field } nozīmē „{ $text }”?
onboard-ask-no-code = (izlemšu vēlāk)
onboard-ask-write = Rakstīt failu { $file }?

onboard-table = { $place }: { $entity } ({ $percent } %), aplūkotas rindas: { $rows }
onboard-col-column = Kolonna
onboard-col-filled = Pildīta
onboard-col-looks = Satur
onboard-col-becomes = Kļūst par
onboard-col-why = Kāpēc
onboard-hidden = (dati par personu: netiek lasīti un nekur netiek rādīti)
onboard-missing = ✗ Nav atrasts obligātais lauks { $field } ({ $label }).
onboard-preview = { $entity }: no aplūkotajām rindām ({ $rows }) ielādētos { $accepted }, karantīnā nonāktu { $quarantined }. Pirmie ieraksti:
onboard-findings = Konstatējumi: { $codes }
onboard-done = Uzrakstīts { $file }. Izlasiet to: aiz katras rindas ir teikts, kāpēc tā tur ir.
  Kas notiktu: { $plan }
  Ielādēt:     { $run }
onboard-incomplete = Uzrakstīts { $file }, bet to vēl nevar palaist: trūkst obligāto lauku ({ $fields }).
  Ja trūkst tikai iestādes, palaidiet vēlreiz ar --institution REG_NO --replace. Citādi papildiniet failu un noņemiet no
  tā nosaukuma „.draft”; vienkop check pateiks, ja kaut kas vēl nav kārtībā.
onboard-secret = Datubāzes adresi avots ņem no vides mainīgā { $name }; iestatiet to, pirms avotu palaižat.
onboard-key = Avotā ir personas dati, tāpēc pirms ielādes vajag pseidonīmu atslēgu: iestatiet vides mainīgo { $name }.

onboard-file-made = Uzmetums, ko „vienkop onboard” izveidoja no „{ $name }”.
onboard-file-check = Aiz rindām: cik droši tas ir un kāpēc. Pēc labojumiem: vienkop check { $id }
onboard-file-institution = iestādes reģistrācijas numurs, 11 cipari
onboard-file-delivers = katrā piegādē ir viss; "delta", ja tikai izmaiņas
onboard-file-found = atrasts pēc satura
onboard-file-quarantined = ja karantīnā nonāk vairāk (1 = visi), nekas netiek ielādēts
onboard-file-left-out = Netiek lasīts: { $name } ({ $because }).
onboard-file-missing = TRŪKST obligātā lauka { $field } ({ $label }): pierakstiet, no kuras kolonnas tas ir.
onboard-file-due = Lauki, kam nekas nav atrasts, bet kam vajadzētu būt: { $fields }
onboard-file-left = Kolonnas, kas netiek lasītas: { $columns }
onboard-file-personal = dati par personām: nekur netiek rādīti
onboard-file-repeats = vienam ierakstam ir vairākas rindas
onboard-file-heading = virsraksts vai piezīme starp rindām
onboard-file-empty = nozīmē, ka nav
onboard-file-code = { $confidence }, rindas: { $rows }
onboard-file-no-code = rindas: { $rows }; izvēlieties kodu (vienkop list codelists)

onboard-confidence = { $percent } %
onboard-why-header = virsraksts kā „{ $phrase }”
onboard-why-looks = { $looks } ({ $percent } % vērtību)
onboard-why-codes = saraksts { $list } saprot { $percent } %
onboard-why-assumed = pieņemts, jo nekas cits nav teikts
onboard-why-chosen = jūsu izvēle
onboard-why-unit = PĀRBAUDIET: mērvienība nav teikta, pieņemts „{ $unit }”

onboard-looks-personal-code = personas kods
onboard-looks-person-name = personas vārds
onboard-looks-phone = tālruņa numurs
onboard-looks-address = adrese
onboard-looks-email = e-pasta adrese
onboard-looks-reg-no = reģistrācijas numurs
onboard-looks-atvk = ATVK kods
onboard-looks-url = tīmekļa adrese
onboard-looks-date = datums
onboard-looks-moment = datums un laiks
onboard-looks-epoch = laiks kopš 1970. gada
onboard-looks-duration = ilgums
onboard-looks-integer = vesels skaitlis
onboard-looks-decimal = skaitlis
onboard-looks-boolean = jā vai nē
onboard-looks-legal-act = normatīvais akts
onboard-looks-fee = maksa
onboard-looks-hash = kontrolsumma
onboard-gate = Karantīnā nonāktu { $share } % ierakstu, bet avots pieļauj { $most } %: nekas netiktu ielādēts. Izlabojiet reģistrā to, kas minēts augstāk, vai paaugstiniet max_quarantined_share uzmetuma beigās; rindas, kas paliek karantīnā, pēc tam var saņemt darbgrāmatā un izlabot.

### Ienākošo failu mape un labojumu darbgrāmata

cli-inbox-unreadable = Ienākošo failu mapi „{ $inbox }” nevar nolasīt: { $reason }
cli-inbox-unfinished = { $source }: fails „{ $file }” vēl tiek kopēts; to ņems nākamā palaišana.
cli-inbox-open = { $source }: fails „{ $file }” ir atvērts kādā programmā; aizveriet to, un to ņems nākamā palaišana.
cli-inbox-unmoved = { $source }: failu „{ $file }” nevar pārvietot ({ $reason }). Tas ir apstrādāts; nākamā palaišana to mēģinās vēlreiz.
inbox-result-head = vienkop · { $moment } · palaišana { $run }
inbox-result-source = Fails: { $file } · Avots: { $title }
inbox-result-loaded = Fails ir ielādēts.
inbox-result-partly = Fails ir ielādēts, bet daļa rindu nav pieņemta: tās ir karantīnā.
inbox-result-failed = No faila nekas nav ielādēts. { $error }
inbox-result-read = Nolasītas rindas: { $count }
inbox-result-skipped = Izlaistas rindas: { $count }
inbox-result-accepted = Pieņemti ieraksti: { $count }
inbox-result-inserted = – no tiem jauni: { $count }
inbox-result-changed = – no tiem mainīti: { $count }
inbox-result-unchanged = – no tiem nemainīti: { $count }
inbox-result-retired = Izņemti ieraksti: { $count }
inbox-result-quarantined = Karantīnā: { $count }
inbox-result-closed = Karantīnā slēgti iepriekšējie ieraksti: { $count }
inbox-result-findings = Kas konstatēts
inbox-result-export = Nepieņemtās rindas ar paskaidrojumiem šūnās sagatavo komanda: { $command }
cli-quarantine-export-rows = { $count ->
    [zero] { $count } rindu, ko var izlabot un nosūtīt atpakaļ
    [one] { $count } rinda, ko var izlabot un nosūtīt atpakaļ
   *[other] { $count } rindas, ko var izlabot un nosūtīt atpakaļ
}
cli-quarantine-export-along = { $count ->
    [zero] { $count } rindu bez kļūdām no tiem pašiem sarakstiem
    [one] { $count } rinda bez kļūdām no tiem pašiem sarakstiem
   *[other] { $count } rindas bez kļūdām no tiem pašiem sarakstiem
}
cli-quarantine-export-uncut = { $count ->
    [zero] { $count } rindu, ko nevarēja sadalīt šūnās
    [one] { $count } rinda, ko nevarēja sadalīt šūnās
   *[other] { $count } rindas, ko nevarēja sadalīt šūnās
}
cli-quarantine-export-expired = { $count ->
    [zero] { $count } ierakstu, kuru sākotnējais fails vairs netiek glabāts vai nav nolasāms: tikai atslēgas un kolonnas bez personas datiem
    [one] { $count } ieraksts, kura sākotnējais fails vairs netiek glabāts vai nav nolasāms: tikai atslēga un kolonnas bez personas datiem
   *[other] { $count } ieraksti, kuru sākotnējais fails vairs netiek glabāts vai nav nolasāms: tikai atslēgas un kolonnas bez personas datiem
}
cli-quarantine-export-findings = { $count ->
    [zero] { $count } konstatējumu
    [one] { $count } konstatējums
   *[other] { $count } konstatējumi
}
cli-quarantine-export-personal = Failā ir iestādes pašas dati ar visām kolonnām, arī personas dati; to var lasīt tikai tā īpašnieks. Sūtiet to tikai drošā veidā.
cli-quarantine-export-inbox = Izlaboto failu ieliek mapē „{ $inbox }”; nākamā palaišana to ielādēs.
cli-quarantine-export-no-inbox = Avotam nav ienākošo failu mapes: lai izlaboto failu varētu ielādēt, ierakstiet { $file } rindu inbox = "mape".
cli-quarantine-export-exists = Fails { $file } jau ir; to nepārraksta, jo kāds to, iespējams, labo. Norādiet citu nosaukumu: --output FAILS
correction-title = { $title }: rindas, kas jāizlabo
correction-what = Šeit ir viss, ko vienkop avota „{ $title }” ({ $source }) piegādēs nav varējis pieņemt līdz palaišanai { $run }; darbgrāmata sagatavota { $day }.
correction-mend = 1. Lapās { $sheets } ir jūsu iestādes rindas ar visām kolonnām, kā tās piegādātas. Kolonnā „vienkop: kas jālabo” un šūnu piezīmēs rakstīts, kas nav kārtībā un kā to labot. Sarkanās šūnas ir jāizlabo, dzeltenās – jāpārskata. Labojiet tikai savas kolonnas; rindas var kārtot un filtrēt.
correction-keep = 2. Atstājiet pirmās trīs kolonnas, lapu nosaukumus, galvenes un šo lapu, kā ir: pēc tiem saprot, kura rinda ko labo. Rinda, ko vēl nevarat izlabot, var palikt, kā ir, vai arī to drīkst izdzēst; tā paliek karantīnā. Apostrofs šūnas sākumā (piemēram, '=) neļauj tekstu aprēķināt kā formulu; ielādējot tas pazūd. Zīme ‖ atdala vairākas vērtības vienā šūnā.
correction-send-inbox = 3. Saglabājiet failu kā Excel vai LibreOffice darbgrāmatu (xlsx vai ods) un ielieciet to mapē „{ $inbox }”. Pēc nākamās ielādes tas būs apakšmapē „done” vai „failed”, un blakus būs teksta fails ar rezultātu.
correction-send = 3. Saglabājiet failu kā Excel vai LibreOffice darbgrāmatu (xlsx vai ods) un nosūtiet to tiem, kas uztur vienkop avotu „{ $source }”, no kuriem to saņēmāt.
correction-own-system = 4. Izlabojiet to pašu arī savā sistēmā vai reģistrā: citādi nākamā pilnā piegāde kļūdas atnesīs no jauna.
correction-uncut = { $count ->
    [zero] Lapā „Nesadalītās rindas” ir { $count } rindu, ko nevarēja sadalīt šūnās. Tās ar šo darbgrāmatu atpakaļ nosūtīt nevar: izlabojiet tās savā eksportā.
    [one] Lapā „Nesadalītās rindas” ir { $count } rinda, ko nevarēja sadalīt šūnās. To ar šo darbgrāmatu atpakaļ nosūtīt nevar: izlabojiet to savā eksportā.
   *[other] Lapā „Nesadalītās rindas” ir { $count } rindas, ko nevarēja sadalīt šūnās. Tās ar šo darbgrāmatu atpakaļ nosūtīt nevar: izlabojiet tās savā eksportā.
}
correction-expired = { $count ->
    [zero] Lapā „Bez sākotnējā faila” ir { $count } ierakstu, kuru sākotnējais fails vairs netiek glabāts vai nav nolasāms. Palikušas tikai atslēgas, rindu numuri un kolonnas bez personas datiem; šos ierakstus piegādājiet no jauna no savas sistēmas.
    [one] Lapā „Bez sākotnējā faila” ir { $count } ieraksts, kura sākotnējais fails vairs netiek glabāts vai nav nolasāms. Palikusi tikai atslēga, rindas numurs un kolonnas bez personas datiem; šo ierakstu piegādājiet no jauna no savas sistēmas.
   *[other] Lapā „Bez sākotnējā faila” ir { $count } ieraksti, kuru sākotnējais fails vairs netiek glabāts vai nav nolasāms. Palikušas tikai atslēgas, rindu numuri un kolonnas bez personas datiem; šos ierakstus piegādājiet no jauna no savas sistēmas.
}
correction-personal = Šie ir jūsu iestādes pašas dati ar visām kolonnām; tajās var būt arī personas dati. Glabājiet un sūtiet failu tā, kā iestādē noteikts šādiem datiem, un pēc izlabošanas izdzēsiet.
correction-column-where = kur
correction-column-wrong = kas jālabo
correction-along = Bez kļūdām: cita tā paša saraksta rinda, vajadzīga, lai saraksts paliktu pilns. Nemainiet un neizdzēsiet to.
correction-too-long = Šūnā ir vairāk teksta, nekā darbgrāmatā var ierakstīt: šo rindu labojiet savā sistēmā.
correction-sheet-uncut = Nesadalītās rindas
correction-sheet-expired = Bez sākotnējā faila
correction-sheet-rules = Kļūdas pa veidiem
correction-sheet-findings = Visi konstatējumi
correction-head-code = Kods
correction-head-severity = Smagums
correction-head-title = Kas nav kārtībā
correction-head-remedy = Kā labot
correction-head-meaning = Ko tas nozīmē
correction-head-count = Skaits
correction-head-where = Kur
correction-head-column = Kolonna
correction-head-value = Vērtība
correction-head-message = Paskaidrojums
correction-head-entity = Kas
correction-head-key = Atslēga
correction-head-text = Rindas teksts
config-inbox-none = kind = "inbox" ņem tikai to, ko ieliek avota ienākošo failu mapē, bet tā nav norādīta
config-hint-inbox = ierakstiet avota faila sākumā inbox = "mape"
config-inbox-fetched = ienākošo failu mape ir arī vieta, no kuras avotu ielasa („{ $path }”): failus ņemtu divreiz
config-hint-inbox-fetched = norādiet citu mapi vai ierakstiet kind = "inbox"
config-inbox-shared = ienākošo failu mape „{ $inbox }” jau ir avotam „{ $source }”
config-hint-inbox-shared = katram avotam sava mape
# Publicēšana
publish-duration-min = { $count ->
    [zero] { $count } minūšu
    [one] { $count } minūte
   *[other] { $count } minūtes
}
publish-duration-h = { $count ->
    [zero] { $count } stundu
    [one] { $count } stunda
   *[other] { $count } stundas
}
publish-duration-d = { $count ->
    [zero] { $count } dienu
    [one] { $count } diena
   *[other] { $count } dienas
}
publish-duration-working-d = { $count ->
    [zero] { $count } darba dienu
    [one] { $count } darba diena
   *[other] { $count } darba dienas
}
publish-duration-month = { $count ->
    [zero] { $count } mēnešu
    [one] { $count } mēnesis
   *[other] { $count } mēneši
}
publish-service = { $institution }, { $code } „{ $name }”
cli-publish-title = Publikācija, dati uz { $as_of }
cli-publish-head = Publicēts
cli-publish-col-catalogue = Katalogs
cli-publish-col-feeds = Plūsmas
cli-publish-col-entries = Pakalpojumi
cli-publish-col-inserted = Jauni
cli-publish-col-changed = Mainīti
cli-publish-col-removed = Izņemti
cli-publish-since = Nav publikācijas par { $day } vai agrāku dienu, ar kuru izmaiņas varētu sākt; ir saglabātas: { $known }.
cli-publish-since-told = Izmaiņas ir kopš { $day } publikācijas.
cli-publish-broken = Agrākā plūsma { $path } nav tāda, kāda tā tika uzrakstīta; izmaiņas rādītas tā, it kā tajā nebūtu bijis nekā.
cli-publish-held = Katalogs { $catalogue } zaudētu { $removed } no { $shown } pakalpojumiem: vairāk, nekā pieļauj max_removed_share sadaļā [publish].
cli-publish-waits = Nekas nav publicēts. Ja šie pakalpojumi tiešām jāizņem: { $command }
cli-publish-done = Publicēts: { $folder } (faili: { $files }, { $kib } KiB)
cli-publish-dry = Nekas nav rakstīts; tas būtu { $folder } (faili: { $files }, { $kib } KiB).
cli-publish-more = { $count ->
    [zero] … un vēl { $count } (visi ar --json)
    [one] … un vēl { $count } (visi ar --json)
   *[other] … un vēl { $count } (visi ar --json)
}
cli-publish-no-registry = Reģistra { $registry } vēl nav: vispirms palaidiet vienkop run.
P001-title = Pakalpojums, ko nedrīkst publicēt
P001-message = { $hint } nav publicēts ({ $expected }): tam nav ne lietotnes, ne e-formas, un tas nav saņemams tikai klātienē.
P001-remedy = Reģistrējiet pakalpojuma lietotni vai e-formu (application vai veidlapu adreses) vai atzīmējiet, ka tas saņemams tikai klātienē, un norādiet, kāpēc.
P001-explain = Publisku pakalpojumu nedrīkst ievietot valsts portālos un iestāžu tīmekļvietnēs, ja tam nav e-pakalpojuma lietotnes vai e-formas, izņemot gadījumus, kad pakalpojums pēc būtības ir tikai klātienē pieprasāms un sniedzams (digitālo tehnoloģiju nodrošinājuma arhitektūra, P2). Tāds pakalpojums plūsmās nenonāk; pārskatā tas skaitās iztrūkstošs obligātajā katalogā, ja tā tur nav. Uz kuriem pakalpojumiem tas attiecas, noteikts config/catalogues.toml (application).
P002-title = Pakalpojums, kura katalogs nav nosakāms
P002-message = { $hint }: nav nosakāms, kurā katalogā tam jābūt, jo lauks „{ $field }” ir tukšs.
P002-remedy = Norādiet reģistrā pakalpojuma veidu un saņēmējus (kind, audience).
P002-explain = Kurā katalogā pakalpojumam jābūt, nosaka tā veids un saņēmēji (PU2-8): iedzīvotājiem paredzētam publiskam individuāla labuma pakalpojumam – latvija.gov.lv, uzņēmējiem paredzētam – business.gov.lv, starpiestāžu pakalpojumam – virsis.gov.lv. Bez šīm ziņām pakalpojums nenonāk nevienā no šīm plūsmām, un neviens nepamana, ka tā tur nav.
P003-title = Adrese, kas nav publicēta
P003-message = { $hint }: adrese „{ $value }” ({ $field }) plūsmās nav iekļauta, jo pēc tās neatveras tīmekļa lapa.
P003-remedy = Ierakstiet pilnu adresi, kas sākas ar https:// vai http://.
P003-explain = Plūsmās esošās adreses atver cilvēki, tāpēc publicē tikai tīmekļa lapu adreses; adresi bez shēmas, ar atstarpēm vai ar kaut ko, ko pārlūks izpildītu (javascript:), izlaiž. Pats pakalpojums ir publicēts.
P004-title = Ieraksts, ko cits reģistrs nav pieņēmis
P004-message = { $hint }: saņēmējs „{ $expected }” ierakstu nav pieņēmis: { $value }
P004-remedy = Labojiet reģistrā to, ko norāda saņēmēja atbilde; ja atbilde ir par nosūtītā formu, labojiet saņēmēja failu mapē config/targets.
P004-explain = Cita reģistra saskarne uz pieprasījumu atbildēja, ka tas neder, un pateica, kāpēc; tie ir tās vārdi (bez personas kodiem un noslēpumiem). Pēc atbildes 409 pieprasījumu vispirms mēģina vēlreiz, jo ar to reģistri parasti saka, ka vēl strādā ar to pašu pieprasījumu. Nepieņemto ierakstu sūta atkal katrā piegādē, līdz tas ir pieņemts; citam reģistram paliek saturs, ko tas pieņēma iepriekš. Cik liela daļa drīkst palikt nepiegādāta, pirms piegādi skaita par neizdevušos, nosaka max_undelivered_share sadaļā [deliver].
P005-title = Ieraksts gaida citu ierakstu
P005-message = { $hint }: ieraksts nav nosūtīts, jo lauks „{ $field }” norāda uz ierakstu { $value }, kura saņēmējam „{ $expected }” vēl nav.
P005-remedy = Novērsiet iemeslu, kāpēc nav pieņemts ieraksts, uz kuru norāda šis; tad nākamā piegāde nosūtīs abus.
P005-explain = Ierakstus sūta tādā secībā, ka vispirms nonāk tie, uz kuriem norāda citi. Ja tāds ieraksts nav pieņemts, cits reģistrs nepieņemtu arī to, kas uz to norāda, vai saite paliktu nekur nevedoša; tāpēc tas gaida.
P006-title = Ieraksts bez adreses
P006-message = { $hint }: ieraksts saņēmējam „{ $expected }” nav nosūtīts, jo pieprasījuma adresei vajadzīgais lauks „{ $field }” ir tukšs vai adresē neder.
P006-remedy = Aizpildiet lauku reģistrā vai norādiet saņēmēja failā, kas stāv tā vietā: {"{"}lauks|vērtība{"}"}.
P006-explain = Saņēmēja failā pieprasījuma adrese (send, create) ir ar robiem, ko aizpilda ieraksta lauki. Bez vērtības adrese būtu cita, un pieprasījums varētu mainīt citu ierakstu, tāpēc to nesūta.
P007-title = Nav zināms, vai ieraksts ir pie saņēmēja
P007-message = { $hint }: nav zināms, kas no šī ieraksta ir saņēmējam „{ $expected }”: { $value }
P007-remedy = Ja saņēmējs tikai brīdi nav atbildējis, nekas nav jādara: nākamā piegāde sūtīs vēlreiz ar to pašu atslēgu. Ja tas atkārtojas, vaicājiet reģistra uzturētājam vai labojiet saņēmēja failu.
P007-explain = Savienojums pārtrūka, atbilde nenāca laikā vai reģistrs atbildēja, ka tam kas nav izdevies. Tas var būt ierakstu pieņēmis. Tāpēc ieraksts ir atzīmēts kā nosūtīts, un nākamā piegāde to sūta vēlreiz: to pašu saturu ar to pašu idempotences atslēgu, pēc kuras reģistrs to pazīst un neņem divreiz.
P008-title = Divi ieraksti ar vienu adresi
P008-message = { $hint }: ieraksts saņēmējam „{ $expected }” nav nosūtīts, jo tāda pati adrese ({ $value }) ir arī citam ierakstam.
P008-remedy = Labojiet kodu, kas diviem ierakstiem ir vienāds, vai norādiet saņēmēja failā adresi, kas ierakstu nosaka viennozīmīgi, piemēram, ar {"{"}uid{"}"}.
P008-explain = Pieprasījuma adrese (send) nosaka, kurš ieraksts saņēmējam jāmaina. Ja adrese diviem ierakstiem ir viena, pēdējais nosūtītais aizstātu pirmo, un, vienu izņemot, pazustu abi; tāpēc nesūta nevienu.

## Piegāde citiem reģistriem

config-unknown-target = nav saņēmēja „{ $value }” (config/targets/<id>.toml)
config-deliver-entity = „{ $value }” nav reģistra vienība, ko var piegādāt
config-deliver-when = „{ $value }” nav lauks ar vienu vērtību, pēc kuras var izvēlēties
config-deliver-code = saraksta kods „{ $value }” nav zināms
config-deliver-codes = „{ $value }” nav lauks, kura vērtības ņem no kodu saraksta
config-deliver-codes-missing = nav pateikts, kas saņēmējam ir šie kodi: { $value }
config-deliver-body = pieprasījumam vajadzīgs saturs: [record.body]
config-deliver-method = ar { $value } ierakstu nevar nosūtīt
config-deliver-find = ja id piešķir saņēmējs, jāpasaka, kā tam vaicāt, vai ieraksts tam jau ir: find (pēc pārtrūkuša pieprasījuma citādi rastos otrs ieraksts)
config-deliver-find-alone = find ir vajadzīgs tikai kopā ar create
config-deliver-no-id = „{ $value }” šeit nav zināms: id piešķir saņēmējs, un to ņem no tā atbildes (id = "/…")
config-deliver-id = jāpasaka, kur atbildē ir piešķirtais id: id = "/…"
config-deliver-pointer = JSON rādītājs sākas ar „/”: „{ $value }”
config-deliver-batch-create = vairākus ierakstus reizē var sūtīt tikai ar send, bez create
config-deliver-batch-path = vairāku ierakstu pieprasījuma adresē nevar būt robu: „{ $value }”
config-deliver-batch-id = vairāku ierakstu pieprasījumam id neņem
config-deliver-path = adrese nedrīkst būt tukša
config-deliver-path-brace = adresē ir iekava, kas nav robs: „{ $value }”
config-deliver-path-same = adrese visiem ierakstiem ir viena: tajā jābūt robam, kas nosaka ierakstu, piemēram, {"{"}uid{"}"}
config-deliver-path-begins = adrese sākas bez „/” un bez servera nosaukuma, jo to pievieno server.url: „{ $value }”
config-deliver-no-create = ar „{ $value }” var sūtīt tikai to, ko saņēmējs ir izveidojis: vajadzīgs create un find
config-deliver-remove-gap = „{ $value }” nepasaka, kurš ieraksts jāizņem
config-deliver-each = ierakstam nav saraksta „{ $value }”
config-deliver-each-member = sarakstā der tikai each un item, nevis „{ $value }”
config-deliver-each-item = jāpasaka, kāds ir saraksta „{ $value }” vienums: item
config-deliver-gap = robu „{ $value }” nav ar ko aizpildīt
cli-target-unknown = Nav saņēmēja „{ $name }”. Līdzīgi: { $nearest }
deliver-record = { $entity } { $key }
deliver-record-gone = { $entity }, izņemšana ({ $key })
deliver-record-named = { $entity } { $key } „{ $name }”
cli-deliver-head = Piegāde: { $title } ({ $url })
cli-deliver-head-dry = Tiktu piegādāts: { $title } ({ $url })
cli-deliver-col-entity = Ieraksti
cli-deliver-col-created = Jauni
cli-deliver-col-updated = Mainīti
cli-deliver-col-removed = Izņemti
cli-deliver-col-unchanged = Nemainīti
cli-deliver-col-refused = Nepieņemti
cli-deliver-col-unknown = Nav zināms
cli-deliver-col-waiting = Gaida
cli-deliver-staying = { $count ->
    [zero] { $count } ierakstu, kuru reģistrā vairs nav, paliek pie saņēmēja: tā failā nav pieprasījuma, kas tos izņemtu (remove).
    [one] { $count } ieraksts, kura reģistrā vairs nav, paliek pie saņēmēja: tā failā nav pieprasījuma, kas to izņemtu (remove).
   *[other] { $count } ieraksti, kuru reģistrā vairs nav, paliek pie saņēmēja: tā failā nav pieprasījuma, kas tos izņemtu (remove).
}
cli-deliver-example = Katras vienības pirmais pieprasījums:
cli-deliver-held = Nekas nav nosūtīts: no { $there } ierakstiem ({ $entity }), kas ir pie saņēmēja, tiktu izņemti { $removed }, vairāk, nekā pieļauj max_removed_share sadaļā [deliver]. Ja tie tiešām jāizņem: { $command }
cli-deliver-stopped = Piegāde apturēta; pieņemtais ir atzīmēts, un nākamā piegāde turpina no šīs vietas. Iemesls: { $reason }
cli-deliver-cancelled = tā ir pārtraukta pēc lietotāja vēlēšanās.
cli-check-target-ok = { $target }: saņēmējs ir sasniedzams
cli-check-target-bad = { $target }: { $message }
cli-deliver-contact = Par nepieņemto vaicājiet: { $contact }
cli-verdict-delivery = Avoti ir ielādēti, bet ne viss ir piegādāts: skatīt iepriekš.

## CPSV-AP un DCAT-AP

cli-publish-cpsv = CPSV-AP: pakalpojumi { $services }, iestādes { $organisations }, dzīves situācijas { $events } (cpsv.ttl, cpsv.jsonld)
cli-publish-dcat = DCAT-AP: datu kopas { $datasets }, datu pakalpes { $dataservices }, kataloga ieraksti { $records } (dcat.ttl, dcat.jsonld)
cli-publish-no-base = { $profile } nav publicēts: failā config/vienkop.toml, sadaļā [publish], jābūt base_iri (ar ko sākas visu publicēto lietu adreses, piemēram, https://registrs.iestade.gov.lv/id/) un publisher (tās iestādes reģistrācijas numurs, kura katalogu publicē).
rdf-address-left-out = { $profile }: { $count ->
    [zero] { $count } adreses nav publicētas, jo tās nav derīgas tīmekļa adreses
    [one] { $count } adrese nav publicēta, jo tā nav derīga tīmekļa adrese
   *[other] { $count } adreses nav publicētas, jo tās nav derīgas tīmekļa adreses
 } (vajag http vai https, bez atstarpēm, lietotāja un paroles): „{ $example }”.
rdf-duration-left-out = { $profile }: { $count ->
    [zero] { $count } ilgumi nav publicēti, jo tie nav derīgi
    [one] { $count } ilgums nav publicēts, jo tas nav derīgs
   *[other] { $count } ilgumi nav publicēti, jo tie nav derīgi
 }: „{ $example }”.
rdf-description-missing = { $profile }: { $count ->
    [zero] { $count } pakalpojumiem apraksta vietā ir nosaukums
    [one] { $count } pakalpojumam apraksta vietā ir nosaukums
   *[other] { $count } pakalpojumiem apraksta vietā ir nosaukums
 }, jo apraksta nav, bet standarts to prasa: „{ $example }”.
rdf-institution-unknown = { $profile }: { $count ->
    [zero] { $count } iestādēm nosaukuma vietā ir reģistrācijas numurs
    [one] { $count } iestādei nosaukuma vietā ir reģistrācijas numurs
   *[other] { $count } iestādēm nosaukuma vietā ir reģistrācijas numurs
 }, jo reģistrā tādu iestāžu nav: { $example }.
