//! One fetch: page after page, each made whole and landed as a document, with notes to go on from.

use jiff::Timestamp;
use vienkop_transforms::finding::{self, Finding};

use super::super::{FetchContext, FetchError, Fetched, Fetching};
use super::ask::{Asker, Refusal, Reply, records};
use super::cursor::Cursor;
use super::gather::{Gatherer, Listed};
use super::notes::{self, Asked, Digest, Line, Noted, Notes};
use super::paging::{After, Page, Walk};
use super::state::{Position, State};
use super::tree::Node;
use super::walk::{endless, fewer, page_digest, page_request};
use super::windows::Window;
use super::{Out, RestFetch, digest};
use crate::net::{Conversation, Expect, Request};

/// Records of one document, at most: what is held in memory at a time.
const DOCUMENT: usize = 1_000;
/// Walks along a list whose number of records moves meanwhile, at most.
const PASSES: u32 = 3;

/// A fetch under way.
pub(super) struct Run<'r, 'o, 'p> {
    rest: &'r RestFetch,
    context: FetchContext<'r>,
    asker: &'r Asker<'r>,
    gatherer: Gatherer<'r>,
    out: &'o mut Out<'p>,
    cursor: Option<Cursor>,
    state: State,
    notes: Notes,
    /// The moment of the run in which the fetch began.
    since: Timestamp,
    /// When it began by the server's clock.
    began: Option<Timestamp>,
    /// Pages noted by the fetch that is gone on with, not yet handed over.
    held: Vec<Line>,
}

/// Fetches everything.
pub(super) async fn run(
    rest: &RestFetch,
    context: &FetchContext<'_>,
    out: &mut Out<'_>,
) -> Result<Fetching, FetchError> {
    let recorded = rest.options.recorded.as_deref();
    let conversation = Conversation::open(&rest.options.server, recorded, context.into())?;
    let asker = Asker::new(conversation, rest.plan.errors.as_ref(), context, recorded.is_none());
    if let Some(account) = &rest.plan.account
        && let Some(request) = account.request(&asker.conversation, &|_| None)?
    {
        asker.ask(Request { expect: Expect::Account, ..request }).await?;
    }
    // What is recorded has to be asked for from its beginning.
    let resume = context.resume.filter(|_| recorded.is_none() && context.record.is_none());
    let what = Asked::new(&rest.whole, context.cursor);
    let cursor = rest.plan.incremental.as_ref().and_then(|_| Cursor::read(context.cursor?, &rest.asked));
    let mut run = Run {
        rest,
        // A recording holds the answers to what was asked then, a batch of other records is none of it.
        context: FetchContext { sample: context.sample.filter(|_| recorded.is_none()), ..*context },
        asker: &asker,
        gatherer: Gatherer::new(&rest.plan, &asker, context.time_zone),
        out,
        state: rest.state(cursor.as_ref(), context),
        cursor,
        notes: Notes::none(),
        since: context.now,
        began: None,
        held: Vec::new(),
    };
    if let Some(kept) = resume.and_then(|path| notes::read(path, &what, context.now, context.landing)) {
        kept.lines.iter().for_each(|line| run.state.replay(line));
        (run.since, run.began, run.held) = (kept.now, kept.began, kept.lines);
    }
    let ended = run.pages(resume, &what).await;
    let fetching = ended.map(|()| run.fetching());
    match (&fetching, resume) {
        (Ok(_), Some(path)) => notes::remove(path)?,
        // A list that went round in circles is not gone on with.
        (Err(FetchError::File(finding)), Some(path)) if is_muddled(finding) => notes::remove(path)?,
        _ => {}
    }
    fetching
}

fn is_muddled(finding: &Finding) -> bool {
    [&finding::ENDLESS, &finding::FEWER_THAN_PROMISED, &finding::WINDOW_FULL]
        .iter()
        .any(|rule| rule.code == finding.code)
}

/// Whether a word of the server's that leads to a page may have lost its meaning.
fn may_be_stale(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Gone | Refusal::Own(_) => true,
        Refusal::Fetch(FetchError::File(finding)) => {
            // 400, 404, 410 and their like; 503 says nothing about the page.
            let refused = finding.value.as_deref().is_some_and(|value| value.starts_with('4'));
            (finding.code == finding::STATUS.code && refused) || finding.code == finding::NOT_DATA.code
        }
        Refusal::Fetch(_) => false,
    }
}

