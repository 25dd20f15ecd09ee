//! All that is ever on the wire: requests, control ops, answers, failures.
//!
//! One JSON object per line each way. `input` and `result` are JSON *text* on
//! both sides: they are checked and cut out of the line, never made into trees.
//! Nothing here reads sockets or decides what a limit is.
#![expect(
    clippy::result_large_err,
    reason = "a failure is made once per request, and boxing it would be in every caller's way"
)]

use std::{borrow::Cow, fmt, time::Duration};

use memchr::memchr2;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{api::Lookup, spelling::suggestion, transpile::Check};

/// Levels that `input` may nest.
pub const MAX_INPUT_DEPTH: usize = 1_000;
/// An id is echoed, so it must not be a way to store text.
const MAX_ID_BYTES: usize = 1_024;

/// The JSON text of an id: a string or a number, echoed as it was spelled.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Id(String);

impl Id {
    /// A string id.
    pub fn text(id: &str) -> Id {
        Id(json_string(id))
    }

    fn from_raw(raw: &str) -> Result<Id, Failure> {
        let is_text_or_number = raw.starts_with(['"', '-']) || raw.starts_with(char::is_numeric);
        if !is_text_or_number {
            return Err(wrong_type("id", "a string or a number", raw));
        }
        if raw.len() > MAX_ID_BYTES {
            return Err(Failure::bad_request(format!(
                "`id` is {} bytes long; the limit is {MAX_ID_BYTES}",
                raw.len()
            )));
        }
        Ok(Id(raw.to_owned()))
    }
}

/// As JSON.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a client asks the kernel to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Echoed back unchanged, so that a client may match answers to requests.
    pub id: Option<Id>,
    /// The libraries that it finds, by name; absent means the kernel's first.
    pub preset: Option<String>,
    /// TypeScript: the body of `async function main(input) { … }`.
    pub code: String,
    /// JSON text of the `input` argument.
    pub input: String,
    /// Absent means the kernel's own default.
    pub timeout_ms: Option<u64>,
    /// Whether it runs although the check has found something.
    pub check: Check,
}

/// What a client can say besides "run this".
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    Ping,
    Stats,
    /// Everything that is measured, as text for Prometheus.
    Metrics,
    /// What the kernel finds where it runs: [`Surroundings`].
    Doctor,
    /// End the request of this connection that has this id.
    Cancel {
        target: Id,
    },
    Auth {
        token: String,
    },
    /// What a snippet may use, as text of about so many tokens.
    Api {
        lookup: Lookup,
        tokens: Option<usize>,
        preset: Option<String>,
    },
}

impl Control {
    /// The word that stands in `op`, in requests and in their answers.
    pub fn op(&self) -> &'static str {
        match self {
            Control::Ping => "ping",
            Control::Stats => "stats",
            Control::Metrics => "metrics",
            Control::Doctor => "doctor",
            Control::Cancel { .. } => "cancel",
            Control::Auth { .. } => "auth",
            Control::Api { lookup: Lookup::Prompt, .. } => "prompt",
            Control::Api { .. } => "api",
        }
    }
}

/// One line from a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    Run(Request),
    Control { id: Option<Id>, control: Control },
}

/// A line that is not a [`Message`].
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The id, where one could be read.
    pub id: Option<Id>,
    /// The op, where a known one could be read.
    pub op: Option<&'static str>,
    pub failure: Failure,
    pub severity: Severity,
}

/// How far off a refused line is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    /// Not JSON at all: whoever opens with this does not speak our protocol.
    NotJson,
    /// JSON, but not a request.
    NotARequest,
}

const RUN_FIELDS: [&str; 6] = ["id", "preset", "code", "input", "timeoutMs", "check"];
const OPS: [&str; 8] = ["ping", "stats", "metrics", "doctor", "cancel", "auth", "api", "prompt"];

