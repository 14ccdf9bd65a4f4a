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
report-caption = { $number }. attēls. { $title }
report-figure = { $number }. attēls
report-figure-follow-up = { $number }. attēls, papildjautājums
report-figure-header = Attēls
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
report-chart = Joslu diagramma: { $title }
report-same-numbers = Skaitļi ir arī failos report.json un tables/*.csv.

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

report-share-all = visi respondenti
report-share-great-majority = vairums respondentu
report-share-most = lielākā daļa respondentu
report-share-over-half = vairāk nekā puse respondentu
report-share-just-over-half = nedaudz vairāk nekā puse respondentu
report-share-half = puse respondentu
report-share-nearly-half = teju puse respondentu
report-share-under-half = mazāk nekā puse respondentu
report-share-under-third = mazāk nekā trešdaļa respondentu
report-share-under-quarter = mazāk nekā ceturtdaļa respondentu
report-share-few = maz respondentu

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