impl RestFetch {
    fn state(&self, cursor: Option<&Cursor>, context: &FetchContext<'_>) -> State {
        let since = self.plan.incremental.as_ref().and_then(|incremental| match cursor {
            Some(cursor) => Some(cursor.until.checked_sub(incremental.overlap).unwrap_or(cursor.until)),
            None => super::moment::in_utc(incremental.first?, context.time_zone),
        });
        State::new(since, self.plan.windows.as_ref().and_then(|windows| windows.step))
    }
}

impl Run<'_, '_, '_> {
    async fn pages(&mut self, resume: Option<&std::path::Path>, asked: &Asked) -> Result<(), FetchError> {
        let mut noting = false;
        while let Some(window) = self.state.position.windows.current(self.context.now) {
            self.context.check_cancelled()?;
            let reply = match self.page(window).await {
                Ok(reply) => reply,
                // The first page after a break: what led to it may be good no longer. Nothing was handed over yet.
                Err(refusal)
                    if !self.held.is_empty()
                        && self.rest.plan.list.pager.leans_on_server()
                        && may_be_stale(&refusal) =>
                {
                    self.held.clear();
                    (self.since, self.began) = (self.context.now, None);
                    self.state = self.rest.state(self.cursor.as_ref(), &self.context);
                    continue;
                }
                Err(refusal) => return Err(refusal.into()),
            };
            if !noting {
                noting = true;
                self.began = self.began.or_else(|| self.asker.began());
                if let Some(path) = resume {
                    self.notes = Notes::begin(path, asked, self.since, self.began, &self.held)?;
                }
                self.hand_over()?;
            }
            self.take(reply).await?;
            if self.context.sample.is_some() && self.state.documents > 0 {
                return Ok(());
            }
        }
        // All was there but the end.
        self.hand_over()
    }

    /// Asks for the page that the position names.
    async fn page(&self, window: Window) -> Result<Reply, Refusal> {
        let plan = &self.rest.plan;
        let overlap = plan.windows.as_ref().map(|windows| windows.overlap).unwrap_or_default();
        let written = |moment: Timestamp| Node::text_of(&plan.written.write(moment, self.context.time_zone));
        let values = |name: &str| match name {
            "since" => window.since.map(|since| since.checked_sub(overlap).unwrap_or(since)).map(written),
            "until" => window.until.map(written),
            _ => None,
        };
        let list = &plan.list;
        let request = page_request(&self.asker.conversation, list, &self.state.position.walk.step, &values)?;
        let Some(request) = request else {
            // A path with a gap that has no value asks for nothing.
            let finding = Finding { value: Some(list.request.name()), ..Finding::of(&finding::NOT_FOUND) };
            return Err(Refusal::Fetch(finding.into()));
        };
        match self.asker.ask(request).await {
            // The list itself is not a record that may be gone.
            Err(Refusal::Gone) => {
                let finding = Finding { cell: Some(list.request.name()), ..Finding::of(&finding::SYSTEM_FAILURE) };
                Err(Refusal::Own(Box::new(finding)))
            }
            other => other,
        }
    }

    /// Hands over what the fetch that is gone on with has landed.
    fn hand_over(&mut self) -> Result<(), FetchError> {
        for line in std::mem::take(&mut self.held) {
            let Some((name, sha256)) = line.landed else { continue };
            let reader = Box::new(self.context.landing.open(&sha256)?);
            (self.out)(Fetched { name, reader })?;
        }
        Ok(())
    }

    /// Deals with a page: what of it is new is made whole and landed, and the position moves on.
    async fn take(&mut self, mut reply: Reply) -> Result<(), FetchError> {
        let plan = &self.rest.plan;
        let found = records(&mut reply, &plan.list.records, &plan.list.pointer)?;
        let received = found.len() as u64;
        let mut position = self.state.position.clone();
        let segment = position.segment;
        if let Some(windows) = &plan.windows {
            let total = position.walk.totals.map_or(0, |(most, _)| most);
            if position.walk.received + received >= windows.most || total > windows.most {
                let window = position.windows.current(self.context.now);
                if !position.windows.halve(self.context.now) {
                    return Err(window_full(&reply, window, windows.most));
                }
                position = Position { walk: Walk::default(), segment: segment + 1, pass: 1, ..position };
                return self.note(Line { position: Some(position), segment, ..Line::default() });
            }
        }
        let digest = page_digest(&found);
        let sifted = self.sift(found, segment);
        let facts = Page {
            document: &reply.document,
            links: &reply.links,
            received,
            fresh: sifted.fresh,
            digest,
            keys: &sifted.keys,
        };
        match plan.list.pager.advance(&mut position.walk, &facts, &mut self.state.met) {
            After::More => position.walk.step.resolve(&reply.url),
            After::End => self.end_of_list(&mut position)?,
            After::Circle(circle) => return Err(endless(&reply.request, circle)),
        }
        let mut end = Line { position: Some(position), segment, seen: sifted.passed, ..Line::default() };
        end.met = self.state.met.news();
        let mut taken = sifted.taken.into_iter();
        if let Some(most) = self.context.sample {
            taken = taken.take(most).collect::<Vec<_>>().into_iter();
        }
        loop {
            let chunk: Vec<Taken> = taken.by_ref().take(DOCUMENT).collect();
            let is_last = taken.len() == 0;
            let mut line = if is_last { std::mem::take(&mut end) } else { Line { segment, ..Line::default() } };
            self.land(chunk, segment, &mut line).await?;
            self.note(line)?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// What of a page has not been taken yet.
    fn sift(&mut self, found: Vec<Node>, segment: u32) -> Sifted {
        let plan = &self.rest.plan;
        let mut sifted = Sifted::default();
        for node in found {
            let id = match (&node, &plan.id) {
                (Node::Scalar(_), _) => Some(node.clone()),
                (_, Some(path)) => {
                    let mut ids = Vec::new();
                    node.each(path, &mut ids);
                    ids.first().map(|id| (*id).clone())
                }
                (_, None) => None,
            };
            let key = id.as_ref().and_then(Node::text).map(|id| digest(&[id.as_bytes()]));
            // What there is behind an id is seen when it was asked for.
            let version = plan.detail.is_none().then(|| self.version(&node));
            let known = key.and_then(|key| self.state.seen.get(&key).copied());
            sifted.fresh += u64::from(known.is_none_or(|(_, met)| met != segment));
            if let Some(key) = key {
                let held = version.or(known.map(|(held, _)| held)).unwrap_or_default();
                sifted.keys.push(digest(&[&key.to_le_bytes(), &version.unwrap_or_default().to_le_bytes()]));
                self.state.seen.insert(key, (held, segment));
                let same = known.is_some_and(|(held, met)| version.map_or(met == segment, |version| version == held));
                if same {
                    sifted.passed.push((Digest(key), Digest(held)));
                    continue;
                }
            }
            sifted.taken.push(Taken { listed: Listed { id, node }, key, version });
        }
        sifted
    }

    /// What tells a record from an earlier state of itself: its change time, or all that it says.
    fn version(&self, record: &Node) -> u128 {
        let incremental = self.rest.plan.incremental.as_ref();
        match incremental.and_then(|incremental| record.find(&incremental.field)) {
            Some(changed) => digest(&[b"changed", changed.as_bytes()]),
            None => digest(&[&record.bytes()]),
        }
    }

    /// Makes records whole, lands them as a document and notes that in `line`.
    async fn land(&mut self, chunk: Vec<Taken>, segment: u32, line: &mut Line) -> Result<(), FetchError> {
        let keys: Vec<_> = chunk.iter().map(|taken| (taken.listed.id.clone(), taken.key, taken.version)).collect();
        let detailed = self.gatherer.detailed(chunk.into_iter().map(|taken| taken.listed).collect()).await?;
        let mut records = Vec::with_capacity(detailed.len());
        for ((id, key, version), record) in keys.into_iter().zip(detailed) {
            let Some(record) = record else { continue };
            if let Some(key) = key {
                let now = version.unwrap_or_else(|| self.version(&record));
                let before = self.state.seen.insert(key, (now, segment));
                line.seen.push((Digest(key), Digest(now)));
                if version.is_none() && before.is_some_and(|(held, _)| held == now) {
                    continue;
                }
            }
            records.push((id, record));
        }
        let mut document = Vec::new();
        for record in self.gatherer.whole(records).await?.into_iter().flatten() {
            if let Some(incremental) = &self.rest.plan.incremental {
                let changed = record.find(&incremental.field);
                let changed = changed.and_then(|text| incremental.read.read(&text, self.context.time_zone));
                self.state.greatest = self.state.greatest.max(changed);
            }
            record.write(&mut document);
            document.push(b'\n');
            self.state.records += 1;
        }
        let (findings, held_back) = self.gatherer.told();
        line.findings = findings.iter().map(Noted::from).collect();
        self.state.findings.extend(findings);
        self.state.held_back |= held_back;
        if !document.is_empty() {
            self.state.documents += 1;
            let name = format!("{} page {}", self.rest.plan.list.request.name(), self.state.documents);
            let landed = (self.out)(Fetched { name: name.clone(), reader: Box::new(document.as_slice()) })?;
            line.landed = Some((name, landed.sha256));
        }
        Ok(())
    }

    /// Notes what was done; the position of the line is the one to go on from.
    fn note(&mut self, mut line: Line) -> Result<(), FetchError> {
        let state = &mut self.state;
        line.greatest = state.greatest;
        line.records = state.records;
        line.held_back = state.held_back;
        self.notes.note(&line)?;
        if let Some(position) = line.position {
            if position.segment != state.position.segment {
                state.met.clear();
            }
            state.position = position;
        }
        Ok(())
    }

    /// The list has come to its end: another walk along it where the number of its records moved meanwhile, the next
    /// window, or nothing.
    fn end_of_list(&self, position: &mut Position) -> Result<(), FetchError> {
        let plan = &self.rest.plan;
        let (most, last) = position.walk.totals.unwrap_or_default();
        let moved = position.walk.moved || position.walk.distinct < last || last < most;
        // Without ids a record that comes again cannot be told from a new one.
        let has_ids = plan.id.is_some() || plan.detail.is_some();
        if moved && has_ids && position.pass < PASSES {
            position.walk = Walk::default();
            position.segment += 1;
            position.pass += 1;
            return Ok(());
        }
        if position.walk.distinct < last {
            return Err(fewer(&plan.list.request.name(), position.walk.distinct, last));
        }
        position.windows.walked();
        position.walk = Walk::default();
        position.segment += 1;
        position.pass = 1;
        Ok(())
    }

    /// What the fetch says in the end.
    fn fetching(&mut self) -> Fetching {
        let mut findings = std::mem::take(&mut self.state.findings);
        findings.extend(self.asker.skew());
        let Some(incremental) = &self.rest.plan.incremental else {
            return Fetching { findings, ..Fetching::default() };
        };
        if self.state.records > 0 && self.state.greatest.is_none() {
            let column = Some(incremental.written.clone());
            findings.push(Finding { column, ..Finding::of(&finding::MISSING_COLUMN) });
        }
        // What changed while the fetch ran may have been passed over: it was read before, and is not after the cursor.
        let until = match (self.state.greatest, self.began) {
            (Some(greatest), Some(began)) => Some(greatest.min(began)),
            (greatest, _) => greatest,
        };
        let until = until.map(|until| self.cursor.as_ref().map_or(until, |cursor| cursor.until.max(until)));
        let cursor = until.filter(|_| !self.state.held_back);
        Fetching {
            cursor: cursor.map(|until| Cursor { until }.write(&self.rest.asked)),
            findings,
            ..Fetching::default()
        }
    }
}

/// A page, sifted.
#[derive(Default)]
struct Sifted {
    taken: Vec<Taken>,
    /// Ids that were passed over, and what they were met with.
    passed: Vec<(Digest, Digest)>,
    /// Records that this walk had not met.
    fresh: u64,
    /// Digests of all records: of what each is, and of its state.
    keys: Vec<u128>,
}

/// A record that is taken.
struct Taken {
    listed: Listed,
    /// Digest of its id.
    key: Option<u128>,
    /// Digest of what it was met with; none before its detail has come.
    version: Option<u128>,
}

/// N016.
fn window_full(reply: &Reply, window: Option<Window>, most: u64) -> FetchError {
    let told = |moment: Option<Timestamp>| moment.map_or_else(|| "…".to_owned(), |moment| moment.to_string());
    Finding {
        cell: Some(reply.request.clone()),
        value: window.map(|window| format!("{} – {}", told(window.since), told(window.until))),
        expected: Some(most.to_string()),
        ..Finding::of(&finding::WINDOW_FULL)
    }
    .into()
}