impl Message {
    pub fn parse(line: &[u8]) -> Result<Message, Refusal> {
        let not_json = |message: String| Refusal {
            id: None,
            op: None,
            failure: Failure::bad_request(message),
            severity: Severity::NotJson,
        };
        let text = std::str::from_utf8(line).map_err(|err| {
            not_json(format!(
                "the line is not valid UTF-8 at byte {}; a request is one line of JSON in UTF-8",
                err.valid_up_to() + 1
            ))
        })?;
        let fields: Fields = match serde_json::from_str(text) {
            Ok(fields) => fields,
            Err(_) if text.trim_ascii().is_empty() => {
                return Err(not_json("the line is empty; a request is one JSON object".to_owned()));
            }
            Err(err) => {
                // What is no object may still be no JSON: that counts first.
                let syntax_error = match err.is_data() {
                    true => serde_json::from_str::<IgnoredAny>(text).err(),
                    false => Some(err),
                };
                let Some(err) = syntax_error else {
                    let message =
                        format!("a request is a JSON object, not {}", type_of(text.trim_start()));
                    return Err(Refusal { severity: Severity::NotARequest, ..not_json(message) });
                };
                return Err(not_json(format!(
                    "the line is not JSON: {} at byte {}",
                    without_place(&err),
                    err.column()
                )));
            }
        };

        let mut id = None;
        let op = fields.get("op").map(|raw| op_of(raw.get()));
        let known_op = op.as_ref().and_then(|it| it.as_ref().ok().copied());
        let parsed = (|| {
            id = fields.get("id").map(|raw| Id::from_raw(raw.get())).transpose()?;
            fields.refuse_doubles()?;
            match op {
                None => fields.request(id.clone()).map(Message::Run),
                Some(op) => {
                    let control = fields.control(op?, id.as_ref())?;
                    Ok(Message::Control { id: id.clone(), control })
                }
            }
        })();
        parsed.map_err(|failure| Refusal {
            id,
            op: known_op,
            failure,
            severity: Severity::NotARequest,
        })
    }
}

/// The members of the line's object, in order, values still as text.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields<'a>, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut res = Vec::with_capacity(RUN_FIELDS.len());
                while let Some((key, value)) = map.next_entry::<Key<'de>, &RawValue>()? {
                    res.push((key.0, value));
                }
                Ok(res)
            }
        }
        deserializer.deserialize_map(Members).map(Fields)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl Fields<'_> {
    fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// With two of a kind, client and kernel may disagree which one counts.
    fn refuse_doubles(&self) -> Result<(), Failure> {
        // Among so many there is one double or one unknown; no need to compare all.
        for (idx, (key, _)) in self.0.iter().enumerate().take(16) {
            if self.0[..idx].iter().any(|(earlier, _)| earlier == key) {
                return Err(Failure::bad_request(format!("field `{key}` appears twice")));
            }
        }
        Ok(())
    }

    /// An unknown field is refused: a misspelt `timeoutMS` must fail loudly, not
    /// run without a timeout.
    fn refuse_unknown(&self, known: &[&'static str]) -> Result<(), Failure> {
        match self.0.iter().find(|(key, _)| !known.contains(&&**key)) {
            None => Ok(()),
            Some((key, _)) => Err(Failure::bad_request(format!(
                "unknown field `{}`{}",
                clip(key),
                suggestion(key, known.iter().copied())
            ))),
        }
    }

    fn request(&self, id: Option<Id>) -> Result<Request, Failure> {
        self.refuse_unknown(&RUN_FIELDS)?;
        let code = self.get("code").ok_or_else(|| Failure::bad_request("missing field `code`"))?;
        let code = string("code", code.get())?;
        let input = match self.get("input") {
            None => "{}",
            Some(raw) if is_deeper_than(raw.get(), MAX_INPUT_DEPTH) => {
                return Err(Failure::bad_request(format!(
                    "`input` is nested deeper than {MAX_INPUT_DEPTH} levels"
                )));
            }
            Some(raw) => raw.get(),
        };
        let timeout_ms = self.get("timeoutMs").map(|raw| timeout_ms(raw.get())).transpose()?;
        let check = self.get("check").map(|raw| check(raw.get())).transpose()?.unwrap_or_default();
        let preset = self.preset()?;
        Ok(Request { id, preset, code, input: input.to_owned(), timeout_ms, check })
    }

    fn control(&self, op: &str, id: Option<&Id>) -> Result<Control, Failure> {
        let missing = |field| Failure::bad_request(format!("missing field `{field}`"));
        if self.get("code").is_some() {
            return Err(Failure::bad_request("`code` and `op` exclude each other"));
        }
        match op {
            "ping" => self.refuse_unknown(&["id", "op"]).map(|()| Control::Ping),
            "stats" => self.refuse_unknown(&["id", "op"]).map(|()| Control::Stats),
            "metrics" => self.refuse_unknown(&["id", "op"]).map(|()| Control::Metrics),
            "doctor" => self.refuse_unknown(&["id", "op"]).map(|()| Control::Doctor),
            "cancel" => {
                self.refuse_unknown(&["id", "op"])?;
                let target = id.ok_or_else(|| missing("id"))?.clone();
                Ok(Control::Cancel { target })
            }
            "prompt" => {
                self.refuse_unknown(&["id", "op", "tokens", "preset"])?;
                let (tokens, preset) = (self.tokens()?, self.preset()?);
                Ok(Control::Api { lookup: Lookup::Prompt, tokens, preset })
            }
            "api" => {
                self.refuse_unknown(&["id", "op", "search", "show", "tokens", "preset"])?;
                let lookup = match (self.get("search"), self.get("show")) {
                    (Some(words), None) => Lookup::Search(string("search", words.get())?),
                    (None, Some(name)) => Lookup::Show(string("show", name.get())?),
                    _ => {
                        return Err(Failure::bad_request(
                            "`api` takes one of the fields `search` and `show`",
                        ));
                    }
                };
                Ok(Control::Api { lookup, tokens: self.tokens()?, preset: self.preset()? })
            }
            _ => {
                self.refuse_unknown(&["id", "op", "token"])?;
                let token = self.get("token").ok_or_else(|| missing("token"))?;
                Ok(Control::Auth { token: string("token", token.get())? })
            }
        }
    }
}

