//! What an analyst should look at: nothing that was answered disappears in a count.

use super::count::Counted;
use super::report::{List, Listed, Section, Table, Unmatched};
use crate::texts::Texts;

/// The section, unless there is nothing to look at.
pub(super) fn review(tables: &[&Table], counted: &Counted, texts: &Texts) -> Option<Section> {
    let (mut unmatched, mut no_system) = (Vec::new(), Vec::new());
    for table in tables {
        let figure = texts.get("report-figure", &[("number", &table.number.to_string())]);
        unmatched.extend(table.unmatched.iter().map(|answer| unmatched_row(&figure, answer)));
        no_system.extend(table.no_system.iter().map(|answer| listed_row(&figure, answer)));
        if let Some(follow_up) = &table.follow_up {
            let figure = texts.get("report-figure-follow-up", &[("number", &table.number.to_string())]);
            unmatched.extend(follow_up.unmatched.iter().map(|answer| unmatched_row(&figure, answer)));
            no_system.extend(follow_up.no_system.iter().map(|answer| listed_row(&figure, answer)));
        }
    }
    let questions = counted.strange_questions.iter().map(|(id, count)| vec![id.clone(), count.to_string()]).collect();
    let not_listed = counted.not_listed.iter().map(|reg_no| vec![reg_no.clone()]).collect();
    let (figure, answer, respondents) = ("report-figure-header", "report-answer", "report-respondents-header");
    let lists = [
        list("unmatched", &[figure, answer, respondents, "report-nearest"], unmatched, texts),
        list("no-system", &[figure, answer, respondents], no_system, texts),
        list("not-listed", &["report-reg-no"], not_listed, texts),
        list("questions", &["report-question", respondents], questions, texts),
    ];
    let lists: Vec<List> = lists.into_iter().flatten().collect();
    (!lists.is_empty()).then(|| Section {
        id: "survey-review".to_owned(),
        title: texts.get("report-review-title", &[]),
        paragraphs: vec![texts.get("report-review-text", &[])],
        lists,
        ..Section::default()
    })
}

fn unmatched_row(figure: &str, answer: &Unmatched) -> Vec<String> {
    vec![figure.to_owned(), answer.text.clone(), answer.count.to_string(), answer.nearest.join("; ")]
}

fn listed_row(figure: &str, answer: &Listed) -> Vec<String> {
    vec![figure.to_owned(), answer.text.clone(), answer.count.to_string()]
}

fn list(id: &str, columns: &[&str], rows: Vec<Vec<String>>, texts: &Texts) -> Option<List> {
    (!rows.is_empty()).then(|| List {
        id: format!("review-{id}"),
        title: texts.get(&format!("report-review-{id}-title"), &[]),
        note: texts.get(&format!("report-review-{id}-note"), &[]),
        columns: columns.iter().map(|column| texts.get(column, &[])).collect(),
        rows,
    })
}
