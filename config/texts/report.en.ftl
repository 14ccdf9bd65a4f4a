## Situation assessment

report-title = Assessment of the current situation
report-as-of = Data as of { $date }
report-date = { $day } { $month } { $year }
report-month = { $month ->
    [m01] January
    [m02] February
    [m03] March
    [m04] April
    [m05] May
    [m06] June
    [m07] July
    [m08] August
    [m09] September
    [m10] October
    [m11] November
   *[m12] December
}
report-contents = Contents
report-caption = Figure { $number }. { $title }
report-figure = Figure { $number }
report-figure-follow-up = Figure { $number }, follow-up question
report-figure-header = Figure
report-question = Question
report-answer = Answer
report-count = Count
report-share-header = Share
report-total = Total
report-kind = Kind of institution
report-kind-unknown = kind not known
report-by-kind = By kind of institution
report-kind-n = { $kind } (n = { $n })
report-n = n = { $n }
report-follow-up = Follow-up question
report-reg-no = Registration number
report-nearest = Nearest known names
report-chart = Bar chart: { $title }
report-same-numbers = The numbers are also in the files report.json and tables/*.csv.

report-respondents = { $count ->
    [one] { $count } respondent
   *[other] { $count } respondents
}
report-respondents-header = Respondents
report-respondents-title = Respondents by kind of institution

report-row-yes = Yes
report-row-no = No
report-row-none = No answer
report-row-unclear = Unclear answer
report-row-other = Another combination of answers
report-row-unmatched = Others (names not recognised)
report-row-unmatched-options = Other answers
report-row-no-system = No system named

report-survey-when = Survey period: { $opened } – { $closed }. { $respondents } took part.
report-survey-counting = Percentages are of all respondents, rounded to two decimals; in the breakdown by kind of institution, of the respondents of that kind. Different spellings of a system's name are counted together.
report-survey-again = Respondents who answered more than once: { $count }. The last questionnaire submitted by each counts.

report-note-systems = A respondent may name several systems, so the shares may add up to more than 100%.
report-note-options = A respondent may choose several answers, so the shares may add up to more than 100%.
report-note-uses-any = The group “{ $no }” includes respondents who gave no answer ({ $count }).

## Words for a share: the subject of the conclusions

report-share-all = all respondents
report-share-great-majority = the great majority of respondents
report-share-most = most respondents
report-share-over-half = more than half of the respondents
report-share-just-over-half = slightly more than half of the respondents
report-share-half = half of the respondents
report-share-nearly-half = almost half of the respondents
report-share-under-half = fewer than half of the respondents
report-share-under-third = fewer than a third of the respondents
report-share-under-quarter = fewer than a quarter of the respondents
report-share-few = few respondents

report-list-and = { $list } and { $last }
report-sentence-empty = The survey has no respondents.
report-sentence-predicate = { $share } ({ $count } of { $n }, { $percent }) { $predicate }.
report-sentence-answer = “{ $answer }” is the answer of { $share } ({ $count } of { $n }, { $percent }).
report-sentence-nobody = “{ $answer }” is the answer of no respondent.
report-sentence-unanswered = { $respondents } ({ $percent }) did not answer.
report-sentence-cross-first = { $share } ({ $count } of { $n }, { $percent }): { $label }
report-sentence-cross-next = { $count } ({ $percent }): { $label }
report-sentence-cross-none = No respondent answers all of the questions.
report-sentence-systems-first = The solutions named most often: { $list }.
report-sentence-systems-others = Also named: { $list }.
report-sentence-systems-all = The solutions named: { $list }.
report-sentence-systems-none = No known solution is named.
report-sentence-options-first = The answers chosen most often: { $list }.
report-sentence-options-others = Chosen less often: { $list }.
report-sentence-options-all = The answers chosen: { $list }.
report-sentence-options-none = None of the answers offered is chosen.

## For the analyst

report-review-title = Answers for an analyst to review
report-review-text = These answers are counted in the tables, but a person has to decide what they mean. A name or spelling that is not recognised is added to the code list “systems” as a new system or an alias.
report-review-unmatched-title = Names and answers not recognised
report-review-unmatched-note = The tables count them in the rows “Others (names not recognised)”, “Other answers” and “Unclear answer”.
report-review-no-system-title = Answers that name no system
report-review-no-system-note = They do not count as using a system.
report-review-not-listed-title = Respondents that the list of institutions does not hold
report-review-not-listed-note = In the breakdown by kind they are in the group “kind not known”.
report-review-questions-title = Questions that the questionnaire does not hold
report-review-questions-note = No table counts the answers to them.