impl Fields<'_> {
    fn preset(&self) -> Result<Option<String>, Failure> {
        self.get("preset").map(|raw| string("preset", raw.get())).transpose()
    }

    fn tokens(&self) -> Result<Option<usize>, Failure> {
        let Some(raw) = self.get("tokens") else { return Ok(None) };
        match raw.get().parse::<usize>() {
            Ok(n @ 1..) => Ok(Some(n)),
            _ => Err(wrong_number("tokens", "a whole number from 1", raw.get())),
        }
    }
}

fn op_of(raw: &str) -> Result<&'static str, Failure> {
    let op = string("op", raw)?;
    OPS.into_iter().find(|it| *it == op).ok_or_else(|| {
        Failure::bad_request(format!("unknown op `{}`{}", clip(&op), suggestion(&op, OPS)))
    })
}

fn string(field: &str, raw: &str) -> Result<String, Failure> {
    if !raw.starts_with('"') {
        return Err(wrong_type(field, "a string", raw));
    }
    // What is left to go wrong is a lone surrogate, which a JSON string may
    // spell but a source text cannot hold.
    serde_json::from_str(raw).map_err(|err| {
        Failure::bad_request(format!(
            "`{field}` is not a valid string: {} at byte {} of it",
            without_place(&err),
            err.column()
        ))
    })
}

fn check(raw: &str) -> Result<Check, Failure> {
    match string("check", raw)?.as_str() {
        "warn" => Ok(Check::Warn),
        "strict" => Ok(Check::Strict),
        other => Err(Failure::bad_request(format!(
            "`check` is \"warn\" or \"strict\", not \"{}\"",
            clip(other)
        ))),
    }
}

fn timeout_ms(raw: &str) -> Result<u64, Failure> {
    raw.parse().map_err(|_err| wrong_number("timeoutMs", "a whole number of milliseconds", raw))
}

/// Of another type, or the wrong one of many numbers.
fn wrong_number(field: &str, expected: &str, raw: &str) -> Failure {
    match raw.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
        true => Failure::bad_request(format!("`{field}` must be {expected}, not {}", clip(raw))),
        false => wrong_type(field, expected, raw),
    }
}

fn wrong_type(field: &str, expected: &str, raw: &str) -> Failure {
    Failure::bad_request(format!("`{field}` must be {expected}, not {}", type_of(raw)))
}

fn type_of(raw: &str) -> &'static str {
    match raw.bytes().next() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// So much of a stranger's text as belongs into a message.
fn clip(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(40) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// serde_json's message without its "at line 1 column n": there is one line.
fn without_place(err: &serde_json::Error) -> String {
    let message = err.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    }
}

/// Whether valid JSON text nests deeper than `limit`. Reads bytes, so that no
/// depth can hurt it.
pub fn is_deeper_than(json: &str, limit: usize) -> bool {
    let json = json.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth -= 1,
            b'"' => {
                // To the end of the string; a megabyte of text is one step.
                at += 1;
                while let Some(next) = memchr2(b'"', b'\\', json.get(at..).unwrap_or_default()) {
                    at += next;
                    if json[at] == b'"' {
                        break;
                    }
                    at += 2;
                }
            }
            _ => {}
        }
        at += 1;
    }
    false
}

impl Request {
    /// One line, with its newline. `input` may be spread over lines; the line
    /// may not, and outside of strings a line break is a blank.
    pub fn to_line(&self) -> String {
        let mut res = String::with_capacity(self.code.len() + self.input.len() + 64);
        res.push('{');
        if let Some(id) = &self.id {
            res.push_str(&format!(r#""id":{id},"#));
        }
        if let Some(preset) = &self.preset {
            res.push_str(&format!(r#""preset":{},"#, json_string(preset)));
        }
        res.push_str(r#""code":"#);
        res.push_str(&json_string(&self.code));
        res.push_str(r#","input":"#);
        if memchr2(b'\n', b'\r', self.input.as_bytes()).is_some() {
            res.push_str(&self.input.replace(['\n', '\r'], " "));
        } else {
            res.push_str(&self.input);
        }
        if let Some(timeout_ms) = self.timeout_ms {
            res.push_str(&format!(r#","timeoutMs":{timeout_ms}"#));
        }
        if self.check == Check::Strict {
            res.push_str(r#","check":"strict""#);
        }
        res.push_str("}\n");
        res
    }
}

impl Control {
    /// One line, with its newline.
    pub fn to_line(&self) -> String {
        let op = self.op();
        match self {
            Control::Ping | Control::Stats | Control::Metrics | Control::Doctor => {
                format!("{{\"op\":\"{op}\"}}\n")
            }
            Control::Cancel { target } => format!("{{\"op\":\"{op}\",\"id\":{target}}}\n"),
            Control::Auth { token } => {
                format!("{{\"op\":\"{op}\",\"token\":{}}}\n", json_string(token))
            }
            Control::Api { lookup, tokens, preset } => {
                let mut res = format!("{{\"op\":\"{op}\"");
                match lookup {
                    Lookup::Search(words) => {
                        res.push_str(&format!(",\"search\":{}", json_string(words)));
                    }
                    Lookup::Show(name) => {
                        res.push_str(&format!(",\"show\":{}", json_string(name)));
                    }
                    Lookup::Prompt => {}
                }
                if let Some(tokens) = tokens {
                    res.push_str(&format!(",\"tokens\":{tokens}"));
                }
                if let Some(preset) = preset {
                    res.push_str(&format!(",\"preset\":{}", json_string(preset)));
                }
                res.push_str("}\n");
                res
            }
        }
    }
}

/// The one answer to one [`Request`].
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub id: Option<Id>,
    /// JSON text on success.
    pub outcome: Result<String, Failure>,
    /// What the check of the snippet found; not on the wire when empty.
    pub warnings: Vec<Warning>,
    pub logs: Vec<Log>,
    pub usage: Usage,
    pub effects: Effects,
}

/// Something in the snippet that will not work, or would not have.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Warning {
    /// Where in the snippet, from 1.
    pub line: u32,
    pub column: u32,
    /// What is wrong and what was meant.
    pub message: String,
    /// The signature of what was meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// One captured call of `console.*`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Log {
    /// `debug`, `log`, `info`, `warn`, `error`, or `kernel` for what the kernel
    /// itself has to say.
    pub level: Cow<'static, str>,
    pub text: String,
}

/// What a request cost. Milliseconds have a resolution of 1 µs; together they are
/// the time from the request's arrival to its answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Ready, but without a worker: before it began, and after it had waited.
    pub queue_ms: f64,
    pub transpile_ms: f64,
    /// At work.
    pub run_ms: f64,
    /// For timers and calls.
    pub wait_ms: f64,
    /// Processor time of transpiling and running.
    #[serde(default)]
    pub cpu_ms: f64,
    pub heap_bytes: u64,
    /// What the run asked for outside, in order of starting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Call>,
    /// Calls that are not in the list because it was full.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_calls: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
}

/// What was pending when `main` settled, and given up.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Dropped {
    pub timers: u32,
    pub calls: u32,
}

/// One request that a run sent, or tried to send.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Call {
    /// The client's name for it, such as `PutObject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    pub method: String,
    pub host: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// Absent when no response came; the server may have acted all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub ms: f64,
}

/// Whether repeating a request repeats something outside.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effects {
    pub ran: Ran,
    /// Requests that the run sent, or tried to send.
    pub calls: u64,
    /// Those of them that may have changed something.
    pub writes: Vec<Call>,
    /// Writes that are not in the list because it was full.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_writes: u64,
}

/// How far the snippet came, whatever became of its result.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ran {
    /// Nothing of it was executed.
    #[default]
    No,
    /// It began, and did not reach its end.
    Partial,
    /// `main` returned.
    Complete,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What a kernel finds where it runs: members of the answer to `doctor`. Names,
/// never values of what is secret.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Surroundings {
    /// Where AWS credentials come from; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_credentials: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The operator's S3 endpoint instead of AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Rules of the network policy.
    pub allow_net: Vec<String>,
}

/// A duration as it is written in [`Usage`].
pub fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

/// Why a request produced no value, in terms that a client can act on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// Class of the error that was thrown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub message: String,
    /// JavaScript stack, with positions in the caller's TypeScript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// The lines of the snippet around the place, with a caret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<String>,
    /// What to write or to change instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in the snippet, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure {
            kind,
            name: None,
            message: message.into(),
            stack: None,
            frame: None,
            hint: None,
            line: None,
            column: None,
        }
    }

    pub fn bad_request(message: impl Into<String>) -> Failure {
        Failure::new(FailureKind::BadRequest, message)
    }

    /// For a request line over the limit.
    pub fn line_too_long(limit_bytes: usize) -> Failure {
        let message = format!("the request line is longer than {limit_bytes} bytes");
        Failure::new(FailureKind::TooLarge, message)
            .with_hint("send less, or raise `--max-line` of the kernel")
    }

    pub fn with_hint(self, hint: impl Into<String>) -> Failure {
        Failure { hint: Some(hint.into()), ..self }
    }
}

/// Stable, closed list; the words are part of the protocol.
///
/// Every kind leaves the connection and the kernel usable.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The line is not a request. The same line will fail again; nothing ran.
    BadRequest,
    /// The snippet is not valid TypeScript. Change it; nothing ran.
    Syntax,
    /// The check has found something, and `"check":"strict"` was asked for.
    /// Change the snippet; nothing ran.
    Check,
    /// The snippet threw or rejected. Read the message; a retry helps when the
    /// world outside was to blame.
    Thrown,
    /// `main` returned what JSON cannot say. Change the snippet; it did run.
    NotJson,
    /// `main` waits for what cannot happen. Change the snippet; it did run.
    NeverSettled,
    /// The time was over and the run was stopped, perhaps half-way. Retry with
    /// more time if repeating is harmless.
    Timeout,
    /// The heap of the run was used up. A retry ends the same way.
    OutOfMemory,
    /// The engine's stack was used up. A retry ends the same way.
    StackOverflow,
    /// Request line, source or result is over its limit. Send or return less.
    TooLarge,
    /// The client asked for it. Retry whenever it likes.
    Cancelled,
    /// The queue is full. Nothing ran: retry after a pause.
    Busy,
    /// The kernel is going away. Nothing ran, or it was stopped: retry with the
    /// next kernel.
    ShuttingDown,
    /// A fault inside the engine; its isolate was rebuilt. One retry is fair.
    EngineCrash,
    /// A bug in the kernel, never the snippet's fault. One retry is fair.
    Internal,
}

impl FailureKind {
    pub const ALL: [FailureKind; 15] = [
        FailureKind::BadRequest,
        FailureKind::Syntax,
        FailureKind::Check,
        FailureKind::Thrown,
        FailureKind::NotJson,
        FailureKind::NeverSettled,
        FailureKind::Timeout,
        FailureKind::OutOfMemory,
        FailureKind::StackOverflow,
        FailureKind::TooLarge,
        FailureKind::Cancelled,
        FailureKind::Busy,
        FailureKind::ShuttingDown,
        FailureKind::EngineCrash,
        FailureKind::Internal,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            FailureKind::BadRequest => "bad_request",
            FailureKind::Syntax => "syntax",
            FailureKind::Check => "check",
            FailureKind::Thrown => "thrown",
            FailureKind::NotJson => "not_json",
            FailureKind::NeverSettled => "never_settled",
            FailureKind::Timeout => "timeout",
            FailureKind::OutOfMemory => "out_of_memory",
            FailureKind::StackOverflow => "stack_overflow",
            FailureKind::TooLarge => "too_large",
            FailureKind::Cancelled => "cancelled",
            FailureKind::Busy => "busy",
            FailureKind::ShuttingDown => "shutting_down",
            FailureKind::EngineCrash => "engine_crash",
            FailureKind::Internal => "internal",
        }
    }
}

impl Answer {
    /// An answer to what never came so far as to run.
    pub fn refusal(id: Option<Id>, failure: Failure) -> Answer {
        let (usage, effects) = (Usage::default(), Effects::default());
        let (warnings, logs) = (Vec::new(), Vec::new());
        Answer { id, outcome: Err(failure), warnings, logs, usage, effects }
    }

    /// One line, with its newline. What is around the result is put around it
    /// where it lies: a large one is not copied.
    pub fn into_line(self) -> Vec<u8> {
        let Answer { id, outcome, warnings, logs, usage, effects } = self;
        let mut head = match id {
            Some(id) => format!(r#"{{"id":{id},"#).into_bytes(),
            None => vec![b'{'],
        };
        let mut res = match outcome {
            Ok(result) => {
                head.extend_from_slice(br#""ok":true,"result":"#);
                let mut res = result.into_bytes();
                res.reserve(head.len() + 256);
                res.splice(..0, head);
                res
            }
            Err(failure) => {
                head.extend_from_slice(br#""ok":false,"error":"#);
                push_json(&mut head, &failure);
                head
            }
        };
        if !warnings.is_empty() {
            res.extend_from_slice(br#","warnings":"#);
            push_json(&mut res, &warnings);
        }
        res.extend_from_slice(br#","logs":"#);
        push_json(&mut res, &logs);
        res.extend_from_slice(br#","usage":"#);
        push_json(&mut res, &usage);
        res.extend_from_slice(br#","effects":"#);
        push_json(&mut res, &effects);
        res.extend_from_slice(b"}\n");
        res
    }

    pub fn parse(line: &str) -> Result<Answer, String> {
        let wire: WireAnswer<'_> = serde_json::from_str(line).map_err(|err| err.to_string())?;
        let outcome = match (wire.ok, wire.result, wire.error) {
            (true, Some(result), None) => Ok(result.get().to_owned()),
            (false, None, Some(failure)) => Err(failure),
            (true, ..) => return Err("it says ok but does not carry just a result".to_owned()),
            (false, ..) => return Err("it says not ok but does not carry just an error".to_owned()),
        };
        Ok(Answer {
            id: wire.id.map(|raw| Id(raw.get().to_owned())),
            outcome,
            warnings: wire.warnings,
            logs: wire.logs,
            usage: wire.usage,
            effects: wire.effects,
        })
    }
}

/// The shape on the line. Private, so that "ok, but with an error" cannot be
/// written down anywhere else. Unknown fields pass: a newer kernel may say more.
#[derive(Deserialize)]
struct WireAnswer<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    ok: bool,
    // Not an `Option` of serde's making: that takes `null` for "absent".
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Failure>,
    #[serde(default)]
    warnings: Vec<Warning>,
    #[serde(default)]
    logs: Vec<Log>,
    #[serde(default)]
    usage: Usage,
    #[serde(default)]
    effects: Effects,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The answer to a [`Control`] line: `details` are members (JSON text without
/// the braces) that follow `ok`.
pub fn control_line(id: Option<&Id>, op: &str, outcome: Result<&str, &Failure>) -> Vec<u8> {
    let mut res = vec![b'{'];
    if let Some(id) = id {
        res.extend_from_slice(format!(r#""id":{id},"#).as_bytes());
    }
    res.extend_from_slice(format!(r#""op":"{op}","ok":{}"#, outcome.is_ok()).as_bytes());
    match outcome {
        Ok("") => {}
        Ok(details) => {
            res.push(b',');
            res.extend_from_slice(details.as_bytes());
        }
        Err(failure) => {
            res.extend_from_slice(br#","error":"#);
            push_json(&mut res, failure);
        }
    }
    res.extend_from_slice(b"}\n");
    res
}

/// The member `text` of an answer, as JSON text.
pub fn text_member(text: &str) -> String {
    format!("\"text\":{}", json_string(text))
}

fn push_json(line: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(line, value).expect("strings and finite numbers are JSON");
}

fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

#[cfg(test)]
mod tests;
